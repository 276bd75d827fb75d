"""Facts of floating-point formats."""

from typing import Any

import numpy as np
import numpy.typing as npt

UNIT_ROUNDOFF_64 = 2.0**-53
UNIT_ROUNDOFF_32 = 2.0**-24


def unit_roundoff(dtype: npt.DTypeLike) -> float:
    """Return u, half the distance from 1 to the next number; that of float64 for other kinds."""
    kind = np.dtype(dtype)
    if kind.kind not in "fc":
        return UNIT_ROUNDOFF_64
    return max(float(np.finfo(kind).eps) / 2, UNIT_ROUNDOFF_64)


def longest_significand(values: npt.NDArray[Any]) -> int:
    """Count the bits of the longest significand up to its last 1; a float32 has at most 24."""
    finite = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
    if finite.size == 0:
        return 0
    significands = (np.frexp(finite)[0] * 2.0**53).astype(np.int64)
    lowest = significands & -significands
    return int(53 - np.log2(lowest.astype(np.float64)).min())
