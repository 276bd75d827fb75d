"""Problems of PyTorch as problems of arrays: f is given tensors, and arrays come back."""

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
from gradproof.frameworks.torch_autodiff import TorchAutodiff, forward
from gradproof.frameworks.torch_modules import ModuleNode, State, kept
from gradproof.frameworks.torch_tensors import (
    as_array,
    as_arrays,
    as_tensor,
    kind_of_tensor,
    require_strided,
)
from gradproof.problems import HVP, JVP, VJP, Autodiff, Hessian, Jacobian, Problem
from gradproof.tree import NAMESPACE, Constant, flatten

Function = Callable[..., Any]


def concerns_torch(at: Any) -> bool:
    """Whether there is a tensor or a module of PyTorch in a point."""
    return any(isinstance(leaf, (torch.Tensor, torch.nn.Module)) for leaf in _all_leaves(at))


@contextlib.contextmanager
def as_problem_of_arrays(
    problem: Problem, seed: int, quietly: Callable[[Callable[[], Any]], Any]
) -> Iterator[tuple[Problem, Callable[[], list[str]]]]:
    """Return the problem for the engine; the state of modules is kept, and put back at the end.

    `quietly` calls a function and puts all generators of random numbers back.
    """
    modules = [leaf for leaf in _all_leaves(problem.at) if isinstance(leaf, torch.nn.Module)]
    with kept(modules) as state:
        adapted = _Adapted(problem, state, seed, quietly)
        yield adapted.problem(), adapted.unreached


