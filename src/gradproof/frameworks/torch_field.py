"""Parameters of PyTorch that are sharded over ranks: DTensors, and modules of fully_shard.

Each rank moves its own shards in place and puts them back; nothing is gathered. f is given what the
user gave, and runs on every rank.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import optree
import torch

from gradproof._base.errors import InputError
from gradproof._base.floats import unit_roundoff
from gradproof._base.validation import described
from gradproof.frameworks.adapting import Function, Quietly, by_names
from gradproof.frameworks.leaf_kinds import Buffer
from gradproof.frameworks.torch_modules import ModuleNode, kept
from gradproof.frameworks.torch_problems import marked_tensors
from gradproof.frameworks.torch_ranks import TorchRanks, block_of, is_sharded, local_of, owned
from gradproof.frameworks.torch_tensors import as_array
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Autodiff, Problem
from gradproof.problems.field import Numbers, require_real
from gradproof.tree import Tree, flatten


def concerns(at: Any) -> bool:
    """Whether there are sharded tensors in a point, or modules of them."""
    leaves = flatten(at, "at")[1]
    modules = [leaf for leaf in leaves if isinstance(leaf, torch.nn.Module)]
    parameters = [one for module in modules for one in module.parameters()]
    return bool(_gathering(modules)) or any(map(is_sharded, (*leaves, *parameters)))


@contextlib.contextmanager
def adapted(
    problem: Problem, seed: int, quietly: Quietly
) -> Iterator[tuple[Problem, TorchField, Callable[[], list[str]]]]:
    """Yield the problem, where its parameters are, and what says which autodiff did not reach."""
    leaves = flatten(problem.at, problem.root)[1]
    modules = [leaf for leaf in leaves if isinstance(leaf, torch.nn.Module)]
    _shard_again(modules)
    with kept(modules) as state:
        tree, values = flatten(marked_tensors(problem.at), problem.root)
        require_real(tree)
        flags = [(value, value.requires_grad) for value in values]
        field = TorchField(tree, values, problem.at)

        def call(f: Function) -> Function:
            @functools.wraps(f)
            def called(at: Any) -> Any:
                state.put_constants_back()
                try:
                    with torch.inference_mode(False), torch.enable_grad():
                        return f(at)
                finally:
                    state.put_flags_back()
                    _shard_again(modules)

            return called

        derivative = _Autodiff(problem.f, values, bool(_gathering(modules)))
        gradient = problem.gradient
        if isinstance(gradient, Autodiff):
            nothing = marked_tensors(problem.at, constant=lambda _: None)
            structure = flatten(nothing, "gradient")[0].spec
            gradient = call(
                lambda at: optree.tree_unflatten(structure, list(map(_Held, derivative(at))))
            )
        elif callable(gradient):
            gradient = call(_named(gradient, problem.at))
        f = _of_pairs if problem.gradient is True else _as_number
        try:
            yield (
                dataclasses.replace(problem, f=_then(f, call(problem.f)), gradient=gradient),
                field,
                lambda: [tree.address(tree.leaves[k]) for k in sorted(derivative.unreached)],
            )
        finally:
            for value, requires_grad in flags:
                value.requires_grad_(requires_grad)


class TensorPart:
    """The shard of a leaf on this rank: the tensor of the user, and a copy of its numbers."""

    def __init__(self, leaf: int, place: int, local: Any, counts: bool) -> None:
        self.leaf, self.place, self.counts = leaf, place, counts
        self._there = _Flat(local)
        self.size = self._there.numbers.numel()
        self._given = self._there.numbers.clone()

    def read(self, piece: slice) -> Buffer:
        """Return some numbers at the point."""
        return as_array(self._given[piece])

    def write(self, piece: slice, numbers: FloatArray) -> Buffer:
        """Put numbers into the shard, and return what they became by rounding."""
        there = self._there.numbers[piece]
        there.copy_(torch.from_numpy(np.ascontiguousarray(numbers)))
        return as_array(there)

    def put_back(self) -> None:
        """Put the numbers at the point back."""
        self._there.numbers.copy_(self._given)

    def is_at_point(self) -> bool:
        """Whether the shard is as it was, bit for bit."""
        return bool(
            torch.equal(*(one.view(torch.uint8) for one in (self._there.numbers, self._given)))
        )

    def of_claim(self, local: Any) -> Numbers:
        """Return what is claimed of the numbers, in their order."""
        return _Claim(self._there.reorder(local))


class _Flat:
    """A tensor as a run of numbers in the order that they have in memory."""

    def __init__(self, tensor: Any) -> None:
        axes = range(tensor.dim())
        self._order = sorted(axes, key=lambda axis: -tensor.stride(axis))
        self.numbers = tensor.permute(self._order).view(-1)

    def reorder(self, tensor: Any) -> Any:
        """Return the numbers of another tensor of this shape in the same order."""
        return tensor.permute(self._order).reshape(-1)


@dataclasses.dataclass(frozen=True)
class _Claim:
    numbers: Any

    def read(self, piece: slice) -> Buffer:
        return as_array(self.numbers[piece])


class TorchField:
    """The shards of this rank."""

    def __init__(self, tree: Tree, values: Sequence[Any], at: Any) -> None:
        self.tree, self.at, self._values = tree, at, values
        meshes = [value.device_mesh for value in values if is_sharded(value)]
        self.ranks = TorchRanks(meshes[0].device_type)
        blocks = [block_of(number, tree, value) for number, value in enumerate(values)]
        counts = owned(tree, blocks, self.ranks)
        self.parts = [
            TensorPart(number, place, local_of(value), here)
            for (number, place, _), value, here in zip(blocks, values, counts, strict=True)
        ]
        types = [as_array(torch.empty(0, dtype=value.dtype)).dtype for value in values]
        self.types = tuple(dtype.name for dtype in types)
        self.roundoffs = tuple(map(unit_roundoff, types))

    def claim(self, values: list[Any]) -> list[Numbers]:
        """Return what is claimed of the shards; a whole array is cut up like its leaf."""
        return [
            part.of_claim(_like(value, self._values[part.leaf]))
            for part, value in zip(self.parts, values, strict=True)
        ]


def _like(value: Any, parameter: Any) -> Any:
    """Return what this rank holds of a gradient, sharded as its parameter is."""
    if isinstance(value, _Held):
        value = value.value
    if not isinstance(value, torch.Tensor):
        value = torch.as_tensor(np.asarray(value))
    if not is_sharded(parameter):
        return value.full_tensor().detach() if is_sharded(value) else value.detach()
    mesh, placements = parameter.device_mesh, parameter.placements
    if not is_sharded(value):
        from torch.distributed.tensor import distribute_tensor

        # Each rank cuts out its own shard: nothing is sent.
        value = distribute_tensor(value.detach(), mesh, placements, src_data_rank=None)
    return value.detach().redistribute(mesh, placements).to_local()


class _Held:
    """A gradient that is no tensor, so that no module takes it for its parameter."""

    def __init__(self, value: Any) -> None:
        self.value, self.shape = value, value.shape


class _Autodiff:
    """What reverse mode says, a sharded tensor for each sharded leaf."""

    def __init__(self, f: Function, leaves: Sequence[Any], by_hooks: bool) -> None:
        self._f, self._leaves, self._by_hooks = f, leaves, by_hooks
        self.unreached: set[int] = set()

    def __call__(self, at: Any) -> list[Any]:
        for leaf in self._leaves:
            leaf.requires_grad_()
        value = self._f(at)
        if not isinstance(value, torch.Tensor):
            raise InputError(
                f"the value of f: found {described(value)}, expected a tensor: automatic "
                "differentiation sees nothing else; leave out .item(), .numpy() and float()"
            )
        value = value.full_tensor() if is_sharded(value) else value
        found = self._by_backward(value) if self._by_hooks else self._by_grad(value)
        self.unreached |= {k for k, one in enumerate(found) if one is None}
        return [
            torch.zeros_like(leaf, requires_grad=False) if one is None else one
            for one, leaf in zip(found, self._leaves, strict=True)
        ]

    def _by_grad(self, value: Any) -> Sequence[Any]:
        if not value.requires_grad:
            return [None] * len(self._leaves)
        found: Sequence[Any] = torch.autograd.grad(value, self._leaves, allow_unused=True)
        return found

    def _by_backward(self, value: Any) -> Sequence[Any]:
        """Return what fully_shard reduces to the shards, which it does after a backward pass."""
        for leaf in self._leaves:
            leaf.grad = None
        value.backward()
        found = [leaf.grad for leaf in self._leaves]
        for leaf in self._leaves:
            leaf.grad = None
        return found


def _gathering(modules: Sequence[Any]) -> list[Any]:
    """Return the parts of modules that gather their parameters for a pass: fully_shard's."""
    fsdp = getattr(torch.distributed, "fsdp", None)  # not there where it was never imported
    kind = getattr(fsdp, "FSDPModule", ())
    return [part for module in modules for part in module.modules() if isinstance(part, kind)]


def _shard_again(modules: Sequence[Any]) -> None:
    """Let go of gathered parameters, which some modules keep until a backward pass."""
    for part in _gathering(modules):
        part.reshard()


def _named(gradient: Function, at: Any) -> Function:
    """Return a gradient of which a list for a module is by the names of its parameters."""
    if not isinstance(at, torch.nn.Module):
        return gradient
    return by_names(gradient, ModuleNode(at, set()).names)


def _then(after: Function, f: Function) -> Function:
    @functools.wraps(f)
    def both(at: Any) -> Any:
        return after(f(at))

    return both


def _of_pairs(result: Any) -> Any:
    """Return (value, gradient) with the value as a number."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return _as_number(result[0]), result[1]
    return result


def _as_number(value: Any) -> Any:
    """Return the value of f as an array, of a sharded one the whole."""
    if isinstance(value, torch.Tensor):
        return as_array(value.full_tensor() if is_sharded(value) else value)
    return value
