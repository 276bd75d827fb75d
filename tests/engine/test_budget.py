"""What a check says when its budget is spent, or the user interrupts it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp

Array = npt.NDArray[Any]
X = np.linspace(0.1, 3, 300)
WRONG_FROM = 200


def sines(x: Array) -> float:
    return float(np.sum(np.sin(x)))


def wrong(x: Array) -> Array:
    return np.cos(x) * np.where(np.arange(x.size) < WRONG_FROM, 1.0, 1.5)


def codes(report: gp.Report) -> list[str]:
    return [cause.code for cause in report.causes]


class Counted:
    """A function that counts its calls, and is interrupted at one of them."""

    def __init__(self, f: Callable[[Any], Any], interrupt_at: int = -1) -> None:
        self.calls, self._f, self._interrupt_at = 0, f, interrupt_at

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        if self.calls == self._interrupt_at:
            raise KeyboardInterrupt
        return self._f(x)


@settings(deadline=None)
@given(budget=st.integers(1, 500))
def test_no_more_is_evaluated_and_nothing_passes_unseen(budget: int) -> None:
    f = Counted(sines)
    report = gp.check(f, np.cos, X, budget=budget)
    assert f.calls == report.evaluations <= budget
    if report.passed:
        assert "GP206" not in codes(report)
    else:
        assert report.verdict == "inconclusive"
        assert codes(report) == ["GP206"]
        assert any(f"its budget of {budget:,} evaluation" in note for note in report.notes)


@settings(deadline=None, max_examples=40)
@given(budget=st.integers(1, 2_000), plan=st.sampled_from(["every", "leaves", "project"]))
def test_a_wrong_gradient_never_passes_and_only_the_wrong_is_called_so(
    budget: int, plan: str
) -> None:
    report = gp.check(sines, wrong, X, budget=budget, plan=plan)
    assert not report.passed
    assert report.evaluations <= budget
    assert all(culprit.index[0] >= WRONG_FROM for culprit in report.culprits)
    assert report.verdict == "fail" or "GP206" in codes(report)


@settings(deadline=None, max_examples=50)
@given(budget=st.integers(20, 2_000), plan=st.sampled_from(["every", "project"]))
def test_a_right_gradient_never_fails(budget: int, plan: str) -> None:
    kinked = np.linspace(-1, 1, 40)
    report = gp.check(lambda x: np.sum(np.abs(x)), np.sign, kinked, budget=budget, plan=plan)
    assert report.verdict != "fail"


def test_what_was_decided_stands() -> None:
    undecided = [gp.check(sines, np.cos, X, budget=b).leaves[0].undecided for b in (100, 200, 300)]
    assert undecided == sorted(undecided, reverse=True)
    assert 0 < undecided[-1] < undecided[0] < X.size


def test_the_same_seed_sees_more_with_more() -> None:
    whole = gp.check(sines, wrong, X)
    assert whole.verdict == "fail"
    ended = gp.check(sines, wrong, X, budget=whole.evaluations - 20)
    assert {one.address for one in ended.culprits} <= {one.address for one in whole.culprits}


def test_more_than_it_needs_changes_nothing() -> None:
    without, enough = gp.check(sines, wrong, X), gp.check(sines, wrong, X, budget=10_000)
    assert (without.culprits, without.evaluations) == (enough.culprits, enough.evaluations)


def test_a_time_ends_it_too() -> None:
    def slow(x: Array) -> float:
        time.sleep(2e-3)
        return sines(x)

    report = gp.check(slow, np.cos, np.linspace(0.1, 3, 2000), plan="every", budget="300ms")
    assert codes(report) == ["GP206"]
    assert report.evaluations < 500
    assert any("its budget of 0.3 s was spent" in note for note in report.notes)


@pytest.mark.parametrize("call", [1, 3, 12, 40, 150, 300])
@pytest.mark.parametrize("plan", ["every", "project"])
def test_an_interrupt_leaves_a_report_and_the_parameters(call: int, plan: str) -> None:
    at = {"x": X.copy()}
    f = Counted(lambda p: sines(p["x"]), interrupt_at=call)
    report = gp.check(f, lambda p: {"x": wrong(p["x"])}, at, plan=plan)
    assert not report.passed
    assert "GP206" in codes(report)
    assert any("it was interrupted" in note for note in report.notes)
    assert report.interrupted
    assert f.calls <= call + 1  # a last look at the point
    assert np.array_equal(at["x"], X)


def test_a_second_interrupt_ends_at_once() -> None:
    calls = 0

    def f(x: Array) -> float:
        nonlocal calls
        calls += 1
        if calls > 60:
            raise KeyboardInterrupt
        return sines(x)

    with pytest.raises(KeyboardInterrupt):
        gp.check(f, np.cos, X)
    assert calls == 62


def remembering() -> Callable[[dict[str, Array]], float]:
    """Return a function that knows what it made of an array by the identity of that."""
    met: dict[int, float] = {}
    return lambda p: sines(p["a"]) + met.setdefault(id(p["b"]), sines(p["b"]))


def test_a_leaf_that_did_not_move_is_open_where_nobody_could_look_why() -> None:
    at = {"a": np.array([0.3, 0.8]), "b": np.array([0.5, 0.9])}
    gradient = {"a": np.cos(at["a"]), "b": np.cos(at["b"])}
    for budget in range(30, 200, 3):
        assert gp.check(remembering(), gradient, at, budget=budget).verdict != "fail", budget
    assert gp.check(remembering(), gradient, at).passed


def test_other_claims_keep_to_it() -> None:
    f = Counted(np.sin)
    jacobian = gp.check(f, gp.Jacobian(lambda x: np.diag(np.cos(x))), X, budget=100)
    assert f.calls == jacobian.evaluations <= 100
    assert "GP206" in codes(jacobian)
    hessian = Counted(lambda x: np.sum(x**3))
    report = gp.check(hessian, gp.Hessian(lambda x: np.diag(6 * x)), X[:5], budget=300)
    assert "GP206" in codes(report)
    assert hessian.calls == report.evaluations <= 300


@pytest.mark.parametrize(
    "bad", [0, -1, 2.5, True, "", "s", "10 parsecs", "-3s", "0s", "1e3s", "٣s"]
)
def test_a_budget_that_makes_no_sense_is_an_error(bad: Any) -> None:
    with pytest.raises(gp.InputError, match="budget: found"):
        gp.check(sines, np.cos, X, budget=bad)


def test_digits_alone_are_evaluations() -> None:
    assert gp.check(sines, np.cos, X, budget="100").evaluations == 100
