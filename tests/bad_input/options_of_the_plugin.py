"""What the plugin for pytest is given: options, what its fixture takes, and problems."""

from typing import Any, NamedTuple

import numpy as np
from tests.bad_input.calls_of_check import AT, f, gradient

_WHOLE = "expected a whole number from 0"
_SPEND = "such as '30s', '5min' or '1h'"
_WAYS = "expected one of fail, raise, skip, warn, pass"
_FOLDER = "expected a folder, or the name of one to make"


class Option(NamedTuple):
    """An option, on the command line and in the file of the configuration."""

    name: str
    value: str
    says: tuple[str, ...]
    refused_by_pytest: bool = False  # on the command line, as it has choices


OPTIONS: list[Option] = [
    *[
        Option("gradproof-seed", value, (f"gradproof_seed: found {value!r:.40}"[:50], _WHOLE))
        for value in ("-1", "x", "1.5", "0x1", "1e3", "٣", "+1", "9" * 5000)
    ],
    *[
        Option("gradproof-budget", value, (f"gradproof_budget: found {value!r:.9}"[:33], _SPEND))
        for value in ("0", "-1", "soon", "3 parsecs", "1e3", "nan", "0s", "9" * 5000)
    ],
    *[
        Option(
            "gradproof-inconclusive",
            value,
            (f"gradproof_inconclusive: found {value!r}", _WAYS),
            refused_by_pytest=True,
        )
        for value in ("maybe", "FAIL", "Warn")
    ],
    *[
        Option("gradproof-html", value, ("gradproof_html: found", _FOLDER))
        for value in ("HERE/file", "HERE/file/pages", "/dev/null", "/dev/null/pages")
    ],
]


class OfFixture(NamedTuple):
    """What the fixture is called with."""

    name: str
    call: Any
    says: tuple[str, ...]

    @staticmethod
    def cases() -> list["OfFixture"]:
        """Return all of them."""
        return [
            *[
                OfFixture(
                    f"inconclusive={value!r}",
                    lambda fixture, value=value: fixture.assert_gradient(
                        f, gradient, AT, inconclusive=value
                    ),
                    (f"inconclusive: found {value!r}", _WAYS),
                )
                for value in ("RAISE", 1, True, "", ["skip"])
            ],
            OfFixture("nothing", lambda fixture: fixture.check(f), ("gradient and at: missing",)),
            OfFixture(
                "seed",
                lambda fixture: fixture.check(f, gradient, AT, seed=-1),
                ("seed: found -1", "expected a whole number"),
            ),
            OfFixture(
                "point",
                lambda fixture: fixture.check(f, gradient, np.array(["a"])),
                ("x: found an array of shape (1,)", "expected a number"),
            ),
        ]


class PluginProblem(NamedTuple):
    """A function under `@gp.problem`: its arguments, what it returns, what is said of that."""

    arguments: str
    value: str
    says: tuple[str, ...]


PROBLEMS: list[PluginProblem] = [
    PluginProblem("", "None", ("NAME(): found NoneType, expected a gradproof.Problem",)),
    PluginProblem("", "3", ("NAME(): found int, expected a gradproof.Problem",)),
    PluginProblem("tmp_path", "None", ("NAME(): found the argument 'tmp_path'", "of the fixture")),
    PluginProblem("", "gp.Problem(abs, 'g', 1.0)", ("gradient: found 'g', expected a function",)),
    PluginProblem("", "gp.Problem(abs, abs, {})", ("at: found {}, expected numbers or arrays",)),
    PluginProblem(
        "",
        r"gp.Problem(abs, abs, 1.0, facts={'\x1b[31m\n::error::pwned': 'b'})",
        (r"facts['\x1b[31m\n::error::pwned']: found 'b', expected one real number",),
    ),
]
