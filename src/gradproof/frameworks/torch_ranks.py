"""The ranks of torch.distributed, and who of them holds which part of which leaf."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from gradproof._base.errors import InputError
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Tree

Block = tuple[int, int, int]
"""A part of a leaf: the number of the leaf, its first component among all, how many there are."""


def is_sharded(tensor: Any) -> bool:
    """Whether a tensor is a DTensor; where the module was never imported there is none."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


class TorchRanks:
    """All ranks of the default process group."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._count = torch.distributed.get_world_size()

    def gather(self, numbers: FloatArray) -> FloatArray:
        """Return the numbers of all ranks."""
        here = torch.from_numpy(np.array(numbers)).to(self._device)
        found = [torch.empty_like(here) for _ in range(self._count)]
        torch.distributed.all_gather(found, here)
        stacked: FloatArray = torch.stack(found).cpu().numpy()
        return stacked

    def gather_objects(self, thing: Any) -> list[Any]:
        """Return an object of each rank."""
        found: list[Any] = [None] * self._count
        torch.distributed.all_gather_object(found, thing)
        return found


def local_of(tensor: Any) -> Any:
    """Return what this rank holds of a tensor."""
    return tensor.to_local().detach() if is_sharded(tensor) else tensor.detach()


def block_of(number: int, tree: Tree, tensor: Any) -> Block:
    """Return which part of a leaf this rank holds."""
    leaf = tree.leaves[number]
    if not is_sharded(tensor):
        return number, leaf.start, leaf.size
    if any(placement.is_partial() for placement in tensor.placements):
        raise InputError(
            f"{tree.address(leaf)}: found a DTensor of the placements {tensor.placements}, "
            "expected no sums that are still to be taken: redistribute it to Replicate() or Shard()"
        )
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    shape, offset = compute_local_shape_and_global_offset(
        tensor.shape, tensor.device_mesh, tensor.placements
    )
    size = math.prod(shape)
    first = int(np.ravel_multi_index(offset, leaf.shape)) if size and leaf.shape else 0
    return number, leaf.start + first, size


def owned(tree: Tree, blocks: Sequence[Block], ranks: TorchRanks) -> list[bool]:
    """Return which parts count on this rank: of those that several hold, the first does.

    Raise if a component is on no rank, or on some and not in one part.
    """
    everywhere = ranks.gather_objects(list(blocks))
    first: dict[Block, int] = {}
    for rank, held in enumerate(everywhere):
        for block in held:
            first.setdefault(block, rank)
    sizes = [0] * len(tree.leaves)
    for number, _, size in first:
        with contextlib.suppress(IndexError):  # told of where the ranks are compared
            sizes[number] += size
    for leaf, size in zip(tree.leaves, sizes, strict=True):
        if size != leaf.size:
            raise InputError(
                f"{tree.address(leaf)}: found {size:,} of its {leaf.size:,} components on the "
                "ranks of the default process group, expected each on one, or copies of its shards"
            )
    here = torch.distributed.get_rank()
    return [first[block] == here for block in blocks]
