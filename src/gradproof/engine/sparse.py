"""A sparse Jacobian, checked entry by entry: its pattern first, then every entry by colours."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof._base.outcomes import Verdict
from gradproof.engine.bounded import fixed_components, note_on
from gradproof.engine.budget import Budget
from gradproof.engine.check import compare_with_the_start
from gradproof.engine.colours import Colours
from gradproof.engine.escalation import Escalation
from gradproof.engine.missing import Probes
from gradproof.engine.outputs import OutputsEvaluator
from gradproof.engine.part import Part
from gradproof.engine.preflight import Preflight, preflight
from gradproof.engine.promotion import promote
from gradproof.engine.randomness import Randomness
from gradproof.engine.setting import Setting, prepare
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.entries import Measured, Units, write_sparse
from gradproof.judge.evidence import Evidence, Steps
from gradproof.judge.headline import counted
from gradproof.judge.outcome import Outcome
from gradproof.judge.report import Price, Record
from gradproof.judge.tolerance import Limits, Scaling, limits
from gradproof.judge.verdict import Components, judge_cheaply, require_company, without_company
from gradproof.numerics.colouring import colour_columns
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.scales import natural_scales
from gradproof.numerics.stages import CheapStages
from gradproof.problems import Problem, Space
from gradproof.problems.outputs import Outputs
from gradproof.problems.sparsity import Entries
from gradproof.tree import Mismatch, Tree

MOST_COLOURS = 1_000  # up to which all entries are measured: a colour costs what a component does
_ROUNDS = 4, 4, 8  # directions: more where some row stays unexplained
_ENOUGH_FAILED = 8  # entries of a leaf
_STORM = 60  # undecided entries, from which on no more are looked into


def run_sparse(
    problem: Problem,
    outputs: Outputs,
    tree: Tree,
    space: Space,
    entries_at: Callable[[Any], Entries | Mismatch],
    *,
    where: str,
    chosen: BoolArray | None,
    rtol: float | None,
    seed: int,
    progress: Callable[[int, int], object] | None,
    budget: Budget,
) -> tuple[Record | None, tuple[str, ...]]:
    """Check a sparse Jacobian; None where its question is not sound, or not to be put so.

    `problem` is that of ⟨u, f⟩, whose preflight and pilot are this one's. `entries_at` returns the
    entries at a point. Where not "every" entry is to be measured, only those of outputs are
    that contradict the claim along random directions; None where none does. What is to be said in any case is returned, too.
    """
    started = time.perf_counter()
    randomness = Randomness(problem.reseed)
    evaluator = OutputsEvaluator(
        problem.f, outputs, space, progress=progress, randomness=randomness, budget=budget
    )
    check = _Check(problem, outputs, tree, evaluator, entries_at, where, chosen, rtol, seed)
    record = None
    with np.errstate(all="ignore"), randomness.kept():
        try:
            with budget.ending():
                record = check.run(started)
        finally:
            evaluator.space.restore()
    return record, tuple(check.told)


class _Check:
    """One check; `told` is what it says of the pattern."""

    def __init__(
        self,
        problem: Problem,
        outputs: Outputs,
        tree: Tree,
        evaluator: OutputsEvaluator,
        entries_at: Callable[[Any], Entries | Mismatch],
        where: str,
        chosen: BoolArray | None,
        rtol: float | None,
        seed: int,
    ) -> None:
        self._problem, self._outputs, self._tree = problem, outputs, tree
        self._evaluator, self._entries_at = evaluator, entries_at
        self._where, self._chosen, self._rtol, self._seed = where, chosen, rtol, seed
        self._rng = np.random.default_rng(seed)
        self.told: list[str] = []

    def run(self, started: float) -> Record | None:
        """Return the record, None where the check of ⟨u, f⟩ has to say what is the matter."""
        found, tree, evaluator = Preflight(), self._tree, self._evaluator
        preflight(found, self._problem, tree, evaluator)
        if found.verdict is None and self._problem.promote == "auto":
            promote(found, self._problem, tree, evaluator, self._rng)
        if found.verdict is not None or found.claim is None or tree.size == 0:
            return None
        fixed = fixed_components(evaluator.space)
        looked_at = np.ones(tree.size, dtype=bool) if self._chosen is None else self._chosen
        if fixed is not None:
            found.notes.append(note_on(fixed, tree))
            looked_at = looked_at & ~fixed
        if not np.any(looked_at):
            return None
        evaluator.randomness.look()
        setting = prepare(tree, evaluator, found, rtol=self._rtol, rng=self._rng)
        entries = self._entries_at(evaluator.space.fresh())
        found.gradient_calls += 1
        if not isinstance(setting, Setting) or isinstance(entries, Mismatch):
            return None
        differentiable = self._outputs.cotangent != 0
        entries = entries.take(looked_at[entries.columns] & differentiable[entries.rows])
        self._prepare(found, setting, entries, looked_at)
        measured = self._measure(found, setting, entries, differentiable)
        if measured is None or evaluator.repeat_random_numbers():
            return None
        compare_with_the_start(found, evaluator)
        found.notes.extend(self.told)
        seconds = time.perf_counter() - started
        there = self._outputs.tree
        assert there is not None
        return write_sparse(
            tree,
            there,
            measured,
            value=found.value_of_f,
            rtol_given=self._rtol is not None,
            ending=found.verdict,
            causes=found.causes,
            notes=found.notes,
            facts=self._problem.facts or {},
            price=Price(evaluator.count, found.gradient_calls, seconds, self._where, self._seed),
        )

    def _prepare(
        self, found: Preflight, setting: Setting, entries: Entries, looked_at: BoolArray
    ) -> None:
        """Find natural scales of components, and noise and size of outputs."""
        x, f0 = self._evaluator.x, np.abs(self._evaluator.at_zero)
        scale = np.ones_like(x)
        for leaf in self._tree.leaves:
            part = slice(leaf.start, leaf.stop)
            scale[part] = natural_scales(x[part], np.zeros(leaf.size))
        rows = entries.of_rows(entries.values * scale[entries.columns])
        # How steep a column is, in units of the rows: as the gradient of a sum of outputs alike.
        steep = entries.values / np.where(rows > 0, rows, 1.0)[entries.rows]
        steep = np.sqrt(np.bincount(entries.columns, steep**2, minlength=x.size))
        for leaf in self._tree.leaves:
            part = slice(leaf.start, leaf.stop)
            scale[part] = natural_scales(x[part], steep[part])
        lower, upper = self._evaluator.space.lower, self._evaluator.space.upper
        if lower is not None and upper is not None:
            room = np.maximum(upper - x, x - lower)
            scale = np.minimum(scale, np.where(room > 0, room, np.inf))
        self._scale, self._moved = scale, np.where(looked_at, scale, 0.0)
        self._size = entries.of_rows(entries.values * scale[entries.columns])
        noise, roundoff = self._evaluator.noise(), setting.pilot.roundoff
        whole = f0 + self._size
        seen = noise[(noise > 0) & (whole > 0)] / whole[(noise > 0) & (whole > 0)]
        typical = float(np.median(seen)) if seen.size else 0.0
        noise = np.maximum(noise, np.maximum(0.7 * roundoff * f0, typical * whole))
        least = max(0.1 * roundoff * float(np.median(whole)), 1e-300)
        self._noise = np.where(noise > 0, noise, least)

    def _measure(
        self, found: Preflight, setting: Setting, entries: Entries, differentiable: BoolArray
    ) -> Measured | None:
        """Look at the pattern, then at every entry."""
        probes = Probes(
            self._evaluator, entries, self._moved, self._noise, setting.rules.default, self._rng
        )
        rows, columns, unexplained = self._missing(probes, differentiable)
        entries = entries.with_zeros(rows, columns)
        added = rows * entries.shape[1] + columns
        off, colours = probes.off, np.empty(0, dtype=np.int64)
        if self._where in ("auto", "every"):
            colours = colour_columns(entries.starts, entries.rows)
            few = int(colours.max(initial=0)) < MOST_COLOURS
            self._where = "every" if few or self._where == "every" else "project"
        if self._where != "every":
            if not off.size:
                return None
            entries = entries.take(np.isin(entries.rows, off))
        lines = _Lines(self, found, setting, entries)
        if self._where == "every":
            number = int(colours.max(initial=-1)) + 1
            self.told.append(
                f"{counted(entries.size, 'non-zero')} of the Jacobian were measured "
                f"together, in {counted(number, 'group')} of columns that share no row"
            )
            open_ = lines.measure_by_colours(colours, bool(np.any(probes.bent)))
        else:
            open_ = np.arange(entries.size)
        missing = entries.values == 0
        missing &= np.isin(entries.rows * entries.shape[1] + entries.columns, added)
        lines.escalate(open_, missing)
        lines.end()
        return lines.measured(np.flatnonzero(missing), unexplained)

    def _missing(
        self, probes: Probes, differentiable: BoolArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Look along directions until they explain the rows that are off, or there are many."""
        nothing = np.empty(0, dtype=np.int64)
        rows, columns, unexplained = nothing, nothing, nothing
        for more in _ROUNDS:
            probes.take(more)
            off = probes.off
            off = off[differentiable[off]]
            rows, columns, unexplained = probes.missing(off)
            if not unexplained.size:
                break
        self.told.append(
            f"the pattern of the Jacobian was looked at along {len(probes.moves)} random "
            f"directions: {counted(rows.size, 'missing non-zero')} "
            f"({self._evaluator.count} evaluations by then)"
        )
        return rows, columns, unexplained


