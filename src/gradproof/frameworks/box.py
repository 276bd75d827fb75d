"""The box that parameters have to stay in, in the number types that they are kept in."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.numerics.protocol import FloatArray

Array = npt.NDArray[Any]


def limits_in(lower: FloatArray, upper: FloatArray, dtype: npt.DTypeLike) -> tuple[Array, Array]:
    """Return the smallest and the largest number of a type inside the bounds.

    Where there is none, they are in the wrong order.
    """
    with np.errstate(over="ignore"):
        low, high = lower.astype(dtype), upper.astype(dtype)
        low = np.where(low < lower, np.nextafter(low, np.full_like(low, np.inf)), low)
        high = np.where(high > upper, np.nextafter(high, np.full_like(high, -np.inf)), high)
    return low, high


def toward_inside(
    x: FloatArray, lower: FloatArray, upper: FloatArray, direction: FloatArray, farthest: float
) -> FloatArray:
    """Return a direction along which x + t · direction stays inside for t from 0 to `farthest`.

    Components with too little room are turned round where there is more on the other side, and
    shortened to the room that there is.
    """
    room, behind = upper - x, x - lower
    room, behind = np.where(direction > 0, room, behind), np.where(direction > 0, behind, room)
    reach = farthest * np.abs(direction)
    turned = (reach > room) & (behind > room)
    room = np.where(turned, behind, room)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = np.where(reach > room, room / reach, 1.0)
    return np.where(turned, -direction, direction) * share
