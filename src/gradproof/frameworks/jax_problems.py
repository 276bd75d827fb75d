"""Problems of JAX as problems of arrays of NumPy."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optree

from gradproof.frameworks.adapting import Adapted, Function, Quietly
from gradproof.frameworks.jax_arrays import as_arrays, as_matrix, in_float64, is_floating
from gradproof.frameworks.jax_nodes import JaxNode, is_node
from gradproof.problems import Autodiff, Many, Problem
from gradproof.problems.wirtinger import Convention
from gradproof.tree import NAMESPACE, Constant, flatten

_OF_TRACERS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.UnexpectedTracerError,
)
_TRACED = (
    "gradproof: f was traced by JAX, to be differentiated; let it compute with jax.numpy, branch "
    "by jnp.where or jax.lax.cond, and keep no array of one call for the next"
)

_DONATED = (
    "gradproof: f takes the memory of its argument for its value; jit it without donate_argnums to "
    "check it"
)


def concerns(at: Any) -> bool:
    """Whether there is an array of JAX in a point, or a container that JAX alone knows."""
    return any(isinstance(leaf, jax.Array) or is_node(leaf) for leaf in flatten(at, "at")[1])


@contextlib.contextmanager
def adapted(problem: Problem, seed: int, quietly: Quietly) -> Iterator[Adapted]:
    """Adapt a problem."""
    yield _OfJax(problem, quietly, seed)


class _OfJax(Adapted):
    wirtinger: Convention = "conjugated"

    def __init__(self, problem: Problem, quietly: Quietly, seed: int) -> None:
        super().__init__(problem, quietly)
        self._rng = np.random.default_rng([seed, 0x6A6178])

    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with containers of JAX taken apart, and what is no float set aside."""

        def mark(leaf: Any) -> Any:
            if is_node(leaf):
                return JaxNode(leaf, mark)
            is_array = isinstance(leaf, (jax.Array, np.ndarray))
            return leaf if is_array and is_floating(leaf) else constant(leaf)

        flatten(at, "at")  # which registers dataclasses
        return optree.tree_map(mark, at, namespace=NAMESPACE)

    def calling(self, f: Function) -> Function:
        """Return f in float64 where its arguments are, and with help where a tracer is the matter.

        JAX computes in float32 unless told otherwise, whatever it is given.
        """

        @functools.wraps(f)
        def call(*arguments: Any) -> Any:
            with in_float64(any(map(_is_float64, self.leaves(arguments[0])))):
                try:
                    return f(*arguments)
                except _OF_TRACERS as error:
                    if _TRACED not in getattr(error, "__notes__", ()):
                        error.add_note(_TRACED)
                    raise
                except (RuntimeError, ValueError) as error:
                    if "donated" in str(error):
                        error.add_note(_DONATED)
                    raise

        return call

    sizes = 63, 15

    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves as arrays of JAX."""
        with in_float64(any(map(_is_float64, stacks))):
            return list(map(jnp.asarray, stacks))

    def many(self, f: Function) -> Many | None:
        """Return f over stacked leaves by `jax.vmap`, where JAX traces f in any case.

        What else f does than to compute would be done on tracers.
        """
        if not (isinstance(self.problem.gradient, Autodiff) or hasattr(self.problem.f, "lower")):
            return None

        containers: Any = None

        def of_leaves(leaves: list[Any]) -> Any:
            # Taken apart by us: JAX would sort the keys of dictionaries.
            nonlocal containers
            found, containers = optree.tree_flatten(
                f(self.tree.unflatten(leaves)), namespace=NAMESPACE
            )
            return found

        # Traced once for batches of one size; what f does in a loop would else be compiled anew.
        compiled = jax.jit(jax.vmap(of_leaves))

        def at_once(stacks: Sequence[Any]) -> Sequence[Any]:
            with in_float64(any(map(_is_float64, stacks))):
                found = compiled(list(stacks))
            arrays = as_arrays(containers.unflatten(found))
            parts, structure = optree.tree_flatten(arrays, namespace=NAMESPACE)
            return [structure.unflatten(row) for row in zip(*parts, strict=True)]

        return at_once

    def as_arrays(self, values: Any) -> Any:
        """Return a pytree with arrays of NumPy in the place of those of JAX."""
        return as_arrays(values)

    def as_matrix(self, value: Any) -> Any:
        """Return a Jacobian in arrays of NumPy; a sparse matrix as one of SciPy."""
        return as_matrix(value)

    def copies(self) -> list[Any]:
        """Return copies: a jitted f may take the memory of its argument for its value."""
        return [np.array(v) if isinstance(v, np.ndarray) else jnp.array(v) for v in self.values]

    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return that all outputs are tested."""
        return []

    def _of_leaves(self, leaves: list[Any]) -> Any:
        """Return the value of f for leaves that are moved."""
        return self.f(self.tree.unflatten(leaves))

    def vjp(self, at: Any, cotangent: Any) -> Sequence[Any]:
        """Return what reverse mode says, leaf by leaf."""
        leaves = self.leaves(at)
        with in_float64(any(map(_is_float64, leaves))):
            value, pull = jax.vjp(self._of_leaves, leaves)
            if cotangent is None:
                cotangent = jax.tree.map(jnp.ones_like, value)
            weights = jax.tree.map(_like, cotangent, value)
            (found,) = pull(weights)
        return list(found)

    def jvp(self, at: Any, tangents: Sequence[Any]) -> Any:
        """Return what forward mode says."""
        leaves = self.leaves(at)
        with in_float64(any(map(_is_float64, leaves))):
            along = list(map(_like, tangents, leaves))
            try:
                found = self._compiled_jvp(leaves, along)
            except (TypeError, *_OF_TRACERS):
                # f branches on values, which plain forward mode allows.
                found = self._plain_jvp(leaves, along)
            return jax.tree.map(
                lambda one: np.zeros(one.shape) if one.dtype == jax.dtypes.float0 else one, found
            )

    def _plain_jvp(self, leaves: list[Any], tangents: list[Any]) -> Any:
        return jax.jvp(self._of_leaves, (leaves,), (tangents,))[1]

    @functools.cached_property
    def _compiled_jvp(self) -> Function:
        # There is one call for every component.
        return jax.jit(self._plain_jvp)  # type: ignore[no-any-return, unused-ignore]

    def differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""
        f = self.f
        direction = [self._rng.standard_normal(value.shape) for value in self.values]

        @functools.wraps(self.problem.f)
        def along(at: Any) -> Any:
            def total(leaves: list[Any]) -> Any:
                return jnp.sum(f(self.tree.unflatten(list(leaves))))

            leaves = self.leaves(at)
            with in_float64(any(map(_is_float64, leaves))):
                found = jax.grad(total)(leaves)
                return sum(jnp.sum(g * _like(v, g)) for g, v in zip(found, direction, strict=True))

        self.f = along


def _is_float64(leaf: Any) -> bool:
    return getattr(leaf, "dtype", None) in (np.float64, np.complex128)


def _like(weights: Any, value: Any) -> Any:
    """Return weights in the type that JAX wants them in: none at all for whole numbers."""
    value = jnp.asarray(value)
    if not is_floating(value):
        return np.zeros(value.shape, jax.dtypes.float0)
    return jnp.asarray(weights, dtype=value.dtype)
