"""Problems of autograd as problems of arrays: what f takes and returns are arrays in any case."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import optree
from autograd import builtins
from autograd.extend import Box, defvjp, primitive
from autograd.tracer import getval

from gradproof.frameworks.adapting import Adapted, Function, Quietly
from gradproof.frameworks.leaf_values import is_array_of_floats
from gradproof.problems import Problem
from gradproof.problems.wirtinger import Convention
from gradproof.tree import NAMESPACE, Constant, Tree, flatten

# What f raises when it is given what autograd records, and would not of an array.
_OF_BOXES = (TypeError, ValueError, AttributeError, NotImplementedError)
_RECORDED = (
    "gradproof: f was called by autograd, to be differentiated; let it compute with "
    "autograd.numpy, change no array in place, and give every @primitive its defvjp (and its "
    "defjvp for forward mode). For a function of PyTorch, JAX or TensorFlow let the point hold "
    "tensors or arrays of that"
)


@contextlib.contextmanager
def adapted(problem: Problem, seed: int, quietly: Quietly) -> Iterator[Adapted]:
    """Adapt a problem."""
    yield _OfAutograd(problem, quietly, seed)


class _OfAutograd(Adapted):
    wirtinger: Convention = "conjugated"

    def __init__(self, problem: Problem, quietly: Quietly, seed: int) -> None:
        super().__init__(problem, quietly)
        self._rng = np.random.default_rng([seed, 0x6175746F67])

    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with what is no float set aside."""

        def mark(leaf: Any) -> Any:
            return leaf if isinstance(leaf, Box) or is_array_of_floats(leaf) else constant(leaf)

        flatten(at, "at")  # which registers dataclasses
        return optree.tree_map(mark, at, namespace=NAMESPACE)

    def calling(self, f: Function) -> Function:
        """Return f with help where what autograd records is the matter."""

        @functools.wraps(f)
        def call(*arguments: Any) -> Any:
            try:
                return f(*arguments)
            except _OF_BOXES as error:
                is_recorded = any(isinstance(leaf, Box) for leaf in self.leaves(arguments[0]))
                if is_recorded and _RECORDED not in getattr(error, "__notes__", ()):
                    error.add_note(_RECORDED)
                raise

        return call

    def as_arrays(self, values: Any) -> Any:
        """Return the values, which are arrays."""
        return values

    def copies(self) -> list[Any]:
        """Return copies of the leaves."""
        return [v.copy() if isinstance(v, np.ndarray) else v for v in self.values]

    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves, which are arrays."""
        return list(stacks)

    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return that all outputs are tested."""
        return []

    def vjp(self, at: Any, cotangent: Any) -> Sequence[Any]:
        """Return what reverse mode says, leaf by leaf."""
        weights = None if cotangent is None else flatten(cotangent, "cotangent")[1]
        reached: dict[int, Any] = {}

        def total(leaves: Any) -> Any:
            at_leaves = [_seen(leaves[k], k, reached) for k in range(len(self.values))]
            values = self._outputs(at_leaves)[1]
            return _weighted(values, weights or [1.0] * len(values))

        found = self._gradient(total, self.leaves(at))
        self.unreached |= set(range(len(found))) - reached.keys()
        return [reached.get(k, one) for k, one in enumerate(found)]

    def jvp(self, at: Any, tangents: Sequence[Any]) -> Any:
        """Return what forward mode says."""
        outputs: Any = None

        def of_leaves(leaves: Any) -> Any:
            nonlocal outputs
            outputs, values = self._outputs([leaves[k] for k in range(len(self.values))])
            floats = [v if _is_float(v) else np.zeros(np.shape(getval(v))) for v in values]
            return builtins.tuple(floats)

        leaves = self.leaves(at)
        along = [_like(tangent, leaf) for tangent, leaf in zip(tangents, leaves, strict=True)]
        with _quietly():
            _, found = autograd.make_jvp(of_leaves)(leaves)(along)
        return outputs.unflatten(list(found))

    def differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""
        f = self.f
        direction = [self._rng.standard_normal(np.shape(value)) for value in self.values]

        @functools.wraps(self.problem.f)
        def along(at: Any) -> Any:
            def total(leaves: Any) -> Any:
                return f(self.tree.unflatten([leaves[k] for k in range(len(direction))]))

            return _weighted(self._gradient(total, self.leaves(at)), direction)

        self.f = along

    def _gradient(self, total: Function, leaves: list[Any]) -> list[Any]:
        """Return the derivatives of one number, leaf by leaf."""
        with _quietly():
            pull, value = autograd.make_vjp(total)(leaves)
        found = pull(_like(np.ones(np.shape(getval(value))), value))
        return [found[k] for k in range(len(leaves))]

    def _outputs(self, leaves: list[Any]) -> tuple[Tree, list[Any]]:
        """Return the structure of what f returns for leaves, and its parts."""
        return flatten(_opened(self.f(self.tree.unflatten(leaves))), "output")


def _identity(x: Any, k: int, reached: dict[int, Any]) -> Any:
    return x


def _passed(answer: Any, x: Any, k: int, reached: dict[int, Any]) -> Function:
    def pull(g: Any) -> Any:
        reached[k] = g
        # Of another shape, by a wrong defvjp, autograd could not put it among the others.
        return g if np.shape(g) == np.shape(x) else np.zeros(np.shape(x))

    return pull


_seen = primitive(_identity)
"""Returns x, and keeps what reverse mode comes by with."""
defvjp(_seen, _passed, argnums=(0,))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Leave it to us to say that f does not depend on its argument."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Output seems independent of input")
        yield


def _opened(value: Any) -> Any:
    """Return a pytree without the containers in which autograd records."""

    def open_(leaf: Any) -> Any:
        if isinstance(leaf, builtins.SequenceBox):
            return [_opened(leaf[k]) for k in range(len(leaf))]
        if isinstance(leaf, builtins.DictBox):
            return {key: _opened(leaf[key]) for key in leaf}
        return leaf

    return optree.tree_map(open_, value, namespace=NAMESPACE)


def _is_float(value: Any) -> bool:
    return is_array_of_floats(getval(value))


def _like(weights: Any, value: Any) -> Any:
    """Return weights in the type and shape of a value."""
    value = np.asarray(getval(value))
    return np.asarray(weights, dtype=value.dtype).reshape(value.shape)[()]


def _weighted(values: Sequence[Any], weights: Sequence[Any]) -> Any:
    """Return the sum of all values, weighted; what are no floats has no derivative."""
    pairs = zip(values, weights, strict=True)
    return sum((anp.sum(_like(u, v) * v) for v, u in pairs if _is_float(v)), 0.0)
