"""One random check: a function in some shape, a right or a wrong claim, and how it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.soak import functions, shapes
from benchmarks.soak.functions import Array, Function, Rng
from benchmarks.trust.mutations import mutations

import gradproof as gp

#: How checks are asked, beside the plain call; most are plain.
WAYS = {
    "raises": 0.02,
    "interrupted": 0.02,
    "journal": 0.01,
    "threads": 0.01,
    "rendered": 0.02,
    "self-test": 0.001,
    "budget": 0.02,
    "batches": 0.03,
    "bounds": 0.03,
}
_WRONG = 0.06


@dataclasses.dataclass(frozen=True)
class Draw:
    """A check to be made, and what is known about it.

    `truth` is the gradient, `right` the same as computed in the type of the parameters, and `claim`
    what is claimed, all in the structure of `at`.
    """

    number: int
    function: Function
    shape: shapes.Shape
    at: Any
    truth: Any
    right: Any
    claim: Any
    mistake: str | None
    options: dict[str, Any]
    way: str

    def f(self, at: Any) -> Any:
        """Return the value at a point."""
        return self.function.value(self.shape.vector(at))

    def gradient(self, at: Any) -> Any:
        """Return what is claimed."""
        return self.claim

    def problem(self, f: Callable[[Any], Any] | None = None) -> gp.Problem:
        """Return the problem, of another f where one is given."""
        more: dict[str, Any] = {}
        if self.way == "bounds":
            x = self.shape.vector(self.at).astype(np.float64)
            more["bounds"] = (self.shape.tree(x - np.abs(x)), self.shape.tree(x + 1 + np.abs(x)))
        return gp.Problem(f or self.f, self.gradient, self.at, **more)

    @property
    def name(self) -> str:
        """What it is, in a line."""
        words = [self.function.kind, str(np.dtype(self.shape.dtype)), self.options["plan"]]
        return f"{self.number}: {', '.join(words)}, {self.way}, {self.mistake or 'right'}"


def draw(seed: int, number: int) -> Draw:
    """Return a check; it depends on nothing but the two numbers."""
    rng = np.random.default_rng([seed, number])
    shape, n = shapes.draw(rng)
    function = functions.draw(rng, n, shape.dtype)
    if rng.random() < 0.4:
        function = functions.scaled(rng, function)
    exact, at = function.gradient(function.at.astype(np.float64)), function.at
    claimed = np.asarray(function.gradient(at))
    if rng.random() < 0.1:
        function = functions.noisy(rng, function)
    right, mistake = shape.tree(claimed), None
    claim = right
    if rng.random() < _WRONG and np.any(exact):
        mistake, claim = _wrong(right, shape.tree(at), rng)
    plan = rng.choice(["auto", "every", "project", "leaves"], p=[0.6, 0.34, 0.03, 0.03])
    way = str(rng.choice([*WAYS, "plain"], p=[*WAYS.values(), 1 - sum(WAYS.values())]))
    options: dict[str, Any] = {"plan": str(plan), "seed": int(rng.integers(1 << 20))}
    if way == "self-test":
        options |= {"plan": "auto", "self_test": True}
    if way == "budget":
        options["budget"] = int(rng.integers(1, 200))
    truth = dataclasses.replace(shape, dtype=np.float64).tree(exact)
    point = shape.point(at, rng)
    return Draw(number, function, shape, point, truth, right, claim, mistake, options, way)


def _wrong(right: Any, at: Any, rng: Rng) -> tuple[str | None, Any]:
    """Return one of the mistakes that there may be, or none where none is."""
    found = list(mutations(right, at, rng))
    if not found:
        return None, right
    return found[rng.integers(len(found))]


def arrays_of(one: Draw) -> list[Array]:
    """Return the arrays that are the user's."""
    return [] if one.shape.number else one.shape.container.take(one.at)
