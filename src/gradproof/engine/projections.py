"""Random directions in the place of components: each is a line of the same escalation."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.engine.batching import Columns, Values
from gradproof.engine.budget import Budget
from gradproof.engine.evaluation import Evaluator
from gradproof.numerics.directions import Gaussian
from gradproof.numerics.protocol import FloatArray, IntArray, Scheme
from gradproof.problems import Space

_MOST_KEPT = 1 << 22  # numbers, 32 MiB


@dataclasses.dataclass(frozen=True)
class RandomDirection:
    """One random direction: over which components, and its number."""

    gaussian: Gaussian
    direction: int


class Projections(abc.ABC):
    """An evaluator whose components are random directions, of which the claims are `claims`.

    Offsets are relative to the natural scale.
    """

    def __init__(self, evaluator: Evaluator, claims: FloatArray) -> None:
        self._evaluator, self.claims = evaluator, claims
        self.x: FloatArray = np.ones(claims.size)
        self.room: FloatArray = np.full(claims.size, np.inf)

    @abc.abstractmethod
    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""

    @abc.abstractmethod
    def _value(self, shares: FloatArray, offset: float) -> float:
        """Evaluate f moved by a combination of the directions, as if it were realised exactly.

        The value is not scaled, and the journal not asked.
        """

    @property
    def factor(self) -> float:
        """What values of f are multiplied by."""
        return self._evaluator.factor

    @property
    def space(self) -> Space:
        """Where the parameters live."""
        return self._evaluator.space

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self._evaluator.budget

    def at_point(self) -> float:
        """Evaluate f at the point."""
        return self._evaluator.at_point()

    def alone(self, lock: threading.Lock) -> contextlib.AbstractContextManager[object]:
        """Return a context in which nobody else draws the random numbers that f draws."""
        return self._evaluator.alone(lock)

    def cost_of(self, size: int) -> int:
        """Return how many evaluations may be needed for so many values."""
        return size

    def answer_components(self, scheme: Scheme, lines: IntArray | None = None) -> None:
        """Evaluate whatever a scheme asks for along the directions."""
        each = np.eye(self.x.size)
        self.answer_directions(scheme, list(each if lines is None else each[lines]))

    def answer_directions(
        self, scheme: Scheme, directions: list[FloatArray], *, exactly: bool = False
    ) -> None:
        """Evaluate whatever a scheme asks for along combinations of the directions."""

        def columns(lines: IntArray, offsets: FloatArray) -> Columns:
            return [directions[line] for line in lines.tolist()], offsets

        self._evaluator.answer(scheme, self, "values_along", columns, chunk=1)

    def values_along(self, shares: Sequence[FloatArray], offsets: FloatArray) -> Values:
        """Evaluate f along combinations of the directions."""
        pairs = zip(shares, offsets.tolist(), strict=True)
        return np.array([self._value(*pair) for pair in pairs]), offsets


class OfArrays(Projections):
    """Directions through arrays that are kept in float64.

    Direction k moves the components by ``t · weight · z``, z normal. Values are told as they would
    be without rounding: the claim times what rounding turned away is taken out,
    ``f(x + v) - a · (v as realised - v)``, so that the slope along a direction is its exact one.
    Directions are kept as long as they are small; the others are made anew, chunk by chunk, at
    every evaluation.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        lines: Sequence[RandomDirection],
        weight: FloatArray,
        claim: FloatArray,
    ) -> None:
        self._lines, self._weight, self._claim = lines, weight, claim
        self._kept: dict[int, list[tuple[slice, FloatArray]]] = {}
        self._room = _MOST_KEPT
        claims = [
            sum(float((claim[part] * weight[part]) @ z) for part, z in self._chunks(k))
            for k in range(len(lines))
        ]
        super().__init__(evaluator, np.array(claims))

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_kept": {}, "_room": _MOST_KEPT}

    def _chunks(self, line: int) -> Iterable[tuple[slice, FloatArray]]:
        if line in self._kept:
            return self._kept[line]
        gaussian = self._lines[line].gaussian
        chunks = gaussian.chunks(self._lines[line].direction)
        size = gaussian.stop - gaussian.start
        if size > self._room:
            return chunks
        self._room -= size
        return self._kept.setdefault(line, list(chunks))

    def along_imaginary(self, directions: list[FloatArray]) -> npt.NDArray[np.complex128] | None:
        """Evaluate f at x + i · direction; None where f takes no complex numbers."""
        whole = []
        for shares in directions:
            direction = np.zeros_like(self._claim)
            for part, moves in self._moves(shares):
                direction[part] += moves
            whole.append(direction)
        return self._evaluator.along_imaginary(whole)

    def _moves(self, shares: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Yield a combination of directions, part by part; those of one leaf may share no part."""
        used = np.flatnonzero(shares).tolist()
        same = all(self._lines[line].gaussian == self._lines[used[0]].gaussian for line in used[1:])
        if same:
            for together in zip(*(self._chunks(line) for line in used), strict=True):
                part = together[0][0]
                moved = sum(share * z for share, (_, z) in zip(shares[used], together, strict=True))
                yield part, self._weight[part] * moved
        else:  # of different leaves
            for line in used:
                for part, z in self._chunks(line):
                    yield part, shares[line] * self._weight[part] * z

    def _value(self, shares: FloatArray, offset: float) -> float:
        moves = ((part, offset * move) for part, move in self._moves(shares))
        return self._evaluator.along_chunks_now(moves, self._claim)
