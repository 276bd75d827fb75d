"""Difference quotients at points as floating point realised them."""

import numpy as np

from gradproof.numerics.protocol import FloatArray


def central_quotient(
    plus: FloatArray,
    minus: FloatArray,
    t_plus: FloatArray,
    t_minus: FloatArray,
    value_at_zero: float,
) -> FloatArray:
    """Return the slope at 0 of the parabola through three points.

    D = (f₊ − f₋) / (t₊ − t₋) − (t₊ + t₋) f[t₋, 0, t₊]: the central difference, less what the
    curvature adds to it where rounding has made one side longer. Fornberg, Math. Comput. 51 (1988)
    699-706.
    """
    with np.errstate(all="ignore"):
        width = t_plus - t_minus
        central: FloatArray = (plus - minus) / width
        uneven = t_plus + t_minus
        right, left = (plus - value_at_zero) / t_plus, (minus - value_at_zero) / t_minus
        result: FloatArray = np.where(
            uneven == 0, central, central - uneven * (right - left) / width
        )
    return result
