"""The look at single outputs keeps to bounds, budgets and interrupts, as the check before it does."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine.batching import Batches
from gradproof.engine.budget import Spent
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.problems import Batched
from gradproof.tree import flatten

Array = npt.NDArray[Any]


class Watched:
    """A function that notes where it is called, and is interrupted at one call."""

    def __init__(self, f: Callable[..., Any], interrupt_at: int = -1) -> None:
        self.calls, self._f, self._interrupt_at = 0, f, interrupt_at
        self.lowest, self.highest = np.inf, -np.inf

    def __call__(self, x: Array, *vector: Array) -> Any:
        self.calls += 1
        self.lowest, self.highest = min(self.lowest, x.min()), max(self.highest, x.max())
        if self.calls == self._interrupt_at:
            raise KeyboardInterrupt
        return self._f(x, *vector)


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


A = np.random.default_rng(4).standard_normal((3, 2))


@pytest.mark.parametrize(
    ("bounds", "x"),
    [
        ((0, None), [1e-6, 2.0]),
        ((0, None), [0.0, 2.0]),
        ((None, 2.0), [0.5, 2.0 - 1e-7]),
        ((0.0, 1e-6), [5e-7, 2e-7]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_are_measured_within_the_bounds(bounds: Any, x: list[float], dtype: Any) -> None:
    f = Watched(lambda x: np.sin(A.astype(x.dtype) @ x) + 1)
    wrong = gp.Jacobian(lambda x: np.cos(A @ x)[:, None] * A * [[1.5], [1.0], [1.0]])
    report = gp.check(gp.Problem(f, wrong, np.array(x, dtype=dtype), bounds=bounds))
    low, high = (np.inf if one is None else one for one in bounds)
    assert f.lowest >= (-np.inf if bounds[0] is None else low)
    assert f.highest <= high
    assert f.calls == report.evaluations
    if bounds[0] != 0.0 or bounds[1] is None:
        assert report.verdict == "fail"
        assert {one.output for one in report.culprits} == {"output[0]"}


def test_one_side_shows_a_column_as_exactly_as_a_claim_is_held_to() -> None:
    at = np.array([0.0, 1.0])
    wrong = gp.VJP(lambda x, u: np.exp(x) * (A.T @ (u * [1.0, 1.001, 1.0])))
    report = gp.check(gp.Problem(lambda x: A @ np.exp(x), wrong, at, bounds=(0, None)))
    assert {one.address for one in report.culprits} == {f"d output[1] / d x[{k}]" for k in range(2)}
    for one in report.culprits:
        truth = A[1, one.index[0]] * np.exp(at[one.index[0]])
        assert one.measured == pytest.approx(truth, abs=one.bar)
        assert one.bar < 3e-4 * abs(truth)


LONG = 1_001


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("bounds", "size"), [((0, None), 1e-3), ((0, None), 0.0), ((-1e-3, 0.1), 0.1)]
)
def test_tangents_stay_within_the_bounds(bounds: Any, size: float, dtype: Any) -> None:
    at = np.linspace(size, 2 * size if bounds[1] is None else size, LONG).astype(dtype)
    at = np.minimum(at, np.inf if bounds[1] is None else dtype(bounds[1]))
    lower, upper = bounds[0], np.inf if bounds[1] is None else max(bounds[1], float(at.max()))
    for factor, verdict in ((1.0, "pass"), (1.5, "fail")):
        f = Watched(lambda x: np.array([np.sum(np.exp(x)), np.sum(x)]))

        def jvp(x: Array, v: Array, factor: float = factor) -> Array:
            return np.array([factor * (np.exp(x) @ v), np.sum(v)])

        report = gp.check(gp.Problem(f, gp.JVP(jvp), at, bounds=bounds))
        assert report.verdict == verdict, report.summary()
        assert f.lowest >= lower
        assert f.highest <= upper
        assert f.calls == report.evaluations


def test_components_without_room_are_not_counted_as_moved() -> None:
    at = np.ones(LONG)
    upper = np.full(LONG, np.inf)
    lower = np.zeros(LONG)
    upper[3] = lower[3] = 1.0
    problem = gp.Problem(np.sin, gp.JVP(lambda x, v: np.cos(x) * v), at, bounds=(lower, upper))
    report = gp.check(problem)
    assert report.passed
    assert any(note.startswith("1,000 of 1,001 components were moved") for note in report.notes)


def test_include_names_the_parameters_that_tangents_move() -> None:
    at = {"a": np.ones(LONG), "b": np.ones(2)}

    def f(t: Any) -> Any:
        return np.array([np.sum(t["a"] ** 2), np.sum(np.sin(t["b"]))])

    def wrong_in_b(t: Any, v: Any) -> Any:
        return np.array([2 * t["a"] @ v["a"], 1.5 * np.cos(t["b"]) @ v["b"]])

    claim = gp.JVP(wrong_in_b)
    report = gp.check(f, claim, at, include="t['a']")
    assert report.passed, report.summary()
    assert any(note.startswith("1,001 of 1,003 components were moved") for note in report.notes)
    for include, exclude in (("b", None), (None, "a"), (None, None)):
        report = gp.check(f, claim, at, include=include, exclude=exclude)
        assert report.verdict == "fail"
        assert report.culprits[0].address.startswith("random_tangent[")
    with pytest.raises(gp.InputError, match=r"no leaf matches; there are t\['a'\], t\['b'\]"):
        gp.check(f, claim, at, include="along")


MANY = np.linspace(0.1, 1, 40)


def wrong_throughout(x: Array, u: Array) -> Array:
    return np.asarray(1.5 * np.cos(x) * u)


COLUMNS = 16 * 4 + 1  # evaluations, that at the point among them


def test_a_budget_holds_for_columns_too() -> None:
    whole = gp.check(np.sin, gp.VJP(wrong_throughout), MANY)
    for less in (COLUMNS + 5, COLUMNS, COLUMNS - 1, 30, 1, -1):
        f = Watched(np.sin)
        budget = whole.evaluations - less
        report = gp.check(f, gp.VJP(wrong_throughout), MANY, budget=budget)
        assert f.calls == report.evaluations <= budget
        assert any("its budget of" in note for note in report.notes) == (less > 0)
        assert report.verdict == ("fail" if less <= COLUMNS else "inconclusive")
        assert any(one.output for one in report.culprits) == (less <= 30)
        if less < 0:
            assert report.culprits == whole.culprits


@pytest.mark.parametrize("call", [1, 2, 3, 4, 5, 6, 20])
def test_an_interrupt_in_the_claim_leaves_a_report(call: int) -> None:
    for right in (True, False):
        vjp = Watched(lambda x, u: np.cos(x) * u * (1.0 if right else 1.5), interrupt_at=call)  # noqa: B023
        report = gp.check(np.sin, gp.VJP(vjp), MANY)
        was_interrupted = vjp.calls >= call
        assert vjp.calls == min(vjp.calls, call)  # none after it
        assert was_interrupted == any("it was interrupted" in note for note in report.notes)
        assert was_interrupted == report.interrupted
        if was_interrupted:
            assert not report.passed
            assert report.verdict == "fail" or codes(report)[-1] == "GP206"


def test_an_interrupt_in_f_leaves_a_report() -> None:
    whole = gp.check(np.sin, gp.VJP(wrong_throughout), MANY)
    for before_the_end in (0, 30, COLUMNS - 1, COLUMNS + 5):
        call = whole.evaluations - before_the_end
        f, at = Watched(np.sin, interrupt_at=call), MANY.copy()
        report = gp.check(f, gp.VJP(wrong_throughout), at)
        assert report.verdict == ("fail" if before_the_end < COLUMNS else "inconclusive")
        assert sum("it was interrupted" in note for note in report.notes) == 1
        assert f.calls <= call + 1  # a last look at the point
        assert np.array_equal(at, MANY)


def test_an_f_that_changes_its_argument_is_looked_at_all_the_same() -> None:
    def clean(x: Array) -> Array:
        return np.array([x[2] ** 2 + x[0], x[1] * x[3], x[0] + x[4]])

    def spoiling(x: Array) -> Array:
        result = clean(x)
        x *= x
        return result

    def vjp(x: Array, u: Array) -> Array:
        return np.array([u[0] + u[2], u[1] * x[3], 3 * x[2] * u[0], u[1] * x[1], u[2]])

    for f in (clean, spoiling):
        report = gp.check(f, gp.VJP(vjp), np.linspace(0.5, 1.5, 5))
        assert [one.address for one in report.culprits] == ["d output[0] / d x[2]"]


@pytest.mark.parametrize("budget", [5, 6, 8, 10, 12])
def test_the_end_of_a_budget_is_no_fault_of_f(budget: int) -> None:
    x = np.linspace(0.1, 1, 9, dtype=np.float32)
    report = gp.check(lambda x: np.sum(np.sin(x)), np.cos, x, budget=budget)
    assert codes(report) == ["GP206"]
    assert not any("does not take" in note for note in report.notes)


def test_what_tries_f_out_leaves_the_end_of_a_budget_alone() -> None:
    """That of a Hessian's differences, of which each takes evaluations of its own."""

    def spent(_: Any) -> Any:
        raise Spent("enough")

    tree, values = flatten(np.ones(3), "x")
    space = NumpySpace(tree, values)
    with pytest.raises(Spent):
        space.along_imaginary(spent, [np.ones(3)])
    batches = Batches(Batched(spent, spent), space, 0.0)
    with pytest.raises(Spent):
        batches.try_out(
            np.zeros(1, dtype=np.int64),
            np.ones(1),
            lambda lines, offsets: offsets,
            indistinct=1.0,
            todo=1_000,
            seconds=1.0,
        )


def test_a_value_in_bfloat16_beside_its_gradient_is_one() -> None:
    def both(x: Array) -> Any:
        return np.sum(x**2).astype(ml_dtypes.bfloat16), 2 * x

    report = gp.check(both, True, np.ones(3, dtype=np.float32))
    assert report.verdict != "fail", report.summary()
