"""What speaks against calling a claim wrong, although a table of differences contradicts it.

Each veto was a way in which right gradients were once called wrong: wrong plateaus beside kinks,
structure finer than the steps, values on a staircase.
"""

from collections.abc import Sequence

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_32
from gradproof.judge.line import Line, Slope
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray

_NEAR = 0.3  # of the gap: differences so close to the claim side with it
_MATTERS = 0.1  # of the gap: smaller deviations decide nothing
_CLEARLY = 4.0  # bars
_LOOKED_AT = 4  # smaller levels
_KNOWN = 8.0  # times the noise: the bars hold stairs no higher than that
_CLIMBS = 3  # levels of the table: stairs finer than a hundredth of the widest step
_EVENLY = 0.3  # of its slope a hill may bend
_FURTHER = 32.0  # times closer than the edge of a stair is
_COMES = 0.3  # of how far off the wider step was
_FINEST = 2  # levels
_AS_MUCH = 0.3  # of the most that f moves
_HIGH = 100.0  # roundings in float32: stairs that are no rounding of the arithmetic


def smaller_steps_side_with_the_claim(line: Line, against: Sequence[Slope]) -> bool:
    """Whether some difference at a step up to the smallest of the slopes' is close to the claim.

    Where f is rough at wider steps, by which single ones tell nothing, two neighbours do of which
    the shorter comes far closer, within the noise of f.
    """
    gap = min(line.off(slope) for slope in against)
    below = slice(max(slope.level for slope in against), None)
    tells = line.noise_of_slope[below] < gap / 2
    near = np.abs(line.slope[below] - line.claim) < _NEAR * gap
    off = np.abs(line.slope[below] - line.claim)
    resolved = near & (_noise_of_slope(line)[below] < gap / 2)
    # What noise makes of slopes grows as steps get shorter.
    comes = resolved[:-1] & resolved[1:] & (off[1:] <= _COMES * off[:-1])
    return bool(np.any(tells & near) or np.any(comes))


def varies_within_the_smallest_steps(line: Line) -> bool:
    """Whether f moves to both sides of the point as much at the smallest steps as at any.

    And should, by the claim: then it has structure finer than these, and no slope of it is known.
    """
    last = np.abs(np.stack([line.plus, line.minus])[:, -_FINEST:] - line.value_at_zero)
    least = max(_AS_MUCH * line.movement, _KNOWN * line.noise_of_f)
    should = last.size and abs(line.claim) * line.step[-1] > _AS_MUCH * line.movement
    return bool(should and np.all(last.max(axis=1) > least))


def finer_steps_contradict(line: Line, side: Slope, step: FloatArray, slope: FloatArray) -> bool:
    """Whether two neighbouring slopes of a side at smaller steps than its own reject the claim."""
    step = np.abs(step)
    finer = step < line.step[side.level]
    noise = KAPPA * line.noise_of_f / step[finer]
    off = slope[finer] - line.claim
    beyond = np.abs(off) > line.tolerance + side.bar + _CLEARLY * noise
    rejects = np.sign(off) * beyond
    return bool(np.any(rejects[1:] * rejects[:-1] > 0))


def _noise_of_slope(line: Line) -> FloatArray:
    """Return the noise of central differences that the noise of f alone makes."""
    result: FloatArray = KAPPA * line.noise_of_f / (np.sqrt(2) * line.step)
    return result


def smaller_steps_contest(line: Line, against: Sequence[Slope]) -> bool:
    """Whether two neighbouring smaller steps deviate from every slope, both to the same side."""
    gap = min(line.off(slope) for slope in against)
    last = line.slope.size - 1
    for slope in against:
        levels = np.arange(slope.level + 1, min(slope.level + 1 + _LOOKED_AT, last + 1))
        deviation = line.slope[levels] - slope.value
        noise = line.amplitude[np.minimum(levels + 2, last)] / (np.sqrt(2) * line.step[levels])
        beyond = np.maximum(np.abs(deviation) - slope.bar, 0) > _CLEARLY * noise
        contests = np.sign(deviation) * (beyond & (np.abs(deviation) > _MATTERS * gap))
        if not np.any(contests[:-1] * contests[1:] > 0):
            return False
    return True


def is_on_a_staircase(line: Line) -> bool:
    """Whether f stands still at the smallest steps, and its stairs climb as claimed, or not at all.

    Where they are higher than any rounding, 0 is the derivative of f as it stands; where they are
    the noise that is known, the bars hold them.
    """
    f0 = line.value_at_zero
    up, down = line.plus - f0, line.minus - f0
    still = (up == 0) & (down == 0)
    moved = np.concatenate([np.abs(up), np.abs(down)])
    moved = moved[moved > 0]
    if still.size < 3 or not np.all(still[-2:]) or moved.size == 0:
        return False
    if line.claim == 0:
        return _is_high(moved.min(), line)
    if moved.min() <= _KNOWN * line.noise_of_f:
        return False
    right, left = up / line.step, -down / line.step
    off = np.maximum(np.abs(right - line.claim), np.abs(left - line.claim))
    climbs = (up != 0) & (down != 0)
    unlike = off > 4 * moved.min() / line.step + np.abs(right - left)
    return bool(np.any(climbs) and not np.any(climbs & unlike))


