"""Before anything is spent: is the question sound?

f and its gradient are tried at the point: is f finite, does it repeat, does it leave its argument
alone, does the gradient fit the parameters, is it finite, does it repeat?
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import (
    UNIT_ROUNDOFF_32,
    UNIT_ROUNDOFF_64,
    is_real,
    longest_significand,
    unit_roundoff,
)
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described
from gradproof.engine.evaluation import Evaluator
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding
from gradproof.numerics.precision import is_on_float32_grid
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem, Space, as_derivatives
from gradproof.tree import Mismatch, Tree, match

_NO_VALUE = object()
_REPEATS = 3
ROUNDING = 100.0  # unit roundoffs that values may differ by from call to call
FLOAT32_BITS = 20  # significands at least so long tell a float32 from a short number


@dataclasses.dataclass(eq=False, repr=False)
class Preflight:
    """What the first evaluations showed; `verdict` is set where the question ends with them.

    `value` is what the differences start from, `value_of_f` what f is at the point: not the same
    where f returns terms. `promoted` says that f is evaluated in float64 and the claim made in low
    precision; `rounding_of_claim` is then how inexact each component of it is, where that is known.
    `roundoff_told` is what the types of the claim say, `roundoff_of_claim` what its digits do.
    """

    value: float = float("nan")
    value_of_f: float = float("nan")
    spread: float = 0.0
    claim: FloatArray | None = None
    roundoff_of_claim: float = UNIT_ROUNDOFF_64
    roundoff_told: float = UNIT_ROUNDOFF_64
    rounding_of_claim: FloatArray | None = None
    promoted: bool = False
    bends: bool = False
    gradient_calls: int = 0
    verdict: Verdict | None = None
    causes: list[CauseFinding] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def stop(self, verdict: Verdict, *causes: CauseFinding) -> None:
        """End the check here, for these causes."""
        self.verdict = verdict
        self.causes.extend(causes)


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


def preflight(found: Preflight, problem: Problem, tree: Tree, evaluator: Evaluator) -> None:
    """Try f and its gradient at the point."""
    try_function(found, evaluator)
    if found.verdict is None:
        _try_gradient(found, problem, tree, evaluator)


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
    if np.isfinite(values[0]):
        values = _repeated(evaluator, values)
    found.value, found.value_of_f = values[0], evaluator.value_of_f
    if evaluator.randomness.repeats_f:
        found.notes.append("f draws random numbers: it got the same ones at every evaluation")
    if not np.all(np.isfinite(values)):
        stop_where_not_finite(found, values, found.value_of_f)
        return
    found.spread = max(values) - min(values)
    largest = max(map(abs, values))
    if not found.spread <= ROUNDING * evaluator.roundoff * largest:
        spread = found.spread / largest
        found.stop(
            Verdict.INCONCLUSIVE,
            CATALOGUE["GP101"].finding(spread=spread),
            CATALOGUE["GP208"].finding(),
        )


def stop_where_not_finite(found: Preflight, values: list[float], value_of_f: float) -> None:
    """End the check where f is no number at the point, be it at one of several calls."""
    odd = next(value for value in values if not np.isfinite(value))
    if any(map(np.isfinite, values)):
        found.notes.append(f"f was {odd} at the point at one call, and finite at another")
    elif not np.isfinite(value_of_f):  # in the place of its terms
        odd = value_of_f
    found.value = odd
    found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP108"].finding(value=odd))


def _repeated(evaluator: Evaluator, values: list[float]) -> list[float]:
    """Evaluate f again at the point, with the same random numbers if it draws any."""
    # What the first call draws may be for good, such as weights.
    evaluator.randomness.look()
    values = values + [evaluator.at_point() for _ in range(_REPEATS - 1)]
    if evaluator.repeat_random_numbers():
        values = [evaluator.at_point() for _ in range(_REPEATS)]
    return values


def _try_gradient(found: Preflight, problem: Problem, tree: Tree, evaluator: Evaluator) -> None:
    claims = _claims(found, problem, tree, evaluator)
    changes = not isinstance(claims, Mismatch) and _change(found, claims) > 0
    if changes and evaluator.randomness.hold_for_gradient():
        found.notes.append("the gradient draws random numbers: it got the same ones at every call")
        claims = _claims(found, problem, tree, evaluator)
    if isinstance(claims, Mismatch):
        stop_for(claims, found)
        return
    found.claim = claim = claims[0]
    finite = np.isfinite(claim)
    if not np.all(finite):
        where = [
            tree.address(leaf) for leaf in tree.leaves if not np.all(finite[leaf.start : leaf.stop])
        ]
        count, first = int(np.sum(~finite)), tree.address(*tree.locate(int(np.argmin(finite))))
        found.stop(Verdict.FAIL, CATALOGUE["GP104"].finding(*where, count=count, first=first))
        return
    difference = _change(found, claims)
    if difference > 0:
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP105"].finding(difference=difference))


def stop_for(mismatch: Mismatch, found: Preflight) -> None:
    """End the check where the gradient does not fit the parameters."""
    finding = CATALOGUE["GP103"].finding(
        mismatch.address, found=mismatch.found, expected=mismatch.expected
    )
    found.stop(Verdict.FAIL, finding)
    if mismatch.shapes is not None and mismatch.repeated:
        there, expected = mismatch.shapes
        axes = ", ".join(map(str, mismatch.repeated))
        found.causes.append(
            CATALOGUE["GP415"].finding(mismatch.address, found=there, expected=expected, axes=axes)
        )


def _claims(
    found: Preflight, problem: Problem, tree: Tree, evaluator: Evaluator
) -> list[FloatArray] | Mismatch:
    """Return what is claimed, twice where the gradient can be called twice."""
    claims = []
    for _ in range(2 if callable(problem.gradient) or problem.gradient is True else 1):
        claim = claim_at(evaluator.space.fresh, found, problem, tree, evaluator)
        if isinstance(claim, Mismatch):
            return claim
        claims.append(claim)
        if len(claims) == 1:
            evaluator.randomness.look()
    return claims


def _change(found: Preflight, claims: list[FloatArray]) -> float:
    """Return by how much of their size two claims differ, 0 where that is rounding."""
    largest = float(np.max(np.abs(claims[0]), initial=0.0))
    change = float(np.max(np.abs(claims[-1] - claims[0]), initial=0.0))
    if change <= ROUNDING * found.roundoff_of_claim * largest:
        return 0.0
    return change / largest if largest and np.isfinite(change) else float("inf")


def claim_at(
    parameters: Callable[[], Any],
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
) -> FloatArray | Mismatch:
    """Return the gradient claimed for parameters, given by a function, as one vector."""
    claimed = values_claimed(parameters, found, problem, tree, evaluator)
    if isinstance(claimed, Mismatch):
        return claimed
    arrays = []
    for leaf, value in zip(tree.leaves, claimed.values, strict=True):
        array = np.asarray(value)
        if not is_real(array.dtype):
            found_dtype = f"a gradient of dtype {array.dtype}"
            return Mismatch(tree.address(leaf), found_dtype, "real numbers")
        found.roundoff_told = max(found.roundoff_told, unit_roundoff(array.dtype))
        arrays.append(array.astype(np.float64).reshape(-1))
    found.roundoff_of_claim = max(found.roundoff_of_claim, found.roundoff_told)
    claim = as_derivatives(tree, np.concatenate([np.empty(0), *arrays]), problem.wirtinger)
    if is_on_float32_grid(claim) and longest_significand(claim) >= FLOAT32_BITS:
        found.roundoff_of_claim = max(found.roundoff_of_claim, UNIT_ROUNDOFF_32)
    note(claimed, found, evaluator)
    return claim


class Claimed(NamedTuple):
    """What is claimed, leaf by leaf, the value of f if that came along, and what was read how."""

    values: list[Any]
    value_too: Any
    notes: list[str]


def values_claimed(
    parameters: Callable[[], Any],
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
) -> Claimed | Mismatch:
    """Return what is claimed for parameters, given by a function, leaf by leaf."""
    gradient = problem.gradient
    value_too: Any = _NO_VALUE
    if gradient is True or callable(gradient):
        evaluator.randomness.before_gradient()
    if gradient is True:
        with evaluator.as_user():
            value_too, gradient = _pair(problem.f(parameters()))
        found.gradient_calls += 1
    elif callable(gradient):
        with evaluator.as_user():
            gradient = gradient(parameters())
        found.gradient_calls += 1
    matched = gradient if isinstance(gradient, Mismatch) else match(tree, gradient)
    if isinstance(matched, Mismatch) and _is_value_and_gradient(gradient):
        with_value = match(tree, gradient[1])
        if not isinstance(with_value, Mismatch):
            value_too, matched = gradient[0], with_value
    if isinstance(matched, Mismatch):
        return matched
    values, notes = matched
    return Claimed(values, value_too, notes)


def note(claimed: Claimed, found: Preflight, evaluator: Evaluator) -> None:
    """Note how a claim was read, and whether the value that came along is that of f."""
    found.notes.extend(text for text in claimed.notes if text not in found.notes)
    if claimed.value_too is not _NO_VALUE:
        _compare_values(found, claimed.value_too, evaluator)


def claim_moved(
    displacement: FloatArray,
    space: Space,
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    *,
    finer_than: float | None = None,
) -> FloatArray | None:
    """Return the gradient claimed at a displaced point; None where it is none, or not finite.

    `finer_than` asks for one that was computed with a smaller unit roundoff.
    """
    seen = Preflight(value=found.value, value_of_f=found.value_of_f, spread=found.spread)
    try:
        claim = space.along_direction(
            lambda at: claim_at(space.fresh, seen, problem, tree, evaluator), displacement, 1.0
        )
    except Exception:  # whatever it is that the gradient has against other numbers
        return None
    finally:
        found.gradient_calls += seen.gradient_calls
    if not isinstance(claim, np.ndarray) or not np.all(np.isfinite(claim)):
        return None
    return None if finer_than is not None and seen.roundoff_of_claim >= finer_than else claim


def _is_value_and_gradient(result: Any) -> bool:
    if not (isinstance(result, (tuple, list)) and len(result) == 2):
        return False
    try:
        return np.size(result[0]) == 1
    except ValueError:  # ragged nesting
        return False


def _compare_values(found: Preflight, value_too: Any, evaluator: Evaluator) -> None:
    other = evaluator.total(value_too, "the value returned with the gradient")
    roundoff = max(evaluator.roundoff, found.roundoff_of_claim)
    limit = ROUNDING * roundoff * max(abs(found.value), abs(found.value_of_f))
    already = any(cause.code == "GP106" for cause in found.causes)
    if not abs(other - found.value_of_f) <= limit + found.spread and not already:
        finding = CATALOGUE["GP106"].finding(value=found.value_of_f, with_gradient=other)
        found.causes.append(finding)