class _Lines:
    """All entries as lines of one check: measured by colours, then judged one output at a time."""

    def __init__(
        self, check: _Check, found: Preflight, setting: Setting, entries: Entries
    ) -> None:
        self._evaluator, self._rng = check._evaluator, check._rng
        self._found, self._setting, self._entries = found, setting, entries
        self._scale, self._size, self._noise = check._scale, check._size, check._noise
        starts = np.array([leaf.start for leaf in check._tree.leaves])
        self._leaf = np.searchsorted(starts, entries.columns, side="right") - 1
        size = np.where(self._size > 0, self._size, np.abs(self._evaluator.at_zero))
        self._unit = np.where(size > 0, size, 1.0)[entries.rows]
        self._of_row = np.argsort(entries.rows, kind="stable")
        self._begins = np.searchsorted(
            entries.rows[self._of_row], np.arange(entries.shape[0] + 1)
        )
        self._tables: dict[int, Steps] = {}
        self._notes: list[str] = []
        self._stages: CheapStages | None = None
        noise = self._noise[entries.rows]
        self._limits = self._asked(noise)
        self._components = _nothing_known(entries.values / noise)

    def _asked(self, noise: FloatArray) -> Limits:
        """Return what is asked of every entry, in units of the noise of its output."""
        entries, found, pilot = self._entries, self._found, self._setting.pilot
        scale = self._scale[entries.columns]
        count = np.bincount(entries.rows, entries.values != 0, minlength=entries.shape[0])
        typical = entries.of_rows(entries.values * scale) / np.sqrt(np.maximum(count, 1))
        if np.any(typical > 0):  # an output that nothing moves is judged beside the others
            typical[typical == 0] = np.median(typical[typical > 0])
        self._typical = typical
        scaling = Scaling(
            scale, typical[entries.rows] / noise, np.zeros(entries.size), self._leaf
        )
        return limits(
            scaling,
            entries.values / noise,
            self._setting.rules,
            noise=1.0,
            roundoff_of_claim=found.roundoff_of_claim,
            roundoff_of_x=pilot.roundoff_of_x[entries.columns],
        )

    def measure_by_colours(self, colours: IntArray, both_sides: bool) -> IntArray:
        """Answer all entries by cheap differences; return those that are open."""
        entries = self._entries
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
        return open_

    def escalate(self, open_: IntArray, first: BoolArray) -> None:
        """Make tables of what is open, output by output; what is `first` before all else."""
        entries, group = self._entries, self._leaf
        rows = np.unique(entries.rows[open_])
        urgent = np.isin(rows, entries.rows[open_[first[open_]]])
        rows = np.concatenate([rows[urgent], self._rng.permutation(rows[~urgent])])
        is_open = np.zeros(entries.size, dtype=bool)
        is_open[open_] = True
        groups = int(group.max(initial=0)) + 1
        failed, passed = np.zeros((2, groups), dtype=np.int64)
        undecided = 0
        outcome = self._components.outcome
        with self._evaluator.budget.ending():
            for row in rows.tolist():
                mine = self._of_row[self._begins[row] : self._begins[row + 1]]
                mine = mine[is_open[mine]]
                lost = (failed >= _ENOUGH_FAILED) & (passed == 0)
                if self._stages is not None:
                    certain = lost[group[mine]] & self._stages.confirmed_wrong(mine)
                    outcome[mine[certain]] = Outcome.FAIL
                    is_open[mine[certain]] = False
                    mine = mine[~certain]
                if mine.size == 0 or undecided >= _STORM:
                    continue
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
        entries, setting = self._entries, self._setting
        columns = entries.columns[lines]
        noise = float(self._noise[row])
        scale = self._scale[columns]
        pilot = dataclasses.replace(
            setting.pilot,
            noise=noise,
            smallest_change=np.inf,
            roundoff_of_x=setting.pilot.roundoff_of_x[columns],
            reach=scale,
        )
        effect = np.full(lines.size, self._typical[row])
        found = Escalation(
            Part(self._evaluator.of_one(row), columns),
            Scaling(scale, effect, np.zeros(lines.size), self._leaf[lines]),
            entries.values[lines],
            setting.rules,
            pilot,
            value=float(self._evaluator.at_zero[row]),
            roundoff_of_claim=self._found.roundoff_of_claim,
            rounding_of_claim=None,
            rng=self._rng,
        )
        in_noise = {
            name: part if name == "outcome" else part / noise
            for name, part in vars(found.components).items()
        }
        self._components.put_all(lines, Components(**in_noise))
        self._notes += [note for note in found.notes if note not in self._notes]
        for place, steps in found.tables.items():
            line = int(lines[place])
            unit = self._unit[line]
            self._tables[line] = dataclasses.replace(
                steps, plus=steps.plus / unit, minus=steps.minus / unit
            )

    def end(self) -> None:
        """Look into what was counted as wrong beside others, none of which was confirmed."""
        if self._stages is None:
            return
        alone = without_company(self._stages, self._components)
        if alone.size and not self._evaluator.budget.is_spent:
            self.escalate(alone, np.zeros(self._entries.size, dtype=bool))
        require_company(self._stages, self._components)

    def measured(self, missing: IntArray, unexplained: IntArray) -> Measured:
        """Return everything, in units of the movement of each output."""
        self._found.notes.extend(self._notes)
        entries = self._entries
        units = Units(self._noise[entries.rows] / self._unit)
        evidence = Evidence(
            self._evaluator.x[entries.columns],
            units.of_components(self._components),
            units.of_limits(self._limits),
            self._setting.pilot.noise / self._setting.factor,
            1.0,
            self._setting.rules.margin,
            tables=self._tables,
        )
        return Measured(entries, evidence, self._unit, missing, unexplained)


def _nothing_known(claim: FloatArray) -> Components:
    nothing = np.full((7, claim.size), np.nan)
    outcome = np.full(claim.size, Outcome.PASS, dtype=np.int16)
    value, truncation, noise, *rest = nothing
    return Components(claim, value, truncation, noise, outcome, *rest)
