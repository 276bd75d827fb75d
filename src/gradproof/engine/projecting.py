"""Measure along random directions: of everything, and of each leaf."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.phrases import counted
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.escalation import Escalation
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.groups import Groups, groups_in
from gradproof.engine.pilot import Pilot
from gradproof.engine.preflight import Preflight
from gradproof.engine.projections import OfArrays, Projections, RandomDirection
from gradproof.engine.search import Search, wrong_leaves
from gradproof.engine.setting import Setting
from gradproof.judge.certificate import certify, certify_leaves
from gradproof.judge.evidence import Probed, Probes
from gradproof.judge.located import Located
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import Certificate
from gradproof.judge.plan import Plan
from gradproof.judge.tolerance import Policy, Scaling
from gradproof.judge.verdict import Components
from gradproof.numerics.directions import THROUGH_ONE_LEAF, Gaussian
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.scales import away_from_zero, lifted_scales, share_of_a_crowd
from gradproof.tree import Leaf, Tree

_CLEARLY = 8.0  # bars
_SHOWS_KINKS = 1e-3  # of a typical slope
_ADD_UP = 10.0  # times what the sides of some direction differ by
_KINKED = 0.1  # of a typical slope
_CONFIRMATIONS = 2  # tables, after which the other directions over the same need none
MANY = 50  # leaves: which of them are wrong is asked in groups
EQUALISED = 10.0  # at most: beyond it a step would leave the neighbourhood


def leaf_weights(tree: Tree, x: FloatArray, claim: FloatArray, value: float) -> FloatArray:
    """Return how far a direction moves each component: its natural scale, more in weak leaves.

    Leaves whose gradient matters less are moved by up to ten times more, so that all of them
    contribute; outliers of the claim are, as `lifted_scales` says.
    """
    weight = np.empty_like(x)
    effects = []
    for leaf in tree.leaves:
        part = slice(leaf.start, leaf.stop)
        lifted = lifted_scales(x[part], claim[part])
        weight[part] = away_from_zero(lifted, x[part], claim[part], value)
        effects.append(float(np.linalg.norm(weight[part] * claim[part])))
    largest = max(effects, default=0.0)
    for leaf, effect in zip(tree.leaves, effects, strict=True):
        if effect > 0:
            weight[leaf.start : leaf.stop] *= min(EQUALISED, largest / effect)
    return weight


def probe(
    evaluator: Evaluator,
    lines: list[RandomDirection],
    weight: FloatArray,
    claim: FloatArray,
    rules: Policy,
    pilot: Pilot,
    *,
    value: float,
    floor: FloatArray,
    roundoff_of_claim: float,
    rounding: FloatArray | None,
    rng: np.random.Generator,
) -> Probes:
    """Measure the slopes along some directions, and judge them as if they were components.

    `floor` are effects of components below which nothing is worth resolving. By `rounding`, where
    it is known, each claim is off.
    """
    effects, floors, roundings = (
        np.array([np.linalg.norm(part[one.gaussian.start : one.gaussian.stop]) for one in lines])
        for part in (weight * claim, floor, weight * (0.0 if rounding is None else rounding))
    )
    over = [line.gaussian.start for line in lines]
    return measure_along(
        OfArrays(evaluator, lines, weight, claim),
        np.maximum(effects, floors),
        np.array([one.gaussian.stop - one.gaussian.start for one in lines]),
        np.unique(over, return_inverse=True)[1].astype(np.int64),
        rules,
        pilot,
        value=value,
        roundoff_of_claim=roundoff_of_claim,
        roundings=roundings,
        rng=rng,
    )


def measure_along(
    projections: Projections,
    effects: FloatArray,
    counts: IntArray,
    groups: IntArray,
    rules: Policy,
    pilot: Pilot,
    *,
    value: float,
    roundoff_of_claim: float,
    roundings: FloatArray | float = 0.0,
    rng: np.random.Generator,
    combined: int | None = None,
) -> Probes:
    """Measure the slopes along directions of which the claims are known.

    The error of a claim that is right to the tolerance in every component is, along a direction,
    that tolerance of the norm of what the claim does along it, ‖weight · claim‖; the slope itself
    may be any part of that. So it is with the rounding of a claim: `roundings` are its norms where
    it is known. `effects` are the norms of claims, or what is worth resolving where that is more,
    `counts` how many components each direction moves; `groups` says which directions are over the
    same components. Where several are combined, it is the first `combined` of them.
    """
    effects = effects.copy()
    effects[effects == 0] = np.max(effects) or 1.0  # f does not move at all
    one = np.ones_like(effects)
    scale = share_of_a_crowd(counts)
    scaling = Scaling(scale, effects * scale, np.zeros_like(one), groups)
    reach = scale.copy()
    reach[one.size if combined is None else combined :] = 0.0
    flown = dataclasses.replace(
        pilot, roundoff_of_x=float(np.max(pilot.roundoff_of_x)) / scale, reach=reach
    )
    measured = Escalation(
        projections,
        scaling,
        projections.claims,
        rules,
        flown,
        value=value,
        roundoff_of_claim=roundoff_of_claim,
        rounding_of_claim=rules.default * effects + KAPPA * roundings,
        rng=rng,
        confirmations=_CONFIRMATIONS,
    )
    _doubt_kinks(measured.components, effects)
    doubted = np.zeros(effects.size, dtype=bool)
    if not pilot.low_precision:  # where what the sides differ by is rounding
        doubted = _doubt_sums_of_kinks(measured.components, effects)
    # f moves by more than squares can hold: beside that any claim would be right.
    measured.components.outcome[~np.isfinite(effects)] = Outcome.DIVERGES
    return Probes(
        components=measured.components,
        limits=measured.limits,
        size=effects,
        noise=measured.noise / projections.factor,
        unit=1 / projections.factor,
        margin=measured.margin,
        notes=tuple(measured.notes),
        doubted=doubted,
    )


def _doubt_kinks(c: Components, size: FloatArray) -> None:
    """Leave open where a kink is a part of the slope: what lies between its sides proves little."""
    at_a_kink = (c.outcome == Outcome.ONE_SIDED) | (c.outcome == Outcome.SUBGRADIENT)
    with np.errstate(invalid="ignore"):
        wide = np.abs(c.right - c.left) > _KINKED * size
    c.outcome[at_a_kink & wide] = Outcome.KINK


def _doubt_sums_of_kinks(c: Components, size: FloatArray) -> BoolArray:
    """Leave open what contradicts the claim by no more than kinks add up to; return where.

    Along one direction kinks of either sign may cancel in what the sides differ by, and not in what
    a subgradient differs from both. The sides of all directions together tell how much there is.
    """
    with np.errstate(invalid="ignore"):
        apart = np.abs(c.right - c.left)
        apart = np.where(apart > _CLEARLY * c.bar, apart, 0.0) / size  # else it may be noise
        off = np.abs(np.stack([c.left, c.right, c.value]) - c.claim).min(axis=0) / size
    kinks = float(apart[np.isfinite(apart)].max(initial=0.0))
    doubted: BoolArray = c.wrong & (kinks > _SHOWS_KINKS) & (off <= _ADD_UP * kinks)
    c.outcome[doubted] = Outcome.KINK
    return doubted


def project(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    setting: Setting,
    *,
    plan: Plan,
    chosen: BoolArray | None,
    seed: int,
    rng: np.random.Generator,
) -> Probed:
    """Measure along directions over everything, or one through each leaf.

    Where those over everything do not all agree, the leaves are asked, too, and those that are
    wrong are searched.
    """
    scales, claim = setting.scales, setting.claim
    weight = leaf_weights(tree, evaluator.x, claim, setting.value)
    if chosen is not None:
        weight = np.where(chosen, weight, 0.0)
    # Both sides are needed: what the bounds leave no room for is not moved.
    at_a_bound = int(np.sum((evaluator.room <= 0) & (weight > 0)))
    weight = np.minimum(weight, np.maximum(evaluator.room, 0.0))
    if not np.any(weight):
        raise InputError(
            f"plan: found {plan.where!r} where bounds leave no component room on both sides, "
            "expected plan='every', which checks them from one side"
        )
    if at_a_bound:
        found.notes.append(
            f"{counted(at_a_bound, 'component')} at the bounds, where random directions do not "
            "move: plan='every' checks them from one side"
        )
    chosen_leaves = tuple(bool(np.any(weight[leaf.start : leaf.stop])) for leaf in tree.leaves)
    ask = functools.partial(
        probe,
        evaluator,
        weight=weight,
        claim=claim,
        rules=setting.rules,
        pilot=setting.pilot,
        value=setting.value,
        floor=_worth_resolving(tree, scales, claim) * weight / scales.scale,
        roundoff_of_claim=found.roundoff_of_claim,
        rounding=setting.rounding,
        rng=rng,
    )
    result = functools.partial(
        Probed,
        chosen=chosen_leaves,
        x=evaluator.x,
        claim=claim,
        scale=scales.scale,
    )
    everything = certificate = None
    if plan.where == "project":
        everything = ask(
            [RandomDirection(Gaussian(seed, 0, tree.size), k) for k in range(plan.directions)]
        )
        if evaluator.budget.is_spent:
            return result(everything, None, (), certificate=None)
        certificate = certify(
            tree, everything, claim, weight, seed=seed, confidence=plan.confidence
        )
        if np.all(everything.components.outcome < Outcome.FAIL):
            return result(everything, None, (), certificate=certificate)
    asked = np.flatnonzero(chosen_leaves).tolist()
    bars = None
    leaves: Probes | None = None
    located: list[Located] = []
    with evaluator.budget.ending():
        groups_of = groups_in(evaluator, found, setting, weight, rng)
        if everything is not None and plan.search and len(asked) > MANY:
            groups = groups_of(Leaf((), "", (tree.size,), 0))
            told = wrong_leaves(tree, asked, groups, rng)
            if told is not None:
                bars = _relative_to_leaves(tree, weight * claim, groups.bar)
                # What matters too little for groups to tell is asked by itself.
                asked = [k for k in asked if k in told or not bars[k] <= setting.rules.cap]
        through = [Gaussian(seed, tree.leaves[k].start, tree.leaves[k].stop) for k in asked]
        leaves = ask([RandomDirection(one, THROUGH_ONE_LEAF) for one in through])
        if certificate is None:
            certificate = certify_leaves(
                tree, leaves, asked, claim, weight, seed=seed, confidence=plan.confidence
            )
        if plan.search:
            open_too = leaves.components.wrong | leaves.doubted
            failed = [k for k, wrong in zip(asked, open_too, strict=True) if wrong]
            search = functools.partial(
                _search, tree, groups_of=groups_of, rtol=setting.rules.default, rng=rng
            )
            located.extend(search(failed))
            if not failed and everything is not None and np.any(everything.components.wrong):
                # No leaf shows by itself what all of them do together.
                located = [one for one in search(asked) if len(asked) == 1 or np.any(one.wrong)]
    return conclude(result, evaluator.budget, everything, leaves, asked, certificate, bars, located)


def conclude(
    result: Callable[..., Probed],
    budget: Budget,
    everything: Probes | None,
    leaves: Probes | None,
    asked: Sequence[int],
    certificate: Certificate | None,
    bars_of_others: tuple[float, ...] | None,
    located: Sequence[Located] = (),
) -> Probed:
    """Return what was measured; where the budget is spent, that is less, and certifies nothing."""
    if leaves is None:
        if everything is None:
            raise Spent(budget.why)
        asked, bars_of_others = [], None
    return result(
        everything,
        leaves,
        tuple(asked),
        certificate=None if budget.is_spent else certificate,
        located=tuple(located),
        bars_of_others=bars_of_others,
    )


def _search(
    tree: Tree,
    numbers: Sequence[int],
    *,
    groups_of: Callable[[Leaf], Groups],
    rtol: float,
    rng: np.random.Generator,
) -> Iterator[Located]:
    for number in numbers:
        leaf = tree.leaves[number]
        yield Search(leaf, number, groups_of(leaf), rtol=rtol, rng=rng).run()


def _worth_resolving(tree: Tree, scales: Scaling, claim: FloatArray) -> FloatArray:
    """Return the least effects worth resolving: what f does around the point, where it is known.

    Where a leaf is claimed to be 0, else what the others do.
    """
    floor = scales.movement.copy() if np.any(claim) else scales.effect.copy()
    for leaf in tree.leaves:
        part = slice(leaf.start, leaf.stop)
        if not np.any(claim[part]) and not np.any(floor[part]):
            floor[part] = scales.effect[part]
    return floor


def _relative_to_leaves(tree: Tree, effect: FloatArray, bar: float) -> tuple[float, ...]:
    """Return a bar relative to what the claim of each leaf does."""
    sizes = [float(np.linalg.norm(effect[leaf.start : leaf.stop])) for leaf in tree.leaves]
    return tuple(bar / size if size else np.inf for size in sizes)
