"""Pytrees as lists of arrays and as flat vectors, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import optree

Array = npt.NDArray[Any]


class Structure:
    """The structure of a point: shapes and dtypes of its leaves, and the way back from numbers.

    Numbers that are no floats count as float64. `dtype` is float32 where all leaves are.
    """

    def __init__(self, at: Any) -> None:
        leaves, self._spec = optree.tree_flatten(at)
        self._numbers = [isinstance(leaf, (int, float)) for leaf in leaves]
        self.paths: list[tuple[Any, ...]] = list(optree.tree_paths(at))
        self.leaves = [_floats(leaf) for leaf in leaves]
        self.shapes = [leaf.shape for leaf in self.leaves]
        self.dtypes = [leaf.dtype for leaf in self.leaves]
        self.dtype = np.result_type(np.float32 if self.leaves else np.float64, *self.dtypes)
        stops = np.cumsum([leaf.size for leaf in self.leaves])
        self.slices = [
            slice(int(stop) - leaf.size, int(stop))
            for stop, leaf in zip(stops, self.leaves, strict=True)
        ]
        self.size = sum(leaf.size for leaf in self.leaves)

    def leaves_of(self, tree: Any) -> list[Array]:
        """Return the leaves of a gradient, each in the shape of the leaf of the point."""
        leaves: list[Any] = optree.tree_leaves(tree)
        if len(leaves) != len(self.shapes):
            raise ValueError(f"a gradient of {len(leaves)} leaves for {len(self.shapes)}")
        return [
            _floats(leaf).reshape(shape) for leaf, shape in zip(leaves, self.shapes, strict=True)
        ]

    def vector(self, tree: Any) -> Array:
        """Return all leaves behind each other, in the widest of their dtypes."""
        leaves = self.leaves_of(tree)
        return np.concatenate([leaf.ravel() for leaf in leaves]) if leaves else np.empty(0)

    def tree(self, leaves: list[Array]) -> Any:
        """Return arrays in the structure of the point; numbers where the point has numbers."""
        return optree.tree_unflatten(
            self._spec,
            [
                float(leaf) if number else np.array(leaf)
                for leaf, number in zip(leaves, self._numbers, strict=True)
            ],
        )

    def point(self, vector: Array) -> Any:
        """Return a vector as a point: each leaf in its shape and dtype."""
        return self.tree(
            [
                vector[where].astype(dtype).reshape(shape)
                for where, dtype, shape in zip(self.slices, self.dtypes, self.shapes, strict=True)
            ]
        )


def _floats(leaf: Any) -> Array:
    array = np.asarray(leaf)
    return array if array.dtype.kind == "f" else array.astype(np.float64)
