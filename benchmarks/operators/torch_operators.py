"""The operators and modules of PyTorch, with the samples of its own test suite, as checks."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import optree
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

_MOST = 2_000  # numbers in a sample: the operator is what is checked, and not its size

Function = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """One operator and one sample: f of a pytree, in which what is moved requires a gradient.

    `dict_of_parameters` says that the point is a module.
    """

    operator: str
    sample: int
    f: Function
    at: Any
    forward: bool

    @property
    def moved(self) -> list[Any]:
        """The tensors that are moved."""
        if isinstance(self.at, torch.nn.Module):
            return [one for one in self.at.parameters() if one.requires_grad]
        leaves = optree.tree_leaves(self.at)
        return [one for one in leaves if isinstance(one, torch.Tensor) and one.requires_grad]

    @property
    def size(self) -> int:
        """How many numbers are moved."""
        return sum(one.numel() for one in self.moved)


def operators() -> list[Any]:
    """Return all operators that have a derivative in float64."""
    return [
        op
        for op in op_db
        if op.supports_autograd and torch.float64 in op.supported_backward_dtypes("cpu")
    ]


def cases_of(op: Any, most: int) -> Iterator[Case]:
    """Yield a few samples of an operator that are small enough and have something to move."""
    number = 0
    torch.manual_seed(0)
    for sample in op.sample_inputs("cpu", torch.float64, requires_grad=True):
        case = Case(
            op.formatted_name,
            number,
            _function(op, sample),
            (sample.input, list(sample.args), dict(sample.kwargs)),
            forward=bool(op.supports_forward_ad),
        )
        if 0 < case.size <= _MOST:
            yield case
            number += 1
        if number == most:
            return


def _function(op: Any, sample: Any) -> Function:
    def f(t: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Some operators read a part of their argument only; PyTorch's tests let them.
            result = op.gradcheck_wrapper(op.get_op(), t[0], *t[1], **t[2])
            result = sample.output_process_fn_grad(result)
        leaves = result if isinstance(result, (tuple, list)) else [result]
        return [one for one in leaves if isinstance(one, torch.Tensor) and one.is_floating_point()]

    return f


def modules(most: int) -> Iterator[Case]:
    """Yield the modules of PyTorch with a few samples each: by their parameters and inputs."""
    for info in module_db:
        torch.manual_seed(0)
        inputs = info.module_inputs_func(
            info, device="cpu", dtype=torch.float64, requires_grad=True, training=True
        )
        number = 0
        for one in inputs:
            try:
                made = info.module_cls(
                    *one.constructor_input.args,
                    **one.constructor_input.kwargs,
                    device="cpu",
                    dtype=torch.float64,
                )
            except TypeError:  # takes neither
                made = info.module_cls(*one.constructor_input.args, **one.constructor_input.kwargs)
                made = made.to(torch.float64)
            if one.forward_input is None:
                continue
            arguments = list(one.forward_input.args), dict(one.forward_input.kwargs)
            case = Case(
                f"nn.{info.module_cls.__name__}", number, _call, (made, *arguments), forward=False
            )
            size = case.size + sum(p.numel() for p in made.parameters())
            if 0 < size <= _MOST:
                yield case
                number += 1
            if number == most:
                break


def _call(t: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = t[0](*t[1], **t[2])
    leaves = optree.tree_leaves(result)
    return [one for one in leaves if isinstance(one, torch.Tensor) and one.is_floating_point()]
