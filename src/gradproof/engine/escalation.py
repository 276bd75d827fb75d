"""What cheap differences leave open goes to tables of steps, a few of each leaf at a time.

What the tables teach is used for the rest: that f is noisier than the pilot saw, that f jumps, that
nearly all of a leaf is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradproof.engine.along import Along
from gradproof.engine.complex_steps import clear_by_complex_steps
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.jump_search import JumpSearch
from gradproof.engine.pilot import Pilot
from gradproof.engine.projections import Projections
from gradproof.engine.restriction import Restriction
from gradproof.engine.subgradients import bends_at_the_point, doubt_subgradients
from gradproof.judge.escalated import judge_line
from gradproof.judge.evidence import Steps
from gradproof.judge.line import Line, lines_of
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Limits, Policy, Scaling, limits
from gradproof.judge.verdict import (
    judge_cheaply,
    misled,
    require_company,
    without_company,
)
from gradproof.judge.vetoes import edge_of_fine_stairs
from gradproof.numerics.answers import Stage
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.question import sample_of_groups
from gradproof.numerics.stages import CheapStages
from gradproof.numerics.table import Table

_FEW = 2  # components: to look at both sides of them costs no more than along a direction
_MOST_AT_ONCE = 512
ENOUGH_FAILED = 8  # lines of a leaf, and the first that get a table
STORM = 60  # undecided lines, from which on those that agree get no table
_MANY = 200
LEARN_FROM = 5  # what passes, be it tables or outputs: more noise than was seen before
_MOST_TABLES = 1_000  # that are kept for pictures
_CHANCE = 1e-4  # that noise alone makes one of all components look wrong


@dataclass(frozen=True)
class Common:
    """What holds for all components, of which an escalation may see a part.

    `margin` is how many bars wide a discrepancy has to be, `both_sides` whether one side never
    suffices, `largest` the effect of the component, of all, that moves f most.
    """

    margin: float
    both_sides: bool
    largest: float


def in_common(
    along: Along,
    scales: Scaling,
    claim: FloatArray,
    rules: Policy,
    rng: np.random.Generator,
) -> Common:
    """Return what holds for some components together; up to four evaluations."""
    pilot = along.pilot
    dense = np.where(pilot.reach > 0, scales.scale, 0.0)
    effects = np.maximum(np.abs(claim) * scales.scale, np.maximum(scales.effect, scales.movement))
    return Common(
        margin=max(rules.margin, _quantile(_CHANCE / (2 * claim.size)) / KAPPA),
        both_sides=claim.size <= _FEW
        or bends_at_the_point(claim, dense, along, noise=pilot.noise, rng=rng),
        largest=float(np.max(effects, initial=0.0)),
    )


class Escalation:
    """Measure and judge components, as far as each needs it.

    After `confirmations` tables of a leaf that fail and none that passes, two steps suffice.
    `components` and `limits` hold the result, `noise` is that of f by now, `jump` how high f was
    seen to jump, `by_complex_steps` how many components these measured.
    """

    def __init__(
        self,
        evaluator: Evaluator | Restriction | Projections,
        scales: Scaling,
        claim: FloatArray,
        rules: Policy,
        pilot: Pilot,
        *,
        value: float,
        roundoff_of_claim: float,
        rounding_of_claim: FloatArray | None,
        rng: np.random.Generator,
        common: Common | None = None,
        confirmations: int = ENOUGH_FAILED,
    ) -> None:
        self._evaluator, self._scales, self._claim = evaluator, scales, claim
        self._rules, self._pilot, self._value = rules, pilot, value
        self._roundoff_of_claim, self._rounding_of_claim = roundoff_of_claim, rounding_of_claim
        self._rng = rng
        self._confirmations = confirmations
        self.noise = pilot.noise
        self._learned: list[float] = []
        along = self._along = Along(evaluator, pilot, value)
        self._search = JumpSearch(along, scales.scale, rng)
        self.jump = 0.0
        self.by_complex_steps = 0
        self.tables: dict[int, Steps] = {}
        self._common = common or in_common(along, scales, claim, rules, rng)
        self.limits = self._limits()
        self._stages = self._cheap_stages(self.limits)
        self._queue: IntArray | None = None  # what is open, once differences were judged
        with evaluator.budget.ending():
            self._measure(along)
        if evaluator.budget.is_spent:
            self._cut_short()
        with evaluator.budget.ending():
            self._take_complex_steps(along)
        require_company(self._stages, self.components)

    @property
    def seen(self) -> list[float]:
        """The noise of f as tables that passed show it, since it was last learned from."""
        return self._learned

    def _measure(self, along: Along) -> None:
        self._evaluator.answer_components(self._stages)
        self.components, open_ = judge_cheaply(self._stages, self.limits, self._common.largest)
        self._escalate(open_)
        self._escalate(without_company(self._stages, self.components))
        self._escalate(misled(self._stages, self.components))
        doubt_subgradients(
            self.components,
            self.limits.question.tolerance,
            self._scales.scale,
            along,
            noise=self.noise,
            rng=self._rng,
        )

    def _cut_short(self) -> None:
        """Keep what is settled, where the budget allows nothing more, and leave the rest open."""
        stages = self._stages
        if self._queue is None:
            self.components, _ = judge_cheaply(stages, self.limits, self._common.largest)
            open_ = ~stages.settled
        else:
            c = self.components
            open_ = c.wrong & ~self._search.never_explains(c, self.limits.size)
            open_ |= c.outcome == Outcome.SUBGRADIENT
            open_[self._queue] = True
            open_[misled(stages, c)] = True
        self.components.outcome[open_] = Outcome.BUDGET_SPENT
        self.components.possible[open_] = np.inf
        alone = without_company(stages, self.components)
        self.components.outcome[alone] = Outcome.BUDGET_SPENT

    def _take_complex_steps(self, along: Along) -> None:
        if not np.any(self.components.outcome == Outcome.NOISE):
            return
        quiet = self._limits(noise=0.0)
        cleared = clear_by_complex_steps(
            self.components,
            quiet.question.tolerance,
            self._scales.scale,
            along,
            noise=self.noise,
            rng=self._rng,
        )
        if cleared.size:
            self.limits = self.limits.put(cleared, quiet)
            self.by_complex_steps = cleared.size

    def _limits(self, noise: float | None = None) -> Limits:
        return limits(
            self._scales,
            self._claim,
            self._rules,
            noise=self.noise if noise is None else noise,
            roundoff_of_claim=self._roundoff_of_claim,
            rounding_of_claim=self._rounding_of_claim,
            roundoff_of_x=self._pilot.roundoff_of_x,
        )

    def _cheap_stages(self, bounds: Limits) -> CheapStages:
        return CheapStages(
            bounds.question,
            value_at_zero=self._value,
            noise_of_f=self.noise,
            default_relative=self._rules.default,
            both_sides=self._common.both_sides,
            rng=self._rng,
        )

    def _escalate(self, queue: IntArray) -> None:
        group = self._stages.question.group
        size = self._confirmations
        self._queue = queue
        while queue.size:
            batch, queue = sample_of_groups(queue, group[queue], size, self._rng)
            if batch.size > _MOST_AT_ONCE:
                batch, later = np.split(self._rng.permutation(batch), [_MOST_AT_ONCE])
                queue = np.sort(np.concatenate([queue, later]))
            self._judge_tables(np.sort(batch))
            self._queue = queue
            queue = self._without_the_certain(queue)
            if self._learn() or self._find_jumps():
                queue = self._ask_again(queue)
            self._queue = queue
            size *= 2

    def _judge_tables(self, places: IntArray) -> None:
        x = self._evaluator.x
        table = Table(
            self._scales.scale[places],
            self._pilot.roundoff_of_x[places],
            x[places],
            value_at_zero=self._value,
            noise_of_f=self.noise,
        )
        self._evaluator.answer_components(table, places)
        lines = lines_of(
            table,
            self.limits,
            places,
            roundoff=self._pilot.roundoff,
            noise_of_f=self.noise,
            smallest_change=self._pilot.smallest_change,
            margin=self._common.margin,
            jumps=self._search.explained,
        )
        for place, line in zip(places.tolist(), lines, strict=True):
            found = judge_line(line)
            if found.outcome < Outcome.FAIL and line.claim == 0 and self._is_a_stair(line, place):
                found = replace(found, outcome=Outcome.TWO_SCALES, possible=np.inf)
            self.components.put(place, found)
            if found.outcome >= Outcome.FAIL and len(self.tables) < _MOST_TABLES:
                chosen = float(line.step[line.best.level]) if line.best else np.nan
                f0 = line.value_at_zero
                self.tables[place] = Steps(line.step, line.plus - f0, line.minus - f0, chosen)
            if found.outcome is Outcome.PASS and np.isfinite(found.amplitude):
                self._learned.append(found.amplitude / 1.4)

    def _is_a_stair(self, line: Line, place: int) -> bool:
        """Whether f climbs by stairs: on one it stands as still as at the point. One evaluation."""
        edge = edge_of_fine_stairs(line)
        if edge is None:
            return False
        level, further = edge
        displacement = np.zeros(self._claim.size)
        displacement[place] = line.step[level] + further
        (value,) = self._along.values([displacement])
        return bool(value == line.plus[level])

    def _without_the_certain(self, queue: IntArray) -> IntArray:
        """Take lines out of the queue whose tables would only cost."""
        group, outcome = self._stages.question.group, self.components.outcome
        groups = int(group.max(initial=0)) + 1
        judged = ~np.isin(np.arange(outcome.size), queue)
        failed = np.bincount(group[judged & (outcome == Outcome.FAIL)], minlength=groups)
        tabled = judged & ~self._stages.agrees & (self._stages.stage >= Stage.CENTRAL)
        passed = np.bincount(group[tabled & (outcome < Outcome.FAIL)], minlength=groups)
        lost = (failed >= self._confirmations) & (passed == 0)
        certain = lost[group[queue]] & self._stages.confirmed_wrong(queue)
        outcome[queue[certain]] = Outcome.FAIL
        queue = queue[~certain]
        undecided = int(np.sum(self.components.undecided[judged]))
        if undecided >= STORM and self._claim.size > _MANY:
            queue = queue[outcome[queue] != Outcome.NOISE]
        return queue

    def _learn(self) -> bool:
        """Raise the noise where tables that passed show more of it than the pilot."""
        if len(self._learned) < LEARN_FROM:
            return False
        seen = float(np.median(self._learned))
        self._learned.clear()
        if seen <= 2 * self.noise:
            return False
        self.noise = seen
        return True

    def _find_jumps(self) -> bool:
        """Raise the noise where f jumps by as much as could explain what looks wrong."""
        if not self._search.explains(self.components, self.limits.size, self.noise):
            return False
        self.noise = self._search.height / 2
        self.jump = self._search.height / self._evaluator.factor
        return True

    @property
    def margin(self) -> float:
        """How many bars wide a discrepancy has to be."""
        return self._common.margin

    @property
    def notes(self) -> list[str]:
        """What the user should know."""
        return notes_on(self.jump, self.by_complex_steps, self._claim.size)

    def _ask_again(self, queue: IntArray) -> IntArray:
        """Put the question anew, with the noise that is known by now, where it is still open."""
        c = self.components
        unsettled = c.wrong | c.undecided
        unsettled &= ~self._search.cannot_explain(c, self.limits.size)
        unsettled[queue] = True
        self._queue = places = np.flatnonzero(unsettled)
        bounds = self._limits()
        self.limits = self.limits.put(places, bounds)
        part = bounds.take(places)
        stages = self._cheap_stages(part)
        self._evaluator.answer_components(stages, places)
        found, open_ = judge_cheaply(stages, part, self._common.largest)
        c.put_all(places, found)
        self._stages.put(places, stages)
        return places[open_]


def notes_on(jump: float, by_complex_steps: int, size: int) -> list[str]:
    """Return what the user should know of how components were measured."""
    notes = []
    if jump:
        notes.append(
            f"f jumps by {jump:.1g} between points where it is smooth, as an iteration does that "
            "is stopped at a tolerance: its slope was measured across the jumps"
        )
    if by_complex_steps:
        notes.append(
            f"{by_complex_steps:,} of {size:,} components drown in the noise of f, and were "
            "measured by complex steps"
        )
    return notes


def _quantile(chance: float) -> float:
    """Return how many standard deviations normal noise exceeds with this chance."""
    from statistics import NormalDist  # loads much that `import gradproof` should not

    return -NormalDist().inv_cdf(chance)
