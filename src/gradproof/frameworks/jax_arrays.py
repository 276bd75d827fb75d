"""Arrays of JAX as leaves: they cannot be changed, and are made anew for every move."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optree

from gradproof._base.complexes import as_complex, is_complex
from gradproof.frameworks.jax_nodes import is_node, named_leaves
from gradproof.frameworks.leaf_kinds import Buffer, Kind
from gradproof.tree import NAMESPACE


@dataclasses.dataclass(frozen=True)
class JaxArray:
    """An array of JAX, on the device that it was on."""

    sharding: Any
    is_complex: bool = False
    shares_memory: bool = False
    is_bound: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        return JaxArray, (None, self.is_complex)  # another process has devices of its own

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return an array of its own, in the type of the buffer whatever JAX is set to."""
        # JAX may take over the memory of an array that it is given.
        numbers = np.array(buffer.reshape(shape))
        with in_float64(numbers.dtype == np.float64):
            if self.is_complex:
                numbers = as_complex(numbers)
            return jax.device_put(numbers, self.sharding)

    def copy(self, leaf: Any) -> Any:
        """Return it: it cannot be changed."""
        return leaf

    def in_float64(self) -> Kind:
        """Return the same: the type is that of the buffer."""
        return self


def kind_of_jax_array(array: Any) -> JaxArray:
    """Return the kind of an array of JAX."""
    return JaxArray(array.sharding, is_complex(array))


def in_float64(wanted: bool) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which JAX computes in float64, if that is wanted and it does not."""
    if not wanted or jax.config.jax_enable_x64:
        return contextlib.nullcontext()
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)  # type: ignore[no-any-return, unused-ignore]
    from jax.experimental import enable_x64

    return enable_x64()  # type: ignore[no-any-return, unused-ignore]


def as_arrays(values: Any) -> Any:
    """Return a pytree with arrays of NumPy in the place of those of JAX.

    Containers that JAX alone knows are dictionaries by the names of their leaves.
    """
    return _converted(values, np.asarray)


def as_matrix(value: Any) -> Any:
    """Return a Jacobian in arrays of NumPy; a sparse matrix of JAX as one of SciPy."""
    sparse = sys.modules.get("jax.experimental.sparse")  # else there is none
    if sparse is None or not isinstance(value, sparse.JAXSparse):
        return as_arrays(value)
    known = isinstance(value, (sparse.BCOO, sparse.BCSR)) and value.ndim == 2
    if not known or value.n_batch or value.n_dense:
        return np.asarray(value.todense())
    from scipy.sparse import coo_array

    numbers, places = np.asarray(value.data), np.asarray(value.indices)
    if isinstance(value, sparse.BCSR):
        lengths = np.diff(np.asarray(value.indptr))
        rows = np.repeat(np.arange(lengths.size), lengths)
        numbers, places = numbers[: rows.size], np.stack([rows, places[: rows.size]], axis=1)
    inside = np.all(places < value.shape, axis=1)  # what fills up lies outside
    return coo_array((numbers[inside], tuple(places[inside].T)), shape=value.shape)


def in_known_containers(values: Any) -> Any:
    """Return a pytree with dictionaries in the place of containers that JAX alone knows."""
    return _converted(values, lambda array: array)


def _converted(values: Any, of_array: Callable[[Any], Any]) -> Any:
    def convert(leaf: Any) -> Any:
        if isinstance(leaf, jax.Array):
            return of_array(leaf)
        if is_node(leaf):
            return {name: convert(one) for name, one in named_leaves(leaf)}
        return leaf

    return optree.tree_map(convert, values, namespace=NAMESPACE)


def is_floating(leaf: Any) -> bool:
    """Whether numbers of an array of JAX are floating-point numbers, real or complex."""
    return bool(jnp.issubdtype(leaf.dtype, jnp.inexact))
