"""Problems of CuPy as problems of arrays: f is given those of CuPy, and NumPy's come back."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import cupy
import optree

from gradproof._base.errors import InputError
from gradproof.frameworks.adapting import Adapted, Function, Quietly
from gradproof.frameworks.cupy_arrays import as_arrays, on_device
from gradproof.frameworks.leaf_values import is_array_of_floats
from gradproof.problems import Autodiff, Problem
from gradproof.tree import NAMESPACE, Constant, flatten


def concerns(at: Any) -> bool:
    """Whether there is an array of CuPy in a point."""
    return any(isinstance(leaf, cupy.ndarray) for leaf in flatten(at, "at")[1])


@contextlib.contextmanager
def adapted(problem: Problem, seed: int, quietly: Quietly) -> Iterator[Adapted]:
    """Adapt a problem."""
    if isinstance(problem.gradient, Autodiff):
        raise InputError(
            "gradient: found gp.autodiff at arrays of CuPy, expected a function of them: CuPy has "
            "no automatic differentiation to ask"
        )
    yield _OfCupy(problem, quietly)


class _OfCupy(Adapted):
    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with what is no float set aside."""

        def mark(leaf: Any) -> Any:
            if isinstance(leaf, cupy.ndarray):
                return leaf if leaf.dtype.kind in "fc" else constant(leaf)
            return leaf if is_array_of_floats(leaf) else constant(leaf)

        flatten(at, "at")  # which registers dataclasses
        return optree.tree_map(mark, at, namespace=NAMESPACE)

    def calling(self, f: Function) -> Function:
        """Return f with vectors, which come beside the point, on the device."""

        @functools.wraps(f)
        def call(at: Any, *vectors: Any) -> Any:
            return f(at, *map(on_device, vectors))

        return call

    def as_arrays(self, values: Any) -> Any:
        """Return a pytree with arrays of NumPy in the place of those of CuPy."""
        return as_arrays(values)

    def copies(self) -> list[Any]:
        """Return copies of the leaves."""
        return [value.copy() if hasattr(value, "copy") else value for value in self.values]

    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves, where they are to be."""
        return [
            cupy.asarray(stack) if isinstance(value, cupy.ndarray) else stack
            for stack, value in zip(stacks, self.values, strict=True)
        ]

    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return that all outputs are tested."""
        return []

    def vjp(self, at: Any, cotangent: Any) -> NoReturn:
        """Raise: there is no automatic differentiation."""
        raise NotImplementedError

    def jvp(self, at: Any, tangents: Sequence[Any]) -> NoReturn:
        """Raise: there is no automatic differentiation."""
        raise NotImplementedError

    def differentiate_once(self) -> NoReturn:
        """Raise: there is no automatic differentiation."""
        raise NotImplementedError
