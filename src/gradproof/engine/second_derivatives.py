"""What is claimed of second derivatives, asked at the point, and second differences of f."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, rounding_of_products
from gradproof._base.validation import real_number
from gradproof.engine.adjoint import PAIRS, adjoint_gap
from gradproof.engine.budget import Budget
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding
from gradproof.judge.report import Record
from gradproof.judge.units import in_units
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import HVP, Hessian, Problem
from gradproof.problems.jacobians import like_parameters, rows_of, symmetric
from gradproof.problems.vectors import as_vector
from gradproof.tree import Mismatch, Tree

_MOST_ENTRIES = 32  # parameters, up to which every entry is measured
_FORMS = 16  # random ones, where there are more
_OPTIONS = ("bounds", "terms")


class SecondDerivatives:
    """A function with a claim for its Hessian, at a point."""

    def __init__(
        self, problem: Problem, tree: Tree, x: FloatArray, seed: int, budget: Budget
    ) -> None:
        for name in _OPTIONS if problem.gradient.gradient is None else ():
            if getattr(problem, name) is not None:
                raise InputError(
                    f"{name}: found {getattr(problem, name)!r} with a Hessian that is measured "
                    "from the values of f, expected None; claim it with gradient="
                )
        self._problem, self._claim = problem, problem.gradient
        self._tree, self._x = tree, x
        self._rng = np.random.default_rng([seed, 0x68657373])
        self.calls, self._budget = 0, budget
        self._value: float | None = None
        n = self._x.size
        self._every = n <= _MOST_ENTRIES
        typical = float(np.sqrt(np.mean(self._x**2))) or 1.0
        self._scale = np.maximum(np.abs(self._x), typical)
        if self._every:
            self._forms = np.zeros((0, 2, n))
        else:
            self._forms = self._scale * self._rng.standard_normal((_FORMS, 2, n))

    def _point(self, x: FloatArray) -> Any:
        return like_parameters(self._tree, x)

    def _along(self, x: FloatArray, vector: FloatArray) -> FloatArray | Mismatch:
        """Return H v as claimed."""
        self.calls += 1
        return as_vector(self._tree, self._claim.function(self._point(x), self._point(vector)))

    def _rows(self, x: FloatArray) -> Any:
        self.calls += callable(self._claim.matrix)
        return rows_of(symmetric(self._claim.matrix), self._point(x), self._tree, self._tree)

    def _product(self, x: FloatArray, vector: FloatArray) -> FloatArray | Mismatch:
        if isinstance(self._claim, HVP):
            return self._along(x, vector)
        rows = self._rows(x)
        return rows if isinstance(rows, Mismatch) else np.asarray(vector @ rows)

    def asymmetry(self) -> CauseFinding | None:
        """Say by how much ⟨u, H v⟩ and ⟨v, H u⟩ differ, if by more than rounding."""
        worst, where = 0.0, ""
        rows = None if isinstance(self._claim, HVP) else self._rows(self._x)
        if isinstance(rows, np.ndarray):
            apart, size = np.abs(rows - rows.T), float(np.max(np.abs(rows), initial=0.0))
            if rows.size and float(apart.max()) > rounding_of_products(UNIT_ROUNDOFF_64) * size:
                i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
                worst, where = float(apart.max()) / size, self._address(int(i), int(j))
        else:
            pairs = self._rng.standard_normal((PAIRS, 2, self._x.size))
            times = functools.partial(self._product, self._x)
            worst = adjoint_gap(pairs, times, times, UNIT_ROUNDOFF_64)
        if not worst:
            return None
        return CATALOGUE["GP506"].finding(*[where] * bool(where), apart=worst)

    def of_second_differences(self) -> Problem:
        """Return the problem whose gradient at 0 is the Hessian, or random forms of it.

        In units of the natural scales.
        """
        n = self._x.size

        def f(hessian: FloatArray) -> float:
            value = self._at_point(fresh=not np.any(hessian))
            for place in np.argwhere(hessian).tolist():
                value += self._second_difference(place, math.sqrt(float(hessian[tuple(place)])))
            return value

        def gradient(hessian: FloatArray) -> Any:
            if self._every:
                rows = self._every_row()
                if isinstance(rows, Mismatch):
                    return rows
                return rows * np.outer(self._scale, self._scale)
            found = []
            for u, v in self._forms:
                product = self._product(self._x, v)
                if isinstance(product, Mismatch):
                    return product
                found.append(float(u @ product))
            return np.array(found)

        at = np.zeros((n, n) if self._every else _FORMS)
        return dataclasses.replace(self._problem, f=f, gradient=gradient, at=at, bounds=(0.0, None))

    def _every_row(self) -> FloatArray | Mismatch:
        if isinstance(self._claim, Hessian):
            rows = self._rows(self._x)
            if isinstance(rows, (np.ndarray, Mismatch)):
                return rows
            return np.array([unit @ rows for unit in np.eye(self._x.size)])
        columns = []
        for unit in np.eye(self._x.size):
            column = self._along(self._x, unit)
            if isinstance(column, Mismatch):
                return column
            columns.append(column)
        return np.array(columns).T

    def _second_difference(self, place: list[int], t: float) -> float:
        """Return t² uᵀ H v, but for terms of fourth order."""
        if self._every:
            i, j = place
            u, v = (np.eye(1, self._x.size, k)[0] * self._scale for k in (i, j))
            if i == j:
                return self._of(t * u) + self._of(-t * u) - 2 * self._at_point()
        else:
            u, v = self._forms[place[0]]
        plus, minus = t * (u + v), t * (u - v)
        return (self._of(plus) + self._of(-plus) - self._of(minus) - self._of(-minus)) / 4

    @property
    def evaluations(self) -> int:
        """How many evaluations of f itself there were."""
        return self._budget.count

    def _of(self, move: FloatArray) -> float:
        if np.any(move):
            self._budget.take_one()
        else:  # at the point, which ends every check
            self._budget.count += 1
        return real_number(self._problem.f(self._point(self._x + move)), "the value of f")

    def _at_point(self, fresh: bool = False) -> float:
        if self._value is None or fresh:
            self._value = self._of(np.zeros_like(self._x))
        return self._value

    def _address(self, i: int, j: int) -> str:
        by = [self._tree.address(*self._tree.locate(place)) for place in (i, j)]
        return f"d² f / d {by[0]} d {by[1]}"

    def in_units_of_f(self, record: Record) -> dict[str, Any]:
        """Return what a record on second differences says in the units and by the names of f."""
        if not self._every:
            note = f"{_FORMS} random forms uᵀ H v were measured, and no single entries"
            return {"notes": (*record.notes, note), "evaluations": self.evaluations}

        def converted(one: ComponentFinding) -> ComponentFinding:
            i, j = one.index
            unit = 1 / float(self._scale[i] * self._scale[j])
            return dataclasses.replace(in_units(one, unit), address=self._address(i, j))

        def of_leaf(leaf: LeafFinding) -> LeafFinding:
            worst = leaf.worst
            return leaf if worst is None else dataclasses.replace(leaf, worst=converted(worst))

        return {
            "culprits": tuple(converted(one) for one in record.culprits),
            "leaves": tuple(of_leaf(leaf) for leaf in record.leaves),
            "evaluations": self.evaluations,
        }
