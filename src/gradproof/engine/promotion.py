"""Measuring f in float64 although its parameters are in low precision, where that is honest.

The same code, given float64 copies of the same values, mostly computes the same function with 29
more bits. Whether it does is verified, and said; the claim stays the one that was made in low
precision, with the rounding that it shows.
"""

from __future__ import annotations

import math

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.preflight import Preflight, claim_moved
from gradproof.judge.tolerance import Scaling, scaling
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem, Space
from gradproof.tree import Tree

_STEPS = (0.1, 0.01)  # in units of the natural scale
_NEIGHBOUR = 1e-3
_AGREES = 1e-2  # relative, of differences in both precisions
_ROUNDING_OF_VALUE = 1e3  # in unit roundoffs of the low precision: sums of many terms
_ROUNDING_OF_DIFFERENCE = 100.0
_ROUNDING_OF_FLOAT64 = 100.0
_FLIPS = 2  # perturbations of the parameters by their last bit
_AMPLIFIED = 10.0  # times what one flip of bits changes: rounding inside adds to it
_TYPICALLY = 4.0  # times what it changes in the tensor


def promote(
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    rng: np.random.Generator,
) -> None:
    """Evaluate f in float64 from now on, if it is the same function there."""
    low = evaluator.space
    high = low.promoted()
    if high is None or found.claim is None:
        return
    scales = scaling(tree, low.x, found.claim, found.value)
    direction = rng.choice([-1.0, 1.0], low.x.size) * scales.scale
    direction = low.toward_inside(direction, max(_STEPS))
    moves = [low.realised(direction, step) for step in _STEPS]
    values = [evaluator.along_direction(move, 1.0) for move in moves]
    roundoff = max(evaluator.roundoff, *low.roundoffs)
    evaluator.begin(high)
    try:
        spread = _spread_where_it_agrees(
            found, evaluator, direction, moves=moves, values=values, roundoff=roundoff
        )
        reason = "is not the same function in float64, or computes in less"
    except Exception as error:  # whatever it is that f has against float64
        spread, reason = None, f"does not take float64: {type(error).__name__}"
    if spread is None:
        found.notes.append(
            f"f {reason}; it was measured as it is, and parameters in float64 would show more"
        )
        evaluator.begin(low)
        evaluator.at_point()
        return
    found.promoted, found.spread = True, spread
    names = sorted(
        {name for name, u in zip(low.types, low.roundoffs, strict=True) if u > UNIT_ROUNDOFF_64}
    )
    found.notes.append(
        f"f was evaluated in float64: its {' and '.join(names)} parameters were promoted"
    )
    _weigh_the_claim(found, problem, tree, evaluator, low=low, scales=scales, rng=rng)


def _spread_where_it_agrees(
    found: Preflight,
    evaluator: Evaluator,
    direction: FloatArray,
    *,
    moves: list[FloatArray],
    values: list[float],
    roundoff: float,
) -> float | None:
    """Take the value in float64 and return its spread; None where f is another function there.

    `moves` are displacements that low precision realises exactly and `values` those of f there.
    """
    value, in_low_precision = evaluator.at_point(), found.value_of_f
    neighbours = [evaluator.along_direction(direction, _NEIGHBOUR)]
    if not evaluator.carries_float64([value, *neighbours]):
        return None
    spread = abs(evaluator.at_point() - value)
    size = float(np.max(np.abs([found.value, *values])))
    if not spread <= _ROUNDING_OF_FLOAT64 * UNIT_ROUNDOFF_64 * size:
        return None
    if not abs(evaluator.value_of_f - in_low_precision) <= _ROUNDING_OF_VALUE * roundoff * size:
        return None
    for move, there in zip(moves, values, strict=True):
        low, high = there - found.value, evaluator.along_direction(move, 1.0) - value
        room = _AGREES * max(abs(low), abs(high)) + _ROUNDING_OF_DIFFERENCE * roundoff * size
        if not abs(low - high) <= room:
            return None
    found.value, found.value_of_f = value, evaluator.value_of_f
    return spread


