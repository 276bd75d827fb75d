"""Each case is checked, beside the framework's own checker, and with backward passes broken."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Callable
from typing import Any

import optree
import torch
from benchmarks.operators.torch_operators import Case

import gradproof as gp

_FACTOR = 1.1
_FELT = 1e-3  # of the largest gradient: what is broken has to matter


@dataclasses.dataclass(frozen=True)
class Judged:
    """What was said of one case in one mode.

    `verdict` is ours, or what was raised; `own` is that of the framework's checker, on the same
    function. `broken` are the verdicts on backward passes that were broken on purpose.
    """

    operator: str
    sample: int
    mode: str
    size: int
    verdict: str
    reason: str
    evaluations: int
    own: str
    own_evaluations: int
    broken: tuple[str, ...]
    seconds: float


def judge(case: Case, mode: str) -> Judged:
    """Check one case in one mode."""
    begin = time.perf_counter()
    claim = gp.autodiff if mode == "reverse" else gp.autodiff(mode="forward")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            report = gp.check(case.f, claim, case.at)
        except Exception as error:
            return _raised(case, mode, error, time.perf_counter() - begin)
        verdict, reason = str(report.verdict.value), report.headline
        broken = _broken(case) if mode == "reverse" and verdict == "pass" else ()
        own, own_evaluations = _own(case, mode)
    return Judged(
        case.operator,
        case.sample,
        mode,
        case.size,
        verdict,
        reason,
        report.evaluations,
        own,
        own_evaluations,
        broken,
        time.perf_counter() - begin,
    )


def _raised(case: Case, mode: str, error: Exception, seconds: float) -> Judged:
    reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]
    own, count = _own(case, mode)
    return Judged(
        case.operator, case.sample, mode, case.size, "raised", reason, 0, own, count, (), seconds
    )


def _own(case: Case, mode: str) -> tuple[str, int]:
    """Return what torch's slow gradcheck says, and how often it evaluates f."""
    if isinstance(case.at, tuple) and isinstance(case.at[0], torch.nn.Module):
        return "–", 0
    leaves, spec = optree.tree_flatten(case.at)
    places = [k for k, leaf in enumerate(leaves) if _moves(leaf)]
    count = 0

    def f(*moved: Any) -> Any:
        nonlocal count
        count += 1
        torch.manual_seed(0)
        now = list(leaves)
        for k, one in zip(places, moved, strict=True):
            now[k] = one
        found = [one for one in case.f(optree.tree_unflatten(spec, now)) if one.requires_grad]
        return (
            tuple(found) if mode == "reverse" else tuple(case.f(optree.tree_unflatten(spec, now)))
        )

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


def _moves(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


def _broken(case: Case) -> tuple[str, ...]:
    """Return the verdicts with the largest component's sign turned, and one tensor 1.1 times."""
    return tuple(
        "–" if found is None else str(found.verdict.value)
        for found in (_check_broken(case, how) for how in (_turn_the_largest, _stretch_the_largest))
    )


def _check_broken(case: Case, how: Callable[[list[Any]], None]) -> gp.Report | None:
    felt = False

    def product(at: Any, cotangent: Any) -> Any:
        nonlocal felt
        module = at[0] if isinstance(at[0], torch.nn.Module) else None
        leaves = [leaf for leaf in optree.tree_leaves(at) if _moves(leaf)]
        named = (
            [] if module is None else [p for p in module.named_parameters() if p[1].requires_grad]
        )
        everything = [p for _, p in named] + leaves
        pairs = [(y, u) for y, u in zip(case.f(at), cotangent, strict=True) if y.requires_grad]
        found = torch.autograd.grad(
            [y for y, _ in pairs], everything, [u for _, u in pairs], allow_unused=True
        )
        gradients = [
            torch.zeros(p.shape, dtype=p.dtype)
            if g is None
            else g.clone(memory_format=torch.contiguous_format)
            for p, g in zip(everything, found, strict=True)
        ]
        felt = felt or any(bool(torch.any(g != 0)) for g in gradients)
        how(gradients)
        of_module = {n: g for (n, _), g in zip(named, gradients, strict=False)}
        rest = iter(gradients[len(named) :])

        def laid(leaf: Any) -> Any:
            if isinstance(leaf, torch.nn.Module):
                return of_module
            return next(rest) if _moves(leaf) else None

        return optree.tree_map(laid, at)

    report = gp.check(case.f, gp.VJP(product), case.at)
    return report if felt else None


def _turn_the_largest(gradients: list[Any]) -> None:
    largest = max((g for g in gradients if g.numel()), key=lambda g: float(g.abs().max()))
    flat = largest.view(-1)
    k = int(flat.abs().argmax())
    flat[k] = -flat[k]


def _stretch_the_largest(gradients: list[Any]) -> None:
    largest = max((g for g in gradients if g.numel()), key=lambda g: float(g.abs().max()))
    largest *= _FACTOR