def edge_of_fine_stairs(line: Line) -> tuple[int, float] | None:
    """Return where f can be asked whether it climbs by stairs or is smooth beside a dead zone.

    That is a level of the table, and how much further f has to stand still if they are stairs; None
    where f does not stand still at the smallest steps and climb evenly, to both sides, at wider
    ones. Wide stairs, that f climbs at one or two steps alone, are meant, as those of `floor`.
    """
    up, down = line.plus - line.value_at_zero, line.minus - line.value_at_zero
    still, climbs = (up == 0) & (down == 0), up * down < 0
    if still.size < 3 or not np.all(still[-2:]) or np.sum(climbs) < _CLIMBS:
        return None
    right, left = (up / line.step)[climbs], (-down / line.step)[climbs]
    hill = float(np.median((right + left) / 2))
    stair = min(np.min(np.abs(up[climbs])), np.min(np.abs(down[climbs])))
    off = np.maximum(np.abs(right - hill), np.abs(left - hill))
    room = 4 * stair / line.step[climbs] + np.abs(right - left) + _EVENLY * abs(hill)
    further = float(line.step[still][0]) / _FURTHER
    if np.any(off > room) or abs(hill) * further <= _KNOWN * line.noise_of_f:
        return None
    return int(np.flatnonzero(climbs)[-1]), further


def stands_on_a_stair(line: Line, side: int) -> bool:
    """Whether f stands still at the smallest steps to one side, and the stairs are high."""
    found = line.right if side > 0 else line.left
    change = np.abs(found.slope * found.step)
    moved = change[change > 0]
    still = change.size >= 3 and np.all(change[-2:] == 0)
    return bool(still and moved.size and _is_high(moved.min(), line))


def _is_high(stair: float, line: Line) -> bool:
    return bool(stair > _HIGH * UNIT_ROUNDOFF_32 * abs(line.value_at_zero))


def is_within_a_kink(line: Line) -> bool:
    """Whether the sides stay apart near the decisive step, and the claim lies between them.

    The two one-sided slopes of a smooth function close up linearly. The claim must lie between
    them at every step from the decisive one on where noise allows to tell.
    """
    assert line.best is not None
    f0, step, level, last = line.value_at_zero, line.step, line.best.level, line.slope.size - 1
    right, left = (line.plus - f0) / step, (f0 - line.minus) / step
    apart = right - left
    noise = 10 * line.amplitude / step
    ratio = step[:-1] / step[1:]
    stays = (ratio * apart[1:] - apart[:-1]) / (ratio - 1)
    noise_of_stays = (ratio * noise[1:] + noise[:-1]) / (ratio - 1)
    window = slice(max(0, level - 1), min(last, level + 3))
    jumps = (np.abs(stays) > noise_of_stays / 2) & (np.abs(stays) > 0.25 * np.abs(apart[:-1]))
    if not np.any(jumps[window]):
        return False
    resolved = 2 * np.max(np.abs(apart[max(0, level - 2) : level + 3]))
    for k in range(level, min(last + 1, level + 6)):
        room = noise[k] + 0.25 * abs(apart[k]) + line.tolerance
        low, high = sorted((left[k], right[k]))
        if noise[k] <= resolved and not low - room <= line.claim <= high + room:
            return False
    return True


def diverges(line: Line, side: int) -> bool:
    """Whether the slopes of one side grow as the step shrinks, or contradict their own estimate."""
    found = line.right if side > 0 else line.left
    if found.best is None:
        return True
    noise = 4 * np.sqrt(2) * line.noise_of_f / found.step
    change = np.abs(np.diff(found.slope))
    clear = change > 2 * (noise[1:] + noise[:-1])
    grows = clear[1:] & clear[:-1] & (change[1:] > 0.9 * change[:-1])
    grows = grows[-8:]
    in_a_row = np.convolve(grows, np.ones(4), mode="valid") if grows.size >= 4 else np.zeros(0)
    if np.any(in_a_row >= 4):
        return True
    below = slice(found.best.level + 1, None)
    deviation = found.slope[below] - found.best.value
    contests = np.sign(deviation) * (np.abs(deviation) > found.best.bar + noise[below])
    return bool(np.any(contests[:-1] * contests[1:] > 0))
