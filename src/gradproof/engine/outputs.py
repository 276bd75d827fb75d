"""An evaluator of ⟨u, f⟩ that also hands out the single outputs of f."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradproof.engine.batching import Values
from gradproof.engine.evaluation import Evaluator
from gradproof.numerics.noise import POINTS, noise_of_outputs
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Space
from gradproof.problems.outputs import Outputs


class OutputsEvaluator(Evaluator):
    """Evaluate all outputs of f at once, each evaluation counted as one.

    `f` returns the terms of ⟨u, f⟩ and leaves the outputs themselves in `outputs`. `at_zero` are
    those at the point, `around` those along the directions that the pilot flew.
    """

    def __init__(
        self, f: Callable[[Any], Any], outputs: Outputs, space: Space, **options: Any
    ) -> None:
        super().__init__(f, space, terms="sum", **options)
        self._outputs = outputs
        self.at_zero: FloatArray = np.empty(0)
        self.around: list[FloatArray] = []

    def vector(self, at: Any) -> FloatArray:
        """Return all outputs at a point that f is given as it is."""
        self._f(at)
        assert self._outputs.latest is not None
        return self._outputs.latest

    def at_point(self, *, to_end_with: bool = False) -> float:
        """Evaluate f at the point; `to_end_with` also where the budget is spent."""
        value = super().at_point(to_end_with=to_end_with)
        assert self._outputs.latest is not None
        self.at_zero = self._outputs.latest
        return value

    def values_along(self, directions: Sequence[FloatArray], offsets: FloatArray) -> Values:
        """Evaluate f along directions, and keep the outputs."""
        values = []
        for direction, offset in zip(directions, offsets.tolist(), strict=True):
            values.append(self.along_direction_now(direction, offset))
            defined, latest = np.isfinite(values[-1]), self._outputs.latest
            nothing = np.full_like(self.at_zero, np.nan)
            self.around.append(latest if defined and latest is not None else nothing)
        return np.array(values), offsets

    def moved(self, moves: FloatArray) -> FloatArray:
        """Return all outputs at x + moves; NaN where f is not defined."""
        self.budget.take_one()
        with np.errstate(all="ignore"):
            result = self.space.along_direction(self.vector, moves, 1.0)
        return result if isinstance(result, np.ndarray) else np.full_like(self.at_zero, np.nan)

    def tell(self, done: int, total: int) -> None:
        """Say how far a stretch of evaluations is."""
        if self._progress is not None:
            self._progress(done, total)

    def of_one(self, number: int) -> Evaluator:
        """Return an evaluator of one output, whose evaluations count with these."""
        return _OneOutput(self, number)

    def noise(self) -> FloatArray:
        """Return the noise of each output, as far as the flights of the pilot show it."""
        runs = [
            np.array(self.around[k : k + POINTS])
            for k in range(0, len(self.around) - POINTS + 1, POINTS)
        ]
        found = [noise_of_outputs(run) for run in runs]
        return np.max(found, axis=0) if found else np.zeros_like(self.at_zero)


class _OneOutput(Evaluator):
    """One output of f, as if there were no others."""

    def __init__(self, whole: OutputsEvaluator, number: int) -> None:
        super().__init__(
            lambda at: float(whole.vector(at)[number]), whole.space, budget=whole.budget
        )
        self.roundoff = whole.roundoff
        self._value = self.value_of_f = float(whole.at_zero[number])
