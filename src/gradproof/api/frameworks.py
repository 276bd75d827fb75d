"""The framework that a point belongs to: its problems as problems of arrays, and back."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.problems import Autodiff, Problem

Unreached = Callable[[], list[str]]


@contextlib.contextmanager
def as_problem_of_arrays(problem: Problem, seed: int) -> Iterator[tuple[Problem, Unreached]]:
    """Return a problem that the engine understands, and a function of what had no gradient.

    The latter returns the addresses of the leaves to which automatic differentiation found no path.
    """
    if "torch" in sys.modules:
        from gradproof.frameworks import torch_problems

        if torch_problems.concerns_torch(problem.at):
            with torch_problems.as_problem_of_arrays(problem, seed, _quietly(problem)) as adapted:
                yield adapted
            return
    if isinstance(problem.gradient, Autodiff):
        raise InputError(
            f"gradient: found gp.autodiff at a point of {described(problem.at)}, expected tensors "
            "or a module of PyTorch, or arrays of JAX, whose automatic differentiation it asks"
        )
    yield problem, list


def _quietly(problem: Problem) -> Callable[[Callable[[], object]], object]:
    """Return what calls a function and leaves no trace in any generator of random numbers."""

    def call(function: Callable[[], object]) -> object:
        from gradproof.engine.randomness import Randomness

        with Randomness(problem.reseed).kept():
            return function()

    return call
