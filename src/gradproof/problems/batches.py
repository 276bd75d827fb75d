"""Functions that can be evaluated at many points at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

Many = Callable[[Sequence[npt.NDArray[Any]]], Sequence[Any]]


class Batched:
    """A function of a point, with its values at many points at once.

    `many` takes the leaves of those points, each stacked along a new first axis, and returns one
    result for each point.
    """

    def __init__(self, f: Callable[[Any], Any], many: Many) -> None:
        functools.update_wrapper(self, f)
        self._f = f
        self.many = many

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
    return Batched(both, lambda leaves: [then(one) for one in many(leaves)])
