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
from gradproof.frameworks.leaf_values import is_array_of_floats
from gradproof.problems import Autodiff, Problem, over_batches
from gradproof.tree import flatten

# Never imported by us: who has an array of one has imported it, as far as the name given.
_FRAMEWORKS = {"torch": "nn", "jax": "numpy", "tensorflow": "GradientTape", "cupy": "ndarray"}
_WITH_SHARDS = "torch", "jax"


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
    module = _adapter(problem)
    if module is not None:
        if problem.manifold is not None:
            raise InputError(
                f"at: found {described(problem.at)} with a manifold, expected arrays of NumPy, or "
                "numbers; let f and the gradient convert them"
            )
        with module.adapted(problem, seed, quietly(problem)) as adapted:
            yield adapted.of_arrays(), Aside(adapted.addresses_unreached, adapted.notes)
        return
    if problem.vectorized:
        f = over_batches(problem.f, flatten(problem.at, problem.root)[0])
        problem = dataclasses.replace(problem, f=f, vectorized=False)
    yield problem, Aside(list, list)


def _adapter(problem: Problem) -> Any:
    """Return the module that adapts a problem; None where it is one of arrays as it is."""
    for framework, name in _FRAMEWORKS.items():
        if hasattr(sys.modules.get(framework), name):
            module = importlib.import_module(f"gradproof.frameworks.{framework}_problems")
            if module.concerns(problem.at):
                return module
    if not isinstance(problem.gradient, Autodiff):
        return None
    # Arrays of NumPy are those of autograd, too.
    if not any(map(is_array_of_floats, flatten(problem.at, problem.root)[1])):
        raise InputError(
            f"gradient: found gp.autodiff at a point of {described(problem.at)}, expected tensors "
            "of PyTorch or TensorFlow, modules, layers, arrays of JAX, or floating-point arrays "
            "of NumPy for autograd: what it asks is their automatic differentiation"
        )
    if importlib.util.find_spec("autograd") is None:
        missing = MissingExtra(
            "gp.autodiff at a point of NumPy's arrays", package="autograd", extra="autograd"
        )
        missing.add_note(
            "gradproof: for a function of PyTorch, JAX or TensorFlow let the point hold tensors "
            "or arrays of that"
        )
        raise missing
    return importlib.import_module("gradproof.frameworks.autograd_problems")


def sharded_by(at: Any) -> Any:
    """Return the module for parameters that are sharded over ranks or devices; None elsewhere."""
    for framework in _WITH_SHARDS:
        if hasattr(sys.modules.get(framework), _FRAMEWORKS[framework]):
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
