"""The operators and modules of PyTorch, with the samples of its own test suite, as checks."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import optree
import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

import gradproof as gp

_NEED_BOUNDS = {"nn.BCELoss"}  # refuses what is no probability: for a user, that is bounds=(0, 1)
_MOST = 2_000  # numbers in a sample: the operator is what is checked, and not its size

Function = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """One operator and one sample: f of a pytree, in which what is moved requires a gradient."""

    operator: str
    sample: int
    f: Function
    at: Any
    forward: bool

    @property
    def size(self) -> int:
        """How many numbers are moved."""
        return sum(one.numel() for one in _parameters(self.at)[1])

    def own(self, mode: str) -> tuple[str, int]:
        """Return what torch's slow gradcheck says, and how often it evaluates f."""
        if isinstance(self.at, tuple) and isinstance(self.at[0], torch.nn.Module):
            return "–", 0
        leaves, spec = optree.tree_flatten(self.at)
        places = [k for k, leaf in enumerate(leaves) if _moves(leaf)]
        count = 0

        def f(*moved: Any) -> Any:
            nonlocal count
            count += 1
            torch.default_generator.manual_seed(0)
            now = list(leaves)
            for k, one in zip(places, moved, strict=True):
                now[k] = one
            found = self.f(optree.tree_unflatten(spec, now))
            return tuple(one for one in found if one.requires_grad or mode == "forward")

        given = [leaves[k].detach().clone().requires_grad_() for k in places]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                passed = torch.autograd.gradcheck(
                    f,
                    given,
                    raise_exception=False,
                    check_forward_ad=mode == "forward",
                    check_backward_ad=mode == "reverse",
                    check_undefined_grad=False,
                    check_batched_grad=False,
                )
        except Exception as error:
            return f"raised {type(error).__name__}", count
        return "pass" if passed else "fail", count

    def broken(self) -> Iterator[gp.VJP]:
        """Yield reverse mode with the largest component's sign turned, and one tensor 1.1 times."""
        reverse = _reverse(self, lambda _: None)
        values = [one for one in self.f(self.at) if one.requires_grad]
        if values and any(bool(torch.any(g != 0)) for g in reverse(self.at, self.f(self.at), True)):
            for how in (_turn_the_largest, _stretch_the_largest):
                yield gp.VJP(_reverse(self, how))


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
        if 0 < case.size <= _MOST and _is_finite(case):
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
        return _real_parts(result if isinstance(result, (tuple, list)) else [result])

    return f


def modules() -> dict[str, Any]:
    """Return the modules of PyTorch by name."""
    named = {f"nn.{info.module_cls.__name__}": info for info in module_db}
    return {name: info for name, info in named.items() if name not in _NEED_BOUNDS}


def cases_of_module(name: str, most: int) -> Iterator[Case]:
    """Yield a few samples of a module: by its parameters and inputs."""
    info = modules()[name]
    torch.manual_seed(0)
    inputs = info.module_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=True, training=True
    )
    number = 0
    for one in inputs:
        if one.forward_input is None:
            continue
        given, named = one.constructor_input.args, one.constructor_input.kwargs
        try:
            made = info.module_cls(*given, **named, device="cpu", dtype=torch.float64)
        except TypeError:  # takes neither
            made = info.module_cls(*given, **named).to(torch.float64)
        at = (made, list(one.forward_input.args), dict(one.forward_input.kwargs))
        if any(map(torch.nn.parameter.is_lazy, made.parameters())):
            _call(at)  # which gives its parameters their shapes
        case = Case(name, number, _call, at, forward=False)
        if 0 < case.size <= _MOST and _is_finite(case):
            yield case
            number += 1
        if number == most:
            return


def _is_finite(case: Case) -> bool:
    """Whether a sample is one of dense finite numbers, and so is the value of f."""
    moved = _parameters(case.at)[1]
    if any(one.layout is not torch.strided for one in moved):
        return False
    values = case.f(case.at)
    depends = any(one.requires_grad for one in values)
    return depends and all(bool(torch.all(torch.isfinite(one))) for one in [*moved, *values])


def _call(t: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = t[0](*t[1], **t[2])
    return _real_parts(optree.tree_leaves(result))


def _real_parts(leaves: Sequence[Any]) -> list[Any]:
    """Return the tensors of real numbers, and complex ones as pairs of them."""
    tensors = [one for one in leaves if isinstance(one, torch.Tensor)]
    return [
        torch.view_as_real(one.resolve_conj()) if one.is_complex() else one
        for one in tensors
        if one.is_floating_point() or one.is_complex()
    ]


def _parameters(at: Any) -> tuple[list[str], list[Any]]:
    """Return the names of a module's parameters, and all tensors that are moved, those first."""
    leaves = optree.tree_leaves(at)
    names, moved = [], []
    for module in [one for one in leaves if isinstance(one, torch.nn.Module)]:
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad]
        names += [n for n, _ in named]
        moved += [p for _, p in named]
    return names, moved + [one for one in leaves if _moves(one)]


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


def _reverse(case: Case, how: Callable[[list[Any]], None]) -> Any:
    """Return the vector-Jacobian product, changed in some way; flat, if that is wanted."""

    def product(at: Any, cotangent: Any, flat: bool = False) -> Any:
        names, moved = _parameters(at)
        pairs = [(y, u) for y, u in zip(case.f(at), cotangent, strict=True) if y.requires_grad]
        found = torch.autograd.grad(
            [y for y, _ in pairs], moved, [u.detach() for _, u in pairs], allow_unused=True
        )
        gradients = [
            torch.zeros(p.shape, dtype=p.dtype)
            if g is None
            else g.clone(memory_format=torch.contiguous_format)
            for p, g in zip(moved, found, strict=True)
        ]
        how(gradients)
        if flat:
            return gradients
        of_module = dict(zip(names, gradients, strict=False))
        rest = iter(gradients[len(names) :])

        def laid(leaf: Any) -> Any:
            if isinstance(leaf, torch.nn.Module):
                return of_module
            return next(rest) if _moves(leaf) else None

        return optree.tree_map(laid, at)

    return product


def _turn_the_largest(gradients: list[Any]) -> None:
    flat = _largest(gradients).view(-1)
    k = int(flat.abs().argmax())
    flat[k] = -flat[k]


def _stretch_the_largest(gradients: list[Any]) -> None:
    largest = _largest(gradients)
    largest *= 1.1


def _largest(gradients: list[Any]) -> Any:
    return max((g for g in gradients if g.numel()), key=lambda g: float(g.abs().max()))
