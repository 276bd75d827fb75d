"""Functions of tensors and modules evaluated at many points at once, by `torch.func.vmap`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import optree
import torch

from gradproof.frameworks.adapting import Function
from gradproof.frameworks.torch_modules import ModuleNode, held
from gradproof.frameworks.torch_tensors import as_arrays, as_tensor
from gradproof.problems import Many, results_of
from gradproof.tree import NAMESPACE, Tree


class _Holder(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Several modules as one, which calls what it is given."""

    def __init__(self, modules: Sequence[Any]) -> None:
        super().__init__()
        self.held = torch.nn.ModuleList(modules)

    def forward(self, call: Function) -> Any:
        return call()


def is_compiled(thing: Any) -> bool:
    """Whether a function or a module would be compiled anew for batches."""
    return hasattr(thing, "_torchdynamo_orig_callable") or hasattr(thing, "_orig_mod")


def by_vmap(f: Function, tree: Tree, nodes: Sequence[ModuleNode], devices: Sequence[Any]) -> Many:
    """Return f over stacked leaves; `nodes` are the modules of the point."""
    holder = _Holder([node.module for node in nodes])
    containers: Any = None

    def of_leaves(*leaves: Any) -> Any:
        nonlocal containers
        with held(nodes):
            at = tree.unflatten(list(leaves))
        parameters = {
            f"held.{k}.{name}": value
            for k, node in enumerate(nodes)
            for name, value in zip(node.names, node.values, strict=True)
        }
        found = torch.func.functional_call(holder, parameters, (lambda: f(at),))
        parts, containers = optree.tree_flatten(found, namespace=NAMESPACE)
        return tuple(parts)

    def many(stacks: Sequence[Any]) -> Sequence[Any]:
        # What is the same at all points is not stacked: then layers behind it are one product.
        same = [stack.strides[0] == 0 for stack in stacks]
        tensors = [
            as_tensor(np.array(stack[0] if one else stack)).to(device)
            for stack, one, device in zip(stacks, same, devices, strict=True)
        ]
        dims = tuple(None if one else 0 for one in same)
        found = torch.func.vmap(of_leaves, in_dims=dims)(*tensors)
        batch = containers.unflatten([one.detach() for one in found])
        return results_of(as_arrays(batch), len(stacks[0]))

    return many
