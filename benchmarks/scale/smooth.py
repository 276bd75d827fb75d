"""A function of any number of parameters in float32 that takes no memory of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
_PIECE = 1 << 16
_SHORT = 1 << 21  # components: fewer are in a file, more in memory


def _pieces(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _PIECE, n)) for first in range(0, n, _PIECE))


class Smooth:
    """The sum of √(1 + x²), the gradient x / √(1 + x²), and one that is off everywhere.

    `seconds` and `calls` are those of f.
    """

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(n)
        self.at: Array = np.empty(n, dtype=np.float32)
        for piece in _pieces(n):
            self.at[piece] = rng.standard_normal(piece.stop - piece.start, dtype=np.float32)
        self.seconds, self.calls = 0.0, 0

    def f(self, x: Array) -> float:
        """Return the sum, in float64."""
        started = time.perf_counter()
        total = 0.0
        for piece in _pieces(x.size):
            total += float(np.sum(np.sqrt(1 + x[piece] ** 2), dtype=np.float64))
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return total

    def gradient(self, x: Array) -> Array:
        """Return the gradient, in float32."""
        found = np.empty_like(x)
        for piece in _pieces(x.size):
            found[piece] = x[piece] / np.sqrt(1 + x[piece] ** 2)
        return found

    def off(self, x: Array, relative: float) -> Array:
        """Return a claim with an error of this norm, relative to the gradient, everywhere."""
        found, rng = self.gradient(x), np.random.default_rng(x.size + 1)
        for piece in _pieces(x.size):
            noise = rng.standard_normal(piece.stop - piece.start, dtype=np.float32)
            found[piece] += np.float32(relative * 0.55) * noise  # 0.55: that of the gradient
        return found
