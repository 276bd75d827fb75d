"""A sparse Jacobian, checked entry by entry: its pattern first, then every entry by colours."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.phrases import counted
from gradproof.engine.bounded import fixed_components, note_on
from gradproof.engine.budget import Budget
from gradproof.engine.check import compare_with_the_start
from gradproof.engine.lines import NOISIER, Lines
from gradproof.engine.missing import Residuals
from gradproof.engine.outputs import OutputsEvaluator
from gradproof.engine.preflight import Preflight, preflight
from gradproof.engine.promotion import promote
from gradproof.engine.randomness import Randomness
from gradproof.engine.setting import Setting, prepare
from gradproof.judge.entries import Measured, write_sparse
from gradproof.judge.report import Price, Record
from gradproof.numerics.colouring import colour_columns
from gradproof.numerics.protocol import BoolArray, IntArray
from gradproof.numerics.scales import natural_scales
from gradproof.problems import Problem, Space
from gradproof.problems.outputs import Outputs
from gradproof.problems.sparsity import Entries
from gradproof.tree import Mismatch, Tree

MOST_COLOURS = 1_000  # up to which all entries are measured: a colour costs what a component does
_ROUNDS = 4, 4, 16  # directions: more where some row stays unexplained
_SETTLED = 4  # rounds, after which scales of components and sizes of outputs fit each other
_AGAIN = 3  # times: entries that are found by then are measured with all others


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
    entries at a point. Where not "every" entry is to be measured, only those of outputs are that
    contradict the claim along random directions; None where none does. What is to be said in any
    case is returned, too.
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
        setting = prepare(tree, evaluator, found, rtol=self._rtol, rng=self._rng, many_outputs=True)
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
        if evaluator.budget.is_spent:
            found.notes.append(evaluator.budget.note)
        seconds = time.perf_counter() - started
        there = self._outputs.tree
        assert there is not None
        return write_sparse(
            tree,
            there,
            measured,
            looked_at,
            value=found.value_of_f,
            rtol_given=self._rtol is not None,
            ending=found.verdict,
            causes=found.causes,
            notes=found.notes,
            facts=self._problem.facts or {},
            price=Price(
                evaluator.count,
                found.gradient_calls,
                seconds,
                self._where,
                self._seed,
                evaluator.budget.interrupted,
            ),
        )

    def _prepare(
        self, found: Preflight, setting: Setting, entries: Entries, looked_at: BoolArray
    ) -> None:
        """Find natural scales of components, and noise and size of outputs."""
        x, f0 = self._evaluator.x, np.abs(self._evaluator.at_zero)
        leaves = [slice(leaf.start, leaf.stop) for leaf in self._tree.leaves]
        scale, steep = np.ones_like(x), np.zeros_like(x)
        for _ in range(_SETTLED):
            for part in leaves:
                scale[part] = natural_scales(x[part], steep[part])
            # How steep a column is, in units of the rows: as for a sum of outputs alike.
            rows = entries.of_rows(entries.values * scale[entries.columns])
            share = entries.values / np.where(rows > 0, rows, 1.0)[entries.rows]
            steep = np.sqrt(np.bincount(entries.columns, share**2, minlength=x.size))
        lower, upper = self._evaluator.space.lower, self._evaluator.space.upper
        if lower is not None and upper is not None:
            room = np.maximum(upper - x, x - lower)
            scale = np.minimum(scale, np.where(room > 0, room, np.inf))
        self._scale, self._moved = scale, np.where(looked_at, scale, 0.0)
        moves = entries.of_rows(entries.values * scale[entries.columns])
        noise, roundoff = self._evaluator.noise(), setting.pilot.roundoff
        whole = f0 + moves
        seen = noise[(noise > 0) & (whole > 0)] / whole[(noise > 0) & (whole > 0)]
        together = float(np.linalg.norm(self._outputs.cotangent * whole))
        # Where single outputs do not show it: steps may be too short for each, not for their sum.
        typical = setting.pilot.noise / setting.factor / together if together > 0 else 0.0
        typical = max(typical, float(np.median(seen)) if seen.size else 0.0)
        noise = np.maximum(noise, np.maximum(0.7 * roundoff * f0, typical * whole))
        least = max(0.1 * roundoff * float(np.median(whole)), 1e-300)
        self._noise = np.where(noise > 0, noise, least)

    def _measure(
        self, found: Preflight, setting: Setting, entries: Entries, differentiable: BoolArray
    ) -> Measured | None:
        """Look at the pattern, then at every entry, and again where that leaves outputs off."""
        moved, noise = self._moved, self._noise
        residuals = Residuals(
            self._evaluator, entries, moved, noise, setting.rules.default, self._rng
        )
        rows, columns, unsettled = self._missing(residuals, differentiable)
        off = residuals.off()
        added = np.empty(0, dtype=np.int64)  # places that the claim has no entry for
        number, left, known = 0, off, np.zeros_like(residuals.errors)
        lines = None
        for _ in range(_AGAIN):
            entries = entries.with_zeros(rows, columns)
            added = np.append(added, rows * entries.shape[1] + columns)
            if not entries.size:
                return None
            self._unsettled = np.union1d(unsettled, residuals.unseen)
            lines, number = self._lines(found, setting, entries, off, bool(np.any(residuals.bent)))
            if lines is None:
                return None
            place = lines.entries.rows * entries.shape[1] + lines.entries.columns
            lines.escalate(first=np.isin(place, added))
            if lines.noisier > NOISIER:  # than the pilot saw
                # Anew, not in place: what was measured is in units of the noise as it was.
                self._noise = self._noise * lines.noisier
                rows, columns = rows[:0], columns[:0]
                continue
            known = lines.errors_along(residuals.moves)
            left = residuals.off(known)
            left = left[differentiable[left]]
            rows, columns, unsettled = residuals.missing(left, known)
            is_new = ~np.isin(rows * entries.shape[1] + columns, place)
            rows, columns = rows[is_new], columns[is_new]
            if not rows.size or self._evaluator.budget.is_spent:
                break
        assert lines is not None
        if number:
            there = self._outputs.tree
            assert there is not None
            outputs, size = counted(there.size, "output"), counted(lines.entries.size, "derivative")
            self.told.append(
                f"{self._outputs.owner} has {outputs}; measured together: {size}, in "
                f"{counted(number, 'group')} of columns that share no row"
            )
        unexplained = lines.unexplained(left, residuals, known)
        if not number and lines.is_right and not unexplained.size:
            return None
        return lines.measured(np.flatnonzero(np.isin(place, added)), unexplained)

    def _lines(
        self, found: Preflight, setting: Setting, entries: Entries, off: IntArray, bent: bool
    ) -> tuple[Lines | None, int]:
        """Return all entries, measured in so many colours; or those of what is off, in none."""
        colours = np.zeros(0, dtype=np.int64)
        if self._where in ("auto", "every"):
            colours = colour_columns(entries.starts, entries.rows)
            few = int(colours.max(initial=0)) < MOST_COLOURS
            self._where = "every" if few or self._where == "every" else "project"
        if self._where == "every":
            lines = self._of(found, setting, entries)
            lines.measure_by_colours(colours, bent)
            return lines, int(colours.max(initial=-1)) + 1
        if not off.size:
            return None, 0
        return self._of(found, setting, entries.take(np.isin(entries.rows, off))), 0

    def _of(self, found: Preflight, setting: Setting, entries: Entries) -> Lines:
        sizes = [leaf.size for leaf in self._tree.leaves]
        return Lines(
            self._evaluator,
            entries,
            leaf=np.repeat(np.arange(len(sizes)), sizes),
            scale=self._scale,
            noise=self._noise,
            unsettled=self._unsettled,
            found=found,
            setting=setting,
            rng=self._rng,
        )

    def _missing(
        self, residuals: Residuals, differentiable: BoolArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Look along directions until they explain the rows that are off, or there are many."""
        rows = columns = unexplained = np.empty(0, dtype=np.int64)
        for more in _ROUNDS:
            residuals.take(more)
            off = residuals.off()
            rows, columns, unexplained = residuals.missing(off[differentiable[off]])
            if not unexplained.size:
                break
        self.told.append(
            f"the pattern of the Jacobian was looked at along {len(residuals.moves)} random "
            f"directions ({self._evaluator.count} evaluations by then)"
        )
        unseen = residuals.unseen.size
        if unseen:
            self.told.append(
                f"the pattern of {counted(unseen, 'output')} could not be seen: f is not finite "
                "along these directions"
            )
        return rows, columns, unexplained
