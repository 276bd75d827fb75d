"""A run of several problems: its exit code, what it counts, and what it says."""

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.run import Place, Run


def checked(factor: float, f: float = 1.0) -> gp.Report:
    return gp.check(lambda x: f * np.sum(x**2), lambda x: factor * 2 * x, np.array([1.0, 2.0]))


RIGHT, WRONG, OPEN = checked(1.0), checked(2.0), checked(1.0, f=np.inf)


@pytest.mark.parametrize(
    ("reports", "errors", "code", "total"),
    [
        ({}, {}, 0, "nothing was checked"),
        ({"a": RIGHT}, {}, 0, "1 pass"),
        ({"a": OPEN, "b": RIGHT}, {}, 3, "1 pass, 1 inconclusive"),
        ({"a": OPEN, "b": RIGHT, "c": WRONG}, {}, 1, "1 pass, 1 fail, 1 inconclusive"),
        ({"a": WRONG, "b": WRONG}, {"c": "no", "d": "no"}, 2, "2 fail, 2 could not be run"),
    ],
)
def test_the_worst_decides(
    reports: dict[str, gp.Report], errors: dict[str, str], code: int, total: str
) -> None:
    run = Run(dict(reports), errors)
    assert (run.exit_code, run.total) == (code, total)
    assert run.evaluations == sum(report.evaluations for report in reports.values())


def test_as_data() -> None:
    run = Run({"a": RIGHT}, {"b": "no"}, {"a": Place("file.py", 7)})
    data = {"reports": {"a": RIGHT.to_dict()}, "errors": {"b": "no"}}
    assert run.to_dict() == {**data, "places": {"a": {"file": "file.py", "line": 7}}}