def _weigh_the_claim(
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    *,
    low: Space,
    scales: Scaling,
    rng: np.random.Generator,
) -> None:
    """See how inexact the claim is by rounding: compare with float64, or flip last bits.

    What is more than rounding explains (1000 unit roundoffs of a typical component, √u where that
    is less) is excused where flipped bits change the claim as much: its digits cancel. Else it is
    not: a gradient may be wrong in low precision only.
    """
    assert found.claim is not None
    roundoff = max(found.roundoff_of_claim, *low.roundoffs)
    excusable = min(1e3 * roundoff, math.sqrt(roundoff))
    found.roundoff_of_claim = excusable / 1e3
    limit = excusable * np.maximum(np.abs(found.claim), scales.effect / scales.scale)
    in_float64 = _claim_in(evaluator.space, found, problem, tree, evaluator, finest=roundoff)
    if in_float64 is None:
        changes = _changes_by_flips(found, problem, tree, evaluator, low=low, rng=rng)
        if changes:
            # What does not depend on the parameters is rounded, too.
            stored = np.array(low.roundoffs)[scales.leaf] * np.abs(found.claim)
            rounding = np.maximum(_AMPLIFIED * np.max(changes, axis=0), stored)
            found.rounding_of_claim = np.minimum(rounding, limit)
        return
    found.roundoff_of_claim = UNIT_ROUNDOFF_64
    rounding = np.abs(in_float64 - found.claim)
    if np.any(rounding > limit):
        worst = int(np.argmax(rounding - limit))
        changes = _changes_by_flips(found, problem, tree, evaluator, low=low, rng=rng)
        if changes:
            limit = np.maximum(limit, _by_cancellation(tree, changes))
        how = "the gradient loses digits in low precision, where terms of it cancel"
        if np.any(rounding > limit):
            worst = int(np.argmax(rounding - limit))
            how = "the gradient is another in float64, by more than rounding"
        found.notes.append(
            f"{how}: at {tree.address(*tree.locate(worst))} it claims {found.claim[worst]:.6g} in "
            f"low precision and {in_float64[worst]:.6g} in float64"
        )
    found.rounding_of_claim = np.minimum(rounding, limit)


def _changes_by_flips(
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    *,
    low: Space,
    rng: np.random.Generator,
) -> list[FloatArray]:
    """Return by how much the claim changes where the last bits of the parameters are flipped."""
    assert found.claim is not None
    of_leaf = np.repeat(low.roundoffs, [leaf.size for leaf in tree.leaves])
    flips = [2 * of_leaf * low.x * rng.choice([-1.0, 1.0], low.x.size) for _ in range(_FLIPS)]
    flipped = [_claim_in(low, found, problem, tree, evaluator, flip) for flip in flips]
    return [np.abs(claim - found.claim) for claim in flipped if claim is not None]


def _by_cancellation(tree: Tree, changes: list[FloatArray]) -> FloatArray:
    """Return what rounding makes of the claim where it changes it so much.

    Of a few flips some change a component by chance too little: its tensor tells, too.
    """
    seen = np.max(changes, axis=0)
    rounding: FloatArray = _AMPLIFIED * seen
    for leaf in tree.leaves:
        part = slice(leaf.start, leaf.stop)
        if leaf.size:
            typical = float(np.sqrt(np.mean(seen[part] ** 2)))
            rounding[part] = np.maximum(rounding[part], _TYPICALLY * typical)
    return rounding


def _claim_in(
    space: Space,
    found: Preflight,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    flip: FloatArray | None = None,
    finest: float | None = None,
) -> FloatArray | None:
    """Return what the gradient claims in a space, maybe with last bits flipped; None if nothing.

    In the space where all is in float64 only what was computed in more digits counts.
    """
    if not (callable(problem.gradient) or problem.gradient is True):
        return None
    displacement = np.zeros_like(space.x) if flip is None else flip
    finer_than = finest if flip is None else None
    return claim_moved(displacement, space, found, problem, tree, evaluator, finer_than=finer_than)
