"""The framework that a point belongs to: its problems as problems of arrays, and back."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gradproof._base.errors import InputError, MissingExtra
from gradproof._base.validation import described
from gradproof.problems import Autodiff, Problem, over_batches
from gradproof.tree import flatten

# Never imported by us: who has an array of one has imported it, as far as the submodule named.
_FRAMEWORKS = {"torch": "nn", "jax": "numpy"}


@dataclasses.dataclass(frozen=True)
class Aside:
    """What is known after a check, beside its report.

    `unreached` returns the addresses of the leaves that automatic differentiation did not reach,
    `notes` what else there is to say.
    """

    unreached: Callable[[], list[str]]
    notes: Callable[[], list[str]]


@contextlib.contextmanager
def as_problem_of_arrays(problem: Problem, seed: int) -> Iterator[tuple[Problem, Aside]]:
    """Return a problem that the engine understands, and what is to be said aside afterwards."""
    for framework, submodule in _FRAMEWORKS.items():
        if hasattr(sys.modules.get(framework), submodule):
            module = importlib.import_module(f"gradproof.frameworks.{framework}_problems")
            if module.concerns(problem.at):
                if problem.manifold is not None:
                    raise InputError(
                        f"at: found parameters of {framework} with a manifold, expected arrays of "
                        "NumPy, or numbers; let f and the gradient convert them"
                    )
                with module.adapted(problem, seed, quietly(problem)) as adapted:
                    yield adapted.of_arrays(), Aside(adapted.addresses_unreached, adapted.notes)
                return
    if isinstance(problem.gradient, Autodiff):
        if not any(map(importlib.util.find_spec, _FRAMEWORKS)):
            raise MissingExtra("gp.autodiff", package="PyTorch (or JAX)", extra="torch")
        raise InputError(
            f"gradient: found gp.autodiff at a point of {described(problem.at)}, expected tensors "
            "or a module of PyTorch, or arrays of JAX, whose automatic differentiation it asks"
        )
    if problem.vectorized:
        f = over_batches(problem.f, flatten(problem.at, problem.root)[0])
        problem = dataclasses.replace(problem, f=f, vectorized=False)
    yield problem, Aside(list, list)


def sharded_by(at: Any) -> Any:
    """Return the module for parameters that are sharded over ranks or devices; None elsewhere."""
    for framework, submodule in _FRAMEWORKS.items():
        if hasattr(sys.modules.get(framework), submodule):
            module = importlib.import_module(f"gradproof.frameworks.{framework}_field")
            if module.concerns(at):
                return module
    return None


def quietly(problem: Problem) -> Callable[[Callable[[], Any]], Any]:
    """Return what calls a function and leaves no trace in any generator of random numbers."""

    def call(function: Callable[[], Any]) -> Any:
        from gradproof.engine.randomness import Randomness

        with Randomness(problem.reseed).kept():
            return function()

    return call
