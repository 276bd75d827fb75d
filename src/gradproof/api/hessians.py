"""Checks of second derivatives, as checks of Jacobians and of gradients."""

import dataclasses
from collections.abc import Callable
from typing import Any

from gradproof._base.errors import InputError
from gradproof.api.claims import check_claim, failed_by
from gradproof.api.report import Report
from gradproof.problems import JVP, Hessian, Jacobian, Problem
from gradproof.problems.jacobians import symmetric
from gradproof.tree import flatten


def check_hessian(
    problem: Problem, check: Callable[..., Report], seed: int, *, budget: Any, **options: Any
) -> Report:
    """Check second derivatives: their symmetry, then against a gradient or the values of f."""
    # Imported with the first such check, as the engine is.
    from gradproof.engine.budget import Budget
    from gradproof.engine.second_derivatives import SecondDerivatives
    from gradproof.frameworks.numpy_space import NumpySpace
    from gradproof.judge.tolerance import policy

    claim = problem.gradient
    tree, values = flatten(problem.at, problem.root)
    asked = SecondDerivatives(problem, tree, NumpySpace(tree, values).x, seed, budget)
    asymmetry = asked.asymmetry()
    if claim.gradient is not None:
        is_matrix = isinstance(claim, Hessian)
        of_gradient = Jacobian(symmetric(claim.matrix)) if is_matrix else JVP(claim.function)
        by_gradient = dataclasses.replace(problem, f=claim.gradient, gradient=of_gradient)
        report = check_claim(by_gradient, check, seed, name="gradient", budget=budget, **options)
        found = vars(report).copy()
    else:
        workers = options.get("workers")
        if workers is not None and workers.limit is not None:
            raise InputError(
                f"timeout: found {workers.limit.seconds:g} with a {type(claim).__name__} that is "
                "measured from the values of f, expected None: they are evaluated in this process; "
                "claim it with gradient="
            )
        # Every second difference takes several evaluations of f: they are counted there.
        options |= {"budget": Budget(), "workers": None}
        report = check(asked.of_second_differences(), seed=seed, **options)
        found = vars(report) | asked.in_units_of_f(report)
    # What is right to the tolerance is symmetric to it only: differences of gradients, say.
    allowed = options.get("rtol") or policy(None, low_precision=False).default
    if asymmetry is not None and asymmetry.parameters["apart"] > allowed:
        found |= failed_by(asymmetry, report, report.causes)
    found["gradient_calls"] += asked.calls
    return Report(**found)
