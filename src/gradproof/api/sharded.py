"""Checks of parameters that are sharded over ranks or devices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from gradproof._base.errors import InputError
from gradproof.api.asides import with_asides
from gradproof.api.frameworks import quietly
from gradproof.api.options import chosen_leaves, plan_and_rtol
from gradproof.api.report import Report
from gradproof.judge.plan import Plan
from gradproof.problems import Autodiff, Claim, Problem, SecondClaim

_EXPECTED = ", expected {} where parameters are sharded; check a smaller, unsharded model for it"


def check_sharded(
    framework: Any,
    problem: Problem,
    seed: int,
    *,
    plan: str | Plan,
    rtol: float | None,
    budget: int | str | None,
    include: str | Sequence[str] | None,
    exclude: str | Sequence[str] | None,
    progress: Callable[[int, int], object] | None,
    self_test: bool,
    executor: Any,
    journal: Any,
) -> Report:
    """Check a problem, of which `framework` knows how its parameters are sharded."""
    from gradproof.engine.budget import budget_of
    from gradproof.engine.streamed import run_streamed

    plan, rtol = plan_and_rtol(plan, rtol, self_test)
    _require_directions(problem, plan, self_test)
    for name, given in (("executor", executor), ("journal", journal)):
        if given is not None:
            raise InputError(
                f"{name}: found one, expected none where parameters are sharded: each process "
                "evaluates f over the part that it holds"
            )
    if plan.where == "auto":
        plan = dataclasses.replace(plan, where="project")
    with framework.adapted(problem, seed, quietly(problem)) as (adapted, field, unreached):
        record = run_streamed(
            adapted,
            field,
            plan=plan,
            chosen=chosen_leaves(field.tree, include, exclude) or [True] * len(field.tree.leaves),
            rtol=rtol,
            seed=seed,
            progress=progress,
            budget=budget_of(budget),
        )
    return with_asides(Report(**vars(record)), unreached(), ())


def _require_directions(problem: Problem, plan: Plan, self_test: bool) -> None:
    """Raise if what is asked cannot be seen along random directions of sharded parameters."""
    gradient = problem.gradient
    if plan.where == "every" or self_test:
        found = "plan: found 'every'" if plan.where == "every" else "self_test: found True"
        raise InputError(
            f"{found}, which moves single components, expected plan='project' or 'leaves' where "
            "parameters are sharded; check a smaller, unsharded model component by component"
        )
    if isinstance(gradient, (Claim, SecondClaim)):
        name = type(gradient).__name__
        raise InputError(f"gradient: found a gp.{name}" + _EXPECTED.format("a gradient"))
    if isinstance(gradient, Autodiff) and (gradient.order, gradient.mode) != (1, "reverse"):
        raise InputError(f"gradient: found {gradient}" + _EXPECTED.format("gp.autodiff itself"))
    for name in ("bounds", "manifold", "reference", "terms"):
        if getattr(problem, name) is not None:
            raise InputError(f"{name}: found one" + _EXPECTED.format("none"))
