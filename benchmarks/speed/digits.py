"""Part: the digits network on one example, every parameter of it measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from benchmarks.speed.measuring import Sheet, Times, calls
from benchmarks.speed.networks import Array, Digits, digits

import gradproof as gp

_ALONE = 2_000  # evaluations, of which the time of one is taken
_ROUNDS = 3


def run(sheet: Sheet) -> None:
    """Compare with the evaluations alone, with the textbook loop, and with torch's gradcheck."""
    networks = digits(7 if sheet.quick else 64)
    sheet.table(
        (
            "network on one digit",
            "share with one evaluation",
            "evaluations / n",
            "wall / evaluations alone",
            "textbook loop / wall",
            "gradcheck of the same NumPy function / wall",
        ),
        [_in_numpy(sheet, one) for one in networks],
    )
    # No target: most of the time is f's own there, and two evaluations are at most twice one.
    sheet.table(
        ("the same network in PyTorch, float64", "evaluations / n", "gradcheck / wall"),
        [_in_torch(sheet, one) for one in networks[: 1 if sheet.quick else None]],
    )


def _in_numpy(sheet: Sheet, one: Digits) -> tuple[str, ...]:
    gradients = one.gradients()

    def check() -> gp.Report:
        return gp.check(one.cost, gradients, one.parameters, plan="every")

    report = check()
    times = Times(
        {
            "alone": calls(lambda: one.cost(one.parameters), _ALONE),
            "check": check,
            "textbook": one.textbook_loop,
        },
        1 if sheet.quick else _ROUNDS,
    )
    gradcheck = _gradcheck(_function_of(one, gradients), list(one.parameters.values()))
    beside = Times({"check": check, "gradcheck": gradcheck}, 1)  # which takes minutes
    name = f"{one.name}, n = {one.n:,}"
    sheet.require(f"{name}: {report.headline}", report.passed)
    per_component = report.evaluations / one.n
    share = max(0.0, 2 - per_component)
    cheap = share >= 0.95
    floor = times.ratio("check", "alone") * _ALONE / report.evaluations
    return (
        name,
        f"{share:.0%}",
        sheet.bound(f"{name}: evaluations", per_component, 1.2 if cheap else 3.2, timed=False),
        sheet.bound(f"{name}: wall", floor, 1.15),
        sheet.bound(
            f"{name}: textbook loop",
            times.ratio("textbook", "check"),
            3 if cheap else 1.5,
            at_least=True,
        ),
        sheet.bound(f"{name}: gradcheck", beside.ratio("gradcheck", "check"), 3, at_least=True),
    )


def _function_of(one: Digits, gradients: dict[str, Array]) -> Callable[..., Any]:
    """Return the cost in NumPy as a function of tensors with a backward pass of its own."""

    class Cost(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            arrays = (tensor.detach().numpy() for tensor in tensors)
            cost = one.cost(dict(zip(one.parameters, arrays, strict=True)))
            return torch.tensor(cost, dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            return tuple(upstream[0] * torch.from_numpy(gradients[key]) for key in one.parameters)

    apply: Callable[..., Any] = Cost.apply
    return apply


def _gradcheck(f: Callable[..., Any], at: Sequence[Array]) -> Callable[[], object]:
    tensors = tuple(torch.tensor(value, requires_grad=True) for value in at)
    return lambda: torch.autograd.gradcheck(f, tensors, raise_exception=False)


def _in_torch(sheet: Sheet, one: Digits) -> tuple[str, ...]:
    cost, keys = one.of_torch(), list(one.parameters)
    at = {key: torch.tensor(value) for key, value in one.parameters.items()}

    def check() -> gp.Report:
        return gp.check(cost, gp.autodiff, at, plan="every")

    report = check()
    gradcheck = _gradcheck(
        lambda *tensors: cost(dict(zip(keys, tensors, strict=True))), list(one.parameters.values())
    )
    times = Times({"check": check, "gradcheck": gradcheck}, 1)
    name = f"{one.name}, in PyTorch, n = {one.n:,}"
    sheet.require(f"{name}: {report.headline}", report.passed)
    return (
        f"{one.name}, n = {one.n:,}",
        f"{report.evaluations / one.n:.2f}",
        f"{times.ratio('gradcheck', 'check'):.2f}",
    )
