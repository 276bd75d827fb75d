"""Problems of TensorFlow as problems of arrays: f is given tensors, and arrays come back."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import optree
import tensorflow as tf

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.frameworks.adapting import OF_VECTORS, Adapted, Function, Quietly
from gradproof.frameworks.leaf_values import kind_of
from gradproof.frameworks.tensorflow_layers import Held, LayerNode, State, is_layer, kept
from gradproof.frameworks.tensorflow_tensors import (
    as_arrays,
    as_tensors,
    is_tensor,
    is_variable,
    raw,
)
from gradproof.problems import Problem
from gradproof.tree import NAMESPACE, Constant, flatten


def concerns(at: Any) -> bool:
    """Whether there is a tensor, a variable or a layer of TensorFlow in a point."""
    return any(is_tensor(leaf) or is_layer(leaf) for leaf in _all_leaves(at))


@contextlib.contextmanager
def adapted(problem: Problem, seed: int, quietly: Quietly) -> Iterator[Adapted]:
    """Adapt a problem; the variables of layers are kept, and put back at the end."""
    if not tf.executing_eagerly():
        raise InputError(
            "at: found tensors of a graph, expected numbers; call gp.check outside of tf.function, "
            "with eager execution, and let f call what is compiled"
        )
    leaves = _all_leaves(problem.at)
    constants = [leaf for leaf in leaves if is_variable(leaf) and not _is_moved(leaf)]
    with kept([leaf for leaf in leaves if is_layer(leaf)], constants) as state:
        yield _OfTensorFlow(problem, quietly, state, seed)


class _OfTensorFlow(Adapted):
    def __init__(self, problem: Problem, quietly: Quietly, state: State, seed: int) -> None:
        self._state = state
        self._gives_arrays = isinstance(problem.gradient, OF_VECTORS)
        super().__init__(problem, quietly)
        self._rng = np.random.default_rng([seed, 0x7466])
        self.say_unchecked("they are not trainable", _is_float)
        self.say_unchecked(
            "complex numbers are not moved",
            lambda one: is_tensor(one) and raw(one).dtype.is_complex,
        )

    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with layers taken apart, and what is not moved set aside."""
        taken: set[int] = set()

        def mark(leaf: Any) -> Any:
            if is_layer(leaf):
                node = LayerNode(leaf, taken, self._state)
                return node if node.names else constant(leaf)
            return leaf if _is_moved(leaf) else constant(leaf)

        flatten(at, "at")  # which registers dataclasses
        return optree.tree_map(mark, at, namespace=NAMESPACE)

    def calling(self, f: Function) -> Function:
        """Return f with what layers remember put back before."""

        @functools.wraps(f)
        def call(*arguments: Any) -> Any:
            self._state.require_float64()
            self._state.put_constants_back()
            if self._gives_arrays and len(arguments) > 1:
                # TensorFlow mixes no types: vectors are in that of the leaves, if it is one.
                types = {source.dtype for source in self._sources(arguments[0])}
                dtype = types.pop() if len(types) == 1 else None
                arguments = (arguments[0], *(as_tensors(one, dtype) for one in arguments[1:]))
            return f(*arguments)

        return call

    @property
    def names(self) -> Sequence[str] | None:
        """The names of the parameters, where the point is one layer."""
        return self._at.names if isinstance(self._at, LayerNode) else None

    def restore(self) -> None:
        """Put all variables back."""
        self._state.put_back()

    def as_arrays(self, values: Any) -> Any:
        """Return a pytree with arrays of NumPy in the place of tensors."""
        return as_arrays(values)

    def copies(self) -> list[Any]:
        """Return copies of variables by themselves; those of layers are put back."""
        return [v if isinstance(v, Held) else kind_of(v).copy(v) for v in self.values]

    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves as tensors."""
        return [tf.constant(np.array(stack)) for stack in stacks]

    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return that all outputs are tested."""
        return []

    def vjp(self, at: Any, cotangent: Any) -> Sequence[Any]:
        """Return what reverse mode says, leaf by leaf."""
        weights = None if cotangent is None else flatten(cotangent, "cotangent")[1]
        sources = self._sources(at)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            values = _tensors(self.f(at))
        if weights is None:
            weights = [np.ones(value.shape) for value in values]
        pairs = [
            (value, tf.cast(as_tensors(np.asarray(weight)), value.dtype))
            for value, weight in zip(values, weights, strict=True)
            if value.dtype.is_floating
        ]
        found = tape.gradient([v for v, _ in pairs], sources, [u for _, u in pairs])
        self.unreached |= {k for k, one in enumerate(found) if one is None}
        return [
            tf.zeros_like(source) if one is None else tf.convert_to_tensor(one)
            for one, source in zip(found, sources, strict=True)
        ]

    def jvp(self, at: Any, tangents: Sequence[Any]) -> Any:
        """Return what forward mode says."""
        sources = self._sources(at)
        along = [
            tf.cast(as_tensors(np.asarray(tangent)), source.dtype)
            for tangent, source in zip(tangents, sources, strict=True)
        ]
        with tf.autodiff.ForwardAccumulator(sources, along) as accumulator:
            tree, values = flatten(self.f(at), "output")
        return tree.unflatten([_tangent(accumulator, value) for value in values])

    def differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""
        f = self.f
        direction = [self._rng.standard_normal(tuple(value.shape)) for value in self.values]

        @functools.wraps(self.problem.f)
        def along(at: Any) -> Any:
            sources = self._sources(at)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(sources)
                (value,) = _tensors(f(at))
            found = tape.gradient(value, sources)
            terms = [
                tf.reduce_sum(tf.convert_to_tensor(g) * tf.cast(v, g.dtype))
                for g, v in zip(found, direction, strict=True)
                if g is not None
            ]
            return tf.add_n(terms) if terms else tf.zeros((), value.dtype)

        self.f = along

    def _sources(self, at: Any) -> list[Any]:
        """Return the tensors and variables of TensorFlow that a point is made of."""
        return [raw(v.variable if isinstance(v, Held) else v) for v in self.leaves(at)]


def _tangent(accumulator: Any, value: Any) -> Any:
    if not is_tensor(value):
        return np.zeros(np.shape(value))
    tangent = accumulator.jvp(value) if value.dtype.is_floating else None
    return tf.zeros_like(value) if tangent is None else tangent


def _tensors(value: Any) -> list[Any]:
    tree, values = flatten(value, "output")
    for leaf, one in zip(tree.leaves, values, strict=True):
        if not is_tensor(one):
            raise InputError(
                f"the value of f: found {described(one)} at {tree.address(leaf)}, expected a "
                "tensor: automatic differentiation sees nothing else; leave out .numpy() and "
                "float()"
            )
    return [tf.convert_to_tensor(one) for one in values]


def _is_float(leaf: Any) -> bool:
    return is_tensor(leaf) and bool(raw(leaf).dtype.is_floating)


def _is_moved(leaf: Any) -> bool:
    return _is_float(leaf) and not (is_variable(leaf) and not leaf.trainable)


def _all_leaves(at: Any) -> list[Any]:
    return flatten(at, "at")[1]
