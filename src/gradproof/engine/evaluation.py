"""Every evaluation of f goes through here: counted, guarded, turned into a float."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, unit_roundoff
from gradproof._base.validation import described
from gradproof.numerics.protocol import FloatArray, IntArray, Scheme
from gradproof.problems import Space

_CHUNK = 4096
Progress = Callable[[int, int], object]


class Evaluator:
    """Evaluate f at the point and around it, and count.

    An exception at the point itself is the user's and surfaces; displaced, some say that f is not
    defined there (`UNDEFINED`), and the value is NaN.
    """

    def __init__(
        self, f: Callable[[Any], Any], space: Space, progress: Progress | None = None
    ) -> None:
        self._f = f
        self.space = space
        self.count = 0
        self.roundoff = UNIT_ROUNDOFF_64
        self.factor = 1.0
        self._progress = progress
        self._users_errstate = np.geterr()

    @property
    def x(self) -> FloatArray:
        """The components at the point."""
        return self.space.x

    def as_user(self) -> np.errstate:
        """Return a context in which NumPy warns and raises as the user has told it to."""
        return np.errstate(**self._users_errstate)

    def at_point(self) -> float:
        """Evaluate f at the point."""
        self.count += 1
        with self.as_user():
            result = self._f(self.space.at)
        self.roundoff = max(self.roundoff, unit_roundoff(getattr(result, "dtype", np.float64)))
        return _as_float(result) * self.factor

    def along_direction(self, direction: FloatArray, offset: float) -> float:
        """Evaluate f at x + offset · direction."""
        self.count += 1
        with np.errstate(all="ignore"):
            result = self.space.along_direction(self._f, direction, offset)
        return _as_float(result) * self.factor

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""
        with np.errstate(all="ignore"):
            results = self.space.along_imaginary(self._f, directions)
        self.count += len(directions) if results is not None else 1
        return None if results is None else np.array(results, dtype=np.complex128) * self.factor

    def answer_directions(self, scheme: Scheme, directions: list[FloatArray]) -> None:
        """Evaluate whatever a scheme asks for along directions."""
        while (block := scheme.ask()) is not None:
            values = [
                self.along_direction(directions[line], offset)
                for line, offset in zip(block.lines.tolist(), block.offsets.tolist(), strict=True)
            ]
            scheme.tell(np.array(values), block.offsets)

    def answer_components(self, scheme: Scheme, places: IntArray | None = None) -> None:
        """Evaluate whatever a scheme asks for along components, in place, chunk by chunk.

        Line k of the scheme is the component ``places[k]``, or k itself.
        """
        while (block := scheme.ask()) is not None:
            lines = block.lines if places is None else places[block.lines]
            values, offsets = np.empty((2, lines.size))
            for start in range(0, lines.size, _CHUNK):
                part = slice(start, start + _CHUNK)
                with np.errstate(all="ignore"):
                    results, offsets[part] = self.space.along_components(
                        self._f, lines[part], block.offsets[part]
                    )
                values[part] = _as_floats(results)
                self.count += len(results)
                if self._progress is not None:
                    self._progress(min(start + _CHUNK, lines.size), lines.size)
            if self.factor != 1.0:
                values *= self.factor
            scheme.tell(values, offsets)


def _as_floats(results: list[Any]) -> FloatArray:
    """Turn many results into floats at once where they are plain numbers, else one by one."""
    if all(map(np.isscalar, results[:1])):
        try:
            array = np.asarray(results)
        except ValueError:  # of different shapes
            array = np.empty(0)
        if array.shape == (len(results),) and array.dtype.kind in "biuf":
            return array.astype(np.float64)
    return np.array([_as_float(result) for result in results])


def _as_float(result: Any) -> float:
    if isinstance(result, float):
        return float(result)
    try:
        array = np.asarray(result)
        if array.size == 1 and array.dtype.kind in "biuf":
            return float(array.item())
    except ValueError:
        pass
    several = isinstance(result, np.ndarray) and result.size > 1
    raise InputError(
        f"the value of f: found {described(result)}, expected one real number"
        + ("; where it returns several terms, return their sum or mean" if several else "")
    )
