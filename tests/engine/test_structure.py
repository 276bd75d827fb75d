"""Verdicts where f has structure: many kinks, casts, edges, stationary points, tolerances given."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

import gradproof as gp
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Limits, policy
from gradproof.judge.verdict import judge_cheaply, require_company
from gradproof.numerics.answers import Stage
from gradproof.numerics.question import Question
from gradproof.numerics.stages import CheapStages

Array = npt.NDArray[Any]
MANY = [64, 65, 300]


@pytest.mark.parametrize("n", MANY)
def test_ties_of_a_maximum_are_kinks_however_many(n: int) -> None:
    report = gp.check(np.max, lambda x: (x == x.max()) / n, np.ones(n))
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP202"]
    # Each component lies between its slopes 0 and 1, but all of them together climb too fast.
    steep = gp.check(np.max, lambda x: (x == x.max()) * 0.9, np.ones(n))
    assert steep.verdict == "inconclusive", steep.summary()


@pytest.mark.parametrize("n", MANY)
def test_subgradients_of_absolute_values_do_not_fail_however_many(n: int) -> None:
    report = gp.check(lambda x: np.abs(x).sum(), np.full(n, 0.3), np.zeros(n))
    assert report.passed, report.summary()
    assert [cause.code for cause in report.causes] == ["GP202"]
    assert gp.check(lambda x: np.abs(x).sum(), np.full(n, 1.3), np.zeros(n)).verdict == "fail"


@pytest.mark.parametrize("seed", [157, 475, 520])
def test_slopes_of_one_size_do_not_cancel_along_the_pilot(seed: int) -> None:
    # With weights of one size too, f stood still along these directions until it met its kinks.
    rng = np.random.default_rng(5000 + seed)
    y, x = rng.standard_normal(40), 2 * rng.standard_normal(40)
    report = gp.check(lambda v: np.abs(v - y).sum(), lambda v: np.sign(v - y), x, seed=seed)
    assert report.passed, report.summary()
    assert report.noise < 1e-12


def bordered(seed: int = 0) -> Array:
    image = np.zeros((16, 16))
    image[3:13, 3:13] = np.random.default_rng(seed).random((10, 10))
    return image


def test_relu_on_an_image_with_a_black_border_passes() -> None:
    weights = np.random.default_rng(1).standard_normal((16, 16))
    report = gp.check(
        lambda t: np.sum(weights * np.maximum(t, 0)), lambda t: weights * (t > 0), bordered()
    )
    assert report.passed, report.summary()
    assert any("kink" in note for note in report.notes)


def test_max_pooling_of_an_image_with_a_black_border_passes() -> None:
    weights = np.random.default_rng(2).standard_normal((8, 8))

    def windows(t: Array) -> Array:
        return t.reshape(8, 2, 8, 2).transpose(0, 2, 1, 3).reshape(8, 8, 4)

    def gradient(t: Array) -> Array:
        back = np.zeros((8, 8, 4))
        np.put_along_axis(back, windows(t).argmax(-1)[..., None], weights[..., None], -1)
        return back.reshape(8, 8, 2, 2).transpose(0, 2, 1, 3).reshape(16, 16)

    report = gp.check(lambda t: np.sum(weights * windows(t).max(-1)), gradient, bordered())
    assert report.passed, report.summary()


@pytest.mark.parametrize("n", MANY)
def test_a_cast_inside_does_not_fail_however_many(n: int) -> None:
    report = gp.check(
        lambda w: float(np.sum(np.sin(w)) + np.sum(w.astype(np.float32) ** 2)),
        lambda w: np.cos(w) + 2 * w,
        np.random.default_rng(0).uniform(0.2, 1.5, n),
    )
    assert report.verdict != "fail", report.summary()


def test_a_wrong_leaf_is_still_given_up_early() -> None:
    x = np.linspace(0.5, 1.5, 5000)
    report = gp.check(lambda v: v @ v, lambda v: 3 * v, x, plan="every")
    assert report.leaves[0].wrong == 5000
    assert report.evaluations < 3.2 * 5000


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: np.sum(np.sqrt(x)), np.zeros(5)),
        (lambda x: np.sum(x * np.log(x)), np.zeros(1) + 1e-300),
        (lambda x: float(np.log(x).sum()), np.array([1e-9, 1.0, 2.0])),
    ],
)
def test_zero_is_not_believed_where_f_ends(f: Any, at: Array, seed: int) -> None:
    assert gp.check(f, np.zeros_like(at), at, seed=seed).verdict != "pass"


def test_zero_is_not_believed_where_f_refuses() -> None:
    def f(w: float) -> float:
        if w > 1:
            raise ValueError("beyond 1")
        return 3 * w

    for seed in range(20):
        assert gp.check(f, 0.0, 1.0, seed=seed).verdict != "pass"


@pytest.mark.parametrize(
    ("rtol", "factor", "verdict"),
    [
        (0.1, 1.9, "fail"),
        (1e-2, 1.09, "fail"),
        (1e-4, 1.0005, "fail"),
        (1e-2, 1.005, "pass"),
        (1e-4, 1.00005, "pass"),
    ],
)
def test_a_given_tolerance_is_meant_as_it_is(rtol: float, factor: float, verdict: str) -> None:
    x = np.linspace(0.1, 1.5, 6)
    report = gp.check(lambda v: np.sum(np.sin(v)), lambda v: factor * np.cos(v), x, rtol=rtol)
    assert report.verdict == verdict, report.summary()


def fitted(seed: int) -> tuple[Any, Any, Array]:
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((60, 5)), (rng.random(60) < 0.5) * 1.0

    def loss(w: Array) -> float:
        return float(np.mean(np.logaddexp(0, X @ w) - y * (X @ w)))

    def gradient(w: Array) -> Array:
        return np.asarray(X.T @ (1 / (1 + np.exp(-X @ w)) - y) / 60)

    return loss, gradient, minimize(loss, np.zeros(5), jac=gradient).x


@pytest.mark.parametrize("seed", range(6))
def test_after_fitting_the_right_gradient_passes_and_wrong_ones_do_not(seed: int) -> None:
    loss, gradient, w = fitted(seed)
    report = gp.check(loss, gradient, w)
    assert report.passed, report.summary()
    assert report.resolution < 1e-2
    for wrong in (lambda w: 40 * gradient(w), lambda w: gradient(w) + 1e-4):
        assert gp.check(loss, wrong, w).verdict == "fail"


def test_at_an_eigenvector_rounding_is_0_as_far_as_can_be_seen() -> None:
    A = np.cov(np.random.default_rng(0).standard_normal((5, 50)))
    v = np.linalg.eigh(A)[1][:, -1]

    def quotient(v: Array) -> float:
        return float(-(v @ A @ v) / (v @ v))

    def gradient(v: Array) -> Array:
        return np.asarray(-2 * (A @ v + v * quotient(v)) / (v @ v))

    report = gp.check(quotient, gradient, v)
    assert report.passed, report.summary()
    assert "0 as far as can be seen" in report.headline
    assert gp.check(quotient, lambda v: gradient(v) + 1e-3, v).verdict == "fail"


@pytest.mark.parametrize("error", [0.05, 0.12, 0.3])
def test_errors_above_the_tolerance_of_float32_fail(error: float) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y, w = (rng.standard_normal(s).astype(np.float32) for s in ((30, 8), 30, 8))
        report = gp.check(
            lambda w, X=X, y=y: np.mean((X @ w - y) ** 2),  # type: ignore[misc]
            (2 * X.T @ (X @ w - y) / 30 * (1 + error)).astype(np.float32),
            w,
        )
        assert report.verdict == "fail", report.summary()


def test_nothing_resolved_is_no_resolution() -> None:
    assert gp.check(np.sin, lambda x: 2.0, 1.0).resolution == np.inf


def test_a_mismatch_without_a_confirmed_fail_beside_it_is_taken_back() -> None:
    n = 100
    question = Question(
        claim=np.full(n, 2.0),
        scale=np.ones(n),
        smallest_step=np.full(n, 1e-11),
        relative=np.full(n, 1e-6),
        tolerance=np.full(n, 2e-6),
        resolution=np.full(n, 2e-6),
        group=np.arange(n, dtype=np.int64) // 50,
    )
    stages = CheapStages(
        question,
        value_at_zero=0.0,
        noise_of_f=1e-16,
        default_relative=1e-6,
        rng=np.random.default_rng(0),
    )
    while (block := stages.ask()) is not None:
        stages.tell(block.offsets, block.offsets)  # the derivative is 1
    stages.stage[question.group == 1] = Stage.UNCONFIRMED
    bounds = Limits(
        question,
        np.full(n, 2.0),
        np.full(n, 2.0),
        np.full(n, 2e-5),
        policy(None, low_precision=False),
    )
    components, open_ = judge_cheaply(stages, bounds, 2.0)
    components.outcome[open_] = Outcome.FAIL
    require_company(stages, components)
    outcome = components.outcome
    assert np.all(outcome[question.group == 0] == Outcome.FAIL)
    assert np.all(outcome[question.group == 1] == Outcome.TWO_SCALES)


def test_results_that_change_their_kind_are_named() -> None:
    calls: list[int] = []

    def f(x: Array) -> Any:
        calls.append(1)
        return np.array([1.0, 2.0]) if len(calls) == 30 else float(np.sum(x))

    with pytest.raises(gp.InputError, match="the value of f: found an array of shape"):
        gp.check(f, np.ones(200), np.ones(200))
