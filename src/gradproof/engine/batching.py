"""Values at many points by one call of f, in batches of the size that is quickest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.engine.values import as_floats
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Batched, Space

_SIZES = 15, 63, 255, 1023  # tried one after the other, the point itself not counted
_FEW = 4  # points, that are evaluated both ways at least
_LEAST = 4  # points, for which a batch is worth while
_MOST_NUMBERS = 1 << 24  # in one batch
_A_TRIAL = 20  # times as much is to be done in batches of the size that is tried
# Seconds that all evaluations have to take for a trial to pay, without compiling and with.
_WORTH_WHILE = 0.01, 0.2
_QUICKER = 0.75, 0.9  # times the seconds: than one by one, and than in smaller batches

Columns = tuple[Any, FloatArray]
"""What is moved, entry by entry, and how far: arrays, or lists of arrays."""

Values = tuple[FloatArray, FloatArray]
"""Values of f, and the offsets as floating point realises them."""


def require_trial(found: Any) -> None:
    """Raise unless that is what a trial may find: a size, why it fails, and evaluations."""
    size, fails, cost = found
    if not (type(size) is type(cost) is int and min(size, cost) >= 0 and type(fails) is str):
        raise ValueError("no trial")


class Batches:
    """Values of f, by a few calls where it gives the same for many points at once, and quicker.

    Rounding may differ from that of single calls: each batch has the point itself in it.
    """

    def __init__(self, f: Batched, space: Space, value: float) -> None:
        self._f, self._space, self._value = f, space, value
        self._allowed = [
            size for size in f.sizes or _SIZES if (size + 1) * space.x.size <= _MOST_NUMBERS
        ]
        self.size = 0
        self.evaluations = 0
        self.fails = ""  # why it is not done, in words

    @property
    def most_tried(self) -> int:
        """How many points are evaluated both ways at most; 0 where memory does not allow any."""
        return min(self._allowed, default=0)

    @property
    def whole(self) -> int:
        """How many points the largest batch holds: no part of a block should be less."""
        return max(self.size, 1)

    def try_out(
        self,
        lines: IntArray,
        offsets: FloatArray,
        alone: Callable[[IntArray, FloatArray], FloatArray],
        *,
        indistinct: float,
        todo: int,
        seconds: float,
    ) -> None:
        """See whether values at once are those of one by one, and which size is quickest.

        `alone` returns values one by one, `indistinct` is by what they may differ, `todo` how many
        are to come, each of which takes about so many `seconds`.
        """
        if not lines.size or todo < 2 * (lines.size + 1) + _FEW:
            return
        if todo * seconds < _WORTH_WHILE[bool(self._f.sizes)]:
            return
        # Of few points the overhead of the call counts as theirs; where much is to come, it pays
        # to know better.
        count = lines.size if todo >= _A_TRIAL * lines.size else _FEW
        few = np.unique(np.linspace(0, lines.size - 1, count).astype(np.int64))
        start = time.perf_counter()
        apart = alone(lines[few], offsets[few])
        single = (time.perf_counter() - start) / few.size
        start = time.perf_counter()
        found = self._once(lines, offsets)
        best = (time.perf_counter() - start) / lines.size
        if found is None:
            return
        if not np.all(np.abs(apart - found[0][few]) <= indistinct):
            self.fails = "many at once gave other values"
            return
        if best > _QUICKER[0] * single:  # the first call may have made what others find made
            best = self._seconds(lines, offsets)
        if best > _QUICKER[0] * single:
            return
        self.size = max(self._allowed) if self._f.sizes else lines.size
        for larger in [] if self._f.sizes else self._allowed[1:]:
            if todo < _A_TRIAL * larger:
                return
            again = self._seconds(np.resize(lines, larger), np.resize(offsets, larger))
            if again > _QUICKER[1] * best:
                return
            self.size, best = larger, again

    def _seconds(self, lines: IntArray, offsets: FloatArray) -> float:
        """Return how long one point takes in a batch."""
        start = time.perf_counter()
        found = self._once(lines, offsets)
        return math.inf if found is None else (time.perf_counter() - start) / lines.size

    def values(self, lines: IntArray, offsets: FloatArray) -> Values:
        """Evaluate f at the first so many of some points as fill batches."""
        values, realised = np.empty((2, lines.size))
        start = 0
        while (size := self._next(lines.size - start)) > 0:
            part = slice(start, start + size)
            found = self._once(lines[part], offsets[part])
            if found is None:  # from now on one by one
                self.size = 0
                break
            values[part], realised[part] = found
            start += size
        return values[:start], realised[:start]

    def _next(self, left: int) -> int:
        if not self.size or left < _LEAST:
            return 0
        if self._f.sizes:
            return max((size for size in self._allowed if size <= left), default=0)
        return min(self.size, left)

    def _once(self, lines: IntArray, offsets: FloatArray) -> Values | None:
        """Return values and realised offsets by one call of f; None where that does not work."""
        self.evaluations += lines.size + 1
        try:
            found = self._space.at_once(self._f, lines, offsets)
            if found is None:
                return None
            there = as_floats(list(found[0]))
        except Exception as error:  # whatever does not work at once, or takes too much memory
            self.fails = f"many at once raised {type(error).__name__}"
            return None
        return self._value + (there[1:] - there[0]), found[1]
