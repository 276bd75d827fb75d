"""What is said where no known mistake fits."""

import re
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gradproof as gp

AT = np.linspace(0.5, 1.5, 30)


def message(claim: object) -> str:
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, AT)
    assert report.verdict == "fail"
    return next(cause.message for cause in report.causes if cause.code == "GP399")


def test_a_small_difference_is_told_as_one() -> None:
    off = 1e-4 * np.cos(AT) * np.sin(9 * AT)
    apart = np.linalg.norm(off) / np.linalg.norm(np.cos(AT))
    said = re.search(r"differ by (\S+) of their length", message(np.cos(AT) + off))
    assert said is not None
    assert float(said[1]) == pytest.approx(apart, rel=0.05)


def test_a_large_one_by_its_cosine() -> None:
    assert "have a cosine of 0." in message(np.cos(AT) * (1 + np.sin(9 * AT)))


def test_a_ratio_in_too_few_components_is_told_as_that() -> None:
    claim = 1.5 * np.array([np.cos(0.5), 1.0])
    report = gp.check(lambda t: float(np.sin(t[0]) + t[1]), claim, np.array([0.5, 1.0]))
    assert "is 1.5 times what was measured, in 2 components" in report.causes[0].message


def decayed(at: Any, rtol: float) -> float:
    """Solve y' = b - a y from y(0) = c to a tolerance; return y(5)²."""
    a, b, c = at
    solved = solve_ivp(lambda t, y: b - a * y, (0, 5), [c], rtol=rtol, atol=1e-3 * rtol)
    return float(solved.y[0, -1] ** 2)


def of_the_exact_solution(at: Any) -> Any:
    a, b, c = at
    left = np.exp(-5 * a)
    y = b / a + (c - b / a) * left
    by_a = -b / a**2 * (1 - left) - 5 * (c - b / a) * left
    return 2 * y * np.array([by_a, (1 - left) / a, left])


@pytest.mark.parametrize("seed", range(4))
def test_a_small_difference_may_be_that_of_a_solver(seed: int) -> None:
    at = np.random.default_rng(seed).uniform(0.5, 1.5, 3)
    report = gp.check(lambda p: decayed(p, 1e-4), of_the_exact_solution, at)
    assert report.verdict == "fail"  # the slope of what is computed is another
    assert "tighten it and check again" in report.causes[0].advice
    assert gp.check(lambda p: decayed(p, 1e-10), of_the_exact_solution, at).passed
    wrong = gp.check(lambda p: decayed(p, 1e-4), lambda p: of_the_exact_solution(p)[::-1] ** 3, at)
    assert "tighten" not in wrong.causes[0].advice


def test_a_small_error_of_one_component_may_be_that_of_a_solver() -> None:
    off = np.eye(1, 30, 4)[0]
    for size, said in ((1e-3, True), (1.0, False)):
        report = gp.check(lambda t: float(np.sum(np.sin(t))), np.cos(AT) + size * off, AT)
        assert [cause.code for cause in report.causes] == ["GP412"]
        assert ("tighten it" in report.causes[0].advice) is said
