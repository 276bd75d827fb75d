"""The record of a sparse Jacobian, whose components are its entries."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import counted
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.evidence import Evidence
from gradproof.judge.findings import write_record
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import CauseFinding, ComponentFinding, Curve, LeafFinding, PatternFinding
from gradproof.judge.report import Price, Record
from gradproof.judge.rows import outputs_concerned
from gradproof.judge.suspect import ROOM
from gradproof.judge.tolerance import Asked
from gradproof.judge.units import in_units
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.problems.sparsity import Entries
from gradproof.tree import Leaf, Tree

_OF_ENTRIES = ("GP301", "GP302", "GP399", "GP409", "GP412")  # what a list of entries can tell
_MOST_NAMED = 20


@dataclasses.dataclass(frozen=True)
class Units:
    """Other units for every entry: `factor` for what was measured."""

    factor: FloatArray

    def of_components(self, c: Components) -> Components:
        """Return measurements in these units."""
        parts = {name: part * self.factor for name, part in vars(c).items() if name != "outcome"}
        return Components(outcome=c.outcome, **parts)

    def of_asked(self, asked: Asked) -> Asked:
        """Return what is asked in these units."""
        scaling = dataclasses.replace(
            asked.scaling,
            effect=asked.scaling.effect * self.factor,
            movement=asked.scaling.movement * self.factor,
        )
        return dataclasses.replace(asked, scaling=scaling, claim=asked.claim * self.factor)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Measured:
    """All entries as measured, in units of their outputs; `unit` turns them back.

    `missing` says which of them the claim has no entry for, `unexplained` which outputs depend on
    more than the claim says without it being known on what. `unsettled` says of entries that what
    they are by colours may be the sum of several.
    """

    entries: Entries
    evidence: Evidence
    unit: FloatArray
    missing: IntArray
    unexplained: IntArray
    unsettled: BoolArray


class _Names(Tree):
    """The entries of a Jacobian as a tree: one leaf for each of the parameters', in their order."""

    def __init__(self, parameters: Tree, outputs: Tree, entries: Entries) -> None:
        starts = np.searchsorted(entries.columns, [leaf.start for leaf in parameters.leaves])
        ends = np.append(starts[1:], entries.size)
        leaves = tuple(
            Leaf(leaf.path, leaf.accessor, (int(end - start),), int(start))
            for leaf, start, end in zip(parameters.leaves, starts, ends, strict=True)
        )
        super().__init__(parameters.root, leaves, parameters.spec)
        for name, value in (("of", parameters), ("outputs", outputs), ("entries", entries)):
            object.__setattr__(self, name, value)

    of: Tree
    outputs: Tree
    entries: Entries

    def address(self, leaf: Leaf, index: tuple[int, ...] = ()) -> str:
        """Return the code that reads a leaf, or the name of one entry of its part."""
        if not index:
            return super().address(leaf)
        return self.name(leaf.start + index[0])

    def output(self, entry: int) -> str:
        """Return the output of an entry."""
        return self.outputs.address(*self.outputs.locate(int(self.entries.rows[entry])))

    def name(self, entry: int) -> str:
        """Return the name of an entry."""
        parameter = self.of.address(*self.of.locate(int(self.entries.columns[entry])))
        return f"d {self.output(entry)} / d {parameter}"


