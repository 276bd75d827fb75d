"""Every veto on a line that it is for, and silent on a claim that is plainly wrong."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from tests.judge.lines import Array, line_of

from gradproof.judge.line import Line, Side, Slope
from gradproof.judge.vetoes import (
    diverges,
    is_on_a_staircase,
    is_within_a_kink,
    smaller_steps_contest,
    smaller_steps_side_with_the_claim,
)
from gradproof.numerics.protocol import FloatArray

Veto = Callable[[Line], bool]


def decisive(line: Line) -> Slope:
    assert line.best is not None
    return line.best


def sides(line: Line) -> bool:
    return smaller_steps_side_with_the_claim(line, [decisive(line)])


def contest(line: Line) -> bool:
    return smaller_steps_contest(line, [decisive(line)])


VETOES: dict[str, Veto] = {
    "smaller steps side": sides,
    "smaller steps contest": contest,
    "staircase": is_on_a_staircase,
    "kink": is_within_a_kink,
}


def fine_wave(x: Array) -> Array:
    """Slope 1.1 at 0, of which only steps below 1e-9 see the tenth."""
    return np.sin(x) + 1e-10 * np.sin(1e9 * x)


def fine_step(x: Array) -> Array:
    """Slope 11 at 0, and about 1 at steps above 1e-3, where the difference falls off slowly."""
    return x + 1e-3 * np.tanh(1e4 * x)


def rounded(x: Array) -> Array:
    """Sine to two digits: stairs, on one of which 1.1 lies."""
    return np.round(np.sin(x), 2)


@pytest.mark.parametrize("veto", VETOES)
@pytest.mark.parametrize("f", [np.sin, np.exp, lambda x: 1e3 + np.tanh(3 * x + 1)])
@pytest.mark.parametrize("factor", [-1.0, 0.0, 0.99, 1.01, 1.3, 2.0, 100.0])
def test_smooth_functions_know_no_veto(
    veto: str, f: Callable[[Array], Array], factor: float
) -> None:
    slope = decisive(line_of(f, 1.0)).value
    line = line_of(f, factor * slope, effect=abs(slope))
    assert line.off(decisive(line)) > line.beyond + line.margin * decisive(line).bar
    assert not VETOES[veto](line)


def test_smaller_steps_side_with_the_claim() -> None:
    right = line_of(fine_wave, 1.1)
    # The wide plateau is the better one, and contradicts the claim by a thousand bars.
    assert right.off(decisive(right)) > 1e3 * decisive(right).bar
    assert sides(right)
    for wrong in (1.5, 1.05, 0.5, -1.0, 3.0):
        assert not sides(line_of(fine_wave, wrong, effect=1.0))


def test_wider_steps_may_not_side_with_the_claim() -> None:
    line = line_of(fine_wave, 1.0)
    fine = line.second
    assert fine is not None
    assert fine.level > decisive(line).level
    # All that is wider agrees with the claim, and all that is finer with 1.1.
    assert np.sum(np.abs(line.slope - 1) < 0.01) >= 5
    assert not smaller_steps_side_with_the_claim(line, [fine])


def test_noise_may_not_side_with_the_claim() -> None:
    # At the smallest steps some difference is near any claim, and tells nothing.
    rng = np.random.default_rng(0)
    near = 0
    for _ in range(30):
        line = line_of(
            lambda x: np.sin(x) + 1e-6 * rng.standard_normal(x.size), 1.5, noise=1e-6, effect=1.0
        )
        near += bool(np.any(np.abs(line.slope - line.claim) < 0.3 * line.off(decisive(line))))
        assert not sides(line)
    assert near >= 3


def test_smaller_steps_contest() -> None:
    right = line_of(fine_step, 11.0, noise=1e-6)
    wide = decisive(right)
    assert wide.level <= 2
    assert right.off(wide) > 100 * wide.bar
    assert contest(right)
    # Against a claim that is so far off, what smaller steps add decides nothing.
    for wrong in (100.0, -100.0, 1e4):
        assert not contest(line_of(fine_step, wrong, noise=1e-6))


def test_every_slope_has_to_be_contested() -> None:
    line = line_of(fine_step, 11.0, noise=1e-6)
    fine = line.second
    assert fine is not None
    assert not smaller_steps_contest(line, [decisive(line), fine])


def test_the_stairs_climb_as_claimed() -> None:
    right = line_of(rounded, math.cos(1.1), at=1.1, smallest_change=1e-2)
    # f stands still at small steps, and a slope of 0 is certain to 1e-12.
    assert decisive(right).value == 0
    assert decisive(right).bar < 1e-10
    assert is_on_a_staircase(right)
    for wrong in (-math.cos(1.1), 2.0, 3 * math.cos(1.1)):
        line = line_of(rounded, wrong, at=1.1, effect=1.0, smallest_change=1e-2)
        assert not is_on_a_staircase(line), wrong


def test_0_is_the_derivative_of_stairs_that_are_no_rounding_of_the_arithmetic() -> None:
    for digits, expected in ((2, True), (4, True), (12, False), (17, False)):
        line = line_of(
            lambda x, digits=digits: np.round(np.sin(x), digits),  # type: ignore[misc,arg-type]
            0.0,
            at=1.1,
            effect=1.0,
            smallest_change=10.0**-digits,
        )
        assert is_on_a_staircase(line) == expected, digits


@pytest.mark.parametrize("digits", [2, 3, 4, 6])
def test_stairs_of_any_height(digits: int) -> None:
    for at in np.linspace(0.3, 1.2, 10).tolist():
        slope = math.cos(at)
        for claim, expected in ((slope, True), (2 * slope + 1, False), (-slope, False)):
            line = line_of(
                lambda x: np.round(np.sin(x), digits),
                claim,
                at=at,
                effect=1.0,
                smallest_change=10.0**-digits,
            )
            assert is_on_a_staircase(line) == expected, (at, claim)


def test_a_dead_zone_is_no_staircase() -> None:
    def dead(x: Array) -> Array:
        return 1 + np.maximum(x - 0.01, 0)

    for wrong in (1.0, 0.5, 0.3):
        assert not is_on_a_staircase(line_of(dead, wrong, effect=1.0))


@pytest.mark.parametrize("low", [-1.0, 0.0, 0.9])
def test_a_claim_within_a_kink(low: float) -> None:
    def kink(x: Array) -> Array:
        return np.where(x > 0, 2 * x, low * x) + x**2 / 10

    for share in (0.0, 0.3, 0.5, 1.0):
        assert is_within_a_kink(line_of(kink, low + share * (2 - low), effect=1.0))
    for wrong in (low - 4, 6.0, 100.0):
        assert not is_within_a_kink(line_of(kink, wrong, effect=1.0))


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-6])
def test_a_kink_that_only_wide_steps_see_is_no_excuse(distance: float) -> None:
    def beside(x: Array) -> Array:
        return 1 + np.abs(x + distance)

    for wrong in (-1.0, 0.0, 0.3, 0.9, 2.0):
        assert not is_within_a_kink(line_of(beside, wrong, effect=1.0))


@pytest.mark.parametrize("sign", [-1, 1])
def test_slopes_that_diverge_at_the_end_of_a_domain(sign: int) -> None:
    def at_edge(f: Callable[[Array], Array]) -> Line:
        return line_of(
            lambda x: np.where(sign * x >= 0, f(np.maximum(sign * x, 0)), np.nan),
            2.0,
            effect=1.0,
        )

    def x_log_x(t: Array) -> Array:
        return t * np.log(np.maximum(t, 1e-300))

    def never_settles(t: Array) -> Array:
        return 2 * t + t**1.05  # at a step of 1e-16 its slope is still off by 0.16

    for steep in (np.sqrt, np.cbrt, x_log_x, never_settles):
        assert diverges(at_edge(steep), sign)
    for tame in (np.exp, np.sin, np.square, lambda t: 2 * t + t * np.sqrt(t)):
        assert not diverges(at_edge(tame), sign)
        # The other side was nowhere finite, and has no slope at all.
        assert diverges(at_edge(tame), -sign)


def test_noise_is_no_divergence() -> None:
    rng = np.random.default_rng(0)
    for noise in (1e-9, 1e-4):
        seen = 0
        for _ in range(20):
            line = line_of(
                lambda x, s=noise: np.where(  # type: ignore[misc]
                    x >= 0, np.exp(x) + s * rng.standard_normal(x.size), np.nan
                ),
                1.0,
                noise=noise,
            )
            seen += diverges(line, 1)
        assert seen <= 1


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("times", "expected"), [(0.95, False), (1.05, True)])
def test_slopes_have_to_grow_by_twice_the_noise_of_both(
    side: int, times: float, expected: bool
) -> None:
    step: FloatArray = np.ldexp(1.0, -np.arange(8))
    noise = 4 * math.sqrt(2) * 1e-9 / step
    slope = np.append(0.0, np.cumsum(times * 2 * (noise[1:] + noise[:-1])))
    best = Slope(float(slope[-1]), 1.0, 0.0, 7, 0.0)
    line = line_of(np.sin, 1.0, noise=1e-9)
    found = Side(step, slope, best, whole=True)
    line = dataclasses.replace(
        line, right=found if side > 0 else line.right, left=line.left if side > 0 else found
    )
    assert diverges(line, side) is expected
    assert not diverges(line, -side)


@pytest.mark.parametrize(("off", "expected"), [(0.9, False), (1.1, True)])
def test_slopes_below_contradict_their_estimate_beyond_its_bar_and_the_noise(
    off: float, expected: bool
) -> None:
    step: FloatArray = np.ldexp(1.0, -np.arange(8))
    bar = 0.25 + 4 * math.sqrt(2) * 1e-9 / step
    slope = 1.0 + np.where(np.arange(8) > 3, off * bar, 0.0)
    best = Slope(1.0, 0.125, 0.125, 3, 0.0)
    line = line_of(np.sin, 1.0, noise=1e-9)
    line = dataclasses.replace(line, right=Side(step, slope, best, whole=True))
    assert diverges(line, 1) is expected
    slope[5::2] = 2.0 - slope[5::2]  # to either side in turn: that is noise
    assert not diverges(dataclasses.replace(line, right=Side(step, slope, best, True)), 1)
    assert diverges(dataclasses.replace(line, right=Side(step, slope, None, True)), 1)
