"""What cheap differences leave open goes to tables of steps, a few of each leaf at a time.

What the tables teach is used for the rest: that f is noisier than the pilot saw, that f jumps, that
nearly all of a leaf is wrong.
"""

from __future__ import annotations

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.part import Part
from gradproof.engine.pilot import Pilot
from gradproof.judge.escalated import judge_line
from gradproof.judge.line import lines_of
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Limits, Policy, Scaling, limits
from gradproof.judge.verdict import (
    judge_cheaply,
    require_company,
    without_company,
)
from gradproof.numerics.complex_step import STEP, is_trustworthy, slopes
from gradproof.numerics.jumps import JumpScan
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.richardson import central, one_sided
from gradproof.numerics.stages import KAPPA, CheapStages, Stage, sample_of_groups
from gradproof.numerics.table import Table

_FIRST_BATCH = 8  # lines of a leaf
_MOST_AT_ONCE = 512
_ENOUGH_FAILED = 8
_STORM = 60  # undecided components, from which on those that agree get no table
_MANY = 200
_LEARN_FROM = 5  # tables that pass
_SMALL_GAP = 0.1  # relative: larger ones are not what a stopped iteration leaves
_SIDES_WITH = 0.3  # of the distance of two slopes: a third one is closer to one of them
_MOST_COMPLEX, _COMPLEX_AT_ONCE = 10_000, 16  # each takes a whole copy of the parameters
_CHANCE = 1e-4  # that noise alone makes one of all components look wrong


