"""Verdicts on functions whose derivatives are known: right claims never fail, wrong never pass."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp

Array = npt.NDArray[Any]
Pair = tuple[Callable[[Array], Any], Callable[[Array], Any]]
N = 12
X = np.random.default_rng(2).standard_normal(N)
A = np.random.default_rng(3).standard_normal((20, N))
LABELS = np.random.default_rng(4).random(20) < 0.5


def logistic(w: Array) -> float:
    z = A @ w
    return float(np.mean(np.logaddexp(0, z) - LABELS * z))


def logistic_gradient(w: Array) -> Array:
    return np.asarray(A.T @ (1 / (1 + np.exp(-(A @ w))) - LABELS) / 20)


SMOOTH: dict[str, Pair] = {
    "sine": (lambda x: np.sum(np.sin(x)), np.cos),
    "cubic": (lambda x: np.sum(x**3), lambda x: 3 * x**2),
    "exponential": (lambda x: np.sum(np.exp(x)), np.exp),
    "product": (
        lambda x: np.prod(1 + x**2),
        lambda x: np.prod(1 + x**2) * 2 * x / (1 + x**2),
    ),
    "logistic": (logistic, logistic_gradient),
    "norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x)),
    "cancelling": (lambda x: 1e3 * np.sum(np.sin(x)) - 999 * np.sum(np.sin(x)), np.cos),
    "offset": (lambda x: np.sum(np.sin(x)) + 1e6, np.cos),
    "oscillating": (lambda x: np.sum(np.sin(1e3 * x)), lambda x: 1e3 * np.cos(1e3 * x)),
    "tiny": (lambda x: 1e-150 * np.sum(np.sin(x)), lambda x: 1e-150 * np.cos(x)),
    "huge": (lambda x: 1e200 * np.sum(np.sin(x)), lambda x: 1e200 * np.cos(x)),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("seed", range(5))
def test_right_claims_pass(name: str, seed: int) -> None:
    f, gradient = SMOOTH[name]
    report = gp.check(f, gradient, X, seed=seed)
    assert report.passed, report.summary()
    assert report.resolution < 1e-3


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("error", [1e-2, -0.3, 1.0, -2.0])
@pytest.mark.parametrize("component", [0, 7])
def test_one_wrong_component_fails_and_is_named(name: str, error: float, component: int) -> None:
    f, gradient = SMOOTH[name]
    truth = np.array(gradient(X))
    claim = truth.copy()
    claim[component] *= 1 + error
    report = gp.check(f, claim, X)
    assert report.verdict == "fail", report.summary()
    (culprit,) = report.culprits
    assert culprit.index == (component,)
    assert culprit.claimed == pytest.approx(claim[component])
    assert abs(culprit.measured - truth[component]) <= culprit.bar + 1e-12 * abs(culprit.measured)


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(SMOOTH)),
    component=st.integers(0, N - 1),
    exponent=st.floats(-3.5, 0.5),
    sign=st.sampled_from([-1, 1]),
    seed=st.integers(0, 1000),
)
def test_errors_ten_times_the_resolution_never_pass(
    name: str, component: int, exponent: float, sign: int, seed: int
) -> None:
    f, gradient = SMOOTH[name]
    claim = np.array(gradient(X))
    error = sign * 10.0**exponent
    claim[component] *= 1 + error
    report = gp.check(f, claim, X, seed=seed)
    assert not (report.passed and abs(error) >= 10 * report.resolution), report.summary()


@settings(max_examples=25)
@given(name=st.sampled_from(sorted(SMOOTH)), k=st.integers(-40, 40), seed=st.integers(0, 99))
def test_powers_of_two_of_f_change_nothing(name: str, k: int, seed: int) -> None:
    f, gradient = SMOOTH[name]
    factor = 2.0**k
    plain = gp.check(f, gradient, X, seed=seed)
    scaled = gp.check(
        lambda x: factor * f(x), lambda x: factor * np.asarray(gradient(x)), X, seed=seed
    )
    assert scaled.verdict == plain.verdict
    assert scaled.rtol == plain.rtol


@settings(max_examples=25)
@given(name=st.sampled_from(["sine", "cubic", "logistic"]), k=st.integers(-40, 40))
def test_powers_of_two_of_the_parameters_change_nothing(name: str, k: int) -> None:
    f, gradient = SMOOTH[name]
    factor = 2.0**k
    report = gp.check(
        lambda x: f(x / factor), lambda x: np.asarray(gradient(x / factor)) / factor, X * factor
    )
    assert report.passed, report.summary()
    assert report.evaluations == gp.check(f, gradient, X).evaluations


def test_splitting_a_vector_into_leaves_changes_no_verdict() -> None:
    def f(t: dict[str, Array]) -> float:
        return float(np.sum(np.sin(np.concatenate([t["b"], t["a"]]))))

    at = {"a": X[:5], "b": X[5:]}
    assert gp.check(f, {"a": np.cos(X[:5]), "b": np.cos(X[5:])}, at).passed
    wrong = {"a": np.cos(X[:5]), "b": 1.01 * np.cos(X[5:])}
    report = gp.check(f, wrong, at)
    assert [leaf.verdict.value for leaf in report.leaves] == ["pass", "fail"]
    assert report.leaves[1].ratio == pytest.approx(1.01, rel=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float32_is_judged_by_what_it_can_show(dtype: type) -> None:
    # The array may be float64 and a float32 hide inside.
    x: Array = X.astype(dtype)

    def f(v: Array) -> float:
        return float(np.sum(np.sin(v.astype(np.float32))))

    report = gp.check(f, np.cos, x)
    assert report.passed, report.summary()
    assert 1e-3 < report.rtol <= 2e-2
    claim = np.cos(x)
    claim[3] *= dtype(1.3)
    wrong = gp.check(f, claim, x)
    assert wrong.verdict == "fail", wrong.summary()
    assert wrong.culprits[0].index == (3,)


@pytest.mark.parametrize("digits", range(1, 9))
@pytest.mark.parametrize("seed", range(4))
def test_rounded_values_are_noise_not_a_wrong_gradient(digits: int, seed: int) -> None:
    x = np.array([0.5, 1.0, 0.8])
    report = gp.check(lambda w: round(float(np.sum(np.sin(w))), digits), np.cos, x, seed=seed)
    assert report.verdict != "fail", report.summary()
    if digits >= 5:
        assert report.passed


@pytest.mark.parametrize("offset", [1e13, 1e14, 1e16])
@pytest.mark.parametrize("factor", [1.3, 3.0, -1.0])
def test_what_drowns_in_noise_never_passes(offset: float, factor: float) -> None:
    x = np.array([0.5, 1.0, 0.8])
    report = gp.check(lambda w: offset + np.sum(np.sin(w)), lambda w: factor * np.cos(w), x)
    assert not report.passed, report.summary()


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6, -1e-4])
def test_beside_a_kink_the_slope_of_its_side_passes_and_the_other_fails(distance: float) -> None:
    x = np.array([1.0, distance, -2.0])
    right = np.sign(x)
    assert gp.check(lambda v: np.sum(np.abs(v)), right, x).passed
    wrong = right.copy()
    wrong[1] *= -1
    report = gp.check(lambda v: np.sum(np.abs(v)), wrong, x)
    assert report.verdict == "fail", report.summary()


@pytest.mark.parametrize(
    ("claim", "verdict"), [(1.0, "pass"), (-1.0, "pass"), (0.3, "pass"), (1.5, "fail")]
)
def test_at_a_kink_either_slope_passes_between_passes_flagged_outside_fails(
    claim: float, verdict: str
) -> None:
    report = gp.check(lambda v: np.sum(np.abs(v)), np.array([1.0, claim]), np.array([2.0, 0.0]))
    assert report.verdict == verdict, report.summary()
    if claim == 0.3:
        assert report.causes[0].code == "GP202"
        assert report.causes[0].parameters == pytest.approx({"left": -1.0, "right": 1.0})


@pytest.mark.parametrize("edge", [1e-6, 1e-3, 1.0])
def test_near_the_end_of_the_domain_the_step_is_shortened(edge: float) -> None:
    x = np.array([edge, 1.0])
    assert gp.check(lambda v: np.sum(np.log(v)), lambda v: 1 / v, x).passed
    report = gp.check(lambda v: np.sum(np.log(v)), lambda v: np.array([1.1, 1.0]) / v, x)
    assert report.verdict == "fail"


def test_at_the_end_of_the_domain_nothing_is_decided() -> None:
    report = gp.check(lambda v: np.sum(np.sqrt(v)), np.array([0.7, 0.5]), np.array([0.0, 1.0]))
    assert report.verdict == "inconclusive"
    assert [cause.code for cause in report.causes] == ["GP207"]


def test_zero_gradients() -> None:
    constant = gp.check(lambda v: 2.5, np.zeros_like, np.ones(1000))
    assert constant.passed
    assert constant.evaluations < 150
    minimum = gp.check(lambda v: np.sum((v - 1) ** 2), lambda v: 2 * (v - 1), np.ones(5))
    assert minimum.passed, minimum.summary()
    claim = np.array([0.0, 0.0, 1e-3, 0.0, 0.0])
    report = gp.check(lambda v: np.sum((v - 1) ** 2), claim, np.ones(5))
    assert report.verdict == "fail"
    assert report.culprits[0].index == (2,)


def test_a_leaf_that_the_gradient_forgets_fails() -> None:
    at = {"used": np.ones(3), "forgotten": np.ones(2)}
    report = gp.check(
        lambda t: np.sum(t["used"] ** 2) + np.sum(t["forgotten"]),
        lambda t: {"used": 2 * t["used"], "forgotten": np.zeros(2)},
        at,
    )
    assert [leaf.verdict.value for leaf in report.leaves] == ["pass", "fail"]
    assert report.leaves[1].ratio == 0


def test_parameters_of_very_different_size_in_one_vector() -> None:
    sizes = 10.0 ** np.linspace(-8, 8, 17)
    x = X[0] * sizes
    gradient = np.cos(x / sizes) / sizes
    assert gp.check(lambda v: np.sum(np.sin(v / sizes)), gradient, x).passed
    wrong = gradient.copy()
    wrong[15] *= 1.5
    report = gp.check(lambda v: np.sum(np.sin(v / sizes)), wrong, x)
    assert report.verdict == "fail"
    assert [culprit.index for culprit in report.culprits] == [(15,)]


def test_components_that_are_too_small_to_see_are_counted() -> None:
    x = np.array([1.0, 1.0, 1.0])
    weights = np.array([1.0, 1e-19, 1e-19])
    report = gp.check(lambda v: v @ weights, weights, x)
    assert report.passed
    assert report.leaves[0].unseen == 2
    assert report.headline.endswith("2 of 3 components too small to see")


def test_an_explicit_tolerance_is_never_raised() -> None:
    def f(v: Array) -> float:
        return float(np.sum(np.sin(v)) + 1e10)

    assert gp.check(f, np.cos, X).passed
    strict = gp.check(f, np.cos, X, rtol=1e-7)
    assert strict.verdict == "inconclusive", strict.summary()
    assert strict.rtol == 1e-7
    loose = gp.check(lambda v: np.sum(np.sin(v)), lambda v: 1.005 * np.cos(v), X, rtol=1e-2)
    assert loose.passed


def test_random_functions_are_never_decided() -> None:
    rng = np.random.default_rng(0)
    for size in (1e-6, 1e-2, 1.0):
        report = gp.check(
            lambda v, size=size: np.sum(v) + size * rng.standard_normal(),  # type: ignore[misc]
            np.ones_like,
            X,
        )
        assert report.verdict == "inconclusive"
        assert report.causes[0].code == "GP101"


def test_a_function_that_remembers_its_calls_is_noticed() -> None:
    calls = []

    def drifting(v: Array) -> float:
        calls.append(1)
        return float(np.sum(v) + (1e-3 if len(calls) > 20 else 0))

    assert gp.check(drifting, np.ones_like, X).verdict != "pass"


def test_the_same_seed_repeats_the_check() -> None:
    f, gradient = SMOOTH["logistic"]
    wrong = np.array(gradient(X)) * np.linspace(0.9, 1.1, N)
    first, second = (gp.check(f, wrong, X, seed=5) for _ in range(2))
    assert first.culprits == second.culprits
    assert first.leaves == second.leaves


def test_evaluations_stay_within_their_price() -> None:
    f, gradient = SMOOTH["logistic"]
    assert gp.check(f, gradient, X).evaluations <= 2 * N + 40
    long = np.linspace(0.5, 1.5, 2000)
    report = gp.check(lambda v: np.sum(np.sin(v)), np.cos, long, plan="every")
    assert report.evaluations <= 2 * 2000 + 60
    quiet = gp.check(lambda v: v @ v - 2000, lambda v: 2 * v, long, plan="every")
    assert quiet.evaluations <= 1.1 * 2000 + 40
    doubled = gp.check(lambda v: np.sum(np.sin(v)), lambda v: 2 * np.cos(v), long, plan="every")
    assert doubled.evaluations <= 3.2 * 2000 + 200
    assert doubled.leaves[0].ratio == pytest.approx(2.0)
    assert doubled.leaves[0].wrong == 2000
    assert len(doubled.culprits) <= 100


@pytest.mark.parametrize("rate", [20.0, 100.0, 600.0])
def test_all_claimed_0_fails_though_f_explodes_not_far_away(rate: float) -> None:
    x = np.array([1.0, 0.7, -1.3])
    report = gp.check(lambda t: float(np.sum(np.exp(rate * (t - x) + 0.1 * x))), 0 * x, x)
    assert report.verdict == "fail", report.summary()


@pytest.mark.parametrize("rate", [20.0, 100.0, 600.0])
def test_all_claimed_0_passes_where_f_is_stationary_and_explodes_not_far_away(rate: float) -> None:
    x = np.array([1.0, 0.7, -1.3])
    report = gp.check(lambda t: float(np.sum(np.cosh(rate * (t - x)))), 0 * x, x)
    assert report.verdict == "pass", report.summary()


@pytest.mark.parametrize("share", [1e-4, 1e-7, 1e-9])
def test_a_tensor_claimed_0_fails_where_it_matters_little_beside_the_others(share: float) -> None:
    at = {"large": np.array([1.0, 2.0]), "small": np.array([0.5, 1.5, -0.3])}

    def f(p: dict[str, np.ndarray]) -> float:
        return float(np.sum(p["large"] ** 3) + share * np.sum(np.sin(p["small"])))

    right = {"large": 3 * at["large"] ** 2, "small": share * np.cos(at["small"])}
    assert gp.check(f, right, at).verdict == "pass"
    report = gp.check(f, {**right, "small": np.zeros(3)}, at)
    assert report.verdict == "fail", report.summary()


@pytest.mark.parametrize("slope", [1e-5, 1e-3, 1.0, -7.0])
def test_a_constant_far_from_zero_has_no_slope(slope: float) -> None:
    # Its digits fit into a float32; that says nothing, since f stands still.
    x = np.array([0.3, 1.0, -2.0])
    report = gp.check(lambda t: 1e8 + 0 * np.sum(t), slope * np.ones(3), x)
    assert report.verdict == "fail", report.summary()
    assert gp.check(lambda t: 1e8 + 0 * np.sum(t), np.zeros(3), x).verdict == "pass"


def test_points_on_the_grid_of_float32_do_not_bend_slopes() -> None:
    # Steps from 1 are twice as long upward as downward on that grid.
    report = gp.check(lambda t: np.sum((t - 1) ** 2), 1e-7 * np.ones(3), np.ones(3))
    assert report.verdict == "fail"
    assert abs(report.culprits[0].measured) < 1e-10
    assert not report.notes  # a parabola does not jump


def test_stairs_at_a_bound_do_not_fail_their_slope() -> None:
    def f(x: float) -> float:
        return float(np.floor(1000 * x) / 1000 + 1)

    report = gp.check(gp.Problem(f, 1.0, 0.5, bounds=(0.5, np.inf)))
    assert report.verdict != "fail", report.summary()


def test_structure_within_the_smallest_steps_at_what_looks_like_a_kink_does_not_fail() -> None:
    def f(x: float) -> float:
        return float(1e4 + np.hypot(x, 1e-9) - 1e-9 + 1.5e-9 * np.tanh(x / 3e-10))

    assert gp.check(f, 5.0, 0.0).verdict != "fail"


@pytest.mark.parametrize("claim", [-1.0, 0.0, 0.3, 1.0])
def test_kinks_in_small_problems_are_always_flagged(claim: float) -> None:
    report = gp.check(abs, claim, 0.0)
    assert report.passed
    assert report.notes or [cause.code for cause in report.causes] == ["GP202"]


def test_a_wrong_claim_at_a_kink_says_so() -> None:
    (note,) = gp.check(abs, 1.3, 0.0).notes
    assert "outside of the slopes of its sides (-1 and +1" in note


def test_a_leaf_of_which_f_shows_nothing_nearby_beside_large_ones() -> None:
    at = {"large": np.array([0.0, 0.0, 3e6]), "small": 0.0}
    ones = {"large": np.ones(3), "small": 1.0}
    report = gp.check(
        lambda p: float(np.sum(np.square(p["large"])) + np.square(p["small"])), ones, at
    )
    assert report.verdict == "fail"


@pytest.mark.parametrize("n", [30, 300])
@pytest.mark.parametrize("seed", range(5))
def test_a_maximum_that_many_share_is_no_place_for_a_slope_of_1_each(n: int, seed: int) -> None:
    at = np.full(n, 0.7)
    mask = gp.check(lambda x: float(np.max(x)), lambda x: (x == x.max()) * 1.0, at, seed=seed)
    assert mask.verdict == "inconclusive"
    assert mask.causes[0].code == "GP202"


@pytest.mark.parametrize("seed", range(5))
def test_many_components_at_their_kinks_are_flagged(seed: int) -> None:
    at = np.zeros(50)
    report = gp.check(
        lambda x: float(np.sum(np.maximum(x, 0)) + np.sum(np.sin(x))),
        np.full(50, 2.0),
        at,
        seed=seed,
    )
    assert report.passed
    assert "50 components at a kink of f" in report.notes[-1]


def test_what_stands_still_far_from_the_point_is_not_asked_near_it() -> None:
    at = -np.arange(1.0, 6.0)
    report = gp.check(lambda x: np.sum(np.maximum(x, 0)), lambda x: (x > 0) * 1.0, at)
    assert report.passed
    assert report.evaluations <= 2 * at.size + 40  # 100 where every spacing is tried


def test_two_evaluations_tell_that_nothing_bends() -> None:
    at = np.random.default_rng(0).standard_normal(50)
    assert gp.check(lambda x: float(np.sum(np.sin(x))), np.cos, at).evaluations < 2 * 50


@pytest.mark.parametrize("seed", range(5))
def test_the_stairs_of_a_large_constant_are_held_by_the_bars(seed: int) -> None:
    at = np.random.default_rng(0).standard_normal(6)

    def f(x: Array) -> float:
        return 1e8 + float(np.sum(np.sin(x)))

    assert gp.check(f, np.cos, at, seed=seed).passed
    wrong = gp.check(f, lambda x: 1.0001 * np.cos(x), at, seed=seed)
    assert wrong.verdict == "fail"


def _residuals() -> list[tuple[Any, Array, Any]]:
    """Functions that are 0, or nearly so, at a point that a float32 can hold."""
    return [
        (np.log, np.array(1.0), lambda t: 1 / t),
        (lambda v: np.sum(v) - 6, np.array([1.0, 2.0, 3.0]), np.ones_like),
        (lambda v: v @ v - 1, np.array([1.0, 0.0]), lambda v: 2 * v),
        (lambda v: v.sum() - 1, np.full(4, 0.25), np.ones_like),
        (lambda v: v.sum() - 1 + 1e-12, np.full(4, 0.25), np.ones_like),
    ]


@pytest.mark.parametrize("case", range(5))
@pytest.mark.parametrize("moved", [0.0, 0.01])
def test_a_function_that_is_0_at_a_float32_is_not_taken_for_one(case: int, moved: float) -> None:
    f, at, gradient = _residuals()[case]
    x, shift = at * (1 + moved), f(at * (1 + moved)) - f(at)
    right = gp.check(lambda v: f(v) - shift, gradient, x, rtol=1e-6)
    assert right.passed, right.summary()
    assert gp.check(lambda v: f(v) - shift, gradient, x).rtol == 1e-6
    wrong = gp.check(lambda v: f(v) - shift, lambda v: 1.005 * gradient(v), x)
    assert wrong.verdict == "fail", wrong.summary()


@pytest.mark.parametrize("seed", range(5))
def test_rounded_values_at_a_float32_are_not_those_of_a_cast(seed: int) -> None:
    x = np.array([0.5, 1.0, 2.0])

    def rounded(v: Array) -> float:
        return round(float(np.sum(np.sin(v))), 6)

    right = gp.check(rounded, np.cos, x, seed=seed)
    assert right.passed, right.summary()
    assert right.rtol < 1e-3
    assert gp.check(rounded, lambda v: 1.005 * np.cos(v), x, seed=seed).verdict == "fail"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("x", [[0.5, 1.0, 2.0], [0.75, 1.5, -2.0], [0.51, 1.03, 2.07]])
def test_a_cast_inside_of_f_is_noticed(x: list[float], seed: int) -> None:
    def cast(v: Array) -> float:
        return float(np.sum(np.sin(v.astype(np.float32).astype(np.float64))))

    right = gp.check(cast, np.cos, np.array(x), seed=seed)
    assert right.passed, right.summary()
    assert right.rtol > 1e-5
    on_grid = bool(np.all(np.array(x) == np.array(x, dtype=np.float32)))
    assert (right.rtol == 1e-2) == on_grid


@pytest.mark.parametrize("seed", range(20))
def test_units_that_are_all_inactive_have_no_slope(seed: int) -> None:
    rng = np.random.default_rng(seed)
    W, c, x = rng.standard_normal((3, 4)), rng.standard_normal(3), rng.standard_normal(4)
    b = -W @ x - 10 ** rng.uniform(-3, 0.5, 3)

    def inactive(v: Array, power: int) -> float:
        return float(c @ np.maximum(W @ v + b, 0) ** power)

    for power in (1, 2):
        report = gp.check(partial(inactive, power=power), np.zeros(4), x)
        assert report.passed, report.summary()


def test_what_is_said_of_stairs_is_how_far_the_slopes_are_apart() -> None:
    x = np.array([0.7, 0.3, 1.1])
    report = gp.check(lambda w: round(float(np.sum(np.sin(w))), 3), np.cos, x)
    (cause,) = report.causes
    assert cause.code == "GP205"
    assert cause.parameters["amplitude"] > 0.5  # that of the hill against 0 on a stair


@pytest.mark.parametrize("bits", [20, 24, 27, 30, 34])
@pytest.mark.parametrize("seed", [*range(6), 14, 30])
def test_zero_does_not_pass_because_f_stands_on_a_stair(bits: int, seed: int) -> None:
    # As a root by bisection to a tolerance does: still at tiny steps, and far out it moves.
    at, quantum = np.random.default_rng(seed).uniform(0.5, 1.5, 5), 2.0**-bits

    def root(x: Any) -> float:
        return float((quantum * np.floor(0.03 * np.sin(np.sum(x)) / quantum) + 0.01) ** 2)

    assert gp.check(root, np.zeros(5), at).verdict != "pass"


def test_wide_stairs_are_meant() -> None:
    rng = np.random.default_rng(0)
    for x in (rng.uniform(-5, 5, 20), rng.uniform(-1, 1, 20)):
        for stair in (np.floor, np.round, np.sign):

            def climb(v: Any, stair: Any = stair) -> float:
                return float(np.sum(stair(v)))

            assert gp.check(climb, np.zeros(20), x).passed


def test_zero_passes_where_f_moves_as_a_parabola_does() -> None:
    at = np.array([0.0, 1.0, 2.0])
    claim = 2 * at
    assert gp.check(lambda x: float(np.sum(x**2)), claim, at).passed
    assert gp.check(lambda x: float(np.sum(np.cos(x - at))), np.zeros(3), at).passed


def test_a_solver_that_does_not_converge_far_away_is_no_obstacle() -> None:
    def root(x: Any) -> float:
        if abs(x - 1.0) > 0.5:
            raise RuntimeError("failed to converge")
        return float(np.cos(x))

    report = gp.check(root, lambda x: -1.001 * np.sin(x), 1.0)
    assert report.verdict == "fail"
    assert gp.check(root, lambda x: -np.sin(x), 1.0).passed
