"""Which outputs are wrong at components that are, and why: a few columns of the Jacobian."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.engine.budget import Budget
from gradproof.engine.claimed import Claimed
from gradproof.engine.columns import Column, column
from gradproof.engine.holomorphy import gap_of_derivatives
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding, ComponentFinding
from gradproof.judge.report import MOST_CULPRITS, Record
from gradproof.judge.rows import Columns, causes_of_rows, is_transposed, outputs_concerned
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Jacobian
from gradproof.tree import Mismatch, Tree

_MOST_COLUMNS = 16  # wrong components whose outputs are looked at


@dataclasses.dataclass(frozen=True)
class OutputsFound:
    """What was found about single outputs: wrong entries of the Jacobian, in words, and why.

    `concerned` says how many of all `outputs` are wrong, 0 where that is not known. `unsound` is
    why no claim of this kind could be right.
    """

    culprits: tuple[ComponentFinding, ...]
    outputs: int
    told: Sequence[str] = ()
    causes: tuple[CauseFinding, ...] = ()
    concerned: int = 0
    unsound: CauseFinding | None = None

    @property
    def only_some(self) -> bool:
        """Whether other outputs are right."""
        return 0 < self.concerned < self.outputs


@dataclasses.dataclass(eq=False, repr=False)
class _OfLeaf:
    """Columns by components of one leaf: their places, numbers, and signs in a conjugate."""

    places: list[int] = dataclasses.field(default_factory=list)
    columns: list[FloatArray] = dataclasses.field(default_factory=list)
    signs: list[float] = dataclasses.field(default_factory=list)

    def together(self, address: str) -> Columns:
        claimed, measured, room = np.stack(self.columns, axis=2)
        signs = np.array(self.signs) if self.signs else None
        return Columns(address, self.places, claimed, measured, room, signs)


class SingleOutputs:
    """A look at the outputs one by one, where a check of ⟨u, f⟩ found wrong components.

    Costs up to four evaluations for each of 16 components, of the budget of the check; where that
    ends, what was found by then counts.
    """

    def __init__(self, asked: Claimed, report: Record, budget: Budget) -> None:
        assert asked.outputs.tree is not None
        self._asked, self._report, self._budget = asked, report, budget
        self._tree: Tree = asked.tree
        self._outputs: Tree = asked.outputs.tree
        self._f: Callable[[object], FloatArray] | None = None
        self._at_point: FloatArray = np.empty(0)

    def look(self) -> OutputsFound:
        """Return the wrong entries of the Jacobian at wrong components, which outputs, and why."""
        culprits = self._report.culprits
        entries: dict[str, dict[int, ComponentFinding]] = {}  # by the address of a culprit
        of_leaves: dict[str, _OfLeaf] = {}
        rows, unsound, ended = None, None, True
        with self._budget.ending():
            rows = self._asked.rows()
            claimed = self._asked.columns(rows)
            if claimed is None:
                return OutputsFound(culprits, self._outputs.size)
            self._f, self._at_point = self._asked.values_of_f(self._budget)
            for culprit in _few_of_each(culprits):  # of every tensor some
                entries[culprit.address] = self._look_at(culprit, claimed, of_leaves)
            unsound = self._not_holomorphic(culprits)
            ended = False
        found = [
            one
            for culprit in culprits
            for one in (entries.get(culprit.address, {}).values() or [culprit])
        ]
        concerned = {number for of_one in entries.values() for number in of_one}
        wrong = {leaf.address: leaf for leaf in self._report.leaves if leaf.verdict is Verdict.FAIL}
        # A few columns of a tensor speak for its others where those are wrong, too.
        throughout = all(2 * leaf.wrong >= leaf.checked for leaf in wrong.values())
        known = throughout and not ended and of_leaves.keys() == wrong.keys()
        return OutputsFound(
            tuple(found[:MOST_CULPRITS]),
            self._outputs.size,
            outputs_concerned(self._outputs, sorted(concerned)),
            tuple(self._causes(rows, of_leaves)) if known else (),
            len(concerned),
            unsound,
        )

    def _look_at(
        self,
        culprit: ComponentFinding,
        claimed: Callable[[int], FloatArray | Mismatch],
        of_leaves: dict[str, _OfLeaf],
    ) -> dict[int, ComponentFinding]:
        """Return the entries of one column that are wrong, and add it to those of its leaf."""
        leaf, place = self._tree.place(culprit.path, culprit.index)
        claim, measured = claimed(place), self._measured(place)
        if isinstance(claim, Mismatch) or measured is None:
            return {}
        of_leaf = of_leaves.setdefault(self._tree.address(leaf), _OfLeaf())
        of_leaf.places.append(place)
        room = measured.room(claim, self._report.rtol)
        of_leaf.columns.append(np.stack([claim, measured.value, room]))
        if leaf.is_complex:
            of_leaf.signs.append((1.0, -1.0)[culprit.index[-1]])
        return self._entries(culprit, claim, measured)

    def _measured(self, place: int) -> Column | None:
        """Measure the derivatives of all outputs by one component."""
        assert self._f is not None
        space, outputs = self._asked.space, self._asked.outputs
        leaf, _ = self._tree.locate(place)
        typical = float(np.sqrt(np.mean(space.x[leaf.start : leaf.stop] ** 2))) or 1.0
        size = outputs.largest or 1.0
        return column(
            self._f,
            space,
            place,
            at_point=self._at_point,
            scale=max(abs(float(space.x[place])), typical),
            # The noise of ⟨u, f⟩ is that of an output at most.
            noise=max(self._report.noise, self._asked.roundoff * size),
            size=size,
        )

    def _entries(
        self, culprit: ComponentFinding, claimed: FloatArray, measured: Column
    ) -> dict[int, ComponentFinding]:
        """Return the outputs whose derivative by a component is wrong, the most wrong first."""
        off = measured.differs(claimed, self._report.rtol)
        order = np.argsort(-np.abs(off), kind="stable")[: int(np.sum(off != 0))]
        entries = {}
        for number in order.tolist():
            output = self._outputs.address(*self._outputs.locate(number))
            value, bar = float(measured.value[number]), float(measured.bar[number])
            entries[number] = dataclasses.replace(
                culprit,
                address=f"d {output} / d {culprit.address}",
                output=output,
                claimed=float(claimed[number]),
                measured=value,
                bar=bar,
                truncation=float(measured.truncation[number]),
                noise=bar - float(measured.truncation[number]),
                visible=measured.visible(number, self._report.rtol),
            )
        return entries

    def _not_holomorphic(self, culprits: Sequence[ComponentFinding]) -> CauseFinding | None:
        """Say where a complex derivative is claimed of an f that has none at the worst culprit."""
        places = (self._tree.place(one.path, one.index) for one in culprits)
        leaf, place = next((one for one in places if one[0].is_complex), (None, 0))
        is_matrix = isinstance(self._asked.claim, Jacobian)
        if leaf is None or not (is_matrix and self._outputs.is_complex):
            return None
        first = place - (place - leaf.start) % 2
        by_x, by_y = (self._measured(first + k) for k in (0, 1))
        if by_x is None or by_y is None:
            return None
        apart = gap_of_derivatives(by_x, by_y, self._outputs, self._report.rtol)
        address = self._tree.address(*self._tree.locate(first)).removesuffix(".real")
        return CATALOGUE["GP507"].finding(address, apart=apart) if apart else None

    def _causes(self, rows: FloatArray | None, of_leaves: dict[str, _OfLeaf]) -> list[CauseFinding]:
        together = [of_leaf.together(address) for address, of_leaf in of_leaves.items()]
        found = causes_of_rows(self._outputs, together, self._asked.facts)
        if not found and rows is not None and is_transposed(together, rows):
            name = f"d {self._outputs.root} / d {self._tree.root}"
            return [CATALOGUE["GP403"].finding(name, axes="")]
        return found


def _few_of_each(culprits: Sequence[ComponentFinding]) -> list[ComponentFinding]:
    """Return the first components of each tensor, as many of one as of another."""
    paths = {culprit.path for culprit in culprits}
    most, taken = max(1, _MOST_COLUMNS // max(1, len(paths))), dict.fromkeys(paths, 0)
    few: list[ComponentFinding] = []
    for culprit in culprits:
        taken[culprit.path] += 1
        if taken[culprit.path] <= most and len(few) < _MOST_COLUMNS:
            few.append(culprit)
    return few
