"""Functions that can be evaluated at many points at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import optree

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.tree import NAMESPACE, Tree

Many = Callable[[Sequence[npt.NDArray[Any]]], Sequence[Any]]


class Batched:
    """A function of a point, with its values at many points at once.

    `many` takes the leaves of those points, each stacked along a new first axis, and returns one
    result for each point. A leaf that is the same at all of them may be one point's, repeated
    without memory of its own. `sizes` are the numbers of points that it is asked for; None where
    each number costs the same, and not, say, a compilation.
    """

    def __init__(
        self, f: Callable[[Any], Any], many: Many, sizes: tuple[int, ...] | None = None
    ) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self.many = many
        self.sizes = sizes

    def __call__(self, at: Any) -> Any:
        """Evaluate at one point."""
        return self._f(at)


def followed_by(then: Callable[[Any], Any], f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return ``then ∘ f``, which can be evaluated at many points at once if f can."""

    @functools.wraps(f)
    def both(at: Any) -> Any:
        return then(f(at))

    if not isinstance(f, Batched):
        return both
    many = f.many
    return Batched(both, lambda leaves: [then(one) for one in many(leaves)], f.sizes)


def at_one_point(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function of one point from one of a batch of them, which gets a batch of one."""

    @functools.wraps(f)
    def one(at: Any) -> Any:
        # What most functions take and return needs no pytrees, which take as long as a quick f.
        plain = isinstance(at, np.ndarray)
        batch = at[None] if plain else optree.tree_map(_as_a_batch, at, namespace=NAMESPACE)
        found = f(batch)
        if isinstance(found, np.ndarray) and found.shape == (1,):
            return found[0]
        return results_of(found, 1)[0]

    return one


def _as_a_batch(leaf: Any) -> Any:
    return leaf[None] if hasattr(leaf, "shape") else np.asarray(leaf)[None]


def results_of(batch: Any, size: int) -> Sequence[Any]:
    """Return the result at each point of a batch; every leaf has them along its first axis."""
    parts, structure = optree.tree_flatten(batch, namespace=NAMESPACE)
    for part in parts or [batch]:  # None and an empty dict have none
        if np.shape(part)[:1] != (size,):
            raise InputError(
                f"the value of f: found {described(part)} for a batch of {size} with "
                f"vectorized=True, expected an array whose first axis has length {size}, with one "
                "result for each point"
            )
    if structure.is_leaf():
        return list(parts[0])
    return [structure.unflatten(row) for row in zip(*parts, strict=True)]


def over_batches(f: Callable[[Any], Any], tree: Tree) -> Batched:
    """Return a function of batches as one of a point."""

    def many(leaves: Sequence[npt.NDArray[Any]]) -> Sequence[Any]:
        return results_of(f(tree.unflatten(list(leaves))), len(leaves[0]))

    return Batched(at_one_point(f), many)
