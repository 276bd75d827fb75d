"""Problems of PyTorch as problems of arrays: f is given tensors, and arrays come back."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import optree
import torch

from gradproof._base.errors import InputError
from gradproof.frameworks.adapting import OF_VECTORS, Adapted, Function, Quietly
from gradproof.frameworks.torch_autodiff import TorchAutodiff, forward
from gradproof.frameworks.torch_batches import by_vmap, is_compiled
from gradproof.frameworks.torch_modules import ModuleNode, State, kept
from gradproof.frameworks.torch_promotion import (
    AlongInFloat64,
    inputs_in_float64,
    is_about_types,
)
from gradproof.frameworks.torch_tensors import (
    as_arrays,
    as_matrix,
    as_tensor,
    is_moved,
    kind_of_tensor,
    require_numbers,
)
from gradproof.problems import Autodiff, Hessian, Many, Problem
from gradproof.tree import NAMESPACE, Constant, flatten

ALONG = (
    "tensors in low precision that f brings along were converted to float64 where they met others"
)
# What PyTorch says, and what to do about it.
_HELP = {
    "in-place": "gradproof: f changes its argument in place, which automatic differentiation does "
    "not allow; let it work on a copy, t.clone(), or use t * 2 for t.mul_(2)",
    "same device": "gradproof: the tensors of the point are checked on the devices that they are "
    "on; move them, and what f brings with it, to one",
}


def concerns(at: Any) -> bool:
    """Whether there is a tensor or a module of PyTorch in a point."""
    return any(isinstance(leaf, (torch.Tensor, torch.nn.Module)) for leaf in _all_leaves(at))


@contextlib.contextmanager
def adapted(problem: Problem, seed: int, quietly: Quietly) -> Iterator[Adapted]:
    """Adapt a problem; the state of modules is kept, and put back at the end."""
    modules = [leaf for leaf in _all_leaves(problem.at) if isinstance(leaf, torch.nn.Module)]
    with kept(modules) as state:
        yield _OfTorch(problem, quietly, state, seed)


class _OfTorch(Adapted):
    def __init__(self, problem: Problem, quietly: Quietly, state: State, seed: int) -> None:
        if isinstance(problem.gradient, Hessian):
            raise InputError(
                "gradient: found a Hessian at a point of tensors, expected an HVP, or a Jacobian "
                "with the gradient as f"
            )
        of_modules = any(
            parameter.requires_grad
            for leaf in _all_leaves(problem.at)
            if isinstance(leaf, torch.nn.Module)
            for parameter in leaf.parameters()
        )
        claim = problem.gradient
        if of_modules and isinstance(claim, Autodiff) and claim.mode == "forward":
            raise InputError(
                "gradient: found mode='forward' at a module, expected mode='reverse': the "
                "parameters of a module carry no tangents"
            )
        self._state = state
        self._converts = self._is_converted = False  # ever, and in the last call
        self._gives_arrays = isinstance(problem.gradient, OF_VECTORS)
        super().__init__(problem, quietly)
        self._types = [value.dtype for value in self.values]
        self._rng = np.random.default_rng([seed, 0x746F726368])
        for leaf, value in zip(self.tree.leaves, self.values, strict=True):
            require_numbers(value, self.tree.address(leaf))
        self.say_unchecked(
            "they do not require a gradient, and others do",
            lambda leaf: isinstance(leaf, torch.Tensor) and is_moved(leaf.dtype),
        )
        self.say_unchecked(
            "complex numbers of half precision are not moved",
            lambda leaf: isinstance(leaf, torch.Tensor) and leaf.dtype is torch.complex32,
        )

    @property
    def _autodiff(self) -> TorchAutodiff:
        return TorchAutodiff(self.f, self.leaves, self.unreached)

    def marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with modules taken apart, and what is not moved set aside."""
        return marked_tensors(at, constant)

    def shown(self, stacks: Sequence[Any]) -> list[Any]:
        """Return stacked leaves as tensors, each where its leaf is."""
        return [
            as_tensor(np.array(stack)).to(value.device)
            for stack, value in zip(stacks, self.values, strict=True)
        ]

    def many(self, f: Function) -> Many | None:
        """Return f over stacked leaves by `torch.func.vmap`."""
        if any(map(is_compiled, (self.problem.f, *self._state.modules))) or self._gives_arrays:
            return None
        nodes = optree.tree_leaves(
            self._at, is_leaf=lambda one: isinstance(one, ModuleNode), namespace=NAMESPACE
        )
        nodes = [one for one in nodes if isinstance(one, ModuleNode)]
        return by_vmap(f, self.tree, nodes, [value.device for value in self.values])

    def restore(self) -> None:
        """Put everything of the modules back."""
        with torch.no_grad():
            self._state.put_back()

    @property
    def names(self) -> Sequence[str] | None:
        """The names of the parameters, where the point is one module."""
        return self._at.names if isinstance(self._at, ModuleNode) else None

    def calling(self, f: Function) -> Function:
        """Return f with gradients enabled, and what modules remember put back before."""

        @functools.wraps(f)
        def call(*arguments: Any) -> Any:
            self._state.put_constants_back()
            if self._gives_arrays:
                arguments = tuple(map(_as_tensors, arguments))
            try:
                with torch.inference_mode(False), torch.enable_grad():
                    return self._in_one_type(f, arguments)
            except RuntimeError as error:
                for words, help_ in _HELP.items():
                    if words in str(error):
                        error.add_note(help_)
                raise
            finally:
                self._state.put_flags_back()

        return call

    def _in_one_type(self, f: Function, arguments: tuple[Any, ...]) -> Any:
        """Call f; where the point was promoted, what meets it is converted, too, if need be."""
        self._is_converted = self._converts and self._is_promoted(arguments[0])
        if not self._is_converted:
            try:
                return f(*arguments)
            except (RuntimeError, ValueError) as error:
                if not (is_about_types(error) and self._is_promoted(arguments[0])):
                    raise
            self._state.put_constants_back()
            self._converts = self._is_converted = True
        with AlongInFloat64(), inputs_in_float64(self._state.modules):
            return f(*arguments)

    def notes(self) -> list[str]:
        """Return what is to be said after the check."""
        return [*super().notes(), ALONG] if self._is_converted else super().notes()

    def _is_promoted(self, at: Any) -> bool:
        """Whether some tensors of a point are in a longer type than the user gave them."""
        return [one.dtype for one in self.leaves(at)] != self._types

    def as_arrays(self, values: Any) -> Any:
        """Return a pytree with arrays of NumPy in the place of tensors."""
        return as_arrays(values)

    def as_matrix(self, value: Any) -> Any:
        """Return a Jacobian in arrays of NumPy; a sparse matrix as one of SciPy."""
        return as_matrix(value)

    def copies(self) -> list[Any]:
        """Return copies of the tensors, which require a gradient."""
        return [kind_of_tensor(value).copy(value).requires_grad_() for value in self.values]

    def untested(self, values: Sequence[Any]) -> list[int]:
        """Return which outputs do not require a gradient, where others do."""
        tensors = {k: one for k, one in enumerate(values) if isinstance(one, torch.Tensor)}
        floats = {k: one.requires_grad for k, one in tensors.items() if is_moved(one.dtype)}
        return [k for k, has_one in floats.items() if not has_one] if any(floats.values()) else []

    def vjp(self, at: Any, cotangent: Any) -> Sequence[Any]:
        """Return what reverse mode says, leaf by leaf."""
        return self._autodiff.vjp(at, None if cotangent is None else _as_tensors(cotangent))

    def jvp(self, at: Any, tangents: Sequence[Any]) -> Any:
        """Return what forward mode says."""
        leaves = self.leaves(at)
        pairs = zip(map(_as_tensors, tangents), leaves, strict=True)
        like = [tangent.to(leaf.device, leaf.dtype) for tangent, leaf in pairs]
        return forward(self.f, leaves, like, self.tree.unflatten)

    def differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""
        once = self._autodiff
        direction = [
            torch.as_tensor(self._rng.standard_normal(value.shape)).to(value.device, value.dtype)
            for value in self.values
        ]

        @functools.wraps(self.problem.f)
        def along(at: Any) -> Any:
            return once.along(at, direction)

        self.f = along


def marked_tensors(at: Any, constant: Function = Constant) -> Any:
    """Return a point with modules taken apart, and what is no tensor set aside.

    So are tensors of whole numbers and, where some require a gradient, those that do not.
    """
    taken: set[int] = set()
    of_grad = any(leaf.requires_grad for leaf in _all_leaves(at) if isinstance(leaf, torch.Tensor))

    def mark(leaf: Any) -> Any:
        if isinstance(leaf, torch.nn.Module):
            node = ModuleNode(leaf, taken)
            return node if node.names else constant(leaf)
        moves = isinstance(leaf, torch.Tensor) and is_moved(leaf.dtype)
        return leaf if moves and (leaf.requires_grad or not of_grad) else constant(leaf)

    return optree.tree_map(mark, at, namespace=NAMESPACE)


def _as_tensors(values: Any) -> Any:
    def convert(leaf: Any) -> Any:
        if isinstance(leaf, (np.ndarray, np.generic)):
            return as_tensor(np.array(leaf))
        return leaf

    return optree.tree_map(convert, values, namespace=NAMESPACE)


def _all_leaves(at: Any) -> list[Any]:
    return flatten(at, "at")[1]