def write_sparse(
    parameters: Tree,
    outputs: Tree,
    measured: Measured,
    looked_at: BoolArray,
    *,
    value: float,
    rtol_given: bool,
    ending: Verdict | None,
    causes: Sequence[CauseFinding],
    facts: Mapping[str, float],
    notes: Sequence[str],
    price: Price,
) -> Record:
    """Judge all entries, each leaf of parameters by those of its columns.

    `looked_at` says which components were moved: where a leaf has none, nothing is said about it;
    where it has some and no entries, its pattern was verified.
    """
    names = _Names(parameters, outputs, measured.entries)
    moved_of_leaf = [int(np.sum(looked_at[leaf.start : leaf.stop])) for leaf in parameters.leaves]
    causes = list(causes)
    outcome, rows = measured.evidence.components.outcome, measured.entries.rows
    off = measured.evidence.components.wrong[measured.missing]
    # One that is open by itself explains an output that is off along a direction.
    open_ = np.isin(rows[measured.missing], measured.unexplained)
    open_ &= outcome[measured.missing] > Outcome.MISMATCH
    missing = measured.missing[off | open_].tolist()
    if missing:
        where = [names.name(entry) for entry in missing[:_MOST_NAMED]]
        causes.append(CATALOGUE["GP416"].finding(*where, count=len(missing)))
    unexplained = np.setdiff1d(measured.unexplained, rows[missing])
    if unexplained.size:
        where = [outputs.address(*outputs.locate(int(row))) for row in unexplained[:_MOST_NAMED]]
        causes.append(CATALOGUE["GP416"].finding(*where, count=0, outputs=unexplained.size))
    wrong = np.unique(rows[measured.evidence.components.wrong])
    notes = [*notes, *outputs_concerned(outputs, wrong.tolist())]
    undecided = measured.evidence.components.undecided
    # That the sums of several do not fit tells nothing about f.
    only_mixed = bool(np.any(undecided)) and not np.any(undecided & ~measured.unsettled)
    only_mixed &= bool(unexplained.size)
    if only_mixed:
        notes.append(
            f"{counted(int(np.sum(undecided)), 'derivative')} of outputs that depend on more than "
            "the pattern says undecided: they were not measured one by one"
        )
    record = write_record(
        names,
        measured.evidence,
        value=value,
        rtol_given=rtol_given,
        ending=ending,
        causes=causes,
        facts=facts,
        notes=notes,
        controls=(),
        price=price,
        elsewhere=None,
        left_out=sum(
            leaf.size > 0 and not moved
            for leaf, moved in zip(parameters.leaves, moved_of_leaf, strict=True)
        ),
    )
    found = vars(record).copy()
    all_missing = int(np.sum(off)) == int(np.sum(measured.evidence.components.wrong))
    found["causes"] = tuple(
        cause
        for cause in record.causes
        if not (only_mixed and cause.code.startswith("GP2"))
        if cause in causes
        or not cause.code.startswith(("GP3", "GP4"))
        or (cause.code in _OF_ENTRIES and not all_missing)
    )
    if _is_transposed(measured, record.rtol):
        name = f"d {outputs.root} / d {parameters.root}"
        found["causes"] = (
            CATALOGUE["GP403"].finding(name, axes=""),
            *(cause for cause in found["causes"] if not cause.code.startswith(("GP3", "GP4"))),
        )
    if measured.unexplained.size and record.verdict is not Verdict.FAIL and ending is None:
        found["verdict"], found["headline"] = Verdict.FAIL, causes[-1].message
    found["culprits"] = tuple(_entry(names, one, measured.unit) for one in record.culprits)
    found["leaves"] = tuple(
        _leaf(names, leaf, of, measured.unit, 0 if measured.unexplained.size else moved)
        for leaf, of, moved in zip(record.leaves, parameters.leaves, moved_of_leaf, strict=True)
    )
    found["patterns"] = tuple(_patterns(names, record.leaves))
    by_address = {one.address: one for one in record.culprits}
    by_address |= {leaf.worst.address: leaf.worst for leaf in record.leaves if leaf.worst}
    found["curves"] = tuple(
        _curve(curve, float(measured.unit[names.place(one.path, one.index)[1]]))
        for curve in record.curves
        if (one := by_address.get(curve.address)) is not None
    )
    found["tensors"] = ()
    return Record(**found)


def _is_transposed(measured: Measured, rtol: float) -> bool:
    """Whether every entry as measured is claimed where rows and columns are exchanged."""
    entries, c = measured.entries, measured.evidence.components
    side = entries.shape[0]
    if side != entries.shape[1] or int(np.sum(c.wrong)) < 2 or measured.unexplained.size:
        return False
    place, opposite = (
        entries.columns * side + entries.rows,
        entries.rows * side + entries.columns,
    )
    there = np.searchsorted(place, opposite).clip(max=place.size - 1)
    listed = place[there] == opposite
    claimed = np.where(listed, entries.values[there], 0.0)
    value, bar = c.value * measured.unit, c.bar * measured.unit
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(claimed), np.abs(value))
        fits = np.abs(claimed - value) <= ROOM * bar + rtol * size
    # What is claimed opposite of a place without an entry was not measured: f is 0 there.
    return bool(np.all(fits) and not np.any(entries.values[~listed]))


def _entry(names: _Names, one: ComponentFinding, unit: FloatArray) -> ComponentFinding:
    """Return a finding in the units of f, at its place among the parameters."""
    _, entry = names.place(one.path, one.index)
    size = float(unit[entry])
    return dataclasses.replace(
        in_units(one, size),
        index=names.of.locate(int(names.entries.columns[entry]))[1],
        output=names.output(entry),
    )


def _leaf(
    names: _Names, found: LeafFinding, leaf: Leaf, unit: FloatArray, moved: int
) -> LeafFinding:
    """Return a finding in the units of f; without entries, `moved` components count as checked."""
    worst = None if found.worst is None else _entry(names, found.worst, unit)
    checked = found.checked or moved
    return dataclasses.replace(found, shape=leaf.shape, worst=worst, checked=checked)


def _curve(curve: Curve, unit: float) -> Curve:
    return dataclasses.replace(
        curve,
        claimed=curve.claimed * unit,
        measured=curve.measured * unit,
        bar=curve.bar * unit,
        plus=tuple(unit * value for value in curve.plus),
        minus=tuple(unit * value for value in curve.minus),
    )


def _patterns(names: _Names, leaves: Sequence[LeafFinding]) -> list[PatternFinding]:
    """Return in words how many entries of each leaf are wrong."""
    found = []
    for leaf, finding in zip(names.leaves, leaves, strict=True):
        if not finding.wrong:
            continue
        words = f"{finding.wrong:,} of {counted(finding.checked, 'non-zero')}"
        if finding.wrong == finding.checked:
            words = "all non-zeros"
        found.append(
            PatternFinding(
                finding.address, leaf.path, words, wrong=finding.wrong, size=finding.checked
            )
        )
    return found
