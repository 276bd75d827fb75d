"""Derivatives with error bars out of a table of differences, extrapolated.

The error of a central difference shrinks with h², that of a one-sided one with h; two steps cancel
the leading term. The bar of each candidate is its truncation, read off the change from one step to
the next, plus its noise, read off how rough the table is at this and smaller steps; the candidate
with the smallest bar wins.

Richardson, Phil. Trans. R. Soc. A 226 (1927) 299-361; Ridders, Adv. Eng. Software 4 (1982) 75-76.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.quotients import central_quotient
from gradproof.numerics.table import Table

_TRUSTED_LEVELS = 5  # at the small end, over which roughness is taken together
_FEWEST_LEVELS = 4
_SLOWEST = 0.95
_MANY_LEVELS = 8
_MULTIPLE = 0.02  # how well changes have to be multiples of a quantum


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Estimates:
    """Candidates for the slope of every line: rows are candidates, columns lines.

    `step` and `slope` are the differences themselves, one row a level, `noise_of_slope` their noise
    bars and `amplitude` the noise of f that the table shows at each level. `level` is the row of
    `slope` that a candidate belongs to, `finest` that of the smallest step it uses. `best` is the
    candidate with the smallest bar; -1 where there is none.
    """

    step: FloatArray
    slope: FloatArray
    noise_of_slope: FloatArray
    amplitude: FloatArray
    values: FloatArray
    truncations: FloatArray
    noises: FloatArray
    level: IntArray
    finest: IntArray
    best: IntArray

    @property
    def bars(self) -> FloatArray:
        """The whole bar of every candidate."""
        return self.truncations + self.noises

    def take(self, candidate: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value, truncation and noise of one candidate a line; NaN for -1."""
        picked = tuple(
            np.where(
                candidate >= 0,
                np.take_along_axis(part, np.maximum(candidate, 0)[np.newaxis], axis=0)[0],
                np.nan,
            )
            for part in (self.values, self.truncations, self.noises)
        )
        return picked[0], picked[1], picked[2]

    def doubted(self) -> Estimates:
        """Return the same without the trust that a claim would lend, for a slope that stands alone.

        Two steps agree by accident where errors of two orders cancel. So no truncation is smaller
        than what the next finer value shows beyond its own noise; and that of the first candidate,
        the difference at the second widest step, is at least twice its whole change from the widest
        one, as no change before shows that such steps are short enough.
        """
        levels = len(self.slope)
        truncations = self.truncations.copy()
        with np.errstate(invalid="ignore"):
            # First come the differences, then those that are extrapolated.
            for rows in (slice(0, levels - 1), slice(levels - 1, None)):
                change = np.abs(np.diff(self.values[rows], axis=0))
                noise = self.noises[rows][1:]
                seen = np.where(change > noise, change + noise, 0.0)
                truncations[rows][:-1] = np.maximum(truncations[rows][:-1], seen)
            truncations[0] = np.maximum(truncations[0], 2 * np.abs(self.slope[1] - self.slope[0]))
            bars = truncations + self.noises
        best = np.argmin(np.where(np.isfinite(bars), bars, np.inf), axis=0)
        return dataclasses.replace(
            self, truncations=truncations, best=np.where(self.best >= 0, best, -1)
        )

    @property
    def second_scale(self) -> IntArray:
        """The best candidate that contradicts the best one and is a plateau; -1 where none is.

        A plateau goes on: the difference at the next smaller step agrees with it, within the noise
        of that step; or, where none does so, within the noise of its own scale: below the stairs of
        an inner cast f may be still and look quiet.
        """
        value, truncation, noise = self.take(self.best)
        beyond = np.full_like(self.slope[:1], np.nan)
        following = np.vstack([self.slope, beyond])[self.finest + 1]
        with np.errstate(all="ignore"):
            weight = self.noise_of_slope / self.amplitude
            apart = np.abs(self.values - value) > self.bars + truncation + noise
            change = np.abs(following - self.values) - self.bars
            quiet = change <= np.vstack([self.noise_of_slope, beyond])[self.finest + 1]
            noisy = (
                change <= self.amplitude[self.level] * np.vstack([weight, beyond])[self.finest + 1]
            )
        result = np.full(value.size, -1)
        for goes_on in (noisy, quiet):
            fit = np.where(apart & goes_on & np.isfinite(self.bars), self.bars, np.inf)
            found = np.isfinite(fit).any(axis=0)
            result[found] = np.argmin(fit, axis=0)[found]
        return result


