"""Gradients that belong to another point, as asking them elsewhere shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[Any]
Point = dict[str, Array]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 4))
AT: Point = {
    "W": RNG.standard_normal((4, 5)),
    "b": RNG.standard_normal(5),
    "v": RNG.uniform(1, 2, 5),
}
ALL = ("t['W']", "t['b']", "t['v']")


def f(t: Point) -> float:
    return float(np.mean((np.tanh(X @ t["W"] + t["b"]) @ t["v"] - 1) ** 2))


def gradient(t: Point) -> Point:
    a = np.tanh(X @ t["W"] + t["b"])
    d = 2 / len(X) * (a @ t["v"] - 1)
    dz = np.outer(d, t["v"]) * (1 - a**2)
    return {"W": X.T @ dz, "b": dz.sum(axis=0), "v": a.T @ d}


def each(change: Callable[[Array], Array]) -> Callable[[Point], Point]:
    return lambda t: {name: change(value) for name, value in t.items()}


MOVED: dict[str, tuple[Callable[[Point], Point], dict[str, Any]]] = {
    "the start": (lambda t: each(lambda v: v + 0.1)(AT), {"constant": True}),
    "decayed": (each(lambda v: 0.98 * v), {"times": pytest.approx(0.98, rel=1e-5)}),
    "grown": (each(lambda v: 1.15 * v), {"times": pytest.approx(1.15, rel=1e-5)}),
    "float16": (each(lambda v: v.astype(np.float16).astype(float)), {"rounded_to": "float16"}),
    "digits": (each(lambda v: np.round(v, 2)), {"rounded_to": "2 decimals"}),
}


@pytest.mark.parametrize("plan", ["every", "project"])
@pytest.mark.parametrize(("move", "parameters"), MOVED.values(), ids=list(MOVED))
def test_a_gradient_at_another_point_is_named(
    move: Callable[[Point], Point], parameters: dict[str, Any], plan: str
) -> None:
    report = gp.check(f, lambda t: gradient(move(t)), AT, plan=plan)
    assert report.verdict == "fail"
    (cause,) = [one for one in report.causes if one.code >= "GP3"]
    assert (cause.code, cause.parameters) == ("GP305", parameters)
    assert set(cause.addresses) == set(ALL)
    assert report.gradient_calls > 2


def test_calls_of_the_gradient_are_counted_and_none_of_f_are_made() -> None:
    calls = {"f": 0, "gradient": 0}

    def counting(t: Point) -> float:
        calls["f"] += 1
        return f(t)

    def decayed(t: Point) -> Point:
        calls["gradient"] += 1
        return gradient(each(lambda v: 0.9 * v)(t))

    report = gp.check(counting, decayed, AT)
    as_numbers = gp.check(f, decayed(AT), AT)
    assert calls == {"f": report.evaluations, "gradient": report.gradient_calls + 1}
    assert as_numbers.evaluations == report.evaluations
    assert [one.code for one in as_numbers.causes] == ["GP399"]


def test_the_parameters_are_left_as_they_are() -> None:
    at = {name: value.copy() for name, value in AT.items()}
    gp.check(f, lambda t: gradient(each(lambda v: 0.9 * v)(t)), at)
    assert all(np.array_equal(at[name], AT[name]) for name in AT)


UNKNOWN: dict[str, Callable[[Point], Point]] = {
    "a step ago": lambda t: gradient({k: v - 0.05 * gradient(t)[k] for k, v in t.items()}),
    "another slope": lambda t: {k: v * np.cos(v) for k, v in gradient(t).items()},
    "numbers": lambda t: {k: np.random.default_rng(1).standard_normal(v.shape) for k, v in t.items()},
}  # fmt: skip


@pytest.mark.parametrize("name", ["a step ago", "another slope"])
def test_what_is_no_such_point_stays_unknown(name: str) -> None:
    report = gp.check(f, UNKNOWN[name], AT)
    assert {one.code for one in report.causes} == {"GP399"}


def test_a_gradient_that_fails_elsewhere_is_no_obstacle() -> None:
    def only_here(t: Point) -> Point:
        if any(not np.array_equal(t[name], AT[name]) for name in AT):
            raise RuntimeError("not here")
        return UNKNOWN["another slope"](t)

    report = gp.check(f, only_here, AT)
    assert {one.code for one in report.causes} == {"GP399"}


def test_a_wrong_constant_is_not_stale_where_f_is_a_straight_line() -> None:
    slope = np.array([1.0, -2.0, 0.5, 3.0])
    other = np.array([0.3, 1.0, -0.7, 2.0])
    report = gp.check(lambda t: float(slope @ t), lambda t: other.copy(), np.ones(4))
    assert report.verdict == "fail"
    assert "GP305" not in [one.code for one in report.causes]


def test_single_precision_is_not_taken_for_rounding() -> None:
    at = {name: value.astype(np.float32) for name, value in AT.items()}

    def single(t: Point) -> Point:
        return {k: (v * np.cos(v)).astype(np.float32) for k, v in gradient(t).items()}

    report = gp.check(f, single, at)
    assert report.verdict == "fail"
    assert "GP305" not in [one.code for one in report.causes]


def test_one_tensor_that_reads_a_copy_is_named_alone() -> None:
    stale = {"v": AT["v"] + 0.2}

    def reads_a_copy(t: Point) -> Point:
        return gradient(t) | {"v": gradient(AT | stale)["v"]}

    report = gp.check(f, reads_a_copy, AT)
    assert [leaf.verdict.value for leaf in report.leaves].count("fail") == 1
    assert [one.code for one in report.causes] == ["GP399"]


def sines(x: Array) -> float:
    return float(np.sum(np.sin(x)))


def codes(claim: Callable[[Array], Array]) -> list[str]:
    return [cause.code for cause in gp.check(sines, claim, np.linspace(0.2, 1.4, 30)).causes]


def test_what_is_computed_in_single_and_grossly_wrong_is_not_stale() -> None:
    def in_single(x: Array) -> Array:
        x = x.astype(np.float32)
        return (np.cos(x) + x**2 / 2).astype(np.float64)

    assert "GP305" not in codes(in_single)


@pytest.mark.parametrize(
    ("rounded", "words"),
    [
        (lambda x: np.round(x, 2), "2 decimals"),
        (lambda x: np.round(x, 3), "3 decimals"),
        (lambda x: x.astype(np.float16).astype(np.float64), "float16"),
    ],
)
def test_to_what_parameters_are_rounded_is_told(rounded: Any, words: str) -> None:
    report = gp.check(sines, lambda x: np.cos(rounded(x)), np.linspace(0.2, 1.4, 30))
    assert (
        report.causes[0].message == f"the gradient is computed at the parameters rounded to {words}"
    )


def test_a_homogeneous_tensor_does_not_hide_that_the_point_is_another() -> None:
    at = {"a": np.linspace(0.3, 1, 10), "b": np.linspace(0.3, 1, 10)}

    def stale(p: Point) -> Point:
        return {"a": 2 * 1.01 * p["a"], "b": np.cos(1.01 * p["b"])}

    report = gp.check(lambda p: float(p["a"] @ p["a"]) + sines(p["b"]), stale, at)
    (cause,) = report.causes
    assert (cause.code, len(cause.addresses)) == ("GP305", 2)
