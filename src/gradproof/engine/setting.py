"""What is known before the first difference: scales, noise, precision and the rules in force."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.engine.bounded import within
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.movement import (
    BY_IDENTITY,
    WIDEST,
    is_stationary,
    largest_movement,
    movement_of_leaves,
    react,
)
from gradproof.engine.pilot import Pilot, fly
from gradproof.engine.preflight import Preflight
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.evidence import Evidence
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Asked, Policy, Scaling, limits, policy, scaling
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Space
from gradproof.tree import Tree

_BENT = 100.0, 1e-3  # times the noise of one value, and the movement: f is no straight line
_NOTHING = 0.1  # of the noise of one value: a claimed effect that no value of f can show
_LARGEST = 332  # the exponent of 1e100


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Setting:
    """The claim and the value of f, both times `factor`, and what measuring them rests on.

    `rounding` is how inexact each component of the claim is, where that is known. `stationary` says
    that f moves by far more than is claimed.
    """

    claim: FloatArray
    rounding: FloatArray | None
    value: float
    factor: float
    scales: Scaling
    pilot: Pilot
    rules: Policy
    stationary: bool


def prepare(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    *,
    rtol: float | None,
    rng: np.random.Generator,
    many_outputs: bool = False,
) -> Setting | Evidence:
    """Look how f moves and how noisy it is; where it does not move at all, that is the evidence.

    `many_outputs` says that f is a sum of outputs, each of which is looked at.
    """
    claim, x = found.claim, evaluator.space.x
    assert claim is not None
    scales = scaling(tree, x, claim, found.value)
    moves = float(np.max(np.abs(claim) * scales.scale, initial=0.0))
    evaluator.factor = factor = power_of_two(found.value, moves)
    if factor != 1.0:
        scales = scaling(tree, x, claim * factor, found.value * factor)
    scales = within(scales, evaluator.space)
    return look_around(
        tree, evaluator, found, scales, rtol=rtol, rng=rng, many_outputs=many_outputs
    )


def look_around(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    scales: Scaling,
    *,
    rtol: float | None,
    rng: np.random.Generator,
    count: int | None = None,
    many_outputs: bool = False,
) -> Setting | Evidence:
    """Look how f moves and how noisy it is, where the natural scales are known.

    `count` is how many components a direction moves, if each that is seen here stands for many.
    """
    factor = evaluator.factor
    assert found.claim is not None
    claim, value = found.claim * factor, found.value * factor
    reaction = react(evaluator, scales, claim, value, rng, count=count or claim.size)
    if reaction.by_identity:
        found.notes.append(BY_IDENTITY)
    if not reaction.as_claimed:
        found.causes.append(CATALOGUE["GP107"].finding())
        noise = evaluator.rounding
        rules = policy(rtol, low_precision=False)
        return _flat_evidence(evaluator.x, scales, claim, rules, noise, factor)
    if evaluator.space.was_written:
        found.causes.append(CATALOGUE["GP102"].finding())
    pilot = fly(
        evaluator,
        scales,
        claim,
        value=value,
        spread=found.spread * factor,
        roundoff_of_claim=found.roundoff_of_claim,
        still=reaction.still,
        many_outputs=many_outputs,
        rng=rng,
    )
    found.bends = reaction.bend > _BENT[0] * pilot.noise + _BENT[1] * reaction.movement
    promoted = found.promoted and pilot.roundoff <= UNIT_ROUNDOFF_64
    rules = policy(rtol, low_precision=pilot.low_precision, promoted=promoted)
    invisible = not np.any(np.abs(claim) * scales.scale > _NOTHING * pilot.noise)
    stationary = invisible or is_stationary(scales, claim, reaction)
    if rtol is None and pilot.low_precision and not (found.promoted or stationary):
        _note_low_precision(found, pilot, evaluator.space, rules)
    if invisible:
        moved = largest_movement(evaluator, scales, value, pilot.noise, rng)
        if moved == 0 and pilot.noise > rules.cap * abs(value) and np.any(claim):
            # The noise that hides it is no rounding of f: anything could be claimed.
            flat = _flat_evidence(evaluator.x, scales, claim, rules, pilot.noise, factor)
            flat.components.outcome[claim != 0] = Outcome.NOISE
            return flat
        if moved == 0:
            found.notes.append(
                "f does not visibly depend on its argument, as claimed: "
                "it moved along none of a few random directions"
            )
            return _flat_evidence(evaluator.x, scales, claim, rules, pilot.noise, factor)
        effect = np.full_like(claim, moved / math.sqrt(claim.size))
        scales = dataclasses.replace(scales, effect=effect)
    elif stationary:
        movement = movement_of_leaves(evaluator, tree, scales, value, pilot.noise, rng)
        scales = dataclasses.replace(scales, movement=movement)
    rounding = None if found.rounding_of_claim is None else found.rounding_of_claim * factor
    return Setting(claim, rounding, value, factor, scales, pilot, rules, stationary)


def _note_low_precision(found: Preflight, pilot: Pilot, space: Space, rules: Policy) -> None:
    """Say why the tolerance is coarse where the parameters, in float64, do not tell."""
    if max(space.roundoffs) > UNIT_ROUNDOFF_64:
        return
    of_f = max(pilot.roundoff, float(np.max(pilot.roundoff_of_x, initial=0.0)))
    if of_f > UNIT_ROUNDOFF_64:
        which = f"f computes in {_type_of(of_f)}"
    elif found.roundoff_told > UNIT_ROUNDOFF_64:
        which = f"the gradient computes in {_type_of(found.roundoff_told)}"
    else:
        which = "the gradient has no more digits than those of float32"
    said = (
        f"{which}, though the parameters are in float64: its tolerance is then "
        f"{rules.default:g}, where float64 throughout would show smaller errors"
    )
    if said not in found.notes:
        found.notes.append(said)


def _type_of(roundoff: float) -> str:
    return "float32" if roundoff <= UNIT_ROUNDOFF_32 else "less than float32"


def power_of_two(value: float, moves: float = 0.0) -> float:
    """Return the factor that keeps squares of very large and very small values in range.

    And, before that, those of `moves`, by how much f is claimed to move.
    """
    exponent = 0 if value == 0 or 1e-100 < abs(value) < 1e100 else -math.frexp(value)[1]
    if 0 < moves < math.inf:
        exponent = min(exponent, _LARGEST - math.frexp(moves)[1])
    return 2.0 ** max(-1000, min(1000, exponent))


def _flat_evidence(
    x: FloatArray,
    scales: Scaling,
    claim: FloatArray,
    rules: Policy,
    noise: float,
    factor: float,
) -> Evidence:
    """Return what is known where f moves along no direction: every derivative is 0."""
    zero = np.zeros_like(claim)
    bar = 8 * noise / (WIDEST * scales.scale)
    # Seen along directions, not component by component: a mismatch, but no single culprit.
    outcome = np.where(np.abs(claim) <= bar, Outcome.FLAT, Outcome.MISMATCH).astype(np.int16)
    nothing = np.full_like(claim, np.nan)
    components = Components(claim, zero, zero, bar, outcome, *[nothing] * 4)
    bounds = limits(
        scales,
        claim,
        rules,
        noise=noise,
        roundoff_of_claim=0.0,
        roundoff_of_x=zero,
    )
    asked = Asked(scales, claim, rules, bounds.question.relative, 0.0)
    return Evidence(x, components, asked, noise / factor, 1 / factor, rules.margin)