def central(
    table: Table, *, roundoff: float, noise_of_f: float, smallest_change: float = math.inf
) -> Estimates:
    """Estimate slopes from both sides, over each line's last unbroken run of finite values."""
    with np.errstate(all="ignore"):
        step = (table.t_plus - table.t_minus) / 2
        change = table.plus - table.minus
        slope = central_quotient(
            table.plus, table.minus, table.t_plus, table.t_minus, table.value_at_zero
        )
        slope = np.where(_last_finite_run(slope), slope, np.nan)
        largest = np.fmax(
            np.fmax(np.abs(table.plus), np.abs(table.minus)), abs(table.value_at_zero)
        )
        floor = np.fmax(2 * roundoff * largest, 1.4 * noise_of_f)
        quantum = _quanta(np.where(np.isfinite(slope), np.abs(change), np.nan), smallest_change)
        floor = np.fmax(floor, quantum / 2)
        found = _estimate(slope, step, floor, weight=1 / (math.sqrt(2) * step), order=2)
    # Where nothing ever moves the slope is 0 to what would have been seen at the widest step.
    still = (table.plus == table.value_at_zero) & (table.minus == table.value_at_zero)
    still = np.all(still | np.isnan(step), axis=0) & (np.sum(still, axis=0) >= _MANY_LEVELS)
    if np.any(still):
        bar = floor[0] / step[0]
        found.values[:, still] = 0.0
        found.truncations[:, still] = 0.0
        found.noises[:, still] = bar[still]
        found.best[still] = 0
    return found


def one_sided(
    table: Table,
    side: int,
    *,
    roundoff: float,
    noise_of_f: float,
    amplitude: FloatArray | None = None,
) -> Estimates:
    """Estimate slopes from one side, +1 or -1, over that side's last run of finite values.

    `amplitude` is the noise that both sides together showed, where they did.
    """
    values = table.plus if side > 0 else table.minus
    offsets = table.t_plus if side > 0 else table.t_minus
    with np.errstate(all="ignore"):
        step = np.abs(offsets)
        slope = (values - table.value_at_zero) / offsets
        slope = np.where(_last_finite_run(slope), slope, np.nan)
        largest = np.fmax(np.abs(values), abs(table.value_at_zero))
        floor = np.fmax(2 * roundoff * largest, 1.4 * noise_of_f)
        return _estimate(
            slope, step, floor, weight=math.sqrt(2) / step, order=1, amplitude=amplitude
        )


def _estimate(
    slope: FloatArray,
    step: FloatArray,
    floor: FloatArray,
    *,
    weight: FloatArray,
    order: int,
    amplitude: FloatArray | None = None,
) -> Estimates:
    levels = slope.shape[0]
    ratio = (step[:-1] / step[1:]) ** order
    extrapolated = (ratio * slope[1:] - slope[:-1]) / (ratio - 1)
    if amplitude is None:
        amplitude = _roughness(extrapolated, slope, ratio, weight)
    amplitude = np.fmax(amplitude, floor)
    noise = KAPPA * amplitude * weight

    doubt = 2 if order == 2 else 4
    change = np.abs(np.diff(slope, axis=0))
    plain = np.maximum(doubt * change / (ratio - 1), _rest(change, noise[:-1]))
    change_of_both = np.abs(np.diff(extrapolated, axis=0))
    both = np.maximum(change_of_both, 0.15 * np.abs(extrapolated - slope[1:])[1:])
    both = np.maximum(both, _rest(change_of_both, noise[1:-1]))
    if order == 2:
        noise_both = np.hypot(ratio * noise[1:], noise[:-1]) / (ratio - 1)
    else:  # both differences share the value at the point: their errors add up
        noise_both = (ratio * noise[1:] + noise[:-1]) / (ratio - 1)
    values = np.concatenate([slope[1:], extrapolated[1:]])
    truncations = np.concatenate([plain, both]) + UNIT_ROUNDOFF_64 * np.abs(values)
    noises = np.concatenate([noise[1:], noise_both[1:]])
    bars = truncations + noises
    best = np.argmin(np.where(np.isfinite(bars), bars, np.inf), axis=0)
    enough = np.sum(np.isfinite(slope), axis=0) >= _FEWEST_LEVELS
    level = np.concatenate([np.arange(1, levels), np.arange(1, levels - 1)])
    finest = np.concatenate([np.arange(1, levels), np.arange(2, levels)])
    return Estimates(
        step,
        slope,
        noise,
        amplitude,
        values,
        truncations,
        noises,
        level,
        finest,
        np.where(enough & np.isfinite(bars).any(axis=0), best, -1),
    )


