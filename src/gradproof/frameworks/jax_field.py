"""Arrays of JAX that are sharded over the devices of this process.

They cannot be changed: what f gets is made anew, shard by shard, where each is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import unit_roundoff
from gradproof.frameworks.adapting import Quietly
from gradproof.frameworks.jax_arrays import as_arrays, in_float64, in_known_containers
from gradproof.frameworks.jax_problems import adapted as adapted_to_arrays
from gradproof.frameworks.leaf_kinds import Buffer
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Autodiff, Problem
from gradproof.problems.field import Alone, Numbers, require_real
from gradproof.tree import Tree


def concerns(at: Any) -> bool:
    """Whether there is an array in a point that is sharded over several devices."""
    leaves = [leaf for leaf in jax.tree.leaves(at) if isinstance(leaf, jax.Array)]
    return any(
        not isinstance(leaf, jax.core.Tracer) and len(leaf.sharding.device_set) > 1
        for leaf in leaves
    )


@contextlib.contextmanager
def adapted(
    problem: Problem, seed: int, quietly: Quietly
) -> Iterator[tuple[Problem, JaxField, Callable[[], list[str]]]]:
    """Yield the problem, where its parameters are, and what says which autodiff did not reach."""
    with adapted_to_arrays(problem, seed, quietly) as of_jax:
        require_real(of_jax.tree)
        f, gradient = problem.f, problem.gradient
        if isinstance(gradient, Autodiff):
            gradient = _then(of_jax.in_structure, lambda at: of_jax.vjp(at, None))
        elif callable(gradient):
            gradient = _then(in_known_containers, of_jax.calling(gradient))
        elif gradient is not True:
            gradient = in_known_containers(gradient)
        after = in_known_containers if gradient is True else as_arrays
        yield (
            dataclasses.replace(problem, f=_then(after, of_jax.calling(f)), gradient=gradient),
            JaxField(of_jax.tree, of_jax.values),
            of_jax.addresses_unreached,
        )


def _then(after: Callable[[Any], Any], f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda at: after(f(at))


class ShardPart:
    """One shard of an array, and its copies on other devices."""

    counts = True

    def __init__(self, leaf: int, place: int, shard: Any) -> None:
        self.leaf, self.place, self.index = leaf, place, shard.index
        self.size = math.prod(shard.data.shape)
        self.written: Buffer | None = None  # where it is moved, until f gets it
        self._shard, self._lock = shard, threading.Lock()

    def read(self, piece: slice) -> Buffer:
        """Return some numbers at the point."""
        return _flat(self._shard.data)[piece]

    def write(self, piece: slice, numbers: FloatArray) -> Buffer:
        """Put numbers where the shard will be made of, and return what they became by rounding."""
        data = self._shard.data
        with self._lock:
            if self.written is None:
                self.written = np.empty(data.shape, data.dtype)
        there = self.written.reshape(-1)[piece]
        with np.errstate(over="ignore"):
            there[:] = numbers
        return there

    def taken(self) -> Buffer | None:
        """Return what was written, and forget it: JAX may take over the memory."""
        written, self.written = self.written, None
        return written

    def put_back(self) -> None:
        """Forget what was written."""
        self.written = None

    def is_at_point(self) -> bool:
        """Return that nobody can change an array of JAX."""
        return True


class JaxField:
    """All shards of some arrays; of what is no array of JAX, the whole."""

    def __init__(self, tree: Tree, values: Sequence[Any]) -> None:
        self.tree, self.ranks = tree, Alone()
        self._values = list(map(_as_jax, values))
        self.parts: list[ShardPart] = []
        for number, (leaf, value) in enumerate(zip(tree.leaves, self._values, strict=True)):
            if not value.is_fully_addressable:
                raise InputError(
                    f"{tree.address(leaf)}: found an array with shards in other processes, "
                    "expected all of them in this one"
                )
            for shard in value.addressable_shards:
                if shard.replica_id == 0:
                    place = leaf.start + _first(shard.index, leaf.shape)
                    self.parts.append(ShardPart(number, place, shard))
        self.types = tuple(value.dtype.name for value in self._values)
        self.roundoffs = tuple(unit_roundoff(value.dtype) for value in self._values)

    @property
    def at(self) -> Any:
        """The parameters, in arrays that nobody else holds: f may take their memory.

        What was written goes into them, and is not there a second time.
        """
        leaves = []
        for number, value in enumerate(self._values):
            shards = {_key(p.index): p for p in self.parts if p.leaf == number}
            with in_float64(value.dtype == np.float64):
                moved = all(part.written is not None for part in shards.values())
                leaves.append(_made_of(shards, value) if moved else jnp.array(value, copy=True))
        return self.tree.unflatten(leaves)

    def claim(self, values: list[Any]) -> list[Numbers]:
        """Return what is claimed of the shards."""
        like: list[Any] = []
        for value, parameter in zip(values, self._values, strict=True):
            if isinstance(value, jax.Array):
                value = jax.device_put(value, parameter.sharding)
                like.append({_key(one.index): one.data for one in value.addressable_shards})
            else:
                like.append(np.asarray(value))
        return [_Claim(part, like[part.leaf]) for part in self.parts]


class _Claim:
    """What is claimed of a shard: by shards, or as one array."""

    def __init__(self, part: ShardPart, claimed: Any) -> None:
        by_shards = isinstance(claimed, dict)
        self._numbers = claimed[_key(part.index)] if by_shards else claimed[part.index]

    def read(self, piece: slice) -> Buffer:
        """Return some numbers of it."""
        return _flat(self._numbers)[piece]


def _made_of(shards: dict[Any, ShardPart], like: Any) -> Any:
    """Return an array sharded like another, of what was written."""
    where = like.sharding.addressable_devices_indices_map(like.shape)
    parts = [shards[_key(index)] for index in where.values()]
    if not getattr(like, "committed", True):  # to a device: it goes where the others are
        (part,) = parts
        return jnp.asarray(part.taken())
    numbers = {id(part): part.taken() for part in shards.values()}
    arrays = [
        jax.device_put(numbers[id(part)], device) for part, device in zip(parts, where, strict=True)
    ]
    return jax.make_array_from_single_device_arrays(like.shape, like.sharding, arrays)


def _as_jax(value: Any) -> Any:
    with in_float64(value.dtype == np.float64):
        return jnp.asarray(value)


def _flat(array: Any) -> Buffer:
    """Return the numbers of an array on one device; on the CPU its memory."""
    return np.asarray(array).reshape(-1)


def _key(index: tuple[slice, ...]) -> tuple[tuple[int | None, int | None], ...]:
    """Return what tells shards apart: slices cannot be keys before Python 3.12."""
    return tuple((part.start, part.stop) for part in index)


def _first(index: tuple[slice, ...], shape: tuple[int, ...]) -> int:
    """Return the number of the first component of a shard in its array."""
    if not all(shape) or not shape:
        return 0
    return int(np.ravel_multi_index([part.start or 0 for part in index], shape))
