"""Look along directions where several components lie between the slopes of their kinks."""

from __future__ import annotations

import numpy as np

from gradproof.engine.along import Along
from gradproof.judge.outcome import Outcome
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray


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

    That of a norm at 0 is no longer than 1.
    """
    c = components
    between = c.outcome == Outcome.SUBGRADIENT
    at_kinks = between | (c.outcome == Outcome.ONE_SIDED)
    if not np.any(between) or np.sum(at_kinks) < 2:
        return
    effect = np.where(at_kinks, c.claim * scale, 0.0)
    signs = rng.choice([-1.0, 1.0], (2, scale.size))
    directions = [effect / np.max(np.abs(effect)) * scale] if np.any(effect) else []
    directions += [np.where(at_kinks, sign * scale, 0.0) for sign in signs]
    claimed = np.array([c.claim @ direction for direction in directions])
    taken = [found.take(found.best) for found in along.each_side(directions, noise)]
    sides = np.array([value for value, _, _ in taken])
    bars = np.array([truncation + noise for _, truncation, noise in taken])
    room = np.max(bars, axis=0) + np.abs(directions) @ tolerance
    if not np.all((claimed >= sides.min(axis=0) - room) & (claimed <= sides.max(axis=0) + room)):
        c.outcome[between] = Outcome.KINK
        c.possible[between] = np.inf
