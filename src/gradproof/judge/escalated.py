"""The verdict on one component that its cheap differences left open: what a full table allows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_32
from gradproof.judge.line import Line, Slope
from gradproof.judge.outcome import Outcome
from gradproof.judge.vetoes import (
    diverges,
    finer_steps_contradict,
    is_on_a_staircase,
    is_within_a_kink,
    smaller_steps_contest,
    smaller_steps_side_with_the_claim,
    stands_on_a_stair,
    varies_within_the_smallest_steps,
)

_REAL_STRUCTURE = 1e-3  # of how much f moves: so large is no noise at the wider scale
_ROUNDINGS = 8.0  # of float32: structure so small may be that of an inner cast
_STATIONARY = 1e-6  # of how much f moves within the table
FLAT = 16.0  # standard deviations of noise: f does not visibly move
_EDGE_MARGIN = 3.0
_SIDES_APART = 0.02  # of how far two scales are apart: a kink may be what makes them two


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The outcome, the slope that it rests on, the one-sided slopes, and what remains possible.

    `possible` is the largest error of the claim that the measurements leave room for, `amplitude`
    the noise of f at the step that decided.
    """

    outcome: Outcome
    value: float
    truncation: float
    noise: float
    left: float = math.nan
    right: float = math.nan
    spread: float = math.nan
    possible: float = math.inf
    amplitude: float = math.nan


def judge_line(line: Line) -> Judgement:
    """Judge a claim by its table: pass, fail through every veto, or the reason why neither."""
    slopes = _accepted(line)
    if not slopes:
        return _at_an_edge(line, Judgement(Outcome.DOMAIN_EDGE, math.nan, math.nan, math.nan))
    contradicted = _contradiction(line, slopes)
    kink = _at_a_kink(line, slopes[0], contradicted is Outcome.FAIL)
    if kink is not None:
        return _with_slope(line, kink[0], kink[1], slopes)
    agreeing = [s for s in slopes if line.off(s) <= line.tolerance + s.bar]
    resolving = [s for s in agreeing if s.bar <= line.allowed]
    if resolving:
        return _with_slope(line, Outcome.PASS, resolving[0], slopes)
    if contradicted is Outcome.FAIL:
        if is_on_a_staircase(line):
            return _with_slope(line, Outcome.TWO_SCALES, slopes[0], slopes, possible=math.inf)
        if is_within_a_kink(line):
            return _with_slope(line, Outcome.KINK, slopes[0], slopes)
        return _with_slope(line, Outcome.FAIL, slopes[0], slopes)
    if agreeing and _is_stationary(line, agreeing[0]):
        return _with_slope(line, Outcome.PASS, agreeing[0], slopes)
    reason = contradicted
    if agreeing:
        # Of one slope the bar is what noise leaves at the best of all steps.
        noisy = len(slopes) == 1 or agreeing[0].noise > agreeing[0].truncation
        reason = Outcome.NOISE if noisy else Outcome.TWO_SCALES
    open_ = _with_slope(line, reason, slopes[0], slopes)
    return open_ if slopes[0].bar <= line.allowed else _at_an_edge(line, open_)


def _accepted(line: Line) -> list[Slope]:
    """Return the slopes that count: one, or two where f has one slope near and another further.

    Where the noise at the wider scale is a real feature of f, or the sides have different slopes
    there (a kink beside the point), the derivative is that of the finer one; where it is small (a
    rounding, an inner cast), either may be meant.
    """
    if line.best is None:
        return []
    if line.second is None:
        return [line.best]
    fine, wide = line.best, line.second
    if fine.level < wide.level:
        fine, wide = wide, fine
    moves = float(max(abs(line.slope) * line.step))
    rounding = _ROUNDINGS * UNIT_ROUNDOFF_32 * abs(line.value_at_zero)
    real = wide.amplitude > max(_REAL_STRUCTURE * moves, rounding)
    if real or _lies_beside_a_kink(line, wide, fine):
        return [fine]
    return [line.best, line.second]


def _lies_beside_a_kink(line: Line, wide: Slope, fine: Slope) -> bool:
    """Whether the sides stay apart at the wider scale, where those of a smooth f close up."""
    at = [wide.level, min(wide.level + 2, line.step.size - 1)]
    apart = np.abs(line.plus[at] - 2 * line.value_at_zero + line.minus[at]) / line.step[at]
    noise = 10 * line.amplitude[at] / line.step[at]
    far = apart[0] > _SIDES_APART * abs(wide.value - fine.value)
    return bool(far and apart[1] > apart[0] / 2 and np.all(apart > noise))


def _contradiction(line: Line, slopes: Sequence[Slope]) -> Outcome:
    """Return `FAIL` where every slope contradicts the claim and no smaller step defends it."""
    if not all(line.off(s) > line.beyond + line.margin * s.bar for s in slopes):
        return Outcome.PRECISION if len(slopes) == 1 else Outcome.TWO_SCALES
    if smaller_steps_side_with_the_claim(line, slopes) or smaller_steps_contest(line, slopes):
        return Outcome.TWO_SCALES
    if varies_within_the_smallest_steps(line):
        return Outcome.NOISE
    return Outcome.FAIL


