"""Each case is checked, beside the framework's own checker, and with backward passes broken."""

from __future__ import annotations

import dataclasses
import time
import warnings
from collections.abc import Iterable
from typing import Any, Protocol

import gradproof as gp


class Case(Protocol):
    """One operator of a framework and one sample."""

    operator: str
    sample: int
    f: Any
    at: Any

    @property
    def size(self) -> int:
        """How many numbers are moved."""

    def own(self, mode: str) -> tuple[str, int]:
        """Return what the framework's checker says, and how often it evaluates f."""

    def broken(self) -> Iterable[gp.VJP]:
        """Yield reverse mode, broken on purpose, as far as that can be felt."""


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
        broken: tuple[str, ...] = ()
        if mode == "reverse" and verdict == "pass":
            broken = tuple(_verdict(case, one) for one in case.broken())
        own, own_evaluations = case.own(mode)
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


def _verdict(case: Case, claim: gp.VJP) -> str:
    try:
        return str(gp.check(case.f, claim, case.at).verdict.value)
    except Exception as error:
        return f"raised {type(error).__name__}"


def _raised(case: Case, mode: str, error: Exception, seconds: float) -> Judged:
    reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:160]
    own, count = case.own(mode)
    return Judged(
        case.operator, case.sample, mode, case.size, "raised", reason, 0, own, count, (), seconds
    )


def names_of(framework: str) -> list[str]:
    """Return the names of all operators of a framework."""
    if framework == "jax":
        from benchmarks.operators import jax_operators

        return sorted(jax_operators.operators())
    from benchmarks.operators import torch_operators

    operators = {op.formatted_name for op in torch_operators.operators()}
    return sorted(operators | torch_operators.modules().keys())


def judge_operator(framework: str, name: str, samples: int) -> list[dict[str, Any]]:
    """Judge a few samples of one operator, in every mode that it has."""
    warnings.simplefilter("ignore")
    cases: list[Any]
    if framework == "jax":
        import jax
        from benchmarks.operators import jax_operators

        jax.config.update("jax_enable_x64", True)
        cases = list(jax_operators.cases_of(name, jax_operators.operators()[name], samples))
    else:
        import torch
        from benchmarks.operators import torch_operators

        torch.set_num_threads(1)
        meant = [op for op in torch_operators.operators() if op.formatted_name == name]
        cases = [case for op in meant for case in torch_operators.cases_of(op, samples)]
        if name in torch_operators.modules():
            cases = list(torch_operators.cases_of_module(name, samples))
    modes = [(case, mode) for case in cases for mode in ("reverse", "forward")[: 1 + case.forward]]
    return [dataclasses.asdict(judge(case, mode)) for case, mode in modes]
