"""All components in blocks: pieces of parts, walked over by a few threads, summed up over ranks."""

from __future__ import annotations

import dataclasses
import functools
import operator
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numpy as np

from gradproof.numerics.directions import CHUNK
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Field

BLOCK = 1 << 14  # components: what is worked on at once stays in the cache of a core
_MOST_THREADS = 2  # making directions, which takes longest: more would need more memory

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of a part: which part of this process, and where in it.

    `makers` draw the numbers of directions, by their numbers, as far as they were needed.
    """

    part: int
    where: slice
    chunk: int
    makers: dict[int, np.random.Generator] = dataclasses.field(default_factory=dict)

    def in_blocks(self) -> Iterator[Piece]:
        """Yield what of it is worked on at once: as much as a cache holds."""
        for first in range(self.where.start, self.where.stop, BLOCK):
            where = slice(first, min(first + BLOCK, self.where.stop))
            yield Piece(self.part, where, self.chunk, self.makers)


class Rooms(threading.local):
    """Memory for one block, of each thread: to ask for it anew would take longer than to use it."""

    def __init__(self) -> None:
        self._rooms: dict[str, FloatArray] = {}

    def of(self, name: str, size: int) -> FloatArray:
        """Return room for so many numbers, which holds whatever was there."""
        if name not in self._rooms:
            self._rooms[name] = np.empty(BLOCK)
        return self._rooms[name][:size]


class Walk:
    """Goes over the parts of a field that this process holds, by `threads` pieces at once."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self.threads = min(_MOST_THREADS, os.cpu_count() or 1)
        self._pool: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def pieces(self, parts: Sequence[int]) -> list[Piece]:
        """Return the pieces of some parts, by their numbers."""
        return [
            Piece(number, slice(first, min(first + CHUNK, size)), first // CHUNK)
            for number in parts
            for size in (self._field.parts[number].size,)
            for first in range(0, size, CHUNK)
        ]

    def sum(self, parts: Sequence[int], work: Callable[[Piece], Any], start: Any = 0.0) -> Any:
        """Add up over the blocks of some parts, in their order, and over all processes."""
        total = np.array(start, dtype=np.float64)
        for found in self.each(parts, work):
            total += found
        return np.sum(self._field.ranks.gather(total), axis=0)

    def each(
        self,
        parts: Sequence[int],
        work: Callable[[Piece], T],
        together: Callable[[T, T], T] = operator.add,
    ) -> Iterator[T]:
        """Yield what comes of each piece of some parts, in their order.

        `work` does one block of a piece; what comes of the blocks is put `together`.
        """
        pieces = self.pieces(parts)

        def of_piece(piece: Piece) -> T:
            with np.errstate(all="ignore"):  # of each thread
                return functools.reduce(together, map(work, piece.in_blocks()))

        if self.threads < 2 or sum(one.where.stop - one.where.start for one in pieces) < CHUNK:
            yield from map(of_piece, pieces)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "gradproof")
        futures = [self._pool.submit(of_piece, piece) for piece in pieces]
        try:
            for future in futures:
                yield future.result()
        finally:  # nothing may be written any more where this is left by Ctrl-C
            for future in futures:
                future.cancel()
            wait(futures)
