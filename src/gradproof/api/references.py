"""Checks against a reference in higher precision, in the place of differences."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described
from gradproof.api.frameworks import as_problem_of_arrays, quietly
from gradproof.api.report import Report
from gradproof.problems import Autodiff, Problem, Space
from gradproof.tree import flatten

_ASKED = 3  # gradients: of f, and of the reference in the types of f and in float64


def check_reference(
    problem: Problem, reference: Callable[[Any], Any], seed: int, options: dict[str, Any]
) -> Report:
    """Hold the gradient of f against that of the reference, in the types of f and in float64."""
    progress, spend = options.pop("progress"), options.pop("budget")
    _require_use(problem, options)
    started = time.perf_counter()
    # Imported with the first such check, as the engine is.
    from gradproof.engine.budget import budget_of
    from gradproof.engine.reference import Told, tell
    from gradproof.frameworks.numpy_space import NumpySpace
    from gradproof.judge.accuracy import Gradients, judge_accuracy
    from gradproof.judge.causes import CATALOGUE
    from gradproof.judge.report import Price
    from gradproof.judge.unmeasured import unmeasured

    of_f = dataclasses.replace(problem, reference=None, gradient=Autodiff())
    of_reference = dataclasses.replace(of_f, f=reference)
    call, budget = quietly(problem), budget_of(spend, kept_back=0)
    told: list[Told] = []

    def ask(adapted: Problem, space: Space) -> None:
        budget.take_one()
        told.append(call(lambda: tell(adapted, tree, space, seed)))
        if progress is not None:
            progress(len(told), _ASKED)

    with as_problem_of_arrays(of_f, seed) as (adapted, aside):
        tree, values = flatten(adapted.at, adapted.root)
        space = NumpySpace(tree, values)
        x, roundoffs = space.x, space.roundoffs
        with budget.ending():
            ask(adapted, space)
    with as_problem_of_arrays(of_reference, seed) as (adapted, _):
        low = NumpySpace(tree, flatten(adapted.at, adapted.root)[1])
        high = low.promoted()
        if high is None:
            raise InputError(
                "reference: found parameters in float64, expected some in lower precision: in "
                "float64 differences are exact enough, leave the reference out"
            )
        with budget.ending():
            ask(adapted, low)
            try:
                ask(adapted, high)
            except Exception as error:
                error.add_note(
                    "gradproof: the reference raised this with its parameters in float64"
                )
                raise
    seconds = time.perf_counter() - started
    price = Price(budget.count, len(told), seconds, "reference", seed, budget.interrupted)
    if len(told) < _ASKED:
        value = told[0].value if told else math.nan
        spent = CATALOGUE["GP206"].finding()
        record = unmeasured(tree, Verdict.INCONCLUSIVE, value, [spent], [budget.note], price)
        return Report(**vars(record))
    claim, plain, truth = told
    if not claim.shapes == plain.shapes == truth.shapes:
        raise InputError(
            f"reference: found outputs of shapes {list(plain.shapes)}, expected those of f, "
            f"{list(claim.shapes)}"
        )
    record = judge_accuracy(
        tree,
        Gradients(claim.gradient, plain.gradient, truth.gradient, roundoffs),
        x,
        value=claim.value,
        facts=problem.facts or {},
        notes=(
            f"the value of f is {claim.value:.9g}, that of the reference {plain.value:.9g}, and "
            f"{truth.value:.9g} in float64",
            *aside.notes(),
        ),
        price=price,
    )
    return Report(**vars(record))


def _require_use(problem: Problem, options: dict[str, Any]) -> None:
    """Raise where something is asked for that concerns differences only."""
    gradient = problem.gradient
    if not (isinstance(gradient, Autodiff) and gradient in (Autodiff(), Autodiff("forward"))):
        raise InputError(
            f"reference: found it with {described(problem.gradient)} as the gradient, expected "
            "gp.autodiff, which is asked for the gradients of f and of the reference"
        )
    unused = [name for name, value in options.items() if value not in (None, False, "auto")]
    unused += ["bounds"] if problem.bounds is not None else []
    if unused:
        raise InputError(
            f"{unused[0]}: found it with a reference, which has no use for it: nothing is measured "
            "by differences"
        )
