"""Kinks that directions show: at the point, and of several components together."""

from __future__ import annotations

import numpy as np

from gradproof.engine.along import Along
from gradproof.judge.outcome import Outcome
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray

_NEARBY = 1e-3  # of the natural scale: pieces of f beside the point
_TINY = 1e-7  # of the natural scale
_WIDER = 8.0
BENT = 0.01, 0.1  # of the size of the gradient: what is looked for; what noise may make of that
_STEP = 1.0 / 64  # of that
_ROOM = 0.02  # of the slopes
_AROUND = 8  # random points beside the point
_BEYOND = 0.1  # of the width of what was found: it is a sample


def bends_at_the_point(
    claim: FloatArray,
    scale: FloatArray,
    along: Along,
    *,
    noise: float,
    rng: np.random.Generator,
) -> bool:
    """Whether f has a kink at the point that is a part of its slopes along a random direction.

    The sides of a smooth f come together when the step gets shorter. Two evaluations, four where
    the sides differ at the first step.
    """
    size = float(np.linalg.norm(claim * scale))
    if size == 0:
        return False
    finest, coarsest = BENT
    seen = 5 * 4 * np.sqrt(6) * noise / size  # by a step of 1, well beyond four deviations of noise
    step = min(max(_TINY, seen / finest), _NEARBY)
    bent = max(finest, seen / step)
    if bent > coarsest:
        return False
    direction = rng.choice([-1.0, 1.0], scale.size) * scale

    def apart(step: float) -> float:
        sides = along.values([step * direction, -step * direction]) - along.value
        return abs(float(np.sum(sides))) / step

    wide = apart(_WIDER * step)
    return wide > bent * size and apart(step) > wide / 2


def doubt_subgradients(
    components: Components,
    tolerance: FloatArray,
    scale: FloatArray,
    along: Along,
    *,
    noise: float,
    rng: np.random.Generator,
) -> None:
    """Leave open what is no subgradient, although each component lies between its own slopes.

    That of a norm at 0 is no longer than 1; those of a maximum of n numbers that are equal add up
    to 1. Along a direction, Clarke's subgradients lie between the slopes that f has there at all
    points around: looked at are the point itself, two beside it where each component has the slope
    that makes most, and least, of the direction, and some at random. Clarke, *Optimization and
    Nonsmooth Analysis* (1983), chapter 2.
    """
    c = components
    at_kinks = (c.outcome == Outcome.SUBGRADIENT) | (c.outcome == Outcome.ONE_SIDED)
    if np.sum(at_kinks) < 2:
        return
    effect = np.where(at_kinks, c.claim * scale, 0.0)
    signs = rng.choice([-1.0, 1.0], (2, scale.size))
    directions = [effect / np.max(np.abs(effect)) * scale] if np.any(effect) else []
    directions += [np.where(at_kinks, sign * scale, 0.0) for sign in (1.0, *signs)]
    claimed = np.array([c.claim @ direction for direction in directions])
    taken = [found.take(found.best) for found in along.each_side(directions, noise)]
    slopes = [value for value, _, _ in taken]
    bars = np.max([truncation + noise for _, truncation, noise in taken], axis=0)
    around = _NEARBY * scale * rng.choice([-1.0, 1.0], (_AROUND, scale.size))
    beside, bar_beside = _slopes_beside(c, directions, scale, around, along, noise)
    lowest = np.fmin.reduce([*slopes, *beside])
    highest = np.fmax.reduce([*slopes, *beside])
    room = np.fmax(bars, bar_beside) + np.abs(directions) @ tolerance
    room += _ROOM * np.fmax(np.abs(lowest), np.abs(highest)) + _BEYOND * (highest - lowest)
    if not np.all((claimed >= lowest - room) & (claimed <= highest + room)):
        c.outcome[at_kinks] = Outcome.KINK
        c.possible[at_kinks] = np.inf


def _slopes_beside(
    c: Components,
    directions: list[FloatArray],
    scale: FloatArray,
    around: FloatArray,
    along: Along,
    noise: float,
) -> tuple[FloatArray, float]:
    """Return the slopes along directions at points beside the point, one row a point; their bar."""
    displacements = []
    for direction in directions:
        with np.errstate(invalid="ignore"):
            most = np.where(c.right * direction >= c.left * direction, 1.0, -1.0)
        extreme = _NEARBY * scale * most * (direction != 0)
        for offset in (extreme, -extreme, *around):
            move = _NEARBY * _STEP * direction
            displacements += [offset + move, offset - move]
    values = along.values(displacements).reshape(len(directions), -1, 2)
    slopes = (values[..., 0] - values[..., 1]) / (2 * _NEARBY * _STEP)
    return slopes.T, 4 * noise / (np.sqrt(2) * _NEARBY * _STEP)
