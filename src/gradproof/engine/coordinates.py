"""Parameters in pieces as a small problem: how far they are moved along each of a few directions.

The engine that measures a few components measures this one. What it sees are a few numbers, the
same in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.projections import Projections
from gradproof.engine.stream import Stream, Through
from gradproof.engine.values import as_float
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.problems.batches import Batched
from gradproof.problems.space import UNDEFINED, Function


class Coordinates:
    """The space of x + Σ t_k v_k: t is 0 at the point, and values are told as if v were realised.

    That is, less the claim times what rounding turned away. Numbers around the point are relative
    to the natural scale, which is 1 for each direction; there are no bounds.
    """

    lower: FloatArray | None = None
    upper: FloatArray | None = None

    def __init__(self, stream: Stream, lines: Sequence[Through]) -> None:
        self._stream, self._lines = stream, lines
        self.x: FloatArray = np.ones(len(lines))
        self.roundoffs: tuple[float, ...] = (max(stream.field.roundoffs),)
        self.types = stream.field.types

    @property
    def at(self) -> Any:
        """The parameters as f sees them at the point."""
        self._stream.put_back()
        return self._stream.field.at

    def fresh(self) -> Any:
        """Return the same: what is written there is put back before the next evaluation."""
        self._stream.was_written = True
        return self.at

    def name_of(self, line: int) -> str:
        """Return what a coordinate is called."""
        return f"direction {line}"

    @property
    def was_written(self) -> bool:
        """Whether f changed its argument when all of it was moved, which is not looked at."""
        return False

    def use_fresh_copies(self, *, keep: bool = False, was_written: bool = False) -> None:
        """Put everything back before every evaluation: there is no room for copies."""
        self._stream.was_written = True

    @property
    def keeps_copies(self) -> bool:
        """Whether f gets a copy at every evaluation: never."""
        return False

    def forget_copies(self) -> None:
        """Keep none, as ever."""

    def promoted(self) -> None:
        """Return None: there is no room for the same values in float64."""

    def use_float32_grid(self, use: bool = True) -> None:
        """From now on move only to values that a float32 can hold, the point included; or not."""
        self._stream.use_float32_grid(use)

    def is_held(self, call: Callable[[], Any]) -> bool:
        """Run `call`, and return False: whoever holds on to the parameters sees them move."""
        call()
        return False

    def is_unchanged(self) -> bool:
        """Whether the parameters are at the point, bit for bit."""
        return self._stream.is_at_point()

    def restore(self) -> None:
        """Put the parameters back to the point, bit for bit."""
        self._stream.put_back()

    def is_inside(self, lines: IntArray, offsets: FloatArray) -> BoolArray:
        """Return that there are no bounds."""
        return np.ones(lines.size, dtype=bool)

    def toward_inside(self, direction: FloatArray, farthest: float) -> FloatArray:
        """Return the direction: there are no bounds."""
        return direction

    def along_components(
        self, f: Function, lines: IntArray, offsets: FloatArray
    ) -> tuple[list[Any], FloatArray]:
        """Evaluate f along single directions."""
        each = np.eye(self.x.size)
        pairs = zip(lines.tolist(), offsets.tolist(), strict=True)
        return [self.along_direction(f, each[line], t) for line, t in pairs], offsets.copy()

    def at_once(
        self, f: Batched, lines: IntArray, offsets: FloatArray
    ) -> tuple[Sequence[Any], FloatArray] | None:
        """Return None: there is room for one point at a time."""
        return None

    def realised(self, direction: FloatArray, offset: float) -> FloatArray:
        """Return by how much t moves: values are told as if that were exact."""
        return offset * direction

    def along_direction(self, f: Function, direction: FloatArray, offset: float) -> Any:
        """Evaluate f at x + offset · Σ direction_k v_k."""
        moves = [
            (self._lines[k], offset * float(direction[k]))
            for k in np.flatnonzero(direction).tolist()
        ]
        turned = self._stream.move(moves) / self._stream.factor
        try:
            return as_float(f(self._stream.field.at)) - turned
        except InputError:  # ours: a ValueError, but no value of f
            raise
        except UNDEFINED:
            return np.nan
        except Exception as error:
            root = self._stream.field.tree.root
            error.add_note(
                f"gradproof: f raised this with parts of {root} moved in a random direction"
            )
            raise

    def along_chunks(
        self, f: Function, chunks: Iterable[tuple[slice, FloatArray]], weight: FloatArray
    ) -> tuple[Any, float]:
        """Evaluate f with some directions moved; nothing is turned away that is not taken out."""
        moves = np.zeros_like(self.x)
        for part, move in chunks:
            moves[part] += move
        return self.along_direction(f, moves, 1.0), 0.0

    def along_imaginary(self, f: Function, directions: list[FloatArray]) -> list[complex] | None:
        """Return None: complex numbers would be a copy of twice the size."""
        return None


class Streamed(Projections):
    """Directions through parameters in pieces, each a component of the evaluator."""

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Return None: f is not evaluated at complex numbers."""
        return None

    def _value(self, shares: FloatArray, offset: float) -> float:
        return self._evaluator.along_direction_now(shares, offset)


def along(evaluator: Evaluator, stream: Stream, lines: Sequence[Through]) -> None:
    """From now on evaluate along these directions."""
    evaluator.space = Coordinates(stream, lines)
