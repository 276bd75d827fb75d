"""Medians of numbers that are never in memory together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gradproof.numerics.protocol import FloatArray

_SHIFT = 50  # bits of a float64 that do not tell bins apart: 2 of the significand do
_INFINITE = 0x7FF << (52 - _SHIFT)


class Histogram:
    """How many numbers there are of each size, in four bins to each power of two.

    Histograms of several pieces are added up. Zeros, infinite numbers and NaN are left out.
    """

    BINS: ClassVar = 1 << (63 - _SHIFT)

    def __init__(self, counts: FloatArray) -> None:
        self._counts = counts.copy()
        self._counts[0] = 0
        self._counts[_INFINITE:] = 0

    @staticmethod
    def count(numbers: FloatArray, scratch: FloatArray | None = None) -> npt.NDArray[Any]:
        """Return how many numbers fall into each bin; `scratch` is as long, and overwritten."""
        bits = np.abs(numbers, out=scratch).view(np.int64)
        return np.bincount(np.right_shift(bits, _SHIFT, out=bits), minlength=Histogram.BINS)

    def median(self) -> float | None:
        """Return the median, to a few per cent; None where nothing was counted."""
        below = np.cumsum(self._counts)
        half = below[-1] / 2
        if half == 0:
            return None
        place = int(np.searchsorted(below, half))
        low, high = (np.array([place, place + 1]) << _SHIFT).view(np.float64).tolist()
        inside = (half - (below[place] - self._counts[place])) / self._counts[place]
        return float(low + inside * (high - low))
