"""Vectors as points of all shapes: numbers, arrays of any layout, nested containers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from benchmarks.soak.functions import Array, Rng


class Pair(NamedTuple):
    """A named tuple among the containers."""

    first: Any
    rest: Any


@dataclasses.dataclass(frozen=True)
class Container:
    """How leaves are put into a container, and taken out of it."""

    put: Callable[[list[Any]], Any]
    take: Callable[[Any], list[Any]]


_CONTAINERS = (
    Container(
        lambda leaves: {f"w{k}": leaf for k, leaf in enumerate(leaves)},
        lambda at: list(at.values()),
    ),
    Container(list, list),
    Container(tuple, list),
    Container(
        lambda leaves: Pair(leaves[0], {"rest": leaves[1:]}),
        lambda at: [at.first, *at.rest["rest"]],
    ),
    Container(
        lambda leaves: {"a": {"b": [leaves[0]]}, "c": tuple(leaves[1:])},
        lambda at: [*at["a"]["b"], *at["c"]],
    ),
)
_ALONE = Container(lambda leaves: leaves[0], lambda at: [at])


@dataclasses.dataclass(frozen=True)
class Shape:
    """A structure that a vector can be given."""

    container: Container
    shapes: tuple[tuple[int, ...], ...]
    dtype: Any
    number: bool

    def point(self, x: Array, rng: Rng) -> Any:
        """Return a vector in this structure, in arrays of any layout."""
        return self._filled(x, lambda leaf: _laid_out(leaf, rng))

    def tree(self, x: Array) -> Any:
        """Return a vector in this structure, in plain arrays."""
        return self._filled(x, lambda leaf: leaf)

    def _filled(self, x: Array, show: Callable[[Array], Array]) -> Any:
        if self.number:
            return float(x[0])
        leaves, start = [], 0
        for shape in self.shapes:
            stop = start + int(np.prod(shape))
            leaves.append(show(x[start:stop].astype(self.dtype).reshape(shape)))
            start = stop
        return self.container.put(leaves)

    def vector(self, at: Any) -> Array:
        """Return a point as a vector."""
        if self.number:
            return np.array([at])
        leaves = self.container.take(at)
        return np.concatenate([leaf.ravel() for leaf in leaves])


def draw(rng: Rng) -> tuple[Shape, int]:
    """Return a random structure, and how many components it has."""
    dtype = np.float32 if rng.random() < 0.15 else np.float64
    if rng.random() < 0.08:
        return Shape(_ALONE, ((),), np.float64, number=True), 1
    several = rng.random() < 0.6
    count = int(rng.integers(2, 4)) if several else 1
    shapes = tuple(_one_shape(rng) for _ in range(count))
    container = _CONTAINERS[rng.integers(len(_CONTAINERS))] if several else _ALONE
    size = sum(int(np.prod(shape)) for shape in shapes)
    return Shape(container, shapes, dtype, number=False), size


def _one_shape(rng: Rng) -> tuple[int, ...]:
    dimensions = int(rng.choice([0, 1, 2, 3], p=[0.1, 0.5, 0.3, 0.1]))
    return tuple(int(side) for side in rng.integers(1, (1, 6, 3, 2)[dimensions] + 1, dimensions))


def _laid_out(leaf: Array, rng: Rng) -> Array:
    how = rng.integers(6)
    if how == 0 and leaf.ndim:
        return np.asfortranarray(leaf)
    if how == 1 and leaf.ndim:
        wide = np.repeat(leaf, 2, axis=-1)
        return wide[..., ::2]
    if how == 2 and leaf.ndim:
        return np.ascontiguousarray(leaf[::-1])[::-1]
    return leaf
