"""Every evaluation of f goes through here: counted, guarded, turned into a float."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, is_real, longest_significand, unit_roundoff
from gradproof._base.validation import described, real_number
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.randomness import Randomness
from gradproof.engine.terms import Terms
from gradproof.numerics.protocol import FloatArray, IntArray, Scheme
from gradproof.problems import Batched, Space

_BATCHES = 63, 15  # points at once, and the point itself
_WHOLE_BATCHES = math.lcm(*_BATCHES)  # chunks of so many leave the batches what they are
_MOST_IN_CHUNK = 13 * _WHOLE_BATCHES
_FEW = 16
_A_MOMENT = 0.1  # seconds, after which progress is told, and the budget looked at
_MOST_NUMBERS = 1 << 24  # in one batch
_BOTH_WAYS = 4  # the first of so many points, to see whether f is the same for many at once
_FAR, _NEAR = 0.1, 1e-6  # in units of the natural scale: those points
_ALIKE = 8.0  # times the noise of a value: four of them are compared
_FLOAT32_SIGNIFICAND = 24
_FOR_TERMS = (
    "; where f returns the terms of a loss, say terms='sum' or 'mean' in gp.Problem, "
    "or return their sum or mean; of a function of several values claim a gp.Jacobian, gp.VJP or "
    "gp.JVP"
)
Progress = Callable[[int, int], object]


class Evaluator:
    """Evaluate f at the point and around it, and count.

    An exception at the point itself is the user's and surfaces; displaced, some say that f is not
    defined there (`UNDEFINED`), and the value is NaN. `rounding` is the size of the rounding of one
    value, and `value_of_f` what f itself is at the point, where its values stand for terms.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        space: Space,
        progress: Progress | None = None,
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
        self._progress = progress
        self._chunk = _FEW
        self._users_errstate = np.geterr()
        self.begin()

    def begin(self, space: Space | None = None) -> None:
        """Begin afresh, maybe in another space: what was seen of f at the point does not hold."""
        self.space = space or self.space
        self.roundoff = UNIT_ROUNDOFF_64
        self._terms = Terms(self._terms_as) if self._terms_as else None
        self._f = self.randomness.before(self._plain)
        self._f_around = self._terms.after(self._f) if self._terms else self._f
        self._at_once = False

    def repeat_random_numbers(self) -> bool:
        """Give f the same random numbers from now on; return whether it was seen to draw any."""
        if not self.randomness.hold_for_f():
            return False
        self.begin()
        return True

    def use_batches(self, scale: FloatArray, noise: float, rng: np.random.Generator) -> bool:
        """From now on evaluate f at many points at once, if it can; return whether it can.

        A few points are evaluated both ways first: what f moves by has to be the same, but for the
        noise of its values.
        """
        if not isinstance(self._f_around, Batched) or not self._sizes():
            return False
        # As many as in the batches to come: another number would be another compilation.
        some = rng.choice(scale.size, min(scale.size, _BATCHES[-1]), replace=False)
        offsets = scale[some] * np.geomspace(_FAR, _NEAR, some.size)
        inside = self.space.is_inside(some, offsets)
        some, offsets = some[inside], offsets[inside]
        together, realised = np.empty((2, some.size))
        if some.size and self._together(some, offsets, together, realised):
            self._at_once = False
            few = slice(None, None, _BOTH_WAYS)
            apart = self._along_components(some[few], offsets[few])[0] - together[few]
            self._at_once = bool(np.all(np.abs(apart) * self.factor <= _ALIKE * noise))
        return self._at_once

    def _sizes(self) -> list[int]:
        """Return how many points are evaluated at once."""
        return [size for size in _BATCHES if size * self.x.size <= _MOST_NUMBERS]

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
        with self.as_user():
            result = self._f(self.space.at)
        if self._terms is None:
            value = self.value_of_f = as_float(result)
            roundoff = unit_roundoff(getattr(result, "dtype", np.float64))
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

    def along_direction(self, direction: FloatArray, offset: float) -> float:
        """Evaluate f at x + offset · direction; where there are bounds, a direction within them."""
        if self.space.lower is not None:
            direction = self.space.toward_inside(
                math.copysign(1.0, offset) * direction, abs(offset)
            )
            offset = abs(offset)
        self.budget.take_one()
        with np.errstate(all="ignore"):
            result = self.space.along_direction(self._f_around, direction, offset)
        return as_float(result) * self.factor

    def along_chunks(self, chunks: Iterable[tuple[slice, FloatArray]], claim: FloatArray) -> float:
        """Evaluate f at x + v, as if v were realised: less the claim times what rounding adds."""
        self.budget.take_one()
        with np.errstate(all="ignore"):
            result, turned = self.space.along_chunks(self._f_around, chunks, claim)
        return as_float(result) * self.factor - turned

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""
        if self._terms is not None:
            return None
        self.budget.allow(1)
        with np.errstate(all="ignore"):
            results = self.space.along_imaginary(self._f, directions)
        self.budget.count += len(directions) if results is not None else 1
        return None if results is None else np.array(results, dtype=np.complex128) * self.factor

    def answer_directions(
        self, scheme: Scheme, directions: list[FloatArray], *, exactly: bool = False
    ) -> None:
        """Evaluate whatever a scheme asks for along directions.

        Where there are bounds, the points of a line are shifted until all lie on one side of x, and
        its direction is turned into the bounds: the noise of f is the same there. `exactly` leaves
        them where they are, and what lies outside has no value.
        """
        while (block := scheme.ask()) is not None:
            offsets, along = block.offsets, list(directions)
            if self.space.lower is not None and not exactly:
                offsets = offsets.copy()
                for line in np.unique(block.lines):
                    of_line = block.lines == line
                    offsets[of_line] -= offsets[of_line].min()
                    farthest = float(offsets[of_line].max())
                    along[line] = self.space.toward_inside(directions[line], farthest)
            values = np.full(block.lines.size, np.nan)
            for k, (line, offset) in enumerate(
                zip(block.lines.tolist(), offsets.tolist(), strict=True)
            ):
                if not exactly or self._is_inside(along[line], offset):
                    values[k] = self.along_direction(along[line], offset)
                if self._progress is not None:
                    self._progress(k + 1, values.size)
            scheme.tell(values, block.offsets)

    def _is_inside(self, direction: FloatArray, offset: float) -> bool:
        """Whether the bounds leave a point along a direction where it is."""
        lower, upper = self.space.lower, self.space.upper
        if lower is None or upper is None:
            return True
        there = self.x + offset * direction
        return bool(np.all((there >= lower) & (there <= upper)))

    def answer_components(self, scheme: Scheme, places: IntArray | None = None) -> None:
        """Evaluate whatever a scheme asks for along components, in place, chunk by chunk.

        Line k of the scheme is the component ``places[k]``, or k itself.
        """
        while (block := scheme.ask()) is not None:
            lines = block.lines if places is None else places[block.lines]
            values, offsets = np.full(lines.size, np.nan), block.offsets.copy()
            start = 0
            try:
                while start < lines.size:
                    part = slice(start, start + self._allowed())
                    begun = time.monotonic()
                    with np.errstate(all="ignore"):
                        values[part], offsets[part] = self._along_components(
                            lines[part], block.offsets[part]
                        )
                    self._adapt(time.monotonic() - begun)
                    start = min(part.stop, lines.size)
                    if self._progress is not None:
                        self._progress(start, lines.size)
            except (Spent, KeyboardInterrupt):
                scheme.tell(values * self.factor, offsets)  # what is known by now
                raise
            if self.factor != 1.0:
                values *= self.factor
            scheme.tell(values, offsets)

    def _allowed(self) -> int:
        """Return how many evaluations are done in one go; no value depends on it."""
        if not self._at_once:
            return self.budget.allow(self._chunk)
        whole = max(self._chunk // _WHOLE_BATCHES, 1) * _WHOLE_BATCHES
        allowed = self.budget.allow(2 * whole)  # the point itself is in each batch
        return min(whole, max(allowed // 2, 1))

    def _adapt(self, seconds: float) -> None:
        """Look up often where f is slow, and seldom where it is quick."""
        if seconds < _A_MOMENT / 2:
            self._chunk = min(2 * self._chunk, _MOST_IN_CHUNK)
        elif seconds > 2 * _A_MOMENT:
            self._chunk = max(self._chunk // 2, 1)

    def _along_components(
        self, lines: IntArray, offsets: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return values and realised offsets; NaN outside the bounds, where f is not evaluated.

        A component that cannot be moved leaves f where it is.
        """
        space = self.space
        if space.lower is None or space.upper is None:
            return self._at_points(lines, offsets)
        inside = space.is_inside(lines, offsets)
        values, realised = np.full(lines.size, np.nan), offsets.copy()
        values[inside], realised[inside] = self._at_points(lines[inside], offsets[inside])
        values[space.lower[lines] == space.upper[lines]] = self._value
        return values, realised

    def _at_points(self, lines: IntArray, offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, realised = np.empty((2, lines.size))
        start = 0
        for size in self._sizes() if self._at_once else ():
            while self._at_once and lines.size - start >= size:
                part = slice(start, start + size)
                if self._together(lines[part], offsets[part], values[part], realised[part]):
                    start += size
        rest = slice(start, None)
        results, realised[rest] = self.space.along_components(
            self._f_around, lines[rest], offsets[rest]
        )
        self.budget.count += len(results)
        values[rest] = _as_floats(results)
        return values, realised

    def _together(
        self, lines: IntArray, offsets: FloatArray, values: FloatArray, realised: FloatArray
    ) -> bool:
        """Fill in values and offsets, all of them by one call of f; return whether that works.

        Rounding may differ from that of single calls: each batch has the point itself in it.
        """
        assert isinstance(self._f_around, Batched)
        try:
            found = self.space.at_once(self._f_around, lines, offsets)
        except Exception:  # whatever does not work at once, or takes too much memory
            found = None
        self._at_once = found is not None
        if found is not None:
            there = _as_floats(list(found[0]))
            values[:], realised[:] = self._value + (there[1:] - there[0]), found[1]
            self.budget.count += there.size
        return self._at_once


def _as_floats(results: list[Any]) -> FloatArray:
    """Turn many results into floats at once where they are plain numbers, else one by one."""
    if all(map(np.isscalar, results[:1])):
        try:
            array = np.asarray(results)
        except ValueError:  # of different shapes
            array = np.empty(0)
        if array.shape == (len(results),) and array.dtype.kind in "biuf":
            return array.astype(np.float64)
    return np.array([as_float(result) for result in results])


def as_float(result: Any) -> float:
    """Return a value of f, which has to be one real number."""
    if isinstance(result, float):
        return float(result)
    try:
        array = np.asarray(result)
        if array.size == 1 and is_real(array.dtype):
            return float(array.item())
    except ValueError:
        pass
    several = isinstance(result, np.ndarray) and result.size > 1
    raise InputError(
        f"the value of f: found {described(result)}, expected one real number"
        + _FOR_TERMS * several
    )