def _rest(change: FloatArray, noise: FloatArray) -> FloatArray:
    """Return what is left to come where changes shrink by a factor q a step: d q / (1 - q).

    Steps five times shorter should leave a 25th of the change, or a fifth; at a root or a cusp they
    leave more, and that counts then. Changes within the noise say nothing.
    """
    shrinks = np.vstack([np.zeros_like(change[:1]), change[1:] / change[:-1]])
    shrinks = np.where(np.isfinite(shrinks) & (change > 2 * noise), shrinks, 0.0)
    left = np.minimum(shrinks, _SLOWEST)
    result: FloatArray = change * left / (1 - left)
    return result


def _roughness(
    extrapolated: FloatArray, slope: FloatArray, ratio: FloatArray, weight: FloatArray
) -> FloatArray:
    """Return, level by level, the noise of f that the table shows at this or smaller steps.

    Extrapolated slopes of neighbouring levels differ by what is left of the error of f; divided by
    how much of the noise of one value enters, that is an amplitude in units of f.
    """
    a = -1 / (ratio[:-1] - 1)
    b = ratio[:-1] / (ratio[:-1] - 1) + 1 / (ratio[1:] - 1)
    c = -ratio[1:] / (ratio[1:] - 1)
    width = np.sqrt((a * weight[:-2]) ** 2 + (b * weight[1:-1]) ** 2 + (c * weight[2:]) ** 2)
    rough = np.abs(np.diff(extrapolated, axis=0)) / width
    rough = np.where(np.isfinite(rough), rough, 0.0)
    suffix = np.maximum.accumulate(rough[::-1])[::-1]
    levels = np.arange(slope.shape[0])[:, np.newaxis]
    finite = np.isfinite(slope)
    last = np.where(finite, levels, 0).max(axis=0)
    run = finite.sum(axis=0)
    trusted = np.where(run >= _TRUSTED_LEVELS, last - _TRUSTED_LEVELS + 1, last - 2)
    rows = np.clip(np.minimum(levels, trusted), 0, len(suffix) - 1)
    result: FloatArray = np.take_along_axis(suffix, rows, axis=0)
    return result


def _quanta(changes: FloatArray, smallest_change: float) -> FloatArray:
    """Return the height of the stairs that each line climbs, 0 where it climbs none.

    A staircase stands still at small steps, and its changes are multiples of the smallest one; a
    dead zone (ReLU at a distance) stands still, too, and then moves by any amount.
    """
    result = np.zeros(changes.shape[1])
    for line in np.flatnonzero(np.any(changes == 0, axis=0)):
        moved = np.sort(changes[:, line][changes[:, line] > 0])
        if moved.size == 0:
            continue
        multiples = moved[1:4] / moved[0]
        whole = np.all(np.abs(multiples - np.round(multiples)) <= _MULTIPLE)
        if whole and (multiples.size >= 2 or smallest_change >= moved[0] / 4):
            result[line] = moved[0]
    return result


def _last_finite_run(slope: FloatArray) -> BoolArray:
    """Return where each column's last unbroken run of finite values is."""
    finite = np.isfinite(slope)
    # Trailing gaps are not yet part of a run; a gap after the run has begun ends it.
    begun = np.maximum.accumulate(finite[::-1])
    broken = np.maximum.accumulate(begun & ~finite[::-1])
    result: BoolArray = (begun & ~broken)[::-1]
    return result
