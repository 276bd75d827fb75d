"""Runs of components, one after the other: what they find together is what all at once would."""

import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp
from gradproof.engine import every

Array = npt.NDArray[Any]
N = 230
X = np.random.default_rng(0).standard_normal(N)


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "_RUN", 50)


def f(x: Array) -> float:
    return float(np.sum(np.sin(x)))


def test_what_is_right_passes_and_what_is_wrong_is_found_in_every_run() -> None:
    report = gp.check(f, np.cos, X, plan="every")
    assert report.passed, report.summary()
    assert report.leaves[0].checked == N
    claim = np.cos(X)
    claim[[3, 77, 229]] += 0.1
    report = gp.check(f, claim, X, plan="every")
    assert sorted(c.index[0] for c in report.culprits) == [3, 77, 229]
    for culprit in report.culprits:
        assert culprit.measured == pytest.approx(np.cos(X[culprit.index]), abs=1e-8)
    assert {curve.address for curve in report.curves} == {c.address for c in report.culprits}


def test_some_of_the_components_only() -> None:
    at = {"a": X, "b": X[:100]}

    def both(p: Any) -> float:
        return f(p["a"]) + f(p["b"])

    claim = {"a": 2 * np.cos(X), "b": np.cos(X[:100])}
    claim["b"][99] = 3.0
    report = gp.check(both, claim, at, plan="every", include="b")
    assert [(c.path, c.index) for c in report.culprits] == [(("b",), (99,))]
    assert report.evaluations < 300


@pytest.mark.parametrize(("size", "verdict"), [(0.9, "pass"), (1.5, "inconclusive")])
def test_all_components_together_are_no_subgradient_where_those_of_each_run_are(
    size: float, verdict: str
) -> None:
    claim = np.full(N, size / np.sqrt(N))  # of the norm at 0: no longer than 1
    report = gp.check(lambda x: float(np.linalg.norm(x)), claim, np.zeros(N), plan="every")
    assert report.verdict == verdict, report.summary()


def test_a_spent_budget_leaves_the_later_runs_open() -> None:
    report = gp.check(f, np.cos, X, plan="every", budget=150)
    assert report.verdict == "inconclusive"
    assert report.evaluations <= 150
    assert 100 < report.leaves[0].undecided < N


def test_complex_steps_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "_RUN", 300)
    x = np.linspace(0.3, 1.3, 800)

    def drowned(x: Array) -> Any:
        return np.sum(np.sin(x)) + 4e13

    report = gp.check(drowned, np.cos, x, plan="every")
    assert report.passed, report.summary()
    (told,) = report.notes
    assert told.startswith("800 of 800 components drown")


def test_progress_goes_through_all_runs() -> None:
    told: list[tuple[int, int]] = []
    gp.check(f, np.cos, X, plan="every", progress=lambda *pair: told.append(pair))
    assert (N, N) in told
    assert all(done <= total for done, total in told)


def test_memory_does_not_grow_with_what_is_known_during_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(every, "_RUN", 1_000)
    x = np.linspace(1, 2, 100_000)
    claim = np.zeros_like(x)
    claim[0] = 1.0
    gp.check(lambda x: float(x[0]), claim[:9], x[:9])
    tracemalloc.start()
    try:
        assert gp.check(lambda x: float(x[0]), claim, x, plan="every").passed
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is claimed, measured and printed of each; all at once it would be more than 50 copies.
    assert peak < 27 * x.nbytes
