"""Before anything is spent: is the question sound?

f and its gradient are tried at the point: is f finite, does it repeat, does it leave its argument
alone, does the gradient fit the parameters, is it finite, does it repeat?
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import (
    UNIT_ROUNDOFF_32,
    UNIT_ROUNDOFF_64,
    longest_significand,
    unit_roundoff,
)
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described, real_number
from gradproof.engine.evaluation import Evaluator
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.report import CauseFinding
from gradproof.numerics.precision import is_on_float32_grid
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem
from gradproof.tree import Mismatch, Tree, match

_NO_VALUE = object()
_REPEATS = 3
_ROUNDING = 100.0  # unit roundoffs that values may differ by from call to call
_FLOAT32_BITS = 20  # significands at least so long tell a float32 from a short number


@dataclasses.dataclass(eq=False, repr=False)
class Preflight:
    """What the first evaluations showed; `verdict` is set where the question ends with them."""

    value: float = float("nan")
    spread: float = 0.0
    claim: FloatArray | None = None
    roundoff_of_claim: float = UNIT_ROUNDOFF_64
    gradient_calls: int = 0
    verdict: Verdict | None = None
    causes: list[CauseFinding] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def stop(self, verdict: Verdict, cause: CauseFinding) -> None:
        """End the check here, for this cause."""
        self.verdict = verdict
        self.causes.append(cause)


def value_of(problem: Problem) -> Callable[[Any], Any]:
    """Return the function whose value is differentiated."""
    if problem.gradient is not True:
        return problem.f

    def first_of_pair(at: Any) -> Any:
        return _pair(problem.f(at))[0]

    return first_of_pair


def _pair(result: Any) -> tuple[Any, Any]:
    if isinstance(result, (tuple, list)) and len(result) == 2:
        return result[0], result[1]
    raise InputError(
        f"the value of f: found {described(result)}, expected (value, gradient), "
        "because gradient=True says that f returns both"
    )


def preflight(problem: Problem, tree: Tree, evaluator: Evaluator) -> Preflight:
    """Try f and its gradient at the point."""
    found = Preflight()
    try_function(found, evaluator)
    if found.verdict is None:
        _try_gradient(found, problem, tree, evaluator)
    return found


def try_function(found: Preflight, evaluator: Evaluator) -> None:
    """See that f is finite at the point, repeats, and leaves its argument alone."""
    space = evaluator.space
    values: list[float] = []
    held = space.is_held(lambda: values.append(evaluator.at_point()))
    if not space.is_unchanged():
        found.causes.append(CATALOGUE["GP102"].finding())
        space.use_fresh_copies()
    elif held:
        found.notes.append("f holds on to its argument: it got a fresh copy at every evaluation")
        space.use_fresh_copies()
    found.value = values[0]
    if not np.isfinite(values[0]):
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP108"].finding(value=values[0]))
        return
    values += [evaluator.at_point() for _ in range(_REPEATS - 1)]
    found.spread = max(values) - min(values)
    largest = max(map(abs, values))
    if not found.spread <= _ROUNDING * evaluator.roundoff * largest:
        spread = found.spread / largest
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP101"].finding(spread=spread))


def _try_gradient(found: Preflight, problem: Problem, tree: Tree, evaluator: Evaluator) -> None:
    claims = []
    for _ in range(2 if callable(problem.gradient) or problem.gradient is True else 1):
        claim = _claim(found, problem, tree, evaluator)
        if isinstance(claim, Mismatch):
            found.stop(
                Verdict.FAIL,
                CATALOGUE["GP103"].finding(
                    claim.address, found=claim.found, expected=claim.expected
                ),
            )
            return
        claims.append(claim)
    found.claim = claim = claims[0]
    finite = np.isfinite(claim)
    if not np.all(finite):
        where = [
            tree.address(leaf) for leaf in tree.leaves if not np.all(finite[leaf.start : leaf.stop])
        ]
        count = int(np.sum(~finite))
        found.stop(Verdict.FAIL, CATALOGUE["GP104"].finding(*where, count=count))
        return
    largest = float(np.max(np.abs(claim), initial=0.0))
    change = float(np.max(np.abs(claims[-1] - claim), initial=0.0))
    if not change <= _ROUNDING * found.roundoff_of_claim * largest:
        difference = change / largest if largest else float("inf")
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP105"].finding(difference=difference))


def _claim(
    found: Preflight, problem: Problem, tree: Tree, evaluator: Evaluator
) -> FloatArray | Mismatch:
    """Return the claimed gradient as one vector."""
    gradient = problem.gradient
    value_too: Any = _NO_VALUE
    if gradient is True:
        with evaluator.as_user():
            value_too, gradient = _pair(problem.f(evaluator.space.fresh()))
        found.gradient_calls += 1
    elif callable(gradient):
        with evaluator.as_user():
            gradient = gradient(evaluator.space.fresh())
        found.gradient_calls += 1
    matched = match(tree, gradient)
    if isinstance(matched, Mismatch) and _is_value_and_gradient(gradient):
        with_value = match(tree, gradient[1])
        if not isinstance(with_value, Mismatch):
            value_too, matched = gradient[0], with_value
    if isinstance(matched, Mismatch):
        return matched
    values, notes = matched
    arrays = []
    for leaf, value in zip(tree.leaves, values, strict=True):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            found_dtype = f"a gradient of dtype {array.dtype}"
            return Mismatch(tree.address(leaf), found_dtype, "real numbers")
        found.roundoff_of_claim = max(found.roundoff_of_claim, unit_roundoff(array.dtype))
        arrays.append(array.astype(np.float64).reshape(-1))
    claim = np.concatenate([np.empty(0), *arrays])
    if is_on_float32_grid(claim) and longest_significand(claim) >= _FLOAT32_BITS:
        found.roundoff_of_claim = max(found.roundoff_of_claim, UNIT_ROUNDOFF_32)
    found.notes.extend(note for note in notes if note not in found.notes)
    if value_too is not _NO_VALUE:
        _compare_values(found, value_too, evaluator)
    return claim


def _is_value_and_gradient(result: Any) -> bool:
    return isinstance(result, tuple) and len(result) == 2 and np.size(result[0]) == 1


def _compare_values(found: Preflight, value_too: Any, evaluator: Evaluator) -> None:
    other = real_number(value_too, "the value returned with the gradient")
    limit = _ROUNDING * max(evaluator.roundoff, found.roundoff_of_claim) * abs(found.value)
    already = any(cause.code == "GP106" for cause in found.causes)
    if not abs(other - found.value) <= limit + found.spread and not already:
        finding = CATALOGUE["GP106"].finding(value=found.value, with_gradient=other)
        found.causes.append(finding)
