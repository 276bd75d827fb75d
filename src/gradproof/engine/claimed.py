"""What is claimed about a Jacobian, asked at the point: products with it, and its entries."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradproof._base.floats import rounding_of_products
from gradproof.engine.adjoint import PAIRS, Product, adjoint_gap
from gradproof.engine.budget import Budget
from gradproof.engine.randomness import Randomness
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding
from gradproof.numerics.protocol import BoolArray, FloatArray
from gradproof.problems import JVP, VJP, Jacobian, Problem, Space, as_derivatives
from gradproof.problems.jacobians import Sides, is_function, like_parameters, product, rows_of
from gradproof.problems.outputs import Outputs
from gradproof.problems.vectors import as_vector
from gradproof.tree import Mismatch, Tree

_MOST_TANGENTS = 1_000  # components, each of which takes a call of a JVP
_MOST_ROWS = 256  # outputs of a VJP, each of which takes a call
_FARTHEST = 0.5  # along each tangent, where there are bounds: in units of its natural scale


class Claimed:
    """A function of several values with a claim, and what is asked of both at the point."""

    def __init__(self, problem: Problem, tree: Tree, space: Space, seed: int, name: str) -> None:
        self._problem, self.claim = problem, problem.gradient
        self.tree, self.space = tree, space
        self._rng = np.random.default_rng([seed, 0x636C61696D])
        self.outputs = Outputs(problem.f, seed, name, problem.wirtinger)
        self.calls = 0
        self.moved = 0  # components, along tangents
        self._randomness = Randomness(problem.reseed)
        self._has_sides = False  # whether a Jacobian is an operator with products from both

    TANGENTS = 16  # random ones, where there are more components

    @property
    def facts(self) -> Mapping[str, float]:
        """What the user told of numbers that a factor may be."""
        return self._problem.facts or {}

    @property
    def moves_along_tangents(self) -> bool:
        """Whether f is moved along a few tangents only: a JVP of many components."""
        return isinstance(self.claim, JVP) and self.tree.size > _MOST_TANGENTS

    def weighted(self) -> Problem:
        """Return the problem of ⟨u, f⟩."""
        claim = self.claim
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

    def along_tangents(self, chosen: BoolArray | None) -> Problem:
        """Return the problem of ⟨u, f⟩ at x + Σ tₖ vₖ, by t: its gradient is ⟨u, J vₖ⟩.

        Only `chosen` components are moved. Where there are bounds, t goes one way, for which each
        vₖ takes a share of the room that each component has.
        """
        space, tree = self.space, self.tree
        typical = float(np.sqrt(np.mean(space.x**2))) or 1.0
        tangents = self._rng.standard_normal((self.TANGENTS, space.x.size)) * np.maximum(
            np.abs(space.x), typical
        )
        if chosen is not None:
            tangents *= chosen
        bounds = None
        lower, upper = space.lower, space.upper
        if lower is not None and upper is not None:
            bounds = 0.0, _FARTHEST
            room = self.TANGENTS * _FARTHEST
            tangents = np.array([space.toward_inside(one, room) for one in tangents])
        self.moved = int(np.count_nonzero(np.any(tangents, axis=0)))
        terms = self.outputs.terms()

        def there(t: FloatArray) -> Any:
            move = t @ tangents
            if lower is None or upper is None:
                at = space.x + move
            else:  # as rounded to the types of the parameters
                at = np.clip(space.x + space.realised(move, 1.0), lower, upper)
            return like_parameters(tree, at, like=space.at)

        def f(random_tangent: FloatArray) -> Any:
            return terms(there(random_tangent))

        def gradient(random_tangent: FloatArray) -> Any:
            at = there(random_tangent)
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
            bounds=bounds,
        )

    def _repeatably(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that leaves random generators as it found them."""
        randomness = Randomness(self._problem.reseed)
        randomness.look()
        return randomness.kept()

    def kept(self) -> contextlib.AbstractContextManager[None]:
        """Return a context that puts all random generators back at its end."""
        return self._randomness.kept()

    def values_of_f(self, budget: Budget) -> tuple[Callable[[Any], FloatArray], FloatArray]:
        """Return the function that evaluates all outputs, and their values at the point.

        It gives f the same random numbers every time, and copies, as f may change its argument.
        """

        def values(at: Any) -> FloatArray:
            budget.take_one()
            return self.outputs.vector(self._randomness.before(self._problem.f)(at))

        self.space.use_fresh_copies()
        self._randomness.look()
        at_point = values(self.space.fresh())
        self._randomness.hold_for_f()
        return values, at_point

    def _along(self, tangent: FloatArray, at: Any = None) -> FloatArray | Mismatch:
        """Return J v as claimed, at the point or elsewhere."""
        claim = self.claim
        function = claim.function if isinstance(claim, JVP) else claim.jvp
        self.calls += 1
        self._randomness.before_gradient()
        at = self.space.fresh() if at is None else at
        return self.outputs.matched(function(at, like_parameters(self.tree, tangent, like=at)))

    def _across(self, cotangent: FloatArray) -> FloatArray | Mismatch:
        """Return Jᵀ u as claimed."""
        self.calls += 1
        self._randomness.before_gradient()
        in_structure = self.outputs.in_structure(cotangent)
        found = as_vector(self.tree, self.claim.function(self.space.fresh(), in_structure))
        if isinstance(found, Mismatch):
            return found
        return as_derivatives(self.tree, found, self._problem.wirtinger)

    @property
    def roundoff(self) -> float:
        """The unit roundoff of the least precise output or parameter."""
        return max(self.outputs.roundoff, *self.space.roundoffs)

    @property
    def may_be_no_product(self) -> bool:
        """Whether there is anything to ask: entries are those of one matrix in any case."""
        return self._has_sides or not isinstance(self.claim, Jacobian)

    def what_is_no_product(self) -> CauseFinding | None:
        """Say where products are not linear, or not those of one matrix from both sides."""
        if isinstance(self.claim, Jacobian):
            return self._of_two_matrices() if self._has_sides else None
        self._randomness.look()
        if isinstance(self.claim, VJP):
            self._across(self.outputs.cotangent)
        else:
            self._along(np.ones(self.tree.size))
        self._randomness.hold_for_gradient()
        found = self._nonlinear()
        if found is None and isinstance(self.claim, VJP) and self.claim.jvp is not None:
            found = self._not_adjoint(self._along, self._across)
        return found

    def _cotangent(self) -> FloatArray:
        return np.where(self.outputs.cotangent == 0, 0.0, self.outputs.draw())

    def _nonlinear(self) -> CauseFinding | None:
        """Ask for the products of two vectors and of their sum."""
        ask: Callable[[FloatArray], FloatArray | Mismatch] = self._across
        kind, first, second = "cotangent", self.outputs.cotangent, self._cotangent()
        if isinstance(self.claim, JVP):
            ask, kind = self._along, "tangent"
            first, second = self._rng.standard_normal((2, self.tree.size))
        one, other, both = (ask(vector) for vector in (first, second, first + second))
        if isinstance(one, Mismatch) or isinstance(other, Mismatch) or isinstance(both, Mismatch):
            return None
        size = max(float(np.linalg.norm(part)) for part in (one, other, both))
        apart = float(np.linalg.norm(both - one - other))
        if not apart > rounding_of_products(self.roundoff) * size:
            return None
        ignored = bool(np.array_equal(one, other) and np.array_equal(one, both))
        return CATALOGUE["GP501"].finding(kind=kind, ignored=ignored, apart=apart / size)

    def _of_two_matrices(self) -> CauseFinding | None:
        """Compare the two sides of a linear operator: f is compared with one of them only."""
        matrix = self.claim.matrix
        if is_function(matrix):
            self.calls += 1
            self._randomness.look()
            matrix = matrix(self.space.fresh())
        sides = Sides(matrix)
        return self._not_adjoint(sides.along, sides.across, sides.roundoff)

    def _not_adjoint(
        self, along: Product, across: Product, roundoff: float = 0.0
    ) -> CauseFinding | None:
        """Compare ⟨u, J v⟩ with ⟨Jᵀ u, v⟩ for a few pairs."""
        pairs = (
            (self._cotangent(), self._rng.standard_normal(self.tree.size)) for _ in range(PAIRS)
        )
        apart = adjoint_gap(pairs, along, across, max(roundoff, self.roundoff))
        return CATALOGUE["GP505"].finding(apart=apart) if apart else None

    def columns(self, rows: FloatArray | None) -> Callable[[int], FloatArray | Mismatch] | None:
        """Return what gives the derivatives of all outputs by one component, as claimed.

        None where that takes too many calls.
        """
        if isinstance(self.claim, JVP):
            return lambda place: self._along(np.eye(1, self.tree.size, place)[0])
        return None if rows is None else lambda place: rows[:, place]

    def rows(self) -> FloatArray | None:
        """Return the Jacobian as claimed, of shape (m, n).

        None where that takes too many calls, or they give its columns.
        """
        claim, there = self.claim, self.outputs.tree
        assert there is not None
        multiply: Callable[[FloatArray], Any] = self._across
        if isinstance(claim, Jacobian):
            self.calls += callable(claim.matrix)
            at, wirtinger = self.space.fresh(), self._problem.wirtinger
            rows = rows_of(claim.matrix, at, there, self.tree, wirtinger)
            if isinstance(rows, np.ndarray):
                return rows
            multiply = functools.partial(_multiply, rows)
        if there.size > _MOST_ROWS or isinstance(claim, JVP):
            return None
        products = [multiply(unit) for unit in np.eye(there.size)]
        return None if any(isinstance(one, Mismatch) for one in products) else np.array(products)


def _multiply(rows: Any, cotangent: FloatArray) -> Any:
    return cotangent @ rows
