"""A function on a manifold as a function of all components of its parameters.

f̂(y) = f(R_x(P_x(y − x))), with the retraction R and the projection P at the point x, is defined
around x in the whole space, and its derivatives at x are the slopes of f along the projections of
all components. Of a Riemannian gradient g they are claimed to be ⟨g, P e_k⟩_x. So the components
keep their names and scales, and all that is known of gradients in a vector space holds.

Absil, Mahony & Sepulchre, *Optimization Algorithms on Matrix Manifolds* (2008), ch. 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, unit_roundoff
from gradproof._base.validation import described
from gradproof.engine.budget import Budget
from gradproof.engine.preflight import value_of
from gradproof.engine.randomness import Randomness
from gradproof.judge.parts import Curve
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.richardson import central
from gradproof.numerics.table import Table
from gradproof.problems import Manifold, Problem, as_vector, in_structure
from gradproof.tree import Mismatch, Tree, match

_STEPS = 1e-4, 1e-6  # of the size of x: differences of the retraction that show its derivative
_COARSE_STEPS = 1e-2, 1e-3  # in low precision
_ALIKE = 1e-2  # how well they do


class Pullback:
    """The problem on a manifold at its point, seen from the space around it.

    `x` is the point, `types` are those of its leaves. `claim` is the user's gradient, once it was
    asked for and if it is one.
    """

    def __init__(
        self, problem: Problem, manifold: Manifold, tree: Tree, x: FloatArray, types: Sequence[str]
    ) -> None:
        self._problem, self._manifold, self.tree = problem, manifold, tree
        self._x, self._types = x, [np.dtype(name) for name in types]
        self._f = value_of(problem)
        self._coarse = max(map(unit_roundoff, self._types), default=UNIT_ROUNDOFF_64)
        self._exact = math.sqrt(self._coarse)  # how exact points, projections and retractions are
        self.claim: FloatArray | None = None
        self.slopes = x

    def f(self, y: Any) -> Any:
        """Return the user's function at the point that y − x leads to."""
        there = match(self.tree, y)
        assert not isinstance(there, Mismatch)
        leaves = [np.asarray(leaf) for leaf in there[0]]
        types = [leaf.dtype for leaf in leaves]
        move = np.concatenate([leaf.astype(np.float64).ravel() for leaf in leaves]) - self._x
        point = in_structure(self.tree, self._x, types)
        tangent = self._manifold.project(point, in_structure(self.tree, move, types))
        return self._f(self._manifold.retract(in_structure(self.tree, self._x, types), tangent))

    def gradient(self, y: Any) -> Any:
        """Return what is claimed for the derivatives of `f`, at the point only."""
        there = as_vector(self.tree, y)
        if isinstance(there, Mismatch) or not np.array_equal(there, self._x):
            raise ValueError("the gradient on a manifold is asked at its point only")
        gradient = self._problem.gradient
        if gradient is True:
            gradient = self._problem.f(y)[1]
        elif callable(gradient):
            gradient = gradient(y)
        claim = self._claimed(gradient)
        if claim is None:
            return gradient  # what it is instead is told by those who are asked about gradients
        self.claim = claim
        self.slopes = self._transposed(claim, self._manifold.inner)
        return self._in_structure(self.slopes)

    def in_euclidean_metric(self) -> Any:
        """Return what would be claimed with the Euclidean metric; None where that is the same."""
        assert self.claim is not None
        slopes = self._transposed(self.claim, None)
        if np.allclose(slopes, self.slopes, rtol=self._exact):
            return None
        return self._in_structure(slopes)

    def _claimed(self, gradient: Any) -> FloatArray | None:
        """Return a gradient as a vector; None where it has another structure, or is not finite."""
        there = match(self.tree, gradient)
        if isinstance(there, Mismatch) and isinstance(gradient, tuple) and len(gradient) == 2:
            there = match(self.tree, gradient[1])  # (value, gradient)
        if isinstance(there, Mismatch):
            return None
        arrays = [np.asarray(value) for value in there[0]]
        if any(array.dtype.kind not in "biuf" for array in arrays):
            return None
        vector = np.concatenate([array.astype(np.float64).ravel() for array in arrays])
        return vector if np.all(np.isfinite(vector)) else None

    def _transposed(self, gradient: FloatArray, inner: Callable[..., Any] | None) -> FloatArray:
        """Return ⟨gradient, P e_k⟩ with an inner product, the Euclidean one where it is None."""
        if inner is None and self._manifold.inner is None:  # P is orthogonal
            return self.project(gradient)
        slopes = np.empty_like(gradient)
        one = np.zeros_like(gradient)
        for k in range(gradient.size):
            one[k] = 1.0
            slopes[k] = self.inner(gradient, self.project(one), inner)
            one[k] = 0.0
        return slopes

    def project(self, vector: FloatArray) -> FloatArray:
        """Return the tangent vector that a vector is projected to."""
        found = self._manifold.project(self._point(), self._in_structure(vector))
        return self._as_vector(found, "project", "a tangent vector")

    def retract(self, tangent: FloatArray) -> FloatArray:
        """Return the point that a tangent vector leads to."""
        found = self._manifold.retract(self._point(), self._in_structure(tangent))
        return self._as_vector(found, "retract", "a point")

    def inner(self, u: FloatArray, v: FloatArray, by: Callable[..., Any] | None) -> float:
        """Return the inner product of two vectors, the Euclidean one where `by` is None."""
        if by is None:
            return float(u @ v)
        return float(by(self._point(), self._in_structure(u), self._in_structure(v)))

    def require_sound(self, rng: np.random.Generator) -> FloatArray:
        """Raise unless what was given is a manifold around the point; return a unit tangent."""
        size = float(np.linalg.norm(self._x)) or 1.0
        u, v = (self.project(one) for one in rng.standard_normal((2, self._x.size)))
        if not np.linalg.norm(v) > self._exact:
            raise InputError("project: found 0 for a random vector, expected a tangent vector")
        self._require_projection(v, rng)
        inner = self._manifold.inner
        squares = [self.inner(one, one, inner) for one in (u, v)]
        both = self.inner(u, v, inner), self.inner(v, u, inner)
        if not min(squares) > 0 or not abs(both[0] - both[1]) <= self._exact * max(squares):
            raise InputError(
                "inner: found a product of tangent vectors that is not symmetric and positive, "
                "expected an inner product"
            )
        v = v / math.sqrt(squares[1])
        off = float(np.linalg.norm(self.retract(0 * v) - self._x)) / size
        if not off <= self._exact:
            raise InputError(
                f"retract: found that retract(x, 0) is {off:.1e} of its size away from x, expected "
                "x itself: either it is no retraction, or the point is not on the manifold"
            )
        self._require_retraction(v)
        return v

    def _require_projection(self, v: FloatArray, rng: np.random.Generator) -> None:
        off = float(np.linalg.norm(self.project(v) - v) / np.linalg.norm(v))
        if not off <= self._exact:
            raise InputError(
                f"project: found that it moves what it projected by {off:.1e} when called again, "
                "expected a projection (is the point on the manifold?)"
            )
        if self._manifold.inner is not None:
            return
        z, w = rng.standard_normal((2, self._x.size))
        apart = abs(float(self.project(z) @ w - z @ self.project(w)))
        if not apart <= self._exact * float(np.linalg.norm(z) * np.linalg.norm(w)):
            raise InputError(
                "project: found a projection that is not orthogonal, expected an orthogonal one, "
                "or inner=, the inner product that the gradient belongs to"
            )

    def _require_retraction(self, v: FloatArray) -> None:
        """Raise unless the derivative of t ↦ R(t v) is v at 0."""
        off = math.inf
        for step in _STEPS if self._coarse == UNIT_ROUNDOFF_64 else _COARSE_STEPS:
            h = step * self.reach(v)
            moved = (self.retract(h * v) - self.retract(-h * v)) / (2 * h)
            off = min(off, float(np.linalg.norm(moved - v) / np.linalg.norm(v)))
        if not off <= _ALIKE:
            raise InputError(
                f"retract: found that retract(x, t * v) moves off by another vector than v, by "
                f"{off:.1e} of its length, expected a retraction, whose derivative by t at 0 is v"
            )

    def reach(self, v: FloatArray) -> float:
        """Return how many times a unit tangent may be taken without changing the nature of x."""
        if self._manifold.inner is not None:  # its unit is natural
            return 1.0
        return (float(np.linalg.norm(self._x)) or 1.0) / float(np.linalg.norm(v))

    def slope(self, v: FloatArray) -> float:
        """Return the slope that is claimed along a tangent."""
        assert self.claim is not None
        return self.inner(self.claim, v, self._manifold.inner)

    def along(self, v: FloatArray, noise: float, budget: Budget) -> Curve | None:
        """Return how f moves along a tangent on both sides of the point; None where it cannot.

        Costs about 40 evaluations.
        """
        randomness = Randomness(self._problem.reseed)
        f0, table = math.nan, None
        with budget.ending(), randomness.kept(), np.errstate(all="ignore"):
            randomness.look()
            self._value(v, 0.0, self._f, budget)
            randomness.hold_for_f()
            f = randomness.before(self._f)
            f0 = self._value(v, 0.0, f, budget)
            if not math.isfinite(f0):
                return None
            one, roundoff = np.ones(1), np.full(1, self._coarse)
            noise = max(noise, UNIT_ROUNDOFF_64 * abs(f0)) if math.isfinite(noise) else 0.0
            table = Table(
                self.reach(v) * one, roundoff, 0 * one, value_at_zero=f0, noise_of_f=noise
            )
            while (block := table.ask()) is not None:
                values = [self._value(v, t, f, budget) for t in block.offsets.tolist()]
                table.tell(np.array(values), block.offsets)
        if budget.is_spent or table is None:
            return None
        estimates = central(table, roundoff=self._coarse, noise_of_f=noise)
        measured, truncation, rest = (float(part[0]) for part in estimates.take(estimates.best))
        return Curve(
            address=f"a random tangent of {self.tree.root}",
            claimed=self.slope(v),
            measured=measured,
            bar=truncation + rest,
            noise=noise,
            steps=tuple(table.t_plus[:, 0].tolist()),
            plus=tuple((table.plus[:, 0] - f0).tolist()),
            minus=tuple((table.minus[:, 0] - f0).tolist()),
            chosen=math.nan,
        )

    def _value(self, v: FloatArray, t: float, f: Callable[[Any], Any], budget: Budget) -> float:
        budget.take_one()
        try:
            tangent = self._in_structure(t * v)
            value = np.asarray(f(self._manifold.retract(self._point(), tangent)))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return math.nan
        mean = self._problem.terms == "mean"
        return float(np.mean(value, dtype=float) if mean else np.sum(value, dtype=float))

    def _point(self) -> Any:
        return self._in_structure(self._x)

    def _in_structure(self, vector: FloatArray) -> Any:
        return in_structure(self.tree, vector, self._types)

    def _as_vector(self, found: Any, name: str, what: str) -> FloatArray:
        try:
            vector = as_vector(self.tree, found)
        except (TypeError, ValueError):
            vector = Mismatch("", described(found), f"{what} in the structure of x")
        if isinstance(vector, Mismatch):
            raise InputError(
                f"{name}: found {vector.found}, expected {what} in the structure and shape of "
                f"{self.tree.root}"
            )
        return vector
