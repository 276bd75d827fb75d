"""Of coverage and mutants: what is left out has its reason, and what is drawn is drawn evenly."""

import re
from collections import Counter
from pathlib import Path

import pytest
from tools import mutants

ROOT = Path(__file__).parents[1]
_LEFT_OUT = re.compile(r"# pragma: no (?:cover|branch|mutate)")
_WITH_A_REASON = re.compile(_LEFT_OUT.pattern + r"[^,]*, \w+ \w+")


def without_reason(text: str) -> list[str]:
    """Return the lines of code, or of the configuration, that are left out and do not say why."""
    lines = [line for line in text.splitlines() if _LEFT_OUT.search(line)]
    return [line for line in lines if not _WITH_A_REASON.search(line)]


def test_what_is_left_out_says_why_on_its_line() -> None:
    for path in sorted((ROOT / "src").rglob("*.py")):
        assert not without_reason(path.read_text()), path
    configured = (ROOT / "pyproject.toml").read_text().split("[tool.coverage.report]")[1]
    listed = configured.split("exclude_also = [")[1].split("\n]")[0].strip().splitlines()
    assert listed
    assert all(re.search(r'",  # \w+ \w+', line) for line in listed)


def test_a_line_without_a_reason_is_found() -> None:
    assert without_reason("f()\ng()  # pragma: no cover\n") == ["g()  # pragma: no cover"]
    assert without_reason("g()  # pragma: no cover, needs a device\n") == []


def test_mutants_are_drawn_evenly_and_alike_for_one_seed() -> None:
    names = [f"gradproof.judge.{file}.x_f__mutmut_{k:03}" for file in "abc" for k in range(100)]
    some = mutants.drawn(names, 30, seed=0)
    assert Counter(mutants.room(name) for name in some) == dict.fromkeys(
        ["judge/a", "judge/b", "judge/c"], 10
    )
    assert some == mutants.drawn(names, 30, seed=0) != mutants.drawn(names, 30, seed=1)
    assert mutants.drawn(names, 1000, seed=0) == names


def test_the_limits_of_a_proportion() -> None:
    # R: binom::binom.wilson(8, 10)
    assert mutants.wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-4)


def test_the_table_counts_what_was_noticed() -> None:
    results = {
        "gradproof.judge.fit.x_f__mutmut_1": "killed",
        "gradproof.judge.fit.x_f__mutmut_2": "survived",
        "gradproof.judge.causes.gp302.xǁPairǁf__mutmut_1": "timeout",
        "gradproof.judge.fit.x_f__mutmut_3": "not checked",
    }
    rows = mutants.table(results, list(results)[:3]).splitlines()[2:]
    assert [row.split(" | ")[:4] for row in rows] == [
        ["| **all**", "4", "3", "2"],
        ["| `judge/causes`", "1", "1", "1"],
        ["| `judge/fit`", "3", "2", "1"],
    ]
