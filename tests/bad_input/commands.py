"""Malformed command lines and files of problems, in a folder with a few files of every kind."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

import gradproof as gp

PROBLEM = "import gradproof as gp\n@gp.problem\ndef p():\n    return {}\n"
RIGHT = PROBLEM.format("gp.Problem(lambda x: x * x, lambda x: 2 * x, 1.0)")


class Command(NamedTuple):
    """Arguments, and what has to be said of them."""

    name: str
    arguments: tuple[str, ...]
    says: tuple[str, ...]


class ProblemFile(NamedTuple):
    """What stands in a file of problems, and what has to be said of it."""

    name: str
    content: bytes
    says: tuple[str, ...]


def prepare(folder: Path) -> None:
    """Write the files that the commands name."""
    report = gp.check(lambda x: float(np.sum(x**2)), lambda x: 2 * x, np.ones(3))
    (folder / "ok.json").write_text(report.to_json())
    (folder / "ok.py").write_text(RIGHT)
    (folder / "empty.py").touch()
    (folder / "empty").touch()
    (folder / "text.txt").write_text("text")
    (folder / "dir").mkdir()
    (folder / "dir.py").mkdir()
    for name in ("pipe", "pipe.py"):
        os.mkfifo(folder / name)
    for name in ("loop", "loop.py"):
        (folder / name).symlink_to(name)


_LONG = "x" * 300
_SPEND = "such as '30s', '5min' or '1h'"
_JSON = "expected JSON: what gradproof itself writes"
_PYTHON = "expected a Python file"
_PAINT = "\x1b[31m\u202e"
_PAINTED = r"\x1b[31m\u202e"


def _options(option: str, *values: str, says: str) -> list[Command]:
    return [
        Command(f"{option}={value:.20}", ("check", "ok.py", option, value), (option, says))
        for value in values
    ]


def _files(option: str) -> list[Command]:
    given = {
        "dir": "found the folder dir, expected the name of a file",
        "": "expected the name of a file",
        "gone/x": "expected a file in a folder that is there: make gone first",
        "ok.py/x": "expected a file in a folder that is there: make ok.py first",
        "loop": "Too many levels of symbolic links",
        _LONG: "File name too long",
    }
    return [
        Command(f"{option}={value:.20}", ("check", "ok.py", option, value), (option, says))
        for value, says in given.items()
    ]


COMMANDS: list[Command] = [
    Command("unknown", ("nope",), ("No such command", "nope")),
    Command("unknown-option", ("--nope",), ("No such option", "--nope")),
    Command("no-name", ("",), ("No such command",)),
    Command("show-nothing", ("show",), ("Missing argument", "REPORT.json")),
    Command("show-two", ("show", "ok.json", "more"), ("unexpected extra argument", "more")),
    Command("show-another-format", ("show", "ok.json", "--format", "xml"), ("--format", "junit")),
    Command("show-gone", ("show", "gone.json"), ("gone.json: no such file", _JSON)),
    Command("show-a-folder", ("show", "dir"), ("dir: is a folder", _JSON)),
    Command("show-a-pipe", ("show", "pipe"), ("pipe: found no JSON", "gradproof itself writes")),
    Command("show-a-loop", ("show", "loop"), ("loop: cannot be read (Too many levels", _JSON)),
    Command("show-a-device", ("show", "/dev/zero"), ("/dev/zero: is a pipe or a device", _JSON)),
    Command("show-empty", ("show", "empty"), ("empty: found no JSON", "gradproof itself writes")),
    Command("show-a-program", ("show", "ok.py"), ("ok.py: found no JSON", "gradproof itself")),
    Command("show-a-long-name", ("show", _LONG), ("cannot be read (File name too long)", _JSON)),
    Command("show-paint", ("show", _PAINT), (f"{_PAINTED}: no such file", _JSON)),
    Command("diff-nothing", ("diff",), ("Missing argument", "BEFORE.json")),
    Command("diff-one", ("diff", "ok.json"), ("Missing argument", "AFTER.json")),
    Command("diff-gone", ("diff", "ok.json", "gone"), ("gone: no such file", _JSON)),
    Command("diff-a-pipe", ("diff", "pipe", "ok.json"), ("pipe: found no JSON", "itself writes")),
    Command("diff-three", ("diff", "ok.json", "ok.json", "x"), ("unexpected extra argument", "x")),
    Command("init-nothing", ("init",), ("Missing argument", "STARTER", "numpy")),
    Command("init-another", ("init", "nope"), ("STARTER", "nope", "numpy", "scipy")),
    Command("init-over-a-file", ("init", "numpy", "ok.py"), ("ok.py: is there already", "init nu")),
    Command("init-over-a-pipe", ("init", "numpy", "pipe"), ("pipe: is there already", "init num")),
    Command("init-over-a-loop", ("init", "numpy", "loop"), ("loop: is there already", "init num")),
    Command("init-in-no-folder", ("init", "numpy", "a/b.py"), ("a/b.py: cannot be written (No s",)),
    Command(
        "init-below-a-file", ("init", "numpy", "ok.py/b"), ("cannot be written (Not a direct",)
    ),
    Command(
        "init-a-long-name", ("init", "numpy", _LONG), ("cannot be written (File name too long",)
    ),
    Command("explain-nothing", ("explain",), ("Missing argument", "CODE")),
    Command(
        "explain-unknown", ("explain", "GP999"), ("code: found 'GP999'", "expected one of GP101")
    ),
    Command("explain-a-path", ("explain", "../GP101"), ("code: found '../GP101'", "or its name")),
    Command("explain-paint", ("explain", _PAINT), (f"code: found '{_PAINTED}'", "expected one of")),
    Command("codes-of-what", ("codes", "x"), ("unexpected extra argument", "x")),
    Command("demo-unknown", ("demo", "nope"), ("nope", "digits", "sklearn")),
    Command("demo-small", ("demo", "--size", "7"), ("--size", "8")),
    Command("demo-word", ("demo", "--size", "x"), ("--size", "integer")),
    Command(
        "demo-huge", ("demo", "--size", "99999"), ("size, channels: found images of", "half of")
    ),
    Command("demo-no-colour", ("demo", "--channels", "0"), ("--channels", "1")),
    Command("demo-seed", ("demo", "--seed", "-1"), ("--seed", "0")),
    Command("check-nothing", ("check",), ("Missing argument", "FILE")),
    Command("check-gone", ("check", "gone.py"), ("gone.py: no such file", _PYTHON)),
    Command("check-a-folder", ("check", "dir"), ("dir: found a folder", "expected files, such as")),
    Command(
        "check-a-folder.py", ("check", "dir.py"), ("dir.py: found a folder", "such as dir.py/")
    ),
    Command("check-a-pipe", ("check", "pipe.py"), ("pipe.py: is a pipe or a device", _PYTHON)),
    Command("check-a-loop", ("check", "loop.py"), ("loop.py: cannot be read (Too many", _PYTHON)),
    Command("check-a-device", ("check", "/dev/zero"), ("/dev/zero: is a pipe or a dev", _PYTHON)),
    Command("check-nobody", ("check", "/dev/null"), ("/dev/null: is a pipe or a dev", _PYTHON)),
    Command(
        "check-empty", ("check", "empty.py"), ("empty.py: found no problem", "@gradproof.problem")
    ),
    Command("check-text", ("check", "text.txt"), ("text.txt: found no Python file", "ends in .py")),
    Command("check-json", ("check", "ok.json"), ("ok.json: found no Python file", "ends in .py")),
    Command("check-a-long-name", ("check", _LONG), ("File name too long", _PYTHON)),
    Command("check-paint", ("check", f"{_PAINT}.py"), (f"{_PAINTED}.py: no such file", _PYTHON)),
    Command("check-no-name", ("check", "ok.py::"), ("found no name behind '::'", "FILE::NAME")),
    Command("check-no-file", ("check", "::p"), ("found a folder", "expected files")),
    Command("check-a-name", ("check", "ok.py::q"), ("ok.py: found no problem 'q'", "there are p")),
    Command(
        "check-two-names", ("check", "ok.py::p::q"), ("found no problem 'p::q'", "there are p")
    ),
    Command("check-a-mark", ("check", "ok.py::gp"), ("found no problem 'gp'", "there are p")),
    Command(
        "check-a-painted-name",
        ("check", f"ok.py::{_PAINT}"),
        (f"found no problem '{_PAINTED}'", "there are p"),
    ),
    Command("check-what", ("check", "ok.py", "--what"), ("No such option", "--what")),
    Command("seed-of-nothing", ("check", "ok.py", "--seed"), ("--seed", "requires an argument")),
    *_options("--rtol", "0", "1", "-1", "nan", "inf", "1e400", says="expected a number between 0"),
    *_options("--rtol", "x", "", "1e-3%", says="number"),
    *_options("--seed", "-1", says="0"),
    *_options("--seed", "x", "1.5", "", "9" * 5000, says="integer"),
    *_options("--budget", "", "0", "0s", "-3s", "soon", "30 parsecs", "9" * 5000, says=_SPEND),
    Command(
        "budget-in-paint",
        ("check", "ok.py", "--budget", _PAINT),
        (f"found '{_PAINTED}'", _SPEND),
    ),
    *_options("--jobs", "0", "-1", says="1"),
    *_options("--jobs", "x", "1.5", "", says="integer"),
    *_options("--jobs", "99999999", says="1024"),
    *_options("--format", "xml", "", "TEXT ", says="sarif"),
    *_files("--output"),
    *_files("--html"),
    *_files("--json"),
    Command(
        "json-to-a-pipe",
        ("check", "ok.py", "--json", "pipe"),
        ("pipe: cannot be written (No such device or address)",),
    ),
    *_options("--journal", "ok.py", "pipe", says="expected a folder (File exists)"),
    *_options("--journal", "ok.py/x", says="expected a folder (Not a directory)"),
    *_options("--journal", _LONG, says="expected a folder (File name too long)"),
]

_RAISES = "import gradproof as gp\n@gp.problem\ndef p():\n    {}\n"

PROBLEMS: list[ProblemFile] = [
    ProblemFile("no-syntax", b"def broken(:\n", ("does not import", "SyntaxError")),
    ProblemFile("zeros", b"\0\0\0", ("does not import", "null bytes")),
    ProblemFile("latin-1", b"x = '\xe9'\n", ("does not import", "utf-8")),
    ProblemFile("utf-16", "x = 1\n".encode("utf-16"), ("does not import", "SyntaxError")),
    ProblemFile("an-unknown-coding", b"# coding: nope\n", ("does not import", "nope")),
    ProblemFile("deep", b"x = " + b"(" * 5000, ("does not import", "too many nested parentheses")),
    ProblemFile("exits", b"raise SystemExit(0)\n", ("does not import", "SystemExit: 0")),
    ProblemFile("raises", b"1 / 0\n", ("does not import", "ZeroDivisionError: division by zero")),
    ProblemFile("imports-what-is-not", b"import no_such_thing\n", ("No module named 'no_such_th",)),
    ProblemFile("recurses", b"def f(): f()\nf()\n", ("does not import", "RecursionError")),
    ProblemFile(
        "raises-paint",
        f"raise ValueError('{_PAINT}')\n".encode(),
        ("does not import", f"ValueError: {_PAINTED}"),
    ),
    ProblemFile(
        "raises-a-command",
        b"raise ValueError('no\\n::error::pwned\\n  ##[add-mask]x\\n##vso[task]y')\n",
        (r"\x3a:error::pwned", r"\x23#[add-mask]x", r"\x23#vso[task]y"),
    ),
    *[
        ProblemFile(f"returns-{name}", PROBLEM.format(text).encode(), ("p(): found", says))
        for name, text, says in (
            ("nothing", "None", "NoneType, expected a gradproof.Problem"),
            ("a-number", "3", "int, expected a gradproof.Problem"),
            ("a-report", "gp.check(abs, 1.0, 1.0)", "expected a gradproof.Problem"),
            ("the-class", "gp.Problem", "expected a gradproof.Problem"),
        )
    ],
    *[
        ProblemFile(name, PROBLEM.format(text).encode(), says)
        for name, text, says in (
            ("no-function", "gp.Problem(1, 2, 3)", ("f: found 1", "called as f(at)")),
            ("no-gradient", "gp.Problem(abs, 'g', 1.0)", ("gradient: found 'g'", "expected a fun")),
            ("no-point", "gp.Problem(abs, abs, None)", ("at: found None", "numbers or arrays")),
            ("a-wrong-option", "gp.Problem(abs, abs, 1.0, terms=1)", ("terms: found 1", "'mean'")),
            ("no-problem-at-all", "gp.Problem()", ("TypeError", "missing 3 required")),
        )
    ],
    ProblemFile(
        "wants-an-argument",
        b"import gradproof as gp\n@gp.problem\ndef p(x):\n    return 1\n",
        ("p(): found the argument 'x'", "expected a function without arguments"),
    ),
    ProblemFile("exits-later", _RAISES.format("raise SystemExit(0)").encode(), ("SystemExit: 0",)),
    ProblemFile("raises-later", _RAISES.format("1 / 0").encode(), ("ZeroDivisionError",)),
    ProblemFile(
        "marks-a-number",
        b"import gradproof as gp\ngp.problem(3)\n",
        ("function: found 3", "expected a function, called as function()"),
    ),
]
