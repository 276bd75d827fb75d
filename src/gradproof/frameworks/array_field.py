"""Arrays that are too large for a second copy in float64, or that are in a file.

The arrays of the user are only read. What f sees is a copy of ours, which is moved: in memory, and
of an array in a file in a file of its own beside that, which is gone once nobody has it open.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradproof._base.floats import is_float, unit_roundoff
from gradproof.frameworks.leaf_kinds import Buffer, Kind
from gradproof.frameworks.leaf_values import kind_of, numbers_of
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.field import Alone, Numbers
from gradproof.tree import Tree

_PIECE = 1 << 18


class ArrayPart:
    """A whole leaf: the numbers of the user, and the buffer that f sees."""

    counts = True

    def __init__(self, leaf: int, place: int, given: Buffer, buffer: Buffer) -> None:
        self.leaf, self.place, self.size = leaf, place, buffer.size
        self.buffer, self._given = buffer, InPieces(given)
        self.put_back()

    def read(self, piece: slice) -> Buffer:
        """Return some numbers at the point."""
        return self._given.read(piece).astype(self.buffer.dtype, copy=False)

    def write(self, piece: slice, numbers: FloatArray) -> Buffer:
        """Put numbers into the buffer, and return what they became by rounding."""
        there = self.buffer[piece]
        with np.errstate(over="ignore"):
            there[:] = numbers
        return there

    def put_back(self) -> None:
        """Put the numbers at the point into the buffer."""
        for piece in _pieces(self.size):
            self.buffer[piece] = self._given.read(piece)

    def is_at_point(self) -> bool:
        """Whether the buffer holds the numbers at the point, bit for bit."""
        return all(
            np.array_equal(self.buffer[piece].view(np.uint8), self.read(piece).view(np.uint8))
            for piece in _pieces(self.size)
        )


class InPieces:
    """An array of any shape and layout, as a run of numbers in the order of its indices."""

    def __init__(self, array: Buffer) -> None:
        contiguous = array.flags.c_contiguous
        self._array = array.reshape(-1) if contiguous else array.flat

    def read(self, piece: slice) -> Buffer:
        """Return some of its numbers."""
        numbers: Buffer = self._array[piece]
        return numbers


class ArrayField:
    """Leaves of NumPy, and tensors of PyTorch and arrays of JAX that are whole and in memory."""

    def __init__(self, tree: Tree, values: Sequence[Any]) -> None:
        self.tree, self.ranks = tree, Alone()
        self._kinds: list[Kind] = list(map(kind_of, values))
        self.parts = [_part(number, tree, value) for number, value in enumerate(values)]
        self.roundoffs = tuple(unit_roundoff(part.buffer.dtype) for part in self.parts)
        self.types = tuple(part.buffer.dtype.name for part in self.parts)

    @property
    def at(self) -> Any:
        """The parameters, which are the buffers as they are now."""
        return self.tree.unflatten(
            [
                kind.show(part.buffer, leaf.shape)
                for kind, part, leaf in zip(self._kinds, self.parts, self.tree.leaves, strict=True)
            ]
        )

    def claim(self, values: list[Any]) -> list[Numbers]:
        """Return what is claimed of each leaf."""
        return [InPieces(np.asarray(value)) for value in values]


def _part(number: int, tree: Tree, value: Any) -> ArrayPart:
    leaf = tree.leaves[number]
    given = numbers_of(value, tree.address(leaf))
    dtype = given.dtype if is_float(given.dtype) else np.dtype(np.float64)
    if isinstance(value, np.memmap):
        buffer = _in_a_file(value, dtype)
    else:
        buffer = np.empty(given.size, dtype=dtype)
    return ArrayPart(number, leaf.start, given, buffer)


def _in_a_file(beside: Any, dtype: np.dtype[Any]) -> Buffer:
    """Return an array in a file without a name, on the disk that holds another one if possible.

    A private mapping of the same file would take memory for everything that is moved, and that is
    all of it: there may be less than that.
    """
    folder = Path(beside.filename).parent if beside.filename else None
    if folder is None or not os.access(folder, os.W_OK):
        folder = Path(tempfile.gettempdir())
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, dtype=dtype, mode="w+", shape=(beside.size,))


def _pieces(size: int) -> list[slice]:
    return [slice(first, min(first + _PIECE, size)) for first in range(0, size, _PIECE)]
