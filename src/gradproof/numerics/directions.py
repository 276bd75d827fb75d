"""Random directions that are made anew, chunk by chunk, whenever they are needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gradproof.numerics.protocol import FloatArray

CHUNK = 1 << 18  # components
THROUGH_ONE_LEAF = 1 << 32
"""The number of the direction through a leaf, unlike those of any direction through everything."""


@dataclasses.dataclass(frozen=True)
class Gaussian:
    """Directions of independent normal numbers, over the components from `start` to `stop`.

    The numbers depend on the seed, the direction and the place of the chunk alone, not on what was
    asked for before: a counter-based generator is keyed with them. Salmon et al., *Parallel random
    numbers: as easy as 1, 2, 3*, SC11 (2011).
    """

    seed: int
    start: int
    stop: int

    def chunks(self, direction: int) -> Iterator[tuple[slice, FloatArray]]:
        """Yield the numbers of one direction, part by part."""
        for number, first in enumerate(range(self.start, self.stop, CHUNK)):
            part = slice(first, min(first + CHUNK, self.stop))
            yield part, self.chunk(direction, number)

    def chunk(self, direction: int, number: int) -> FloatArray:
        """Return the numbers of one direction in one part."""
        size = min(CHUNK, self.stop - self.start - number * CHUNK)
        return self.generator(direction, number).standard_normal(size)

    def generator(self, direction: int, number: int) -> np.random.Generator:
        """Return what draws the numbers of one direction in one part, one after the other."""
        # The key is for the direction, the highest word of the counter for the chunk.
        # Of a list NumPy makes floats where a number is beyond int64.
        key = np.array([self.seed % 2**64, direction], dtype=np.uint64)
        counter = np.array([0, 0, self.start, number], dtype=np.uint64)
        bits = np.random.Philox(key=key, counter=counter)
        return np.random.Generator(bits)
