"""What is claimed about a Jacobian, asked at the point: products with it, and its entries."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradproof._base.floats import rounding_of_products
from gradproof._base.outcomes import Verdict
from gradproof.engine.adjoint import PAIRS, Product, adjoint_gap
from gradproof.engine.columns import Column, column
from gradproof.engine.holomorphy import gap_of_derivatives
from gradproof.engine.randomness import Randomness
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding, ComponentFinding
from gradproof.judge.report import MOST_CULPRITS, Record
from gradproof.judge.rows import Columns, causes_of_rows, is_transposed
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import JVP, VJP, Jacobian, Problem, Space, as_derivatives
from gradproof.problems.jacobians import Sides, is_function, like_parameters, product, rows_of
from gradproof.problems.outputs import Outputs
from gradproof.problems.vectors import as_vector
from gradproof.tree import Leaf, Mismatch, Tree

_MOST_TANGENTS = 1_000  # components, each of which takes a call of a JVP
_MOST_COLUMNS = 16  # wrong components whose outputs are looked at
_MOST_ROWS = 256  # outputs of a VJP, each of which takes a call


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


class Claimed:
    """A function of several values with a claim, and what is asked of both at the point."""

    def __init__(self, problem: Problem, tree: Tree, space: Space, seed: int, name: str) -> None:
        self._problem, self._claim = problem, problem.gradient
        self.tree, self._space = tree, space
        self._rng = np.random.default_rng([seed, 0x636C61696D])
        self.outputs = Outputs(problem.f, seed, name, problem.wirtinger)
        self.evaluations = self.calls = 0
        self._randomness = Randomness(problem.reseed)
        self._has_sides = False  # whether a Jacobian is an operator with products from both

    TANGENTS = 16  # random ones, where there are more components

    @property
    def moves_along_tangents(self) -> bool:
        """Whether f is moved along a few tangents only: a JVP of many components."""
        return isinstance(self._claim, JVP) and self.tree.size > _MOST_TANGENTS

    def weighted(self) -> Problem:
        """Return the problem of ⟨u, f⟩."""
        claim = self._claim
        if isinstance(claim, Jacobian):
            self._has_sides = Sides.are_of(claim.matrix)
            if is_function(claim.matrix):
                claim = dataclasses.replace(claim, matrix=self._seen(claim.matrix))
        return dataclasses.replace(
            self._problem,
            f=self.outputs.terms(),
            gradient=product(
                claim, self.outputs, self.tree, self._repeatably, self._problem.wirtinger
            ),
            terms="sum",
        )

    def _seen(self, matrix: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function that notes whether what it returns has products from both sides."""

        def noting(at: Any) -> Any:
            found = matrix(at)
            self._has_sides = Sides.are_of(found)
            return found

        return noting

    def along_tangents(self) -> Problem:
        """Return the problem of ⟨u, f⟩ at x + Σ tₖ vₖ, by t: its gradient is ⟨u, J vₖ⟩."""
        x = self._space.x
        typical = float(np.sqrt(np.mean(x**2))) or 1.0
        tangents = self._rng.standard_normal((self.TANGENTS, x.size)) * np.maximum(
            np.abs(x), typical
        )
        terms = self.outputs.terms()

        def f(along: FloatArray) -> Any:
            there = x + along @ tangents
            return terms(like_parameters(self.tree, there, like=self._space.at))

        def gradient(along: FloatArray) -> Any:
            at = like_parameters(self.tree, x + along @ tangents, like=self._space.at)
            found = []
            for tangent in tangents:
                with self._repeatably():
                    column = self._along(tangent, at)
                if isinstance(column, Mismatch):
                    return column
                found.append(float(self.outputs.cotangent @ column))
            return np.array(found)

        return dataclasses.replace(
            self._problem,
            f=f,
            gradient=gradient,
            at=np.zeros(self.TANGENTS),
            terms="sum",
            bounds=None,
        )

    def _repeatably(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that leaves random generators as it found them."""
        randomness = Randomness(self._problem.reseed)
        randomness.look()
        return randomness.kept()

    def kept(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that puts all random generators back at its end."""
        return self._randomness.kept()

    def _values(self, at: Any) -> FloatArray:
        """Return all outputs at a point, with the same random numbers every time."""
        return self.outputs.vector(self._randomness.before(self._problem.f)(at))

    def _along(self, tangent: FloatArray, at: Any = None) -> FloatArray | Mismatch:
        """Return J v as claimed, at the point or elsewhere."""
        claim = self._claim
        function = claim.function if isinstance(claim, JVP) else claim.jvp
        self.calls += 1
        self._randomness.before_gradient()
        at = self._space.fresh() if at is None else at
        return self.outputs.matched(function(at, like_parameters(self.tree, tangent, like=at)))

    def _across(self, cotangent: FloatArray) -> FloatArray | Mismatch:
        """Return Jᵀ u as claimed."""
        self.calls += 1
        self._randomness.before_gradient()
        in_structure = self.outputs.in_structure(cotangent)
        found = as_vector(self.tree, self._claim.function(self._space.fresh(), in_structure))
        if isinstance(found, Mismatch):
            return found
        return as_derivatives(self.tree, found, self._problem.wirtinger)

    @property
    def _roundoff(self) -> float:
        return max(self.outputs.roundoff, *self._space.roundoffs)

    def what_is_no_product(self) -> CauseFinding | None:
        """Say where products are not linear, or not those of one matrix from both sides."""
        if isinstance(self._claim, Jacobian):
            return self._of_two_matrices() if self._has_sides else None
        self._randomness.look()
        if isinstance(self._claim, VJP):
            self._across(self.outputs.cotangent)
        else:
            self._along(np.ones(self.tree.size))
        self._randomness.hold_for_gradient()
        found = self._nonlinear()
        if found is None and isinstance(self._claim, VJP) and self._claim.jvp is not None:
            found = self._not_adjoint(self._along, self._across)
        return found

    def _cotangent(self) -> FloatArray:
        return np.where(self.outputs.cotangent == 0, 0.0, self.outputs.draw())

    def _nonlinear(self) -> CauseFinding | None:
        """Ask for the products of two vectors and of their sum."""
        ask: Callable[[FloatArray], FloatArray | Mismatch] = self._across
        kind, first, second = "cotangent", self.outputs.cotangent, self._cotangent()
        if isinstance(self._claim, JVP):
            ask, kind = self._along, "tangent"
            first, second = self._rng.standard_normal((2, self.tree.size))
        one, other, both = (ask(vector) for vector in (first, second, first + second))
        if isinstance(one, Mismatch) or isinstance(other, Mismatch) or isinstance(both, Mismatch):
            return None
        size = max(float(np.linalg.norm(part)) for part in (one, other, both))
        apart = float(np.linalg.norm(both - one - other))
        if not apart > rounding_of_products(self._roundoff) * size:
            return None
        ignored = bool(np.array_equal(one, other) and np.array_equal(one, both))
        return CATALOGUE["GP501"].finding(kind=kind, ignored=ignored, apart=apart / size)

    def _of_two_matrices(self) -> CauseFinding | None:
        """Compare the two sides of a linear operator: f is compared with one of them only."""
        matrix = self._claim.matrix
        if is_function(matrix):
            self.calls += 1
            self._randomness.look()
            matrix = matrix(self._space.fresh())
        sides = Sides(matrix)
        return self._not_adjoint(sides.along, sides.across, sides.roundoff)

    def _not_adjoint(
        self, along: Product, across: Product, roundoff: float = 0.0
    ) -> CauseFinding | None:
        """Compare ⟨u, J v⟩ with ⟨Jᵀ u, v⟩ for a few pairs."""
        pairs = (
            (self._cotangent(), self._rng.standard_normal(self.tree.size)) for _ in range(PAIRS)
        )
        apart = adjoint_gap(pairs, along, across, max(roundoff, self._roundoff))
        return CATALOGUE["GP505"].finding(apart=apart) if apart else None

    def outputs_of(self, report: Record) -> OutputsFound:
        """Return the wrong entries of the Jacobian at wrong components, which outputs, and why."""
        culprits = report.culprits
        rows = None if isinstance(self._claim, JVP) else self._rows()
        claimed = self._columns(rows)
        if claimed is None:
            return OutputsFound(culprits, self._number_of_outputs)
        self._randomness.look()
        self._values(self._space.fresh())
        self.evaluations += 1
        self._randomness.hold_for_f()
        # Of every tensor some.
        looked_at = _few_of_each(culprits)
        found: list[ComponentFinding] = []
        concerned: set[int] = set()
        columns: dict[str, list[FloatArray]] = {}
        places: dict[str, list[int]] = {}
        signs: dict[str, list[float]] = {}
        for culprit in culprits:
            if culprit not in looked_at:
                found.append(culprit)
                continue
            leaf, place = self.tree.place(culprit.path, culprit.index)
            # The noise of ⟨u, f⟩ is that of an output at most.
            claim, measured = claimed(place), self._measured_column(leaf, place, report.noise)
            if isinstance(claim, Mismatch) or measured is None:
                found.append(culprit)
                continue
            entries = self._entries(culprit, claim, measured, report.rtol)
            concerned |= entries.keys()
            found += entries.values() or [culprit]
            places.setdefault(self.tree.address(leaf), []).append(place)
            of_leaf = columns.setdefault(self.tree.address(leaf), [])
            of_leaf.append(np.stack([claim, measured.value, measured.room(claim, report.rtol)]))
            if leaf.is_complex:
                sign = (1.0, -1.0)[culprit.index[-1]]
                signs.setdefault(self.tree.address(leaf), []).append(sign)
        wrong = {leaf.address: leaf for leaf in report.leaves if leaf.verdict is Verdict.FAIL}
        # A few columns of a tensor speak for its others where those are wrong, too.
        throughout = all(2 * leaf.wrong >= leaf.checked for leaf in wrong.values())
        known = throughout and columns.keys() == wrong.keys()
        return OutputsFound(
            tuple(found[:MOST_CULPRITS]),
            self._number_of_outputs,
            self._told(sorted(concerned)),
            tuple(self._causes(rows, places, columns, signs)) if known else (),
            len(concerned),
            self._not_holomorphic(culprits, report),
        )

    def _not_holomorphic(
        self, culprits: Sequence[ComponentFinding], report: Record
    ) -> CauseFinding | None:
        """Say where a complex derivative is claimed of an f that has none at the worst culprit."""
        there = self.outputs.tree
        assert there is not None
        places = (self.tree.place(one.path, one.index) for one in culprits)
        leaf, place = next((one for one in places if one[0].is_complex), (None, 0))
        if leaf is None or not (isinstance(self._claim, Jacobian) and there.is_complex):
            return None
        first = place - (place - leaf.start) % 2
        by_x, by_y = (self._measured_column(leaf, first + k, report.noise) for k in (0, 1))
        if by_x is None or by_y is None:
            return None
        apart = gap_of_derivatives(by_x, by_y, there, report.rtol)
        address = self.tree.address(*self.tree.locate(first)).removesuffix(".real")
        return CATALOGUE["GP507"].finding(address, apart=apart) if apart else None

    @property
    def _number_of_outputs(self) -> int:
        there = self.outputs.tree
        assert there is not None
        return there.size

    def _causes(
        self,
        rows: FloatArray | None,
        places: dict[str, list[int]],
        columns: dict[str, list[FloatArray]],
        signs: dict[str, list[float]],
    ) -> list[CauseFinding]:
        there = self.outputs.tree
        assert there is not None
        together = []
        for address, ones in columns.items():
            claimed, measured, room = np.stack(ones, axis=2)
            of_columns = np.array(signs[address]) if address in signs else None
            together.append(Columns(address, places[address], claimed, measured, room, of_columns))
        found = causes_of_rows(there, together, self._problem.facts or {})
        if not found and rows is not None and is_transposed(together, rows):
            name = f"d {there.root} / d {self.tree.root}"
            return [CATALOGUE["GP403"].finding(name, axes="")]
        return found

    def _told(self, concerned: list[int]) -> list[str]:
        there = self.outputs.tree
        assert there is not None
        if not concerned:
            return []
        if len(concerned) == there.size:
            return ["the wrong components concern all outputs"]
        names = [there.address(*there.locate(number)) for number in concerned[:6]]
        rest = f" and {len(concerned) - 6:,} more" if len(concerned) > 6 else ""
        return [
            f"the wrong components concern {len(concerned):,} of {there.size:,} outputs: "
            f"{', '.join(names)}{rest}"
        ]

    def _columns(self, rows: FloatArray | None) -> Callable[[int], FloatArray | Mismatch] | None:
        """Return what gives the derivatives of all outputs by one component, as claimed.

        None where that takes too many calls.
        """
        if isinstance(self._claim, JVP):
            return lambda place: self._along(np.eye(1, self.tree.size, place)[0])
        return None if rows is None else lambda place: rows[:, place]

    def _rows(self) -> FloatArray | None:
        """Return the Jacobian as claimed, of shape (m, n); None where that takes too many calls."""
        claim, there = self._claim, self.outputs.tree
        assert there is not None
        multiply: Callable[[FloatArray], Any] = self._across
        if isinstance(claim, Jacobian):
            self.calls += callable(claim.matrix)
            at, wirtinger = self._space.fresh(), self._problem.wirtinger
            rows = rows_of(claim.matrix, at, there, self.tree, wirtinger)
            if isinstance(rows, np.ndarray):
                return rows
            multiply = functools.partial(_multiply, rows)
        if there.size > _MOST_ROWS:
            return None
        products = [multiply(unit) for unit in np.eye(there.size)]
        return None if any(isinstance(one, Mismatch) for one in products) else np.array(products)

    def _measured_column(self, leaf: Leaf, place: int, noise: float) -> Column | None:
        """Measure the derivatives of all outputs by one component."""
        x = self._space.x
        typical = float(np.sqrt(np.mean(x[leaf.start : leaf.stop] ** 2))) or 1.0
        size = self.outputs.largest or 1.0
        self.evaluations += 4
        return column(
            self._values,
            self._space,
            place,
            scale=max(abs(float(x[place])), typical),
            noise=max(noise, self._roundoff * size),
            size=size,
        )

    def _entries(
        self, culprit: ComponentFinding, claimed: FloatArray, measured: Column, rtol: float
    ) -> dict[int, ComponentFinding]:
        """Return the outputs whose derivative by a component is wrong, the most wrong first."""
        there = self.outputs.tree
        assert there is not None
        off = measured.differs(claimed, rtol)
        order = np.argsort(-np.abs(off), kind="stable")[: int(np.sum(off != 0))]
        entries = {}
        for number in order.tolist():
            output = there.address(*there.locate(number))
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
                visible=measured.visible(number, rtol),
            )
        return entries


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


def _multiply(rows: Any, cotangent: FloatArray) -> Any:
    return cotangent @ rows
