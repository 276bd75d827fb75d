"""A sparse Jacobian as its entries, column by column."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray


def is_sparse(matrix: Any) -> bool:
    """Whether something is a sparse matrix or array, by what it can do."""
    return hasattr(matrix, "shape") and hasattr(matrix, "tocsc") and not callable(matrix)


def require_sound(matrix: Any) -> None:
    """Raise where a sparse matrix has entries outside of it: SciPy would read and write there."""
    if not _is_sound(matrix):
        raise InputError(
            f"Jacobian: found a sparse matrix of shape {matrix.shape} whose indices, pointers and "
            "data do not fit together, expected real numbers at places inside of it: "
            ".check_format() says where they are not"
        )


def _is_sound(matrix: Any) -> bool:
    form = getattr(matrix, "format", None)
    if form not in ("csr", "csc", "coo"):
        return True
    data = np.asarray(matrix.data)
    if data.dtype.kind not in "biufc" or data.ndim != 1:
        return False
    if form == "coo":
        sides = zip((matrix.row, matrix.col), matrix.shape, strict=True)
        return all(len(one) == data.size and _within(one, size) for one, size in sides)
    major, minor = matrix.shape if form == "csr" else matrix.shape[::-1]
    pointers, places = np.asarray(matrix.indptr), np.asarray(matrix.indices)
    return bool(
        pointers.shape == (major + 1,)
        and pointers[0] == 0
        and np.all(np.diff(pointers) >= 0)
        and pointers[-1] <= min(places.size, data.size)
        and _within(places[: pointers[-1]], minor)
    )


def _within(places: Any, size: int) -> bool:
    return bool(np.all((np.asarray(places) >= 0) & (np.asarray(places) < size)))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Entries:
    """The entries of a matrix of `shape` (m, n), sorted by columns, then rows; each place once."""

    rows: IntArray
    columns: IntArray
    values: FloatArray
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: Any) -> Entries:
        """Return those of a sparse matrix; what it holds twice at one place counts as its sum."""
        require_sound(matrix)
        found = matrix.tocsc(copy=True)
        found.sum_duplicates()
        columns = np.repeat(np.arange(found.shape[1]), np.diff(found.indptr))
        return cls(
            found.indices.astype(np.int64),
            columns.astype(np.int64),
            np.asarray(found.data, dtype=np.float64),
            (int(found.shape[0]), int(found.shape[1])),
        )

    @property
    def size(self) -> int:
        """How many there are."""
        return self.values.size

    @property
    def starts(self) -> IntArray:
        """Where each column begins, and the last one ends."""
        return np.searchsorted(self.columns, np.arange(self.shape[1] + 1)).astype(np.int64)

    def times(self, moves: FloatArray) -> FloatArray:
        """Return the product with a vector."""
        terms = self.values * moves[self.columns]
        return np.bincount(self.rows, terms, minlength=self.shape[0]).astype(np.float64)

    def of_rows(self, values: FloatArray) -> FloatArray:
        """Return the root of the sum of squares of one number for each entry, row by row."""
        unit = float(np.max(np.abs(values), initial=0.0)) or 1.0  # whose square may be out of range
        squares = np.bincount(self.rows, (values / unit) ** 2, minlength=self.shape[0])
        return unit * np.sqrt(squares)

    def take(self, which: IntArray | BoolArray) -> Entries:
        """Return some of them, in the order in which they are."""
        return Entries(self.rows[which], self.columns[which], self.values[which], self.shape)

    def with_zeros(self, rows: IntArray, columns: IntArray) -> Entries:
        """Return these and more, which are claimed to be 0."""
        if not rows.size:
            return self
        rows, columns = np.append(self.rows, rows), np.append(self.columns, columns)
        values = np.append(self.values, np.zeros(rows.size - self.size))
        order = np.lexsort((rows, columns))
        return Entries(rows[order], columns[order], values[order], self.shape)
