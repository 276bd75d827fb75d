"""The pilot: precision and noise of f, once for the whole check, along dense directions."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.engine.evaluation import Evaluator
from gradproof.judge.tolerance import Scaling
from gradproof.numerics.noise import NoisePilot
from gradproof.numerics.precision import (
    LOW_PRECISION,
    effective_roundoff,
    is_on_float32_grid,
    looks_shorter_than_float64,
)
from gradproof.numerics.protocol import FloatArray

_FEW = 64  # components, for which one direction shows the noise
_TRIES, _TRIES_OF_MANY = 6, 2
_WIDE = 0.1  # so that seven points reach as far as f was seen to be still
_NEIGHBOURS = 4  # points of the grid of float32, to see whether f knows no others
_SHORT_OF_HALF = 0.4  # of the way to the next one: rounds back
_UNSURE = 2.0  # times: as good as noise is known from seven points
_SMALLEST = 5e-324  # what underflows is not exact either


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Pilot:
    """The noise of one value of f, the roundoff it computes with, and how coarse steps must be.

    `reach` is how far each component is moved along dense directions: its natural scale, or less
    where it is so steep that it would drown the others.
    """

    noise: float
    roundoff: float
    roundoff_of_x: FloatArray
    low_precision: bool
    smallest_change: float
    reach: FloatArray


def fly(
    evaluator: Evaluator,
    scaling: Scaling,
    claim: FloatArray,
    *,
    value: float,
    spread: float,
    roundoff_of_claim: float,
    still: bool = False,
    many_outputs: bool = False,
    rng: np.random.Generator,
) -> Pilot:
    """Measure noise and precision; costs 7 evaluations for each direction and try.

    Where f is quiet one try suffices: 7 for fewer than 64 components, 14 from there on. An f that
    was seen to be still far from the point need not be asked near it. Of `many_outputs` each shows
    its noise along one direction, two tries at most.
    """
    space = evaluator.space
    n = claim.size
    roundoff = max(evaluator.roundoff, *space.roundoffs, UNIT_ROUNDOFF_64)
    on_grid = is_on_float32_grid(space.x)
    if roundoff < LOW_PRECISION and looks_shorter_than_float64(value):
        # Where f stands still its digits tell nothing.
        for step in (1e-3, 0.2):
            around = [
                evaluator.along_direction(scaling.scale * rng.uniform(-1, 1, n), step)
                for _ in range(2)
            ]
            if any(moved != value for moved in around):
                roundoff = max(roundoff, effective_roundoff(np.array(around)))
                break
    mixed = roundoff > LOW_PRECISION and min(space.roundoffs) < LOW_PRECISION
    coarse = mixed and _moves_on_float32_grid(evaluator, value)

    # One steep component must not drive the curvature of the direction.
    with np.errstate(divide="ignore", invalid="ignore"):
        share = scaling.effect / (np.abs(claim) * scaling.scale)
    reach = scaling.scale * np.where(claim != 0, np.minimum(1.0, share), 1.0)
    # Two directions at once, or one after the other where the first mostly suffices; a function of
    # one variable has one direction only.
    # Uneven weights: effects that are all of one size would else cancel along some directions, and
    # a function that stands still is moved until its kinks look like noise.
    directions = [
        rng.choice([-1.0, 1.0], n) * rng.uniform(0.5, 1.0, n) * reach for _ in range(min(n, 2))
    ]
    batches = [directions] if n >= _FEW else [[direction] for direction in directions]
    tries = 1 if still else _TRIES if n > 1 else _TRIES // 2
    if many_outputs:
        batches, tries = [directions[:1]], min(tries, _TRIES_OF_MANY)

    def pilots(spacing: float) -> list[NoisePilot]:
        flown: list[NoisePilot] = []
        for batch in batches:
            slopes = np.array([claim @ direction for direction in batch])
            pilot = NoisePilot(spacing=spacing, slopes=slopes, roundoff=roundoff, tries=tries)
            evaluator.answer_directions(pilot, batch)
            flown.append(pilot)
            if pilot.detected:
                break
        return flown

    flown = pilots(_WIDE if still else roundoff**0.85)
    stands_still = any(pilot.stands_still for pilot in flown)
    if stands_still and on_grid and roundoff < LOW_PRECISION and _sees_float32(evaluator, rng):
        coarse = _moves_on_float32_grid(evaluator, value)
        flown = pilots(4 * UNIT_ROUNDOFF_32)

    quantum = max((pilot.quantum for pilot in flown), default=0.0)
    seen = max(pilot.noise for pilot in flown)
    rounding = roundoff
    of_values = evaluator.roundoff < roundoff and evaluator.carries_float64([value])
    if of_values and all(pilot.detected for pilot in flown):
        # A sum in float64 of many terms in less: the rounding of these averages out, as was seen.
        seen, rounding = _UNSURE * seen, evaluator.roundoff
    noise = max(
        seen,
        0.7 * rounding * abs(value),
        spread,
        _SMALLEST,
        0.5 * quantum if quantum > 4 * roundoff * abs(value) else 0.0,
    )
    if not any(pilot.detected for pilot in flown):
        change = min(pilot.smallest_change for pilot in flown)
        if math.isfinite(change) and (value == 0 or change <= 1e4 * roundoff * abs(value)):
            noise = max(noise, change / 4)
    of_leaf = np.array(space.roundoffs)
    if coarse:
        of_leaf = np.maximum(of_leaf, UNIT_ROUNDOFF_32)
    return Pilot(
        noise=noise,
        roundoff=roundoff,
        roundoff_of_x=of_leaf[scaling.leaf],
        low_precision=max(roundoff, roundoff_of_claim) > LOW_PRECISION or coarse,
        smallest_change=min(pilot.smallest_change for pilot in flown),
        reach=reach,
    )


def _sees_float32(evaluator: Evaluator, rng: np.random.Generator) -> bool:
    """Whether f tells neighbouring float32 numbers apart, and nothing between them.

    Values that are rounded themselves (to six digits, say) stand still as well, but not from just
    one float32 to the next. A component at 0 has no neighbours that could matter.
    """
    x = evaluator.x
    outward = np.where(rng.random(x.size) < 0.5, np.inf, -np.inf).astype(np.float32)
    on = x.astype(np.float32)
    seen: list[float] = []
    for _ in range(_NEIGHBOURS):
        on, following = np.nextafter(on, outward), np.nextafter(np.nextafter(on, outward), outward)
        off = on + _SHORT_OF_HALF * (following.astype(np.float64) - on)
        there, beside = (evaluator.along_direction(point - x, 1.0) for point in (on, off))
        if there != beside or there in seen:
            return False
        seen.append(there)
    return True


def _moves_on_float32_grid(evaluator: Evaluator, value: float) -> bool:
    """Move on the grid of float32 from now on if f is the same there: casts are harmless then."""
    evaluator.space.use_float32_grid()
    if evaluator.at_point() == value:
        return True
    evaluator.space.use_float32_grid(False)
    return False