class _Adapted:
    def __init__(
        self, problem: Problem, state: State, seed: int, quietly: Callable[[Any], Any]
    ) -> None:
        self._problem, self._state, self._quietly = problem, state, quietly
        claim = problem.gradient
        self._gives_arrays = isinstance(claim, HVP)  # second differences know no tensors
        leaves = _all_leaves(problem.at)
        self._modules = [leaf for leaf in leaves if isinstance(leaf, torch.nn.Module)]
        self._at = self._marked(problem.at)
        tree, self._values = flatten(self._at, problem.root)
        self._tree = tree
        taken = {id(value) for value in self._values}
        self._constants = [leaf for leaf in leaves if id(leaf) not in taken]
        of_gradient = self._marked(problem.at, constant=lambda _: None)
        self._structure_of_gradient = flatten(of_gradient, "gradient")[0].spec
        for leaf, value in zip(tree.leaves, self._values, strict=True):
            if isinstance(value, torch.Tensor):
                require_strided(value, tree.address(leaf))
        self._f = self._calling(problem.f)
        self._autodiff = TorchAutodiff(self._f, self._leaves)
        self._rng = np.random.default_rng([seed, 0x746F726368])

    def problem(self) -> Problem:
        """Return the problem, whose functions take tensors and return arrays."""
        f, gradient = self._f, self._problem.gradient
        if isinstance(gradient, Autodiff):
            f, gradient = self._by_autodiff(gradient)
        return dataclasses.replace(
            self._problem,
            f=_returning_arrays(f, named=self._problem.f),
            gradient=self._claim(gradient),
            at=self._at,
        )

    def unreached(self) -> list[str]:
        """Return the addresses of the tensors to which reverse mode found no path."""
        return [self._tree.address(self._tree.leaves[k]) for k in sorted(self._autodiff.unreached)]

    def _marked(self, at: Any, constant: Function = Constant) -> Any:
        """Return the point with modules taken apart, and what is no tensor set aside.

        So are tensors of whole numbers and, where some require a gradient, those that do not.
        """
        leaves = _all_leaves(at)
        of_grad = any(
            leaf.requires_grad if isinstance(leaf, torch.Tensor) else True
            for leaf in leaves
            if isinstance(leaf, (torch.Tensor, torch.nn.Module))
        )

        def mark(leaf: Any) -> Any:
            if isinstance(leaf, torch.nn.Module):
                return ModuleNode(leaf)
            if isinstance(leaf, torch.Tensor):
                is_parameter = leaf.dtype.is_floating_point and (leaf.requires_grad or not of_grad)
                return leaf if is_parameter else constant(leaf)
            return constant(leaf)

        return optree.tree_map(mark, at, namespace=NAMESPACE)

    def _leaves(self, at: Any) -> list[Any]:
        """Return the tensors of a point that are moved: parameters of a module are its own."""
        return flatten(self._marked(at), "at")[1]

    def _calling(self, f: Function) -> Function:
        """Return f with gradients enabled, and what modules remember put back before."""

        @functools.wraps(f)
        def call(*arguments: Any) -> Any:
            self._state.put_buffers_back()
            if self._gives_arrays:
                arguments = tuple(map(_as_tensors, arguments))
            with torch.inference_mode(False), torch.enable_grad():
                return f(*arguments)

        return call

    def _by_autodiff(self, claim: Autodiff) -> tuple[Function, Any]:
        if self._tree.size == 0:
            raise InputError(
                "at: found no tensor of floating-point numbers to differentiate by; where some "
                "require a gradient (requires_grad=True), the others are taken for constants"
            )
        if claim.order == 2:
            self._differentiate_once()
        if claim.mode == "forward":
            if self._modules:
                raise InputError(
                    "gradient: found mode='forward' at a module, expected mode='reverse': the "
                    "parameters of a module carry no tangents"
                )
            return self._f, JVP(self._forward)
        copies = [kind_of_tensor(value).copy(value) for value in self._values]
        value = self._quietly(lambda: self._f(self._tree.unflatten(copies)))
        outputs = flatten(value, "output")[0]
        if outputs.size == 1 and len(outputs.leaves) == 1:
            return self._f, self._gradient
        return self._f, VJP(self._vjp)

    def _differentiate_once(self) -> None:
        """Put ⟨v, ∇f⟩ in the place of f, with random v."""
        once = self._autodiff
        direction = [
            torch.as_tensor(self._rng.standard_normal(value.shape)).to(value.device, value.dtype)
            for value in self._values
        ]

        @functools.wraps(self._problem.f)
        def along(at: Any) -> Any:
            return once.along(at, direction)

        self._f = along
        self._autodiff = TorchAutodiff(self._f, self._leaves)

    def _gradient(self, at: Any) -> Any:
        return self._in_structure(self._autodiff.gradient(at))

    def _vjp(self, at: Any, cotangent: Any) -> Any:
        return self._in_structure(self._autodiff.vjp(at, cotangent))

    def _forward(self, at: Any, tangent: Any) -> Any:
        constants = {id(leaf) for leaf in self._constants}
        tangents = [one for one in flatten(tangent, "tangent")[1] if id(one) not in constants]
        leaves = self._leaves(at)
        tangents = [v.to(x.device, x.dtype) for v, x in zip(tangents, leaves, strict=True)]
        return forward(self._f, at, leaves, tangents, self._tree.unflatten)

    def _in_structure(self, gradients: Sequence[Any]) -> Any:
        """Return gradients in the structure of the point; those of a module as a dictionary."""
        arrays = [as_array(one) for one in gradients]
        return optree.tree_unflatten(self._structure_of_gradient, arrays)

    def _claim(self, claim: Any) -> Any:
        """Return a claim whose functions return arrays."""
        arrays = _returning_arrays
        if isinstance(claim, VJP):
            jvp = None if claim.jvp is None else self._of_vector(claim.jvp)
            return VJP(self._of_vector(claim.function), jvp)
        if isinstance(claim, JVP):
            return JVP(self._of_vector(claim.function))
        if isinstance(claim, HVP):
            gradient = None if claim.gradient is None else arrays(self._calling(claim.gradient))
            return HVP(self._of_vector(claim.function), gradient)
        if isinstance(claim, Jacobian):
            matrix = claim.matrix
            return Jacobian(
                arrays(self._calling(matrix)) if callable(matrix) else as_arrays(matrix)
            )
        if isinstance(claim, Hessian):
            raise InputError(
                "gradient: found a Hessian at a point of tensors, expected an HVP, or a Jacobian "
                "with the gradient as f"
            )
        return arrays(self._calling(claim)) if callable(claim) else as_arrays(claim)

    def _of_vector(self, product: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        call = self._calling(product)

        def converted(at: Any, vector: Any) -> Any:
            return as_arrays(call(at, _as_tensors(vector)))

        return converted


def _returning_arrays(f: Function, named: Function | None = None) -> Function:
    @functools.wraps(named or f)
    def converted(*arguments: Any) -> Any:
        return as_arrays(f(*arguments))

    return converted


def _as_tensors(values: Any) -> Any:
    def convert(leaf: Any) -> Any:
        if isinstance(leaf, (np.ndarray, np.generic)):
            return as_tensor(np.array(leaf))
        return leaf

    return optree.tree_map(convert, values, namespace=NAMESPACE)


def _all_leaves(at: Any) -> list[Any]:
    return flatten(at, "at")[1]
