"""What a full table allows to say: every outcome, with its reason and with its counterpart."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.judge.lines import Array, Function, line_of

from gradproof.judge.escalated import Judgement, judge_line
from gradproof.judge.outcome import Outcome


def judge(f: Function, claim: float, **options: Any) -> Judgement:
    options.setdefault("effect", 1.0)
    with np.errstate(all="ignore"):
        return judge_line(line_of(f, claim, **options))


def outcome(f: Function, claim: float, **options: Any) -> Outcome:
    return judge(f, claim, **options).outcome


SMOOTH: dict[str, tuple[Function, Callable[..., Any]]] = {
    "exp": (np.exp, mpmath.exp),
    "sin": (np.sin, mpmath.cos),
    "log": (np.log, lambda x: 1 / x),
    "x³ + 100": (lambda x: x**3 + 100, lambda x: 3 * x**2),
    "exp(sin 3x)": (
        lambda x: np.exp(np.sin(3 * x)),
        lambda x: 3 * mpmath.cos(3 * x) * mpmath.exp(mpmath.sin(3 * x)),
    ),
}


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(SMOOTH)),
    at=st.floats(0.2, 3.0),
    exponent=st.floats(-4.5, 1.0),
    sign=st.sampled_from([-1, 1]),
)
def test_smooth_functions_pass_where_claims_are_right_and_never_where_not(
    name: str, at: float, exponent: float, sign: int
) -> None:
    f, derivative = SMOOTH[name]
    truth = float(derivative(mpmath.mpf(at)))
    right = judge(f, truth, at=at, scale=at)
    assert right.outcome is Outcome.PASS
    assert abs(right.value - truth) <= right.truncation + right.noise
    # An error that is large beside the component and beside a typical one.
    error = sign * 10.0**exponent * max(abs(truth), 1 / at)
    wrong = judge(f, truth + error, at=at, scale=at)
    # What steps as wide as a wave see may be taken for a second scale; that is open, not wrong.
    open_ = wrong.outcome is Outcome.TWO_SCALES and wrong.spread > 0
    assert wrong.outcome is Outcome.FAIL or open_
    assert abs(wrong.value - truth) <= wrong.truncation + wrong.noise
    assert wrong.possible >= abs(error) * (1 - 1e-6)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("error", [1e-4, -1e-2, 0.3, -2.0])
def test_wrong_claims_on_smooth_functions_fail(name: str, error: float) -> None:
    f, derivative = SMOOTH[name]
    failed = 0
    for at in np.random.default_rng(3).uniform(0.2, 3.0, 40).tolist():
        truth = float(derivative(mpmath.mpf(at)))
        off = error * max(abs(truth), 1 / at)
        found = judge(f, truth + off, at=at, scale=at)
        failed += found.outcome is Outcome.FAIL
        if found.spread == 0:
            assert found.possible == pytest.approx(abs(off), rel=1e-2)
    assert failed >= 38


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (1e-7, Outcome.PASS),
        (5e-6, Outcome.PRECISION),
        (-5e-6, Outcome.PRECISION),
        (2e-5, Outcome.FAIL),
        (-1e-2, Outcome.FAIL),
    ],
)
def test_small_differences_are_a_matter_of_precision(error: float, expected: Outcome) -> None:
    found = judge(np.sin, 1 + error)
    assert found.outcome is expected
    if expected is Outcome.PRECISION:
        assert found.possible == pytest.approx(abs(error), rel=1e-3)


def test_a_tolerance_of_ones_own_is_meant_as_it_is() -> None:
    assert outcome(np.sin, 1 + 5e-6, rtol=1e-6) is Outcome.FAIL
    assert outcome(np.sin, 1 + 5e-6, rtol=1e-5) is Outcome.PASS
    assert outcome(np.sin, 1 + 2e-2, rtol=3e-2) is Outcome.PASS
    assert outcome(np.sin, 1 + 4e-2, rtol=3e-2) is Outcome.FAIL


@pytest.mark.parametrize(
    ("error", "expected"), [(0.0, Outcome.PASS), (5e-3, Outcome.PASS), (0.03, Outcome.FAIL)]
)
def test_in_low_precision(error: float, expected: Outcome) -> None:
    claim = math.cos(0.7) * (1 + error)
    assert outcome(np.sin, claim, at=0.7, scale=0.7, dtype=np.float32) is expected


def kink(low: float, high: float, *, distance: float = 0.0) -> Function:
    """Return a function with two slopes, which meet at a distance right of 0."""

    def f(x: Array) -> Array:
        t = x - distance
        return 1 + np.where(t > 0, high * t, low * t)

    return f


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0), (2.0, -3.0), (0.9, 1.0)])
def test_at_a_kink(low: float, high: float) -> None:
    f = kink(low, high)
    for side in (low, high):
        found = judge(f, side)
        assert found.outcome is Outcome.ONE_SIDED
        assert found.value == pytest.approx(side, abs=1e-9)
        assert (found.left, found.right) == pytest.approx((low, high), abs=1e-9)
    for share in (0.1, 0.5, 0.9):
        found = judge(f, low + share * (high - low))
        assert found.outcome is Outcome.SUBGRADIENT
        assert found.value == low + share * (high - low)
        assert (found.left, found.right) == pytest.approx((low, high), abs=1e-9)
    width = abs(high - low)
    for outside in (min(low, high) - 0.3 * width, max(low, high) + 0.3 * width, 100.0, -100.0):
        found = judge(f, outside)
        assert found.outcome is Outcome.FAIL, outside
        assert found.value == pytest.approx((low + high) / 2, abs=1e-9)


@pytest.mark.parametrize("distance", [0.1, 1e-2, 1e-4, 1e-6, -0.1, -1e-2, -1e-4, -1e-6])
def test_beside_a_kink_the_slope_at_the_point_counts(distance: float) -> None:
    f = kink(-1.0, 2.0, distance=distance)
    here, there = (-1.0, 2.0) if distance > 0 else (2.0, -1.0)
    assert outcome(f, here) is Outcome.PASS
    for wrong in (there, 0.5, here + 0.1, 5.0, -5.0):
        assert outcome(f, wrong) is Outcome.FAIL, wrong


def test_a_kink_that_no_step_resolves_leaves_it_open_what_lies_within() -> None:
    f = kink(0.0, 1.0, distance=1e-8)
    assert outcome(f, 0.0) is Outcome.ONE_SIDED
    within = judge(f, 0.3)
    assert within.outcome is Outcome.KINK
    assert within.possible == pytest.approx(0.7, abs=1e-3)
    for wrong in (1.2, -0.5, 10.0):
        assert outcome(f, wrong) is Outcome.FAIL


def test_a_kink_that_is_no_slope_on_either_side() -> None:
    def cusp(x: Array) -> Array:
        return np.sqrt(np.abs(x))

    assert outcome(cusp, 0.0) is Outcome.PASS
    assert outcome(cusp, 1.0) is Outcome.KINK


def test_what_lies_within_a_kink_that_noise_hides_does_not_fail() -> None:
    # The sides cannot be told apart, and the central slope contradicts both.
    found = judge(np.abs, 1.0, noise=0.005)
    assert 1.6 * (found.truncation + found.noise) < 1.0
    assert found.outcome is Outcome.KINK
    assert outcome(np.abs, 8.0, noise=0.005) is Outcome.FAIL
    # The same distance from a slope that has no kink is an error.
    assert outcome(lambda x: 2 * x, 3.0, noise=0.005) is Outcome.FAIL


def half_line(f: Function, sign: int) -> Function:
    def restricted(x: Array) -> Array:
        return np.where(sign * x >= 0, f(x), np.nan)

    return restricted


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.exp, 1.0),
        (lambda x: 3 * x + x**2, 3.0),
        (lambda x: 2 * x + x * np.sqrt(np.abs(x)), 2.0),
    ],
)
def test_at_the_end_of_a_domain_one_side_decides(f: Function, slope: float, sign: int) -> None:
    at_edge = half_line(f, sign)
    found = judge(at_edge, slope)
    assert found.outcome is Outcome.PASS
    assert abs(found.value - slope) <= found.truncation + found.noise
    for factor in (1.01, 0.5, -1.0, 0.0, 30.0):
        wrong = judge(at_edge, factor * slope)
        assert wrong.outcome is Outcome.FAIL, factor
        assert abs(wrong.value - slope) <= wrong.truncation + wrong.noise


def test_at_the_end_of_a_domain_little_is_left_open() -> None:
    at_edge = half_line(np.exp, 1)
    for error in (5e-6, -5e-6):  # between the tolerance and what is beyond doubt
        found = judge(at_edge, 1 + error)
        assert found.outcome is Outcome.DOMAIN_EDGE
        assert found.possible == math.inf
        assert abs(found.value - 1) <= found.truncation + found.noise
    # What noise hides is left open, too, and what it does not hide is not.
    assert outcome(at_edge, 1.0, noise=1e-2) is Outcome.DOMAIN_EDGE
    assert outcome(at_edge, 1.3, noise=1e-2) is Outcome.DOMAIN_EDGE
    assert outcome(at_edge, 30.0, noise=1e-2) is Outcome.FAIL


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("claim", [0.0, 1.0, -20.0, 1e5])
def test_where_the_derivative_diverges(sign: int, claim: float) -> None:
    def x_log_x(x: Array) -> Array:
        return x * np.log(np.abs(x) + 1e-300)

    for f in (lambda x: np.sqrt(np.abs(x)), x_log_x):
        found = judge(half_line(f, sign), claim)
        assert found.outcome is Outcome.DIVERGES
        assert found.possible == math.inf


def test_where_f_is_nowhere_else_finite() -> None:
    found = judge(lambda x: np.where(x == 0, 1.0, np.nan), 1.0)
    assert found.outcome is Outcome.DOMAIN_EDGE
    assert math.isnan(found.value)


@pytest.mark.parametrize("distance", [1.0, 1e-3, 1e-6])
def test_near_the_end_of_a_domain_both_sides_decide(distance: float) -> None:
    def f(x: Array) -> Array:
        return np.log(x + distance)

    for factor, expected in ((1.0, Outcome.PASS), (1.1, Outcome.FAIL), (-1.0, Outcome.FAIL)):
        assert outcome(f, factor / distance, effect=1 / distance) is expected


@pytest.mark.parametrize("offset", [1.0, 1e3])
def test_a_stationary_point(offset: float) -> None:
    def bowl(x: Array) -> Array:
        return offset + x**2

    for claim in (0.0, 1e-15, -1e-15):
        found = judge(bowl, claim * offset, effect=0.0)
        assert found.outcome is Outcome.PASS
        assert abs(found.value) <= found.truncation + found.noise
    for claim in (1e-6, -1e-3, 1.0):
        assert outcome(bowl, claim * offset, effect=0.0) is Outcome.FAIL


def test_where_f_does_not_move_only_a_claim_of_0_passes() -> None:
    def constant(x: Array) -> Array:
        return np.full_like(x, 1.0)

    assert outcome(constant, 0.0, effect=0.0) is Outcome.PASS
    assert outcome(constant, 1e-17, effect=0.0) is Outcome.NOISE
    assert outcome(constant, 1e-3, effect=0.0) is Outcome.FAIL


def wave(amplitude: float, frequency: float) -> Function:
    def f(x: Array) -> Array:
        return np.sin(x) + amplitude * np.sin(frequency * x)

    return f


@pytest.mark.parametrize(("amplitude", "frequency"), [(1e-9, 1e8), (1e-6, 1e5)])
def test_of_two_scales_either_may_be_meant(amplitude: float, frequency: float) -> None:
    f = wave(amplitude, frequency)
    for claim in (1.0, 1.1):
        found = judge(f, claim)
        assert found.outcome is Outcome.PASS
        assert abs(found.value - claim) <= found.truncation + found.noise + 1e-6
        assert found.spread == pytest.approx(0.1, rel=1e-2)
        # If the other one was meant, the claim is a tenth off.
        assert found.possible == pytest.approx(0.1, rel=1e-2)
    for wrong in (1.05, 0.5, 1.5, -1.0, 3.0):
        assert outcome(f, wrong) is Outcome.FAIL, wrong
    assert judge(np.sin, 1.0).spread == 0


def test_a_claim_that_only_one_of_two_scales_contradicts_is_open() -> None:
    # Off the wider slope by more than the tolerance, by less than what is beyond doubt.
    found = judge(wave(1e-9, 1e8), 1 + 7e-6)
    assert found.outcome is Outcome.TWO_SCALES
    assert found.spread == pytest.approx(0.1, rel=1e-2)


@pytest.mark.parametrize(("frequency", "noise"), [(10, 1e-4), (100, 1e-6)])
def test_where_no_step_resolves_the_claim_the_reason_is_noise(
    frequency: float, noise: float
) -> None:
    # At the best step truncation is as large as noise: there is one scale, and no other.
    rng = np.random.default_rng(0)
    phases, waves = rng.uniform(0, 6, 5), np.pi * rng.uniform(1e5, 1e6, 5)

    def f(x: Array) -> Array:
        smooth = (np.sin(frequency * x) + 0.3 * np.cos(frequency * x)) / frequency
        rough = noise * np.sin(np.outer(np.ravel(x), waves) + phases).sum(axis=1)
        return np.asarray(smooth + rough.reshape(np.shape(x)))

    found = judge(f, 1.0, noise=noise)
    assert found.outcome is Outcome.NOISE
    assert found.truncation > found.noise
    assert found.spread == 0


def test_a_structure_that_is_no_noise_has_the_last_word() -> None:
    f = wave(1e-3, 1e4)
    assert outcome(f, 11.0) is Outcome.PASS
    for wrong in (1.0, 6.0, 1.5, 20.0):
        assert outcome(f, wrong) is Outcome.FAIL


def test_on_a_staircase_the_slope_of_the_stairs_is_left_open() -> None:
    def rounded(x: Array) -> Array:
        return np.round(np.sin(x), 2)

    options: dict[str, Any] = {"at": 1.1, "smallest_change": 1e-2}
    found = judge(rounded, math.cos(1.1), **options)
    assert found.outcome is Outcome.TWO_SCALES
    assert found.possible == math.inf
    for wrong in (2.0, -math.cos(1.1), 100.0):
        assert outcome(rounded, wrong, **options) is Outcome.FAIL


@pytest.mark.parametrize("at", [0.7, 0.9137, 1.1, 1.2345])
def test_a_cast_inside(at: float) -> None:
    def cast(x: Array) -> Array:
        return np.sin(x.astype(np.float32).astype(np.float64))

    assert outcome(cast, math.cos(at), at=at) is Outcome.PASS
    for wrong in (1.01 * math.cos(at), -math.cos(at), 2.0):
        assert outcome(cast, wrong, at=at) is Outcome.FAIL


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("noise", "claim", "expected"),
    [
        (1e-10, 1.0, Outcome.PASS),
        (1e-10, 1.3, Outcome.FAIL),
        (1e-6, 1.0, Outcome.PASS),
        (1e-6, 1.3, Outcome.FAIL),
        (1e-1, 1.0, Outcome.NOISE),
        (1e-1, 1.3, Outcome.NOISE),
        (1e-1, 1e3, Outcome.FAIL),
    ],
)
def test_noise(known: bool, noise: float, claim: float, expected: Outcome) -> None:
    rng = np.random.default_rng(1)

    def noisy(x: Array) -> Array:
        moved: Array = np.sin(x) + noise * rng.standard_normal(x.size) * (x != 0)
        return moved

    for _ in range(10):
        found = judge(noisy, claim, noise=noise if known else 1e-16)
        assert found.outcome is expected
        if expected is Outcome.NOISE:
            assert found.noise > found.truncation
        assert abs(found.value - 1) <= 1.5 * (found.truncation + found.noise)


def test_noise_never_lets_right_claims_fail() -> None:
    rng = np.random.default_rng(2)

    def noisy(noise: float) -> Outcome:
        return outcome(lambda x: np.exp(x) + noise * rng.standard_normal(x.size), 1.0, noise=noise)

    outcomes = [noisy(10.0**exponent) for exponent in np.linspace(-12, -1, 23) for _ in range(8)]
    assert set(outcomes) == {Outcome.PASS, Outcome.NOISE}
    assert outcomes[0] is Outcome.PASS
    assert outcomes[-1] is Outcome.NOISE
