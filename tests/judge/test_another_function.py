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
    assert report.causes[0].message == (
        "the claimed derivative is 1.5 times the measured one; 2 components do not tell a factor "
        "from other mistakes"
    )


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (
            3,
            "the claimed derivative is 3 times the measured one: it may be a sum where a mean of 3",
        ),
        (
            1 / 20,
            "the measured derivative is 20 times the claimed one: it may be a mean of 20 where",
        ),
        (-1.5, "the claimed derivative is -1.5 times the measured one; 1 component does not tell"),
    ],
)
def test_a_ratio_of_single_numbers_is_told_with_what_it_may_be(factor: float, said: str) -> None:
    report = gp.check(lambda x: x**2, lambda x: factor * 2 * x, 3.0)
    assert report.causes[0].message.startswith(said)
    at = {"a": 3.0, "b": 2.0}
    claims = [{"a": factor * 6.0, "b": times * 4.0} for times in (factor, 7.3 * factor)]
    same, others = (gp.check(lambda p: p["a"] ** 2 + p["b"] ** 2, c, at).causes for c in claims)
    assert [cause.addresses for cause in (*same, *others)] == [("p['a']", "p['b']")] * 2
    assert "2 components do not tell a factor from other mistakes" in same[0].message
    assert "each tensor another number" in others[0].message


@pytest.mark.parametrize(
    ("factor", "code", "said"),
    [
        (2.0, "GP302", "it may be a forgotten ½"),
        (0.5, "GP302", "it may be a ½ too much"),
        (-1.0, "GP301", "the negative"),
        (1 / 37, "GP302", "that is 1/batch"),
    ],
)
def test_the_usual_factors_are_named_of_a_single_number(
    factor: float, code: str, said: str
) -> None:
    problem = gp.Problem(lambda x: x**2, lambda x: factor * 2 * x, 3.0, facts={"batch": 37})
    (cause,) = gp.check(problem).causes
    assert cause.code == code
    assert said in cause.message


def test_a_constant_is_told_as_one_and_not_as_a_factor() -> None:
    (cause,) = gp.check(lambda x: x**2, lambda x: 2.0, 3.0).causes
    assert cause.code == "GP305"
    assert "it is a constant, or is computed from other parameters" in cause.message
    (cause,) = gp.check(lambda x: 3 * x, lambda x: 2.0, 3.0).causes  # whose slope is constant
    assert cause.code == "GP399"
    assert "the measured derivative is 1.5 times the claimed one" in cause.message
    (cause,) = gp.check(lambda x: abs(x), lambda x: 0.7, 3.0).causes
    assert cause.code == "GP399"


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


def test_a_column_that_is_off_by_little_may_be_that_of_a_solver_too() -> None:
    x = np.linspace(0.5, 1, 30)
    matrix = np.random.default_rng(0).standard_normal((4, 30))

    def claim(x: Any) -> Any:
        found = matrix * np.cos(x)
        found[:, 3] *= 1.001
        return found

    (cause,) = gp.check(lambda x: matrix @ np.sin(x), gp.Jacobian(claim), x).causes
    assert "columns of the Jacobian" in cause.message
    assert "tighten it" in cause.advice


def squares(weights: Any) -> float:
    return float(np.sum(weights**2) / 2)


def test_components_are_counted_among_all_of_the_tensor() -> None:
    weights = 1e-6 * np.random.default_rng(0).standard_normal(1_000)

    def off_by(size: float) -> Any:
        return lambda w: w + size * np.eye(1, w.size, 333)[0]

    (cause,) = gp.check(squares, off_by(1e3), weights, plan="leaves").causes
    assert cause.message == "1 of 1,000 components is wrong, and no others were seen to be"
    # So far off that the error of all others is lost beside it.
    (cause,) = gp.check(squares, off_by(1e9), weights, plan="leaves", seed=1).causes
    said = r"1 of 1,000 components is wrong; (\d+) others that were looked at are right; where the"
    found = re.match(said, cause.message)
    assert found is not None, cause.message
    assert int(found[1]) == cause.parameters["looked_at"] - 1


def test_components_that_were_not_decided_are_no_right_ones() -> None:
    claim = np.cos(AT[:3]) * [1.0, 1.001, 1 + 5e-6]
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, AT[:3])
    assert [cause.code for cause in report.causes] == ["GP412", "GP203"]
    said = "1 of 3 components is wrong; 1 other that was looked at is right"
    assert report.causes[0].message == said
