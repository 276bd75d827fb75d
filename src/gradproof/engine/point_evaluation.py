"""f at the point and at points around it, in this process: counted, guarded, made a float."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, longest_significand, unit_roundoff
from gradproof._base.validation import real_number
from gradproof.engine.batching import Batches, Values
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.randomness import Randomness
from gradproof.engine.terms import Terms
from gradproof.engine.values import as_float, as_floats
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Space
from gradproof.problems.timeouts import TookTooLong

_FLOAT32_SIGNIFICAND = 24
_RETURNED = "gradproof: f was evaluated with"


class PointEvaluator:
    """Evaluate f at the point and around it, and count.

    An exception at the point itself is the user's and surfaces; displaced, some say that f is not
    defined there (`UNDEFINED`), and the value is NaN. `rounding` is the size of the rounding of one
    value, and `value_of_f` what f itself is at the point, where its values stand for terms.
    Methods whose names begin with `values_` take equally long columns, and may run in a worker.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        space: Space,
        *,
        randomness: Randomness | None = None,
        terms: str | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._plain = f
        self.space = space
        self.budget = budget or Budget()
        self.value_of_f = math.nan
        self.factor = 1.0
        self.randomness = randomness or Randomness()
        self._terms_as = terms
        self._value = 0.0
        self._seconds = math.inf
        self._users_errstate = np.geterr()
        self.begin()

    def begin(self, space: Space | None = None) -> None:
        """Begin afresh, maybe in another space: what was seen of f at the point does not hold."""
        self.space = space or self.space
        self.roundoff = UNIT_ROUNDOFF_64
        self._terms = Terms(self._terms_as) if self._terms_as else None
        self._f = self.randomness.before(self._plain)
        self._f_around = self._terms.after(self._f) if self._terms else self._f
        self._batches: Batches | None = None

    @property
    def count(self) -> int:
        """How many evaluations there were."""
        return self.budget.count

    @property
    def rounding(self) -> float:
        """The size of the rounding of one value."""
        return self.roundoff * abs(
            self._value * self.factor
        )  # scaled first: u times it may underflow

    @property
    def x(self) -> FloatArray:
        """The components at the point."""
        return self.space.x

    @property
    def room(self) -> FloatArray:
        """How far each component can be moved both ways within the bounds."""
        lower, upper = self.space.lower, self.space.upper
        if lower is None or upper is None:
            return np.full(self.x.size, np.inf)
        room: FloatArray = np.minimum(upper - self.x, self.x - lower)
        return room

    def as_user(self) -> np.errstate:
        """Return a context in which NumPy warns and raises as the user has told it to."""
        return np.errstate(**self._users_errstate)

    def at_point(self, *, to_end_with: bool = False) -> float:
        """Evaluate f at the point; `to_end_with` also where the budget is spent."""
        if to_end_with:
            self.budget.count += 1
        else:
            self.budget.take_one()
        started = time.perf_counter()
        with self.as_user():
            try:
                result = self._f(self.space.at)
            except TookTooLong as late:
                raise Spent(f"{late}, at the point itself") from None
        self._seconds = min(self._seconds, time.perf_counter() - started)
        if self._terms is None:
            dtype = getattr(result, "dtype", np.dtype(np.float64))
            if not isinstance(dtype, np.dtype):
                raise InputError(
                    f"the value of f: found one of {dtype} at a point of NumPy's numbers; return "
                    "float(value), or let the point hold what f computes with"
                )
            value = self.value_of_f = as_float(result)
            roundoff = unit_roundoff(dtype)
        else:
            if not self._terms.known:
                self._terms.stand_at(result)
            value = self._terms.value(result)
            self.value_of_f, roundoff = self._terms.total, self._terms.roundoff
        self.roundoff = max(self.roundoff, roundoff)
        self._value = value
        return value * self.factor

    def carries_float64(self, values: list[float]) -> bool:
        """Whether values, those at the point among them, have more digits than a float32."""
        seen = self._terms.significand if self._terms else longest_significand(np.array(values))
        return self.roundoff <= UNIT_ROUNDOFF_64 and seen > _FLOAT32_SIGNIFICAND

    def total(self, result: Any, name: str) -> float:
        """Return what f is for one result, the sum or mean of terms where it returns those."""
        return self._terms.total_of(result) if self._terms else real_number(result, name)

    def along_direction_now(self, direction: FloatArray, offset: float) -> float:
        """Do so in this process, and whatever the journal says; the value is not scaled."""
        if self.space.lower is not None:
            direction = self.space.toward_inside(
                math.copysign(1.0, offset) * direction, abs(offset)
            )
            offset = abs(offset)
        self.budget.take_one()
        with np.errstate(all="ignore"):
            result = self.space.along_direction(self._f_around, direction, offset)
        return self._number(result)

    def along_chunks_now(
        self, chunks: Iterable[tuple[slice, FloatArray]], claim: FloatArray
    ) -> float:
        """Do so in this process, and whatever the journal says; the value is not scaled."""
        self.budget.take_one()
        with np.errstate(all="ignore"):
            result, turned = self.space.along_chunks(self._f_around, chunks, claim)
        return self._number(result) - turned / self.factor

    def values_along(self, directions: Sequence[FloatArray], offsets: FloatArray) -> Values:
        """Evaluate f along directions."""
        pairs = zip(directions, offsets.tolist(), strict=True)
        return np.array([self.along_direction_now(*pair) for pair in pairs]), offsets

    def values_inside(self, directions: Sequence[FloatArray], offsets: FloatArray) -> Values:
        """Evaluate f along directions; NaN outside of the bounds."""
        pairs = zip(directions, offsets.tolist(), strict=True)
        values = [
            self.along_direction_now(*pair) if self._is_inside(*pair) else math.nan
            for pair in pairs
        ]
        return np.array(values), offsets

    def values_along_chunks(
        self,
        moves: Sequence[tuple[list[tuple[slice, FloatArray]], FloatArray]],
        offsets: FloatArray,
    ) -> Values:
        """Evaluate f at x + v, for several v with their claims."""
        return np.array([self.along_chunks_now(*move) for move in moves]), offsets

    def values_of_components(self, lines: IntArray, offsets: FloatArray) -> Values:
        """Return values and realised offsets; NaN outside the bounds, where f is not evaluated.

        A component that cannot be moved leaves f where it is.
        """
        space = self.space
        with np.errstate(all="ignore"):
            if space.lower is None or space.upper is None:
                return self._at_points(lines, offsets)
            inside = space.is_inside(lines, offsets)
            values, realised = np.full(lines.size, np.nan), offsets.copy()
            values[inside], realised[inside] = self._at_points(lines[inside], offsets[inside])
            values[space.lower[lines] == space.upper[lines]] = self._value
            return values, realised

    def _at_points(self, lines: IntArray, offsets: FloatArray) -> Values:
        values, realised = np.empty((2, lines.size))
        rest = slice(0, None)
        if self._batches is not None:
            before = self._batches.evaluations
            found = self._batches.values(lines, offsets)
            self.budget.count += self._batches.evaluations - before
            rest = slice(found[0].size, None)
            values[: rest.start], realised[: rest.start] = found
        if rest.start < lines.size:
            results, realised[rest] = self.space.along_components(
                self._f_around, lines[rest], offsets[rest]
            )
            self.budget.count += len(results)
            values[rest] = self._numbers(results, lines[rest], offsets[rest])
        return values, realised

    def _is_inside(self, direction: FloatArray, offset: float) -> bool:
        """Whether the bounds leave a point along a direction where it is."""
        lower, upper = self.space.lower, self.space.upper
        if lower is None or upper is None:
            return True
        there = self.x + offset * direction
        return bool(np.all((there >= lower) & (there <= upper)))

    def _number(self, result: Any) -> float:
        """Return what f returned along a direction as a number."""
        try:
            return as_float(result)
        except InputError as error:
            error.add_note(f"{_RETURNED} all of the parameters moved in a random direction")
            raise

    def _numbers(self, results: list[Any], lines: IntArray, offsets: FloatArray) -> FloatArray:
        """Return what f returned with single components moved as numbers."""
        try:
            return as_floats(results)
        except InputError:  # one by one, to say which
            for result, line, offset in zip(results, lines, offsets, strict=True):
                try:
                    as_float(result)
                except InputError as error:
                    error.add_note(f"{_RETURNED} {self.space.name_of(line)} moved by {offset:.3g}")
                    raise
            raise

    def cost_of(self, size: int) -> int:
        """Return how many evaluations may be needed for so many values."""
        return size if self._batches is None else 2 * size  # the point itself is in each batch

    def alone(self, lock: threading.Lock) -> contextlib.AbstractContextManager[object]:
        """Return a context in which nobody else draws the random numbers that f draws."""
        return lock if self.randomness.repeats else contextlib.nullcontext()