class Escalation:
    """Measure and judge all components, as far as each needs it.

    `components` and `limits` hold the result, `noise` is that of f by now, `margin` is how many
    bars wide a discrepancy has to be, `notes` are what the user should know.
    """

    def __init__(
        self,
        evaluator: Evaluator | Part,
        scales: Scaling,
        claim: FloatArray,
        rules: Policy,
        pilot: Pilot,
        *,
        value: float,
        roundoff_of_claim: float,
        rounding_of_claim: FloatArray | None,
        rng: np.random.Generator,
    ) -> None:
        self._evaluator, self._scales, self._claim = evaluator, scales, claim
        self._rules, self._pilot, self._value = rules, pilot, value
        self._roundoff_of_claim, self._rounding_of_claim = roundoff_of_claim, rounding_of_claim
        self._rng = rng
        self.noise = pilot.noise
        self._learned: list[float] = []
        self._scan: JumpScan | None = None
        self._walked = np.zeros_like(claim)
        self._across: bool | None = None
        self._jumps = False
        self.margin = max(rules.margin, _quantile(_CHANCE / (2 * claim.size)) / KAPPA)
        self.notes: list[str] = []
        self.limits = self._limits()
        self._stages = self._cheap_stages(self.limits)
        evaluator.answer_components(self._stages)
        self.components, open_ = judge_cheaply(self._stages, self.limits)
        self._escalate(open_)
        self._escalate(without_company(self._stages, self.components))
        self._doubt_subgradients()
        self._take_complex_steps()
        require_company(self._stages, self.components)

    def _doubt_subgradients(self) -> None:
        """Look along directions, where several components lie between the slopes of their kinks.

        Each of them may lie between its own slopes, and all together be no subgradient: that of a
        norm at 0 is no longer than 1.
        """
        c, scale = self.components, self._scales.scale
        between = c.outcome == Outcome.SUBGRADIENT
        at_kinks = between | (c.outcome == Outcome.ONE_SIDED)
        if not np.any(between) or np.sum(at_kinks) < 2:
            return
        effect = np.where(at_kinks, self._claim * scale, 0.0)
        signs = self._rng.choice([-1.0, 1.0], (2, scale.size))
        directions = [effect / np.max(np.abs(effect)) * scale] if np.any(effect) else []
        directions += [np.where(at_kinks, sign * scale, 0.0) for sign in signs]
        table = self._table_along(directions)
        claimed = np.array([self._claim @ direction for direction in directions])
        found = [
            one_sided(table, side, roundoff=self._pilot.roundoff, noise_of_f=self.noise)
            for side in (-1, 1)
        ]
        taken = [f.take(f.best) for f in found]
        sides = np.array([value for value, _, _ in taken])
        bars = np.array([truncation + noise for _, truncation, noise in taken])
        room = np.max(bars, axis=0) + np.abs(directions) @ self.limits.question.tolerance
        if not np.all(
            (claimed >= sides.min(axis=0) - room) & (claimed <= sides.max(axis=0) + room)
        ):
            c.outcome[between] = Outcome.KINK
            c.possible[between] = np.inf

    def _table_along(self, directions: list[FloatArray]) -> Table:
        one = np.ones(len(directions))
        table = Table(
            one,
            one * self._pilot.roundoff_of_x.max(),
            one,
            value_at_zero=self._value,
            noise_of_f=self.noise,
        )
        self._evaluator.answer_directions(table, directions, exactly=True)
        return table

    def _take_complex_steps(self) -> None:
        """Decide by complex steps what drowns in noise, where f is analytic code.

        They may clear a claim that the differences do not contradict; to call one wrong, they alone
        do not suffice.
        """
        c, scale = self.components, self._scales.scale
        # A claim of 0 is what code that lies most often says, too.
        drowned = np.flatnonzero((c.outcome == Outcome.NOISE) & (c.claim != 0))
        if not 0 < drowned.size <= _MOST_COMPLEX:
            return
        # Along the claim: the slope has to rise above the noise, whatever it is.
        weights = self._rng.uniform(0.1, 1.0, (2, scale.size))
        dense = list(weights * np.sign(self._claim) * self._pilot.reach)
        values = self._evaluator.along_imaginary([STEP * v for v in dense])
        if values is None:
            return
        found = central(
            self._table_along(dense),
            roundoff=self._pilot.roundoff,
            noise_of_f=self.noise,
            smallest_change=self._pilot.smallest_change,
        )
        measured, truncation, noise = found.take(found.best)
        if not is_trustworthy(
            values,
            np.full(len(dense), STEP),
            value_at_zero=self._value,
            measured=measured,
            bars=truncation + noise,
        ):
            return
        parts = []
        for start in range(0, drowned.size, _COMPLEX_AT_ONCE):
            places = drowned[start : start + _COMPLEX_AT_ONCE]
            units = np.zeros((places.size, scale.size))
            units[np.arange(places.size), places] = STEP * scale[places]
            values = self._evaluator.along_imaginary(list(units))
            if values is None:
                return
            parts.append(slopes(values, STEP * scale[places]))
        slope = np.concatenate(parts)
        quiet = self._limits(noise=0.0)
        agrees = np.abs(slope - c.claim[drowned]) <= quiet.question.tolerance[drowned]
        cleared = drowned[agrees]
        self.limits = self.limits.put(cleared, quiet)
        c.outcome[cleared], c.value[cleared] = Outcome.PASS, slope[agrees]
        c.truncation[cleared], c.noise[cleared] = 0.0, UNIT_ROUNDOFF_64 * np.abs(slope[agrees])
        if cleared.size:
            self.notes.append(
                f"{cleared.size:,} of {scale.size:,} components drown in the noise of f, and were "
                "measured by complex steps"
            )

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
            rng=self._rng,
        )

    def _escalate(self, queue: IntArray) -> None:
        group = self._stages.question.group
        size = _FIRST_BATCH
        while queue.size:
            batch, queue = sample_of_groups(queue, group[queue], size, self._rng)
            if batch.size > _MOST_AT_ONCE:
                batch, later = np.split(self._rng.permutation(batch), [_MOST_AT_ONCE])
                queue = np.sort(np.concatenate([queue, later]))
            self._judge_tables(np.sort(batch))
            queue = self._without_the_certain(queue)
            if self._learn() or self._find_jumps():
                queue = self._ask_again(queue)
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
            margin=self.margin,
            jumps=self._jumps,
        )
        for place, line in zip(places.tolist(), lines, strict=True):
            found = judge_line(line)
            self.components.put(place, found)
            if found.outcome is Outcome.PASS and np.isfinite(found.amplitude):
                self._learned.append(found.amplitude / 1.4)

    def _without_the_certain(self, queue: IntArray) -> IntArray:
        """Take lines out of the queue whose tables would only cost."""
        group, outcome = self._stages.question.group, self.components.outcome
        groups = int(group.max(initial=0)) + 1
        judged = ~np.isin(np.arange(outcome.size), queue)
        failed = np.bincount(group[judged & (outcome == Outcome.FAIL)], minlength=groups)
        tabled = judged & ~self._stages.agrees & (self._stages.stage >= Stage.CENTRAL)
        passed = np.bincount(group[tabled & (outcome < Outcome.FAIL)], minlength=groups)
        lost = (failed >= _ENOUGH_FAILED) & (passed == 0)
        certain = lost[group[queue]] & self._stages.confirmed_wrong(queue)
        outcome[queue[certain]] = Outcome.FAIL
        queue = queue[~certain]
        undecided = int(np.sum(self.components.undecided[judged]))
        if undecided >= _STORM and self._claim.size > _MANY:
            queue = queue[outcome[queue] != Outcome.NOISE]
        return queue

    def _learn(self) -> bool:
        """Raise the noise where tables that passed show more of it than the pilot."""
        if len(self._learned) < _LEARN_FROM:
            return False
        seen = float(np.median(self._learned))
        self._learned.clear()
        if seen <= 2 * self.noise:
            return False
        self.noise = seen
        return True

    def _find_jumps(self) -> bool:
        """Raise the noise where f jumps by as much as could explain what looks wrong."""
        c, bounds, scale = self.components, self.limits, self._scales.scale
        with np.errstate(invalid="ignore"):
            gap = np.abs(c.claim - c.value)
            small = np.isin(c.outcome, (Outcome.FAIL, Outcome.PRECISION, Outcome.TWO_SCALES))
            small &= gap <= _SMALL_GAP * bounds.size
        if self._scan is None and np.any(small):
            self._scan = JumpScan(
                value_at_zero=self._value,
                noise_of_f=self.noise,
                wanted=float(np.max((gap * scale)[small])),
            )
            # The differences add up along this line.
            signs = np.where(small, np.sign(c.claim - c.value), 0.0)
            random = self._rng.choice([-1.0, 1.0], scale.size)
            self._walked = self._pilot.reach * np.where(signs == 0, random, signs)
            self._evaluator.answer_directions(self._scan, [self._walked], exactly=True)
        if self._scan is None or self._scan.height / 2 <= self.noise:
            return False
        if not np.any((gap * scale)[small] <= self._scan.reach) or not self._make_up_for_it():
            return False
        self.noise, self._jumps = self._scan.height / 2, True
        jump = self._scan.height / self._evaluator.factor
        self.notes.append(
            f"f jumps by {jump:.1g} between points where it is smooth, as an iteration does that "
            "is stopped at a tolerance: its slope was measured across the jumps"
        )
        return True

    def _make_up_for_it(self) -> bool:
        """Whether the jumps may make up for the difference between the claim and the slope.

        They do not where, along the line that was walked, the slope across them is the one between
        them and not the claimed one, and the jumps are too low for the difference.
        """
        scan = self._scan
        assert scan is not None
        if self._across is None:
            between = central(
                self._table_along([self._walked]),
                roundoff=self._pilot.roundoff,
                noise_of_f=self.noise,
                smallest_change=self._pilot.smallest_change,
            )
            value, truncation, noise = between.take(between.best)
            off = abs(float(self._claim @ self._walked) - value[0])
            away = abs(scan.slope - value[0]) + truncation[0] + noise[0]
            sides_with_it = max(away, scan.bar) <= _SIDES_WITH * off
            self._across = not (sides_with_it and off > scan.short_reach)
        return self._across

    def _ask_again(self, queue: IntArray) -> IntArray:
        """Put the question anew, with the noise that is known by now, where it is still open."""
        c = self.components
        unsettled = c.wrong | c.undecided
        if self._jumps and self._scan is not None:
            gap = np.abs(c.claim - c.value)
            too_far = (gap > _SMALL_GAP * self.limits.size) & (
                gap * self._scales.scale > self._scan.reach
            )
            unsettled &= ~((c.outcome == Outcome.FAIL) & too_far)
        unsettled[queue] = True
        places = np.flatnonzero(unsettled)
        bounds = self._limits()
        self.limits = self.limits.put(places, bounds)
        part = bounds.take(places)
        stages = self._cheap_stages(part)
        self._evaluator.answer_components(stages, places)
        found, open_ = judge_cheaply(stages, part)
        c.put_all(places, found)
        self._stages.put(places, stages)
        return places[open_]


def _quantile(chance: float) -> float:
    """Return how many standard deviations normal noise exceeds with this chance."""
    from statistics import NormalDist  # loads much that `import gradproof` should not

    return -NormalDist().inv_cdf(chance)
