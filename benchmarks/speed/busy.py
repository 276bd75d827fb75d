"""A function that keeps a processor busy, as slow as it is told to be."""

from __future__ import annotations

import numpy as np
from benchmarks.speed.measuring import seconds
from benchmarks.speed.networks import Array

_SIDE = 48


class Busy:
    """A smooth function of n numbers that multiplies small matrices for about so many seconds."""

    def __init__(self, n: int, lasting: float) -> None:
        self.at = np.random.default_rng(n).uniform(0.5, 1.5, n)
        self._A = np.random.default_rng(0).standard_normal((_SIDE, _SIDE)) / _SIDE
        self._products = 200
        self._work()
        self._products = max(1, round(self._products * lasting / seconds(self._work)))

    def _work(self) -> float:
        product = self._A
        for _ in range(self._products):
            product = self._A @ product
        return float(product[0, 0])

    def __call__(self, x: Array) -> float:
        """Return a sum of sines, after the work."""
        return float(np.sum(np.sin(x))) + 0 * self._work()

    def gradient(self, x: Array) -> Array:
        """Return the gradient."""
        slopes: Array = np.cos(x)
        return slopes
