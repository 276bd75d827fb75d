"""Complex steps for what drowns in the noise of f, where f is analytic code."""

from __future__ import annotations

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.engine.along import Along
from gradproof.judge.outcome import Outcome
from gradproof.judge.verdict import Components
from gradproof.numerics.complex_step import STEP, is_trustworthy, slopes
from gradproof.numerics.protocol import FloatArray, IntArray

_MOST, _AT_ONCE = 10_000, 16  # each takes a whole copy of the parameters


def clear_by_complex_steps(
    components: Components,
    tolerance: FloatArray,
    scale: FloatArray,
    along: Along,
    *,
    noise: float,
    rng: np.random.Generator,
) -> IntArray:
    """Pass what the differences do not contradict and complex steps confirm; return which.

    To call a claim wrong, complex steps alone do not suffice: code that is not analytic lies.
    """
    c, nothing = components, np.zeros(0, dtype=np.int64)
    # A claim of 0 is what such code says most often, too.
    drowned = np.flatnonzero((c.outcome == Outcome.NOISE) & (c.claim != 0))
    if not 0 < drowned.size <= _MOST or not _agree_along_dense_directions(
        c.claim, along, noise, rng
    ):
        return nothing
    parts = []
    for start in range(0, drowned.size, _AT_ONCE):
        places = drowned[start : start + _AT_ONCE]
        units = np.zeros((places.size, scale.size))
        units[np.arange(places.size), places] = STEP * scale[places]
        values = along.evaluator.along_imaginary(list(units))
        if values is None:
            return nothing
        parts.append(slopes(values, STEP * scale[places]))
    slope = np.concatenate(parts)
    agrees = np.abs(slope - c.claim[drowned]) <= tolerance[drowned]
    cleared = drowned[agrees]
    c.outcome[cleared], c.value[cleared] = Outcome.PASS, slope[agrees]
    c.truncation[cleared], c.noise[cleared] = 0.0, UNIT_ROUNDOFF_64 * np.abs(slope[agrees])
    return cleared


def _agree_along_dense_directions(
    claim: FloatArray, along: Along, noise: float, rng: np.random.Generator
) -> bool:
    # Along the claim: the slope has to rise above the noise, whatever it is.
    weights = rng.uniform(0.1, 1.0, (2, claim.size))
    dense = list(weights * np.sign(claim) * along.pilot.reach)
    values = along.evaluator.along_imaginary([STEP * v for v in dense])
    if values is None:
        return False
    found = along.both_sides(dense, noise)
    measured, truncation, bar = found.take(found.best)
    return is_trustworthy(
        values,
        np.full(len(dense), STEP),
        value_at_zero=along.value,
        measured=measured,
        bars=truncation + bar,
    )
