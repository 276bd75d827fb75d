"""A check of parameters in pieces: a small problem in the coordinates of random directions.

With v_k the k-th normal direction times the natural scales, g(t) = f(x + Σ t_k v_k) is claimed to
have the slopes ⟨claim, v_k⟩ at 0. The engine measures these as it measures components; of what is
as long as the parameters it sees nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Sequence

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.engine.agreement import Agreement
from gradproof.engine.budget import Budget
from gradproof.engine.check import attempt_at, compare_with_the_start
from gradproof.engine.claim_in_pieces import require_sound, try_gradient
from gradproof.engine.coordinates import Coordinates, Streamed, along
from gradproof.engine.evaluation import Evaluator, Progress
from gradproof.engine.groups import Groups
from gradproof.engine.movement import movement_of_leaves
from gradproof.engine.preflight import (
    ROUNDING,
    Preflight,
    try_function,
    value_of,
)
from gradproof.engine.projecting import EQUALISED, MANY, conclude, measure_along
from gradproof.engine.randomness import Randomness
from gradproof.engine.search import wrong_among
from gradproof.engine.setting import Setting, look_around, power_of_two
from gradproof.engine.stream import Stream, Through
from gradproof.judge.certificate import certificate_of_all, certificate_of_each, visible
from gradproof.judge.evidence import Evidence, Probed, Probes
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import Certificate
from gradproof.judge.plan import Plan
from gradproof.judge.probed import write_probed
from gradproof.judge.report import Price, Record
from gradproof.judge.tolerance import Scaling, limits
from gradproof.judge.unmeasured import unmeasured
from gradproof.numerics.directions import THROUGH_ONE_LEAF
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Field, Problem
from gradproof.tree import Leaf, Tree, flatten

_FLYING = 2  # directions that are combined: effects may cancel along one
_NOT_SEARCHED = (
    "where in a tensor the error is was not searched: its numbers are moved in pieces, along "
    "random directions only"
)


def run_streamed(
    problem: Problem,
    field: Field,
    *,
    plan: Plan,
    chosen: Sequence[bool],
    rtol: float | None,
    seed: int,
    progress: Progress | None,
    budget: Budget,
) -> Record:
    """Check a problem along random directions; every process that holds a part runs the same."""
    started = time.perf_counter()
    tree, agreement = field.tree, Agreement(field.ranks, budget)
    agreement.require_same(
        at=[
            (leaf.path, leaf.shape, kind)
            for leaf, kind in zip(tree.leaves, field.types, strict=True)
        ],
        plan=plan,
        seed=seed,
        rtol=rtol,
        chosen=tuple(chosen),
    )
    randomness = Randomness(problem.reseed)
    stream = Stream(field, chosen, seed)
    evaluator = Evaluator(
        agreement.of(value_of(problem)),
        Coordinates(stream, ()),
        progress,
        randomness=randomness,
        terms=problem.terms,
        budget=budget,
    )
    check = _Check(problem, stream, evaluator, agreement, plan, rtol, seed)
    with np.errstate(all="ignore"), randomness.kept(), agreement.holding_interrupts():
        try:
            require_sound(stream, agreement)
            found, probed = attempt_at(budget, check.measure)
            # An f that draws random numbers rarely, or only away from the point: all of it again.
            while probed is not None and evaluator.repeat_random_numbers():
                calls = found.gradient_calls
                found, probed = attempt_at(budget, check.measure)
                found.gradient_calls += calls
        finally:
            stream.close()
    if budget.is_spent:
        found.notes.append(budget.note)
    seconds = time.perf_counter() - started
    price = Price(
        evaluator.count, found.gradient_calls, seconds, plan.where, seed, budget.interrupted
    )
    if not isinstance(probed, Probed):
        return unmeasured(tree, found.verdict, found.value_of_f, found.causes, found.notes, price)
    record = write_probed(
        tree,
        probed,
        value=found.value_of_f,
        rtol_given=rtol is not None,
        ending=found.verdict,
        causes=found.causes,
        facts=problem.facts or {},
        notes=found.notes,
        price=price,
        elsewhere=None,
    )
    if record.verdict is Verdict.FAIL and plan.search:
        record = dataclasses.replace(record, notes=(*record.notes, _NOT_SEARCHED))
    return record


@dataclasses.dataclass(eq=False, repr=False)
class _Check:
    """One attempt after the other at measuring a problem."""

    problem: Problem
    stream: Stream
    evaluator: Evaluator
    agreement: Agreement
    plan: Plan
    rtol: float | None
    seed: int

    def __post_init__(self) -> None:
        self.tree = self.stream.field.tree

    def measure(self, found: Preflight) -> Evidence | Probed | None:
        """Return what was measured, if the question is sound."""
        evaluator, self.rng = self.evaluator, np.random.default_rng(self.seed)
        along(evaluator, self.stream, ())
        try_function(found, evaluator)
        if found.verdict is None:
            try_gradient(found, self.problem, self.stream, evaluator, self.agreement)
        if found.verdict is not None:
            return None
        evaluator.randomness.look()
        evaluator.factor = self.stream.factor = power_of_two(found.value)
        self._weigh()
        probed = self._project(found)
        along(evaluator, self.stream, ())
        compare_with_the_start(found, evaluator)
        return probed

    def _weigh(self) -> None:
        """Find how far each component is moved: its natural scale, more in weak leaves."""
        stream = self.stream
        stream.scales = [stream.medians(k) for k in range(len(self.tree.leaves))]
        claims, effects = stream.squares()
        self.typical = np.sqrt(claims / np.maximum(1, [leaf.size for leaf in self.tree.leaves]))
        self.effects = np.sqrt(effects)
        largest = float(np.max(self.effects, initial=0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = np.fmin(EQUALISED, largest / self.effects)
        weights[self.effects == 0] = 1.0
        stream.scales = [
            dataclasses.replace(one, weight=weight)
            for one, weight in zip(stream.scales, weights.tolist(), strict=True)
        ]
        # A leaf whose claim is 0 is judged by the effect of the others.
        counts = np.array([leaf.size for leaf in self.tree.leaves])
        of_others = max(1, int(np.sum(counts[self.effects > 0])))
        typical = float(np.linalg.norm(self.effects)) / math.sqrt(of_others)
        self.sizes = self.effects * weights
        self.floors = np.where(self.effects > 0, 0.0, typical * np.sqrt(counts))

    def _project(self, found: Preflight) -> Evidence | Probed:
        """Measure along directions over everything, or one through each leaf."""
        evaluator, stream, plan = self.evaluator, self.stream, self.plan
        moved = [k for k, chosen in enumerate(stream.chosen) if chosen]
        whole = float(np.linalg.norm(self.sizes[moved]))
        over_all = plan.where == "project"
        lines = [Through(k) for k in range(max(plan.directions if over_all else 0, _FLYING))]
        claims = stream.dots(lines)
        setting = self._look_around(found, lines[:_FLYING], claims[:_FLYING], whole)
        result = functools.partial(
            Probed, chosen=stream.chosen, x=np.empty(0), claim=np.empty(0), scale=np.empty(0)
        )
        if isinstance(setting, Evidence):
            return result(_as_probes(setting, whole), None, (), certificate=None)
        ask = functools.partial(self._ask, setting, found.roundoff_of_claim)
        everything = certificate = None
        if over_all:
            lines = lines[: plan.directions]
            floor = setting.scales.movement if whole else setting.scales.effect
            effects = np.full(len(lines), max(whole, float(np.max(floor))))
            over_one = np.zeros(len(lines), dtype=np.int64)
            everything = ask(lines, claims[: len(lines)], effects, over_one)
            if evaluator.budget.is_spent:
                return result(everything, None, (), certificate=None)
            certificate = certificate_of_all(
                self.tree,
                everything,
                moved,
                stream.singles(lines, visible(everything)),
                self.typical.tolist(),
                confidence=plan.confidence,
            )
            if np.all(everything.components.outcome < Outcome.FAIL):
                return result(everything, None, (), certificate=certificate)
        asked, bars = moved, None
        leaves: Probes | None = None
        with evaluator.budget.ending():
            through = [Through(THROUGH_ONE_LEAF, k) for k in moved]
            of_leaves = stream.dots(through)
            along(evaluator, stream, through)
            effects = self._worth_resolving(setting, moved)
            if everything is not None and plan.search and len(moved) > MANY:
                groups = self._groups(found, setting, of_leaves, effects)
                told = wrong_among(moved, groups, groups.error_of_all(), self.rng)
                if told is not None:
                    with np.errstate(divide="ignore"):
                        bars = tuple((groups.bar / self.sizes).tolist())
                    # What matters too little for groups to tell is asked by itself.
                    asked = [k for k in moved if k in told or not bars[k] <= setting.rules.cap]
            which = np.flatnonzero(np.isin(moved, asked))
            through = [through[k] for k in which.tolist()]
            each = np.arange(which.size)
            leaves = ask(through, of_leaves[which], effects[which], each)
            if certificate is None and not evaluator.budget.is_spent:
                certificate = self._certify_leaves(leaves, asked, through)
        return conclude(result, evaluator.budget, everything, leaves, asked, certificate, bars)

    def _look_around(
        self, found: Preflight, lines: list[Through], claims: FloatArray, whole: float
    ) -> Setting | Evidence:
        """Look how f moves along two directions over everything, and how noisy it is."""
        evaluator = self.evaluator
        along(evaluator, self.stream, lines)
        found.claim = claims / evaluator.factor
        one = np.ones_like(claims)
        scales = Scaling(one, whole * one, 0 * one, np.zeros(one.size, dtype=np.int64))
        small = flatten(one, self.tree.root)[0]
        return look_around(
            small, evaluator, found, scales, rtol=self.rtol, rng=self.rng, count=self._count(None)
        )

    def _count(self, number: int | None) -> int:
        """Return how many components a leaf has, or all that are moved."""
        leaves = self.tree.leaves
        if number is not None:
            return leaves[number].size
        return sum(
            leaf.size for leaf, moved in zip(leaves, self.stream.chosen, strict=True) if moved
        )

    def _ask(
        self,
        setting: Setting,
        roundoff_of_claim: float,
        lines: list[Through],
        claims: FloatArray,
        effects: FloatArray,
        groups: IntArray,
    ) -> Probes:
        """Measure the slopes along some directions."""
        along(self.evaluator, self.stream, lines)
        counts = np.array([self._count(line.leaf) for line in lines])
        return measure_along(
            Streamed(self.evaluator, claims),
            effects,
            counts,
            groups,
            setting.rules,
            setting.pilot,
            value=setting.value,
            roundoff_of_claim=roundoff_of_claim,
            rng=self.rng,
            # Those over everything are as good as each other, and each costs as much as one.
            combined=_FLYING if lines[0].leaf is None else None,
        )

    def _worth_resolving(self, setting: Setting, moved: list[int]) -> FloatArray:
        """Return what the claims of leaves do along their directions, or what is worth resolving.

        Where a leaf is claimed to be 0 that is what the others do, and where the point is
        stationary what f does around it.
        """
        effects: FloatArray = np.maximum(self.sizes, self.floors)[moved]
        if not np.any(effects):  # all is claimed to be 0
            return np.full(len(moved), float(np.max(setting.scales.effect)))
        if setting.stationary:
            one = np.ones(len(moved))
            scales = Scaling(one, effects, 0 * one, np.arange(one.size))
            movement = movement_of_leaves(
                self.evaluator,
                _of_numbers(len(moved)),
                scales,
                setting.value,
                setting.pilot.noise,
                self.rng,
            )
            effects = np.maximum(effects, movement)
        return effects

    def _groups(
        self, found: Preflight, setting: Setting, claims: FloatArray, effects: FloatArray
    ) -> Groups:
        """Return groups of leaves, each moved along its direction."""
        one, roundoff = np.ones_like(claims), float(np.max(setting.pilot.roundoff_of_x))
        question = limits(
            Scaling(one, effects, 0 * one, np.arange(one.size)),
            claims,
            setting.rules,
            noise=setting.pilot.noise,
            roundoff_of_claim=found.roundoff_of_claim,
            roundoff_of_x=roundoff * one,
            rounding_of_claim=setting.rules.default * effects,
        )
        return Groups(
            Leaf((), "", (claims.size,), 0),
            self.evaluator,
            claims,
            one,
            beyond=question.beyond,
            rounding=ROUNDING * found.roundoff_of_claim * effects,
            value=setting.value,
            noise=setting.pilot.noise,
            finest=roundoff**0.7,
            rng=self.rng,
        )

    def _certify_leaves(
        self, leaves: Probes, asked: list[int], lines: list[Through]
    ) -> Certificate:
        """Return what one direction through each leaf proves."""
        return certificate_of_each(
            self.tree,
            leaves,
            asked,
            self.sizes.tolist(),
            self.stream.singles(lines, visible(leaves)),
            self.typical.tolist(),
            confidence=self.plan.confidence,
        )


def _of_numbers(count: int) -> Tree:
    """Return the tree of some numbers, each a leaf."""
    return flatten([0.0] * count, "t")[0]


def _as_probes(evidence: Evidence, size: float) -> Probes:
    """Return what is known of an f that moves along no direction."""
    sizes = np.full_like(evidence.x, size * evidence.unit**-1 or 1.0)
    return Probes(
        evidence.components,
        evidence.asked.limits_of(slice(None)),
        sizes,
        evidence.noise,
        evidence.unit,
        evidence.margin,
        (),
        np.zeros(sizes.size, dtype=bool),
    )
