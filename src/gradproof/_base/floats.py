"""Facts of floating-point formats."""

from typing import Any

import numpy as np
import numpy.typing as npt

UNIT_ROUNDOFF_64 = 2.0**-53
UNIT_ROUNDOFF_32 = 2.0**-24
# Float types that come from elsewhere, by name: NumPy knows them by their arrays only.
_FOREIGN = {"bfloat16": 2.0**-8}


def is_real(dtype: npt.DTypeLike) -> bool:
    """Whether numbers of a type are real numbers, or whole ones."""
    kind = np.dtype(dtype)
    return kind.kind in "biuf" or kind.name in _FOREIGN


def is_float(dtype: npt.DTypeLike) -> bool:
    """Whether numbers of a type are real floating-point numbers."""
    kind = np.dtype(dtype)
    return kind.kind == "f" or kind.name in _FOREIGN


def unit_roundoff(dtype: npt.DTypeLike) -> float:
    """Return u, half the distance from 1 to the next number; that of float64 for other kinds."""
    kind = np.dtype(dtype)
    if kind.name in _FOREIGN:
        return _FOREIGN[kind.name]
    if kind.kind not in "fc":
        return UNIT_ROUNDOFF_64
    return max(float(np.finfo(kind).eps) / 2, UNIT_ROUNDOFF_64)


def rounding_of_products(roundoff: float) -> float:
    """Return by how much sums of products may be apart, relative to their size, and be equal.

    A million unit roundoffs, as code may lose that many digits on the way (a running sum that is
    computed by logarithms does); the root of one where that is less.
    """
    return float(min(1e6 * roundoff, np.sqrt(roundoff)))


def longest_significand(values: npt.NDArray[Any]) -> int:
    """Count the bits of the longest significand up to its last 1; a float32 has at most 24."""
    finite = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
    if finite.size == 0:
        return 0
    significands = (np.frexp(finite)[0] * 2.0**53).astype(np.int64)
    lowest = significands & -significands
    return int(53 - np.log2(lowest.astype(np.float64)).min())
