"""Entries of a sparse Jacobian: measured together, then looked into output by output."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gradproof.engine.colours import Colours
from gradproof.engine.escalation import ENOUGH_FAILED, LEARN_FROM, STORM, Escalation
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.missing import Residuals
from gradproof.engine.outputs import OutputsEvaluator
from gradproof.engine.preflight import Preflight
from gradproof.engine.projections import Projections
from gradproof.engine.restriction import Restriction
from gradproof.engine.setting import Setting
from gradproof.judge.entries import Measured, Units
from gradproof.judge.evidence import Evidence, Steps
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Asked, Scaling, limits
from gradproof.judge.verdict import Components, judge_cheaply, require_company, without_company
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.stages import CheapStages
from gradproof.problems.sparsity import Entries

NOISIER = 2.0  # times what the pilot saw: what is asked is put anew
_MOST_ALONG = 8  # outputs that are judged along a direction


class Lines:
    """All entries as lines of one check: measured by colours, then judged one output at a time.

    `leaf` and `scale` say of every component which leaf it is of, and how far it may be moved;
    `noise` is that of every output, and `unsettled` says of which outputs it is not known on what
    they depend: what their entries are by colours may be the sum of several.
    """

    def __init__(
        self,
        evaluator: OutputsEvaluator,
        entries: Entries,
        *,
        leaf: IntArray,
        scale: FloatArray,
        noise: FloatArray,
        unsettled: IntArray,
        found: Preflight,
        setting: Setting,
        rng: np.random.Generator,
    ) -> None:
        self._unsettled = np.isin(entries.rows, unsettled)
        self._evaluator, self.entries, self._rng = evaluator, entries, rng
        self._found, self._setting = found, setting
        self._scale, self._noise = scale, noise
        self._leaf = leaf[entries.columns]
        size = entries.of_rows(entries.values * scale[entries.columns])
        size = np.where(size > 0, size, np.abs(evaluator.at_zero))
        self._unit = np.where(size > 0, size, 1.0)[entries.rows]
        self._of_row = np.argsort(entries.rows, kind="stable")
        self._begins = np.searchsorted(entries.rows[self._of_row], np.arange(entries.shape[0] + 1))
        self._tables: dict[int, Steps] = {}
        self._notes: list[str] = []
        self._seen: list[float] = []
        self._open: IntArray = np.arange(entries.size)
        self._alone = np.zeros(entries.size, dtype=bool)  # what was moved by itself
        self._stages: CheapStages | None = None
        noise = self._noise[entries.rows]
        self._scaling = self._scaling_of(noise)
        self._limits = limits(
            self._scaling,
            entries.values / noise,
            setting.rules,
            noise=1.0,
            roundoff_of_claim=found.roundoff_of_claim,
            roundoff_of_x=setting.pilot.roundoff_of_x[entries.columns],
        )
        self._components = _nothing_known(entries.values / noise)

    def _scaling_of(self, noise: FloatArray) -> Scaling:
        """Return scales and typical effects of every entry, in units of the noise of its output."""
        entries = self.entries
        scale = self._scale[entries.columns]
        count = np.bincount(entries.rows, entries.values != 0, minlength=entries.shape[0])
        typical = entries.of_rows(entries.values * scale) / np.sqrt(np.maximum(count, 1))
        if np.any(typical > 0):  # an output that nothing moves is judged beside the others
            typical[typical == 0] = np.median(typical[typical > 0])
        else:
            typical[:] = np.median(np.abs(self._evaluator.at_zero))
        self._typical = typical
        return Scaling(scale, typical[entries.rows] / noise, np.zeros(entries.size), self._leaf)

    def measure_by_colours(self, colours: IntArray, both_sides: bool) -> None:
        """Answer all entries by cheap differences, as far as they do."""
        entries = self.entries
        self._stages = stages = CheapStages(
            self._limits.question,
            value_at_zero=0.0,
            noise_of_f=1.0,
            default_relative=self._setting.rules.default,
            both_sides=both_sides,
            rng=self._rng,
        )
        shared = Colours(self._evaluator, entries, colours, self._scale, self._noise)
        with self._evaluator.budget.ending():
            shared.answer(stages)
        largest: Any = np.zeros(entries.shape[0])
        effect = self._limits.size * self._limits.question.scale
        np.maximum.at(largest, entries.rows, effect)
        self._components, open_ = judge_cheaply(stages, self._limits, largest[entries.rows])
        if self._evaluator.budget.is_spent:
            unsettled = ~stages.settled
            self._components.outcome[unsettled] = Outcome.BUDGET_SPENT
            self._components.possible[unsettled] = np.inf
            open_ = np.empty(0, dtype=np.int64)
        outcome = self._components.outcome
        mixed = self._unsettled & ((outcome == Outcome.MISMATCH) | (outcome == Outcome.ONE_SIDED))
        outcome[mixed] = Outcome.TWO_SCALES
        self._components.possible[mixed] = np.inf
        self._open = np.union1d(open_, np.flatnonzero(mixed))

    def escalate(self, first: BoolArray) -> None:
        """Make tables of what is open, output by output; what is `first` before all else."""
        self._judge_rows(self._open, first)
        if self._stages is not None:  # what counted as wrong beside others
            alone = without_company(self._stages, self._components)
            if alone.size and not self._evaluator.budget.is_spent:
                self._judge_rows(alone, first)
            require_company(self._stages, self._components)

    def _judge_rows(self, open_: IntArray, first: BoolArray) -> None:
        entries, group = self.entries, self._leaf
        rows = np.unique(entries.rows[open_])
        urgent = np.isin(rows, entries.rows[open_[first[open_]]])
        rows = np.concatenate([rows[urgent], self._rng.permutation(rows[~urgent])])
        is_open = np.zeros(entries.size, dtype=bool)
        is_open[open_] = True
        groups = int(group.max(initial=0)) + 1
        failed, passed = np.zeros((2, groups), dtype=np.int64)
        undecided = mixed = 0
        outcome = self._components.outcome
        with self._evaluator.budget.ending():
            for row in rows.tolist():
                mine = self._of_row[self._begins[row] : self._begins[row + 1]]
                mine = mine[is_open[mine]]
                lost = (failed >= ENOUGH_FAILED) & (passed == 0)
                if self._stages is not None:
                    certain = lost[group[mine]] & self._stages.confirmed_wrong(mine)
                    certain &= ~self._unsettled[mine]
                    outcome[mine[certain]] = Outcome.FAIL
                    is_open[mine[certain]] = False
                    mine = mine[~certain]
                if mine.size == 0 or undecided >= STORM or self.noisier > NOISIER:
                    continue
                if np.any(self._unsettled[mine]):
                    if mixed >= STORM:
                        continue
                    mixed += mine.size
                self._judge_row(row, mine)
                is_open[mine] = False
                np.add.at(failed, group[mine], outcome[mine] == Outcome.FAIL)
                np.add.at(passed, group[mine], outcome[mine] < Outcome.FAIL)
                undecided += int(np.sum(outcome[mine] > Outcome.MISMATCH))
        if self._evaluator.budget.is_spent:
            outcome[is_open] = Outcome.BUDGET_SPENT
            self._components.possible[is_open] = np.inf

    def _judge_row(self, row: int, lines: IntArray) -> None:
        """Judge entries of one output as a function of its own."""
        columns, noise = self.entries.columns[lines], float(self._noise[row])
        scale = self._scale[columns]
        effect = np.full(lines.size, self._typical[row])
        found = self._escalated(
            row,
            Restriction(self._evaluator.of_one(row), columns),
            Scaling(scale, effect, np.zeros(lines.size), self._leaf[lines]),
            self.entries.values[lines],
            self._setting.pilot.roundoff_of_x[columns],
        )
        in_noise = {
            name: part if name == "outcome" else part / noise
            for name, part in vars(found.components).items()
        }
        self._components.put_all(lines, Components(**in_noise))
        self._alone[lines] = True
        if found.seen:
            self._seen.append(max(found.noise, float(np.median(found.seen))) / noise)
        self._notes += [note for note in found.notes if note not in self._notes]
        for place, steps in found.tables.items():
            line = int(lines[place])
            unit = self._unit[line]
            self._tables[line] = dataclasses.replace(
                steps, plus=steps.plus / unit, minus=steps.minus / unit
            )

    def _escalated(
        self,
        row: int,
        lines: Restriction | _AlongOne,
        scaling: Scaling,
        claim: FloatArray,
        roundoff_of_x: FloatArray,
    ) -> Escalation:
        """Measure lines of one output by tables, with its own noise and value."""
        pilot = dataclasses.replace(
            self._setting.pilot,
            noise=float(self._noise[row]),
            smallest_change=np.inf,
            roundoff_of_x=roundoff_of_x,
            reach=scaling.scale,
        )
        return Escalation(
            lines,
            scaling,
            claim,
            self._setting.rules,
            pilot,
            value=float(self._evaluator.at_zero[row]),
            roundoff_of_claim=self._found.roundoff_of_claim,
            rounding_of_claim=None,
            rng=self._rng,
        )

    @property
    def is_right(self) -> bool:
        """Whether no entry is wrong or open."""
        return not np.any(self._components.wrong | self._components.undecided)

    @property
    def noisier(self) -> float:
        """How many times noisier than the pilot saw outputs are, once some tables showed it."""
        return float(np.median(self._seen)) if len(self._seen) >= LEARN_FROM else 1.0

    def errors_along(self, moves: FloatArray) -> FloatArray:
        """Return what the errors that were measured add up to along directions, by output."""
        entries, c = self.entries, self._components
        error = (c.value - c.claim) * self._noise[entries.rows]
        error = np.where(c.wrong & np.isfinite(error), error, 0.0)
        wrong = dataclasses.replace(entries, values=error)
        return np.array([wrong.times(move) for move in moves])

    def unexplained(self, rows: IntArray, residuals: Residuals, known: FloatArray) -> IntArray:
        """Return which outputs move by more than all entries say, as measured, by tables.

        A few are looked into; where all of them do, the others count as well.
        """
        found = []
        with self._evaluator.budget.ending():
            for row in rows[:_MOST_ALONG].tolist():
                along = int(np.argmax(np.abs(residuals.errors[:, row] - known[:, row])))
                if self._is_off_along(row, residuals.direction(along)):
                    found.append(row)
        return rows if len(found) == _MOST_ALONG else np.array(found, dtype=np.int64)

    def _is_off_along(self, row: int, direction: FloatArray) -> bool:
        """Judge the claim for one output, less what is known of its errors, along a direction."""
        entries = self.entries
        claim = np.zeros_like(direction)
        mine = self._of_row[self._begins[row] : self._begins[row + 1]]
        c = self._components
        right = np.where(c.wrong & np.isfinite(c.value), c.value, c.claim)[mine]
        claim[entries.columns[mine]] = right * self._noise[row]
        one = _AlongOne(self._evaluator.of_one(row), direction, claim)
        size = float(np.linalg.norm(claim * direction))
        number = np.ones(1)
        found = self._escalated(
            row,
            one,
            Scaling(number, number * size, 0 * number, np.zeros(1, dtype=np.int64)),
            one.claims,
            number * self._setting.pilot.roundoff_of_x.max(),
        )
        return bool(found.components.outcome[0] == Outcome.FAIL)

    def measured(self, missing: IntArray, unexplained: IntArray) -> Measured:
        """Return everything, in units of the movement of each output."""
        self._found.notes.extend(self._notes)
        entries = self.entries
        # A claim that was made by the same colours is the same sum.
        mixed = np.isin(entries.rows, unexplained) & self._unsettled & ~self._alone
        self._components.outcome[mixed] = Outcome.TWO_SCALES
        self._components.possible[mixed] = np.inf
        units = Units(self._noise[entries.rows] / self._unit)
        evidence = Evidence(
            self._evaluator.x[entries.columns],
            units.of_components(self._components),
            units.of_asked(
                Asked(
                    self._scaling,
                    self._limits.question.claim,
                    self._setting.rules,
                    self._limits.question.relative,
                    self._found.roundoff_of_claim,
                )
            ),
            self._setting.pilot.noise / self._setting.factor,
            1.0,
            self._setting.rules.margin,
            tables=self._tables,
        )
        return Measured(entries, evidence, self._unit, missing, unexplained, self._unsettled)


def _nothing_known(claim: FloatArray) -> Components:
    value, truncation, noise, left, right, spread = np.full((6, claim.size), np.nan)
    outcome = np.full(claim.size, Outcome.NOISE, dtype=np.int16)
    possible = np.full(claim.size, np.inf)
    return Components(claim, value, truncation, noise, outcome, left, right, spread, possible)


class _AlongOne(Projections):
    """One direction for one output, of which the claim is `claim`."""

    def __init__(self, evaluator: Evaluator, direction: FloatArray, claim: FloatArray) -> None:
        super().__init__(evaluator, np.array([claim @ direction]))
        self._direction, self._claim = direction, claim

    def along_imaginary(self, directions: list[FloatArray]) -> None:
        """Say that outputs are not asked for complex numbers."""

    def _value(self, shares: FloatArray, offset: float) -> float:
        moves = offset * float(shares[0]) * self._direction
        whole = slice(0, moves.size)
        return self._evaluator.along_chunks_now([(whole, moves)], self._claim)
