"""How far a component may be moved: natural scales, and the size of a typical effect."""

import math

import numpy as np

from gradproof.numerics.protocol import FloatArray


def natural_scales(x: FloatArray, claim: FloatArray) -> FloatArray:
    """Return T, by how much each component of one leaf may be moved without changing its nature.

    T_i = max(|x_i|, min(m, p / |a_i|)) with m the median of the non-zero |x_j|, a the claimed
    gradient and p the median of the non-zero |a_j x_j|; where a_i = 0, max(|x_i|, m); where all
    of x is zero, 1. Medians, because one huge component must not set the scale of the others;
    p / |a_i|, because a leaf may mix parameters of different units, and a steep one has a short
    scale. A wrong claim can only shorten a scale.
    """
    size = np.abs(x)
    if not np.any(size > 0):
        return np.ones_like(x)
    floor = np.full_like(x, np.median(size[size > 0]))
    steepness = np.abs(claim)
    effect = (steepness * size)[(steepness > 0) & (size > 0)]
    if effect.size:
        typical = np.median(effect)
        with np.errstate(divide="ignore", over="ignore"):
            floor = np.minimum(floor, np.where(steepness > 0, typical / steepness, np.inf))
    return np.maximum(size, floor)


def typical_effect(claim: FloatArray, scales: FloatArray) -> float:
    """Return S, by how much f changes when a typical component of a leaf moves by its scale.

    The smaller of the root mean square and the median of the non-zero |a_j| T_j: one huge
    component must not hide the others. 0 where the claim is 0.
    """
    effect = np.abs(claim) * scales
    effect = effect[effect > 0]
    if effect.size == 0:
        return 0.0
    largest = float(effect.max())
    rms = largest * math.sqrt(float(np.sum((effect / largest) ** 2)) / claim.size)
    return min(rms, float(np.median(effect)))
