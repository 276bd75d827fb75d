"""Tables of differences along directions through the point."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof.engine.evaluation import Evaluator
from gradproof.engine.pilot import Pilot
from gradproof.engine.projections import Projections
from gradproof.engine.restriction import Restriction
from gradproof.numerics.protocol import Block, FloatArray
from gradproof.numerics.richardson import Estimates, central, one_sided
from gradproof.numerics.table import Table


class _Once:
    """Asks for one value along each of some directions."""

    def __init__(self, count: int) -> None:
        self.values = np.full(count, np.nan)
        self._block: Block | None = Block(np.arange(count), np.ones(count))

    def ask(self) -> Block | None:
        return self._block

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        self.values, self._block = values, None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Along:
    """Measures slopes along directions, in tables from wide steps to tiny ones."""

    evaluator: Evaluator | Restriction | Projections
    pilot: Pilot
    value: float

    @property
    def roundoff_of_offsets(self) -> float:
        """How inexactly a direction's offsets of 1 are realised, at worst."""
        reach, x = self.pilot.reach, np.abs(self.evaluator.x)
        moved = reach > 0
        return float(
            np.max((self.pilot.roundoff_of_x * np.maximum(x, reach) / reach)[moved], initial=0)
        )

    def both_sides(self, directions: list[FloatArray], noise: float) -> Estimates:
        """Return the central slopes along some directions."""
        return central(
            self._table(directions, noise),
            roundoff=self.pilot.roundoff,
            noise_of_f=noise,
            smallest_change=self.pilot.smallest_change,
        )

    def each_side(self, directions: list[FloatArray], noise: float) -> tuple[Estimates, Estimates]:
        """Return the slopes to the left and to the right of the point, along some directions."""
        table = self._table(directions, noise)
        left, right = (
            one_sided(table, side, roundoff=self.pilot.roundoff, noise_of_f=noise)
            for side in (-1, 1)
        )
        return left, right

    def values(self, displacements: list[FloatArray]) -> FloatArray:
        """Return f at x + v for some v; NaN outside of the bounds."""
        once = _Once(len(displacements))
        self.evaluator.answer_directions(once, displacements, exactly=True)
        return once.values

    def _table(self, directions: list[FloatArray], noise: float) -> Table:
        one = np.ones(len(directions))
        roundoff = one * self.pilot.roundoff_of_x.max()
        table = Table(one, roundoff, one, value_at_zero=self.value, noise_of_f=noise)
        self.evaluator.answer_directions(table, directions, exactly=True)
        return table
