"""Whether f moves at all, and by how much, when its argument is moved by its natural scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gradproof.engine.evaluation import Evaluator
from gradproof.judge.tolerance import Scaling
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.scales import share_of_a_crowd
from gradproof.tree import Tree

_STEP = 0.1  # in units of the natural scale
_FAR_STEP = 0.3
WIDEST = 0.2
_NEARER = (1e-2, 1e-4, 1e-6)
_VISIBLE = 8.0  # standard deviations of noise
_DIRECTIONS = 4
_CURVED = 30.0  # times the claimed movement: f moves by its curvature, not by its slope
_MOST_LEAVES = 50
_MOST_STILL = 8  # leaves
_ROUNDING = 100.0  # unit roundoffs that values may differ by from copy to copy
_WORTH_RESOLVING = 1e-2  # of the movement of a typical component
BY_IDENTITY = "f remembers its argument by identity: it got a fresh copy every time"


class Reaction(NamedTuple):
    """How f moved: by how much, whether as the claim says, and whether only for fresh copies.

    That was at a `step` of natural scales. `bend` is by how much the two sides of a line through
    the point are apart, and `still` says that f moved nowhere.
    """

    movement: float
    as_claimed: bool
    by_identity: bool
    step: float = _STEP
    bend: float = 0.0
    still: bool = False


def react(
    evaluator: Evaluator,
    scales: Scaling,
    claim: FloatArray,
    value: float,
    rng: np.random.Generator,
    *,
    count: int,
) -> Reaction:
    """Move f along a random direction; one that only seems to stand still gets fresh copies.

    `count` is how many components that moves.
    """
    step = _STEP * float(share_of_a_crowd(count))
    direction = rng.choice([-1.0, 1.0], claim.size) * scales.scale
    moved, bend = _moved_both_ways(evaluator, direction, value, step)
    if moved is not None:
        return Reaction(moved, True, False, step, bend)
    # Effects may cancel along one direction, and stairs may be wide.
    other = rng.choice([-1.0, 1.0], claim.size) * scales.scale
    if evaluator.along_direction(other, _FAR_STEP) != value:
        return Reaction(0.0, True, False)
    evaluator.space.use_fresh_copies(keep=True)
    if evaluator.along_direction(other, _FAR_STEP) != value:
        return Reaction(0.0, True, True)
    claimed = abs(float(claim @ direction)) * _STEP
    return Reaction(0.0, claimed <= 1e3 * evaluator.rounding, False, still=True)


def remembers_leaves(
    evaluator: Evaluator,
    tree: Tree,
    still: Sequence[int],
    scale: FloatArray,
    *,
    value: float,
    noise: float,
    rng: np.random.Generator,
) -> bool:
    """Whether leaves stood still only because f remembers them by identity.

    `still` are the numbers of those along which f was not seen to move at all. Each is moved once
    more as a whole, and then in a copy that f has not met; if that moves it, f gets only such.
    """
    space = evaluator.space
    if len(tree.leaves) == 1 or space.keeps_copies:
        return False  # seen already where everything was moved
    allowed = max(_VISIBLE * noise, _ROUNDING * evaluator.roundoff * abs(value))
    directions = []
    for number in still[:_MOST_STILL]:
        leaf = tree.leaves[number]
        part = slice(leaf.start, leaf.stop)
        direction = np.zeros_like(scale)
        direction[part] = rng.choice([-1.0, 1.0], leaf.size) * rng.uniform(0.5, 1.5, leaf.size)
        direction *= scale
        if evaluator.along_direction(direction, _FAR_STEP) == value:
            directions.append(direction)
    if not directions:
        return False
    space.use_fresh_copies(keep=True)
    for direction in directions:
        if not abs(evaluator.along_direction(direction, _FAR_STEP) - value) <= allowed:
            return True
    space.forget_copies()
    return False


def _moved_both_ways(
    evaluator: Evaluator, direction: FloatArray, value: float, step: float
) -> tuple[float | None, float]:
    """Return by how much f moves either way at least, and by how much it bends.

    0 at an edge; None where it does not move.
    """
    plus, minus = (evaluator.along_direction(direction, side) for side in (step, -step))
    if plus == value == minus:
        return None, 0.0
    moved = min(abs(plus - value), abs(minus - value))
    if not math.isfinite(moved):
        return 0.0, 0.0
    return moved, abs((plus - value) + (minus - value))


def is_stationary(scales: Scaling, claim: FloatArray, reaction: Reaction) -> bool:
    """Whether f moves by far more than its claimed slope says: a minimum, a saddle, a fit."""
    claimed = reaction.step * float(np.linalg.norm(claim * scales.scale))
    return reaction.movement > _CURVED * claimed


def movement_of_leaves(
    evaluator: Evaluator,
    tree: Tree,
    scales: Scaling,
    value: float,
    noise: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Return, leaf by leaf, the least effect of a component that is worth resolving there.

    Near a stationary point the gradient is what is left of terms that cancel; its error is judged
    beside what f does around the point: a hundredth of a typical component's share in that.
    """
    movement = np.zeros_like(scales.scale)
    if len(tree.leaves) > _MOST_LEAVES:
        return movement
    for leaf in tree.leaves:
        part = slice(leaf.start, leaf.stop)
        direction = np.zeros_like(movement)
        direction[part] = rng.choice([-1.0, 1.0], leaf.size) * scales.scale[part]
        moved, _ = _moved_both_ways(evaluator, direction, value, _STEP)
        if moved:
            nearer = _as_a_parabola(evaluator, direction, value, noise, _STEP)
            movement[part] = _WORTH_RESOLVING * min([moved, *nearer]) / math.sqrt(leaf.size)
    return movement


def largest_movement(
    evaluator: Evaluator, scales: Scaling, value: float, noise: float, rng: np.random.Generator
) -> float:
    """Return by how much f moves along a random direction, 0 where that is not more than noise.

    By as much as it would move as a parabola, where it moves by more: far from the point it may
    explode.
    """
    for _ in range(min(_DIRECTIONS, 2 * scales.scale.size)):
        signs = rng.choice([-1.0, 1.0], scales.scale.size)
        direction = signs * rng.uniform(0.5, 1.5, signs.size) * scales.scale
        far = abs(evaluator.along_direction(direction, WIDEST) - value)
        if far == 0:
            continue
        moved = _as_a_parabola(evaluator, direction, value, noise, WIDEST)
        if not math.isfinite(far):  # not to depend on it would mean to be defined there
            moved.append(max(abs(value), 1e3 * noise))
        elif far > 2 * _VISIBLE * noise:
            moved.append(far)
        if moved:
            return min(moved)
    return 0.0


def _as_a_parabola(
    evaluator: Evaluator, direction: FloatArray, value: float, noise: float, step: float
) -> list[float]:
    """Return by how much f would move at a step if it grew as it does nearer, in a parabola."""
    expected = []
    for nearer in _NEARER:
        moved = abs(evaluator.along_direction(direction, nearer) - value)
        if moved > _VISIBLE * noise and math.isfinite(moved):
            expected.append(moved * (step / nearer) ** 2)
    return expected
