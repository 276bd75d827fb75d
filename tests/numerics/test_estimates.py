"""Slopes out of a table, from both sides and from one, against mpmath and closed forms."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt
import pytest

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.numerics.richardson import Estimates, central, one_sided
from gradproof.numerics.table import Table

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]

FUNCTIONS: dict[str, tuple[Function, Callable[..., Any]]] = {
    "exp": (np.exp, mpmath.exp),
    "cos": (np.cos, lambda x: -mpmath.sin(x)),
    "log": (np.log, lambda x: 1 / x),
    "1/(1 + x²)": (lambda x: 1 / (1 + x**2), lambda x: -2 * x / (1 + x**2) ** 2),
    "x⁴ - x": (lambda x: x**4 - x, lambda x: 4 * x**3 - 1),
    "exp(cos 4x)": (
        lambda x: np.exp(np.cos(4 * x)),
        lambda x: -4 * mpmath.sin(4 * x) * mpmath.exp(mpmath.cos(4 * x)),
    ),
    "arctan(x) + 1e5": (lambda x: np.arctan(x) + 1e5, lambda x: 1 / (1 + x**2)),
    "x√x": (lambda x: x * np.sqrt(x), lambda x: 1.5 * mpmath.sqrt(x)),
}


def fill(
    f: Function,
    at: float,
    *,
    scale: float | None = None,
    noise: float | None = None,
    dtype: type = np.float64,
) -> tuple[Table, float, float]:
    """Return a full table of one line, the roundoff and the noise that it was given."""
    u = UNIT_ROUNDOFF_64 if dtype is np.float64 else UNIT_ROUNDOFF_32
    x: Array = np.array([at]).astype(dtype)
    value = float(f(x)[0])
    sigma = 0.7 * u * abs(value) if noise is None else noise
    table = Table(
        np.array([abs(at) if scale is None else scale]),
        np.array([u]),
        x.astype(np.float64),
        value_at_zero=value,
        noise_of_f=sigma,
    )
    while (block := table.ask()) is not None:
        there: Array = (x + block.offsets).astype(dtype)
        with np.errstate(all="ignore"):
            values = f(there).astype(np.float64)
        table.tell(values, there.astype(np.float64) - float(x[0]))
    return table, u, sigma


def best(found: Estimates) -> tuple[float, float]:
    """Return the value and the whole bar of the best candidate of one line."""
    value, truncation, noise = found.take(found.best)
    return float(value[0]), float((truncation + noise)[0])


def both_sides(f: Function, at: float, **options: Any) -> tuple[float, float]:
    table, u, sigma = fill(f, at, **options)
    return best(central(table, roundoff=u, noise_of_f=sigma))


def from_side(f: Function, at: float, side: int, **options: Any) -> tuple[float, float]:
    table, u, sigma = fill(f, at, **options)
    return best(one_sided(table, side, roundoff=u, noise_of_f=sigma))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bars_hold_from_both_sides_and_from_each_and_are_not_wide(name: str) -> None:
    f, derivative = FUNCTIONS[name]
    ratios: dict[int, list[float]] = {0: [], -1: [], 1: []}
    for at in np.random.default_rng(6).uniform(0.2, 3.0, 60).tolist():
        truth = float(derivative(mpmath.mpf(at)))
        table, u, sigma = fill(f, at)
        found = {
            0: central(table, roundoff=u, noise_of_f=sigma),
            **{s: one_sided(table, s, roundoff=u, noise_of_f=sigma) for s in (-1, 1)},
        }
        for side, estimates in found.items():
            value, bar = best(estimates)
            assert abs(value - truth) <= bar, (at, side)
            ratios[side].append(bar / max(abs(truth), 0.1))
    offset = float(f(np.ones(1))[0])
    assert np.median(ratios[0]) < 1e-8 * max(1, abs(offset))
    for side in (-1, 1):
        assert np.median(ratios[0]) < np.median(ratios[side]) < 1e-6 * max(1, abs(offset))


def test_bars_hold_from_one_side_in_float32() -> None:
    missed, bars, total = 0, [], 0
    for f, derivative in FUNCTIONS.values():
        for at in np.random.default_rng(7).uniform(0.2, 3.0, 40).astype(np.float32).tolist():
            truth = float(derivative(mpmath.mpf(at)))
            for side in (-1, 1):
                value, bar = from_side(f, at, side, dtype=np.float32)
                missed += not abs(value - truth) <= bar
                bars.append(bar / max(abs(truth), 0.1))
                total += 1
    assert missed <= total // 100
    assert np.median(bars) < 0.05


@pytest.mark.parametrize("sign", [-1, 1])
def test_each_side_of_a_kink_has_its_own_slope(sign: int) -> None:
    def kink(x: Array) -> Array:
        return np.exp(x) + np.where(x > 1, 3 * (x - 1), 0.0)

    value, bar = from_side(kink, 1.0, sign)
    truth = math.e + (3 if sign > 0 else 0)
    assert abs(value - truth) <= bar < 1e-6
    # What belongs to the other side is thousands of bars away, and the middle is central.
    assert abs(value - (2 * math.e + 3 - truth)) > 1e3 * bar
    middle, bar = both_sides(kink, 1.0)
    assert abs(middle - (math.e + 1.5)) <= bar < 1e-6


@pytest.mark.parametrize("slope", [0.0, 2.0, -1e3])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_bars_hold_where_errors_shrink_with_the_root_of_the_step_only(
    slope: float, offset: float, scale: float
) -> None:
    def f(x: Array) -> Array:
        return offset + x * np.sqrt(x) + slope * x

    value, bar = from_side(f, 0.0, 1, scale=scale)
    assert abs(value - slope) <= bar
    assert bar < 0.02 * math.sqrt(scale) + 1e-4 * abs(slope)
    # The other side is not defined, and is no slope at all.
    assert math.isnan(from_side(f, 0.0, -1, scale=scale)[0])
    assert math.isnan(both_sides(f, 0.0, scale=scale)[0])
    # A bar for errors that shrink with h would have been too small: half of it does not suffice.
    table, u, sigma = fill(f, 0.0, scale=scale)
    found = one_sided(table, 1, roundoff=u, noise_of_f=sigma)
    if offset == 0 and slope == 0:
        plain = found.values.shape[0] // 2 + 1
        error = np.abs(found.values[:plain, 0])
        assert np.all(error <= found.truncations[:plain, 0] * (1 + 1e-12))
        assert np.all(error > 0.5 * found.truncations[:plain, 0])


def cast_inside(x: Array) -> Array:
    """Sine of a float64 argument that is rounded to float32 on its way."""
    return np.sin(x.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize("at", np.random.default_rng(8).uniform(0.3, 1.2, 12).tolist())
def test_a_cast_inside_has_a_second_scale_and_its_function_has_none(at: float) -> None:
    truth = math.cos(at)
    table, u, sigma = fill(cast_inside, at)
    found = central(table, roundoff=u, noise_of_f=sigma)
    candidates = [best(found)]
    if found.second_scale[0] >= 0:
        value, truncation, noise = found.take(found.second_scale)
        candidates.append((float(value[0]), float((truncation + noise)[0])))
    # One of the two is the slope across the stairs, another is that of a stair.
    assert any(abs(value - truth) <= bar < 0.01 for value, bar in candidates), candidates
    if len(candidates) == 2:
        (a, bar_a), (b, bar_b) = candidates
        assert abs(a - b) > bar_a + bar_b
    table, u, sigma = fill(np.sin, at)
    assert central(table, roundoff=u, noise_of_f=sigma).second_scale[0] == -1


def test_stairs_of_a_cast_are_a_second_scale_at_some_points() -> None:
    seen = 0
    for at in np.random.default_rng(9).uniform(0.3, 1.2, 40).tolist():
        table, u, sigma = fill(cast_inside, at)
        seen += int(central(table, roundoff=u, noise_of_f=sigma).second_scale[0] >= 0)
    assert seen >= 4


def test_a_wave_finer_than_the_steps_is_a_second_scale() -> None:
    at, amplitude, frequency = 0.7, 1e-9, 1e8
    table, u, sigma = fill(
        lambda x: np.sin(x) + amplitude * np.sin(frequency * (x - at)), at, noise=1e-16
    )
    found = central(table, roundoff=u, noise_of_f=sigma)
    first, second = (found.take(which) for which in (found.best, found.second_scale))
    wide, fine = math.cos(at), math.cos(at) + amplitude * frequency
    measured = sorted([(first[0][0], sum(first[1:])), (second[0][0], sum(second[1:]))])
    for (value, bar), truth in zip(measured, (wide, fine), strict=True):
        assert abs(value - truth) <= bar < 0.01 * (fine - wide) + 1e-3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_smooth_functions_hardly_ever_have_a_second_scale(name: str) -> None:
    f, _ = FUNCTIONS[name]
    flags = 0
    for at in np.random.default_rng(10).uniform(0.2, 3.0, 60).tolist():
        table, u, sigma = fill(f, at)
        flags += int(central(table, roundoff=u, noise_of_f=sigma).second_scale[0] >= 0)
    assert flags <= 60 // 10


@pytest.mark.parametrize("digits", [3, 4, 6])
def test_the_height_of_stairs_is_part_of_the_bar(digits: int) -> None:
    quantum, climbed = 10.0**-digits, 0
    for at in np.random.default_rng(11).uniform(0.3, 1.2, 40).tolist():
        table, u, sigma = fill(lambda x: np.round(np.sin(x), digits), at)
        changes = np.abs(table.plus - table.minus)
        if not quantum / 2 < np.min(changes[changes > 0]) < 1.5 * quantum:
            continue  # no level climbs a single stair
        climbed += 1
        found = central(table, roundoff=u, noise_of_f=sigma, smallest_change=quantum)
        value, bar = best(found)
        # The noise of a rounding enters a difference at the widest step at least.
        assert bar >= 0.5 * quantum / (0.2 * at)
        assert abs(value - math.cos(at)) <= bar
        assert np.min(found.amplitude) >= quantum / 2 * (1 - 1e-6)
        # The sine itself has the bar of its rounding.
        assert bar > 1e3 * both_sides(np.sin, at)[1]
    assert climbed >= 10


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-5])
def test_a_dead_zone_is_no_staircase(distance: float) -> None:
    # ReLU at a distance: f stands still at small steps, and then moves by any amount.
    def dead(x: Array) -> Array:
        return 3 + np.where(x > 1 + distance, x - 1 - distance, 0.0)

    table, u, sigma = fill(dead, 1.0)
    found = central(table, roundoff=u, noise_of_f=sigma, smallest_change=math.inf)
    assert np.any(table.plus == table.minus)
    # Where f stands still, the noise is that of rounding.
    still = table.t_plus[:, 0] < distance
    assert np.max(found.amplitude[still]) < 1e-14
    value, bar = from_side(dead, 1.0, 1)
    assert abs(value) <= bar < 1e-12 / distance


def test_quanta_need_company() -> None:
    # One change only, and no smallest change seen elsewhere that would bear it out.
    def one_stair(x: Array) -> Array:
        return np.where(x > 1.15, 1e-3, 0.0)

    table, u, _ = fill(one_stair, 1.0, noise=1e-16)
    alone = central(table, roundoff=u, noise_of_f=1e-16, smallest_change=1e-9)
    borne_out = central(table, roundoff=u, noise_of_f=1e-16, smallest_change=1e-3)
    assert np.min(borne_out.amplitude) >= 5e-4
    assert np.min(alone.amplitude) < 1e-10


def test_a_function_that_never_moves_has_slope_0_to_what_would_have_been_seen() -> None:
    value, bar = both_sides(lambda x: np.full_like(x, 2.0), 1.0)
    assert value == 0
    assert bar == pytest.approx(2 * UNIT_ROUNDOFF_64 * 2.0 / 0.2)


@pytest.mark.parametrize("gap", [0.05, 1e-3, 1e-6])
def test_only_the_last_run_of_finite_values_counts(gap: float) -> None:
    # Undefined in a ring around the point: finite at wide steps, and again at small ones.
    def ring(x: Array) -> Array:
        r = np.abs(x - 1)
        return np.where((r > gap) & (r < 6 * gap), np.nan, np.where(r >= 6 * gap, 5.0, np.exp(x)))

    table, u, sigma = fill(ring, 1.0)
    found = central(table, roundoff=u, noise_of_f=sigma)
    value, bar = best(found)
    assert abs(value - math.e) <= bar < 1e-5
    inside = table.t_plus[:, 0] <= gap
    assert not np.any(np.isfinite(found.slope[~inside]))
    assert np.all(np.isfinite(found.slope[inside]))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_run_that_is_finite_on_one_side_only(side: int) -> None:
    # exp on a half line: the point itself is its end.
    def half(x: Array) -> Array:
        return np.where(side * (x - 1) >= 0, np.exp(x), np.nan)

    value, bar = from_side(half, 1.0, side)
    assert abs(value - math.e) <= bar < 1e-6
    assert math.isnan(from_side(half, 1.0, -side)[0])
    assert math.isnan(both_sides(half, 1.0)[0])


def test_infinite_values_are_as_good_as_none() -> None:
    def barrier(x: Array) -> Array:
        return np.where(x < 1.01, x**2, np.inf)

    value, bar = both_sides(barrier, 1.0)
    assert abs(value - 2) <= bar < 1e-7
    value, bar = from_side(barrier, 1.0, 1)
    assert abs(value - 2) <= bar < 1e-5
    # The side that is finite everywhere loses nothing.
    value, bar = from_side(barrier, 1.0, -1)
    assert abs(value - 2) <= bar < 1e-7


def test_too_few_levels_are_no_estimate() -> None:
    table, u, sigma = fill(
        lambda x: np.where(np.abs(x - 1) < 2e-12, x, np.where(x == 1, 1.0, np.nan)), 1.0
    )
    found = central(table, roundoff=u, noise_of_f=sigma)
    assert 0 < int(np.sum(np.isfinite(found.slope))) < 4
    assert found.best[0] == -1