def _at_a_kink(line: Line, central: Slope, contradicted: bool) -> tuple[Outcome, Slope] | None:
    """Judge a claim where the sides have different slopes; None where they do not."""
    left, right = line.left_at_kink, line.right_at_kink
    if left is None or right is None:
        return None
    if not abs(right.value - left.value) > 2 * (left.bar + right.bar):
        return None
    a, tolerance = line.claim, line.tolerance
    for side, of in ((left, line.left), (right, line.right)):
        matches = line.off(side) <= tolerance + side.bar and side.bar <= line.allowed
        if matches and not finer_steps_contradict(line, side, of.step, of.slope):
            return Outcome.ONE_SIDED, side
    middle = (left.value + right.value) / 2
    room = central.bar + left.bar + right.bar + 1e-3 * abs(right.value - left.value)
    at_the_point = abs(central.value - middle) <= room
    low, high = sorted((left, right), key=lambda slope: slope.value)
    inside = low.value - low.bar - tolerance <= a <= high.value + high.bar + tolerance
    if at_the_point:
        surely = low.value + low.bar <= a <= high.value - high.bar
        if surely:
            bar = max(left.bar, right.bar)
            return Outcome.SUBGRADIENT, Slope(a, 0.0, bar, central.level, central.amplitude)
        outside = a < low.value - low.bar - line.beyond or a > high.value + high.bar + line.beyond
        return (Outcome.FAIL if outside and contradicted else Outcome.KINK), central
    if line.off(central) <= tolerance + central.bar and central.bar <= line.allowed:
        return None  # the kink lies beside the point, and the claim is the slope at the point
    beyond_both = all(line.off(side) > line.beyond + side.bar for side in (left, right))
    if contradicted and beyond_both and not inside:
        return Outcome.FAIL, central
    return Outcome.KINK, central


def _is_stationary(line: Line, slope: Slope) -> bool:
    """Whether claim and bar are nothing beside how f moves, or neither moves it visibly."""
    if line.jumps:  # they hide what moves f less, and say nothing about it
        return False
    if line.movement <= FLAT * line.noise_of_f:
        return line.claim == 0
    return max(abs(line.claim), slope.bar) * line.scale <= _STATIONARY * line.movement


def _at_an_edge(line: Line, open_: Judgement) -> Judgement:
    """Judge by one side alone, where f is not finite on the other."""
    result = open_
    for side, this, other in ((1, line.right, line.left), (-1, line.left, line.right)):
        if other.whole or this.best is None:
            continue
        if diverges(line, side):
            result = dataclasses.replace(result, outcome=Outcome.DIVERGES, possible=math.inf)
            continue
        slope = this.best
        found = Judgement(Outcome.DOMAIN_EDGE, slope.value, slope.truncation, slope.noise)
        if line.off(slope) <= line.tolerance + slope.bar and slope.bar <= line.allowed:
            return dataclasses.replace(found, outcome=Outcome.PASS, possible=0.0)
        if line.off(slope) > line.beyond + _EDGE_MARGIN * slope.bar and not stands_on_a_stair(
            line, side
        ):
            return dataclasses.replace(found, outcome=Outcome.FAIL)
        if result.outcome is not Outcome.DIVERGES:
            result = found
    return result


def _with_slope(
    line: Line,
    outcome: Outcome,
    slope: Slope,
    slopes: Sequence[Slope],
    *,
    possible: float | None = None,
) -> Judgement:
    left, right = line.left_at_kink, line.right_at_kink
    if possible is None:
        places = [*slopes]
        if outcome in (Outcome.KINK, Outcome.TWO_SCALES):
            places += [side for side in (left, right) if side is not None]
        possible = max(line.off(s) + s.bar for s in places)
    values = [s.value for s in slopes]
    if outcome is Outcome.TWO_SCALES and len(slopes) == 1:
        on_stairs = is_on_a_staircase(line)
        values += [0.0, float(line.slope[0])] if on_stairs else _smaller_steps(line, slope)
    return Judgement(
        outcome,
        slope.value,
        slope.truncation,
        slope.noise,
        left.value if left else math.nan,
        right.value if right else math.nan,
        max(values) - min(values),
        possible,
        slope.amplitude,
    )


def _smaller_steps(line: Line, slope: Slope) -> list[float]:
    """Return the differences at smaller steps that plainly deviate from a slope."""
    below = slice(slope.level + 1, None)
    deviates = np.abs(line.slope[below] - slope.value) > 2 * line.noise_of_slope[below]
    result: list[float] = line.slope[below][deviates & np.isfinite(line.slope[below])].tolist()
    return result
