"""What PyTorch's automatic differentiation says of a function of a pytree of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.frameworks.torch_tensors import is_moved
from gradproof.problems.space import Function
from gradproof.tree import Tree, flatten


class TorchAutodiff:
    """Reverse and forward mode for f, over the tensors that `leaves` finds in a point.

    `unreached` collects the numbers of the leaves to which reverse mode found no path.
    """

    def __init__(
        self, f: Function, leaves: Callable[[Any], Sequence[Any]], unreached: set[int]
    ) -> None:
        self._f, self._leaves, self._unreached = f, leaves, unreached

    def vjp(self, at: Any, cotangent: Any) -> list[Any]:
        """Return the vector-Jacobian product, leaf by leaf; of one number without a cotangent."""
        leaves = self._ready(at)
        values = _tensors(self._f(at))
        if cotangent is None:
            return self._reverse(values, leaves, None)
        weights = _tensors(cotangent)
        pairs = [
            (value, weight.to(value.device, value.dtype))
            for value, weight in zip(values, weights, strict=True)
            if is_moved(value.dtype)
        ]
        return self._reverse([v for v, _ in pairs], leaves, [u for _, u in pairs])

    def along(self, at: Any, direction: Sequence[Any]) -> Any:
        """Return ⟨direction, gradient⟩ of an f of one number, with a graph of its own."""
        leaves = self._ready(at)
        (value,) = _tensors(self._f(at))
        found = torch.autograd.grad(value, leaves, create_graph=True, allow_unused=True)
        terms = [torch.sum(g * v) for g, v in zip(found, direction, strict=True) if g is not None]
        return sum(terms, torch.zeros((), dtype=value.dtype))

    def _ready(self, at: Any) -> list[Any]:
        leaves = list(self._leaves(at))
        for leaf in leaves:
            if not leaf.requires_grad:
                leaf.requires_grad_()
        return leaves

    def _reverse(
        self, values: list[Any], leaves: list[Any], weights: list[Any] | None
    ) -> list[Any]:
        reached = [k for k, value in enumerate(values) if value.requires_grad]
        found: Sequence[Any] = [None] * len(leaves)
        if reached:
            found = torch.autograd.grad(
                [values[k] for k in reached],
                leaves,
                grad_outputs=None if weights is None else [weights[k] for k in reached],
                allow_unused=True,
            )
        self._unreached |= {k for k, one in enumerate(found) if one is None}
        return [
            torch.zeros_like(leaf) if one is None else one
            for one, leaf in zip(found, leaves, strict=True)
        ]


def forward(f: Function, leaves: Sequence[Any], tangents: Sequence[Any], put: Any) -> Any:
    """Return the Jacobian-vector product of f; `put` returns a point with other leaves.

    What does not depend on the leaves has a tangent of 0.
    """
    from torch.autograd import forward_ad

    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(leaf.detach(), tangent)
            for leaf, tangent in zip(leaves, tangents, strict=True)
        ]
        tree, values = flatten(f(put(duals)), "output")
        found = []
        for value in values:
            tangent = forward_ad.unpack_dual(value).tangent
            found.append(torch.zeros_like(value) if tangent is None else tangent)
    return tree.unflatten(found)


def _tensors(value: Any) -> list[Any]:
    tree: Tree
    tree, values = flatten(value, "output")
    for leaf, one in zip(tree.leaves, values, strict=True):
        if not isinstance(one, torch.Tensor):
            raise InputError(
                f"the value of f: found {described(one)} at {tree.address(leaf)}, expected a "
                "tensor: automatic differentiation sees nothing else; leave out .item(), .numpy() "
                "and float()"
            )
    return values
