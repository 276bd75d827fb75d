"""How far a component may be moved: natural scales, and the size of a typical effect."""

import math

import numpy as np

from gradproof.numerics.protocol import FloatArray, IntArray

_CROWD = 10_000
_NEARLY_ZERO = 1e-8
_UNSEEN = 1e-8  # of the value of f
_SEEN = 1e-3


def natural_scales(x: FloatArray, claim: FloatArray) -> FloatArray:
    """Return T, by how much each component of one leaf may be moved without changing its nature.

    T_i = max(|x_i|, min(m, p / |a_i|)) with m the median of the non-zero |x_j|, a the claimed
    gradient and p the median of the non-zero |a_j x_j|; where a_i = 0, max(|x_i|, m); where all
    of x is zero, 1. Medians, because one huge component must not set the scale of the others;
    p / |a_i|, because a leaf may mix parameters of different units, and a steep one has a short
    scale. A wrong claim can only shorten a scale.
    """
    size, steepness = np.abs(x), np.abs(claim)
    return _scales(size, steepness, *_medians(size, steepness))


def _medians(size: FloatArray, steepness: FloatArray) -> tuple[float, float]:
    """Return m and p; m is 0 where all of x is, p infinite where no component has an effect."""
    effect = (steepness * size)[(steepness > 0) & (size > 0)]
    m = _median(size[size > 0]) if np.any(size > 0) else 0.0
    return m, _median(effect) if effect.size else math.inf


def _median(values: FloatArray) -> float:
    # NumPy takes its time, which counts where a point is thousands of single numbers.
    return float(values[0]) if values.size == 1 else float(np.median(values))


def _scales(size: FloatArray, steepness: FloatArray, m: float, p: float) -> FloatArray:
    if m == 0:
        return np.ones_like(size)
    with np.errstate(divide="ignore", over="ignore"):
        floor = np.minimum(m, np.where(steepness > 0, p / steepness, np.inf))
    return np.maximum(size, floor)


def outlying_claim(size: float, effect: float, count: int) -> float:
    """Return from which claim on a component of a leaf is an outlier, p √n / m.

    `size` and `effect` are m and p of :func:`natural_scales`, of `count` components: moved by m, an
    outlier would change f by more than all components of the leaf together, moved by their scales.
    """
    return effect * math.sqrt(count) / size if size > 0 else math.inf


def lifted_scales(x: FloatArray, claim: FloatArray) -> FloatArray:
    """Return how far a random direction moves each component of one leaf: its scale, or more.

    By the scale p / |a_i| a steep component has the effect of a typical one, which is little in a
    direction over n. A claim that is far too large would hide in it, and shorten its own scale. So
    the outliers, those with |x_i| < m and |a_i| > p √n / m, are moved until all k of them have,
    together, the effect of the whole leaf: by p √(n/k) / |a_i|.
    """
    size, steepness = np.abs(x), np.abs(claim)
    m, p = _medians(size, steepness)
    scales = _scales(size, steepness, m, p)
    outliers = (size < m) & (steepness > outlying_claim(m, p, x.size))
    lifted = p * math.sqrt(x.size / max(1, int(np.count_nonzero(outliers))))
    scales[outliers] = np.maximum(size[outliers], lifted / steepness[outliers])
    return scales


def away_from_zero(
    scales: FloatArray, x: FloatArray, claim: FloatArray, value: float
) -> FloatArray:
    """Return how far components of one leaf are moved where all of it is nearly 0.

    Numbers of less than 1e-8, moved by their own size, that is by `scales`, may change an f of this
    value by less than shows an error of it. They are then taken for the zeros that they nearly are:
    moved by 1, or by less where that suffices by the claim to change f by a thousandth.
    """
    largest, moves = float(np.max(np.abs(x), initial=0.0)), np.abs(claim) * scales
    if not 0 < largest < _NEARLY_ZERO or np.any(moves > _UNSEEN * abs(value)):
        return scales
    with np.errstate(divide="ignore", over="ignore"):
        enough = np.where(claim != 0, _SEEN * abs(value) / np.abs(claim), np.inf)
    return np.maximum(scales, np.minimum(1.0, enough))


def share_of_a_crowd(counts: IntArray | int) -> FloatArray:
    """Return how far a random direction over so many components is followed: 1, or less.

    √(10⁴ / n) from 10⁴ on, so that the way does not get longer. Slopes add up to √n times a typical
    one, curvatures of one sign to n times: along a direction as long as all natural scales together
    every bowl would look stationary, and bent at the point.
    """
    share: FloatArray = np.minimum(1.0, np.sqrt(_CROWD / np.maximum(counts, 1)))
    return share


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
    return min(rms, _median(effect))
