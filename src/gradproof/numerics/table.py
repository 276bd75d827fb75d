"""The escalation table: both sides of a line at steps from its natural scale down to rounding.

Steps h_k = 0.2 T ρ^-k, ρ = 5 for a parameter in float64 and 3 for one in float32. Where the slope
has not settled at the small end (the edge of a domain, a cusp), smaller steps follow, down to a few
units in the last place of x.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.precision import LOW_PRECISION
from gradproof.numerics.protocol import Block, BoolArray, FloatArray, IntArray

LARGEST_STEP = 0.2
_FINE_RATIO, _COARSE_RATIO = 5.0, 3.0
_MOST_EXTRA_LEVELS = 8
_ULPS = 8.0  # of x: smaller steps are not realised well


class Table:
    """Take both sides of many lines at all levels; one row a level, one column a line.

    `scale` is the natural scale of each line, `roundoff_of_x` the unit roundoff of its offset,
    `place` the value of the parameter that it moves; `noise_of_f` the root mean square noise of one
    value. `plus` and `minus` hold the values at both sides, `t_plus` and `t_minus` the realised
    offsets, NaN where nothing was asked. Costs 36 evaluations a line in float64, 22 in float32, and
    two for each of up to eight more levels where the slope does not settle.
    """

    def __init__(
        self,
        scale: FloatArray,
        roundoff_of_x: FloatArray,
        place: FloatArray,
        *,
        value_at_zero: float,
        noise_of_f: float,
    ) -> None:
        self.value_at_zero = value_at_zero
        self.scale = scale
        self._noise_of_f = noise_of_f
        coarse = np.maximum(roundoff_of_x, UNIT_ROUNDOFF_64)
        self._ratio = np.where(coarse < LOW_PRECISION, _FINE_RATIO, _COARSE_RATIO)
        self._levels = 1 + np.ceil(np.log(LARGEST_STEP / coarse**0.75) / np.log(self._ratio))
        self._smallest = _ULPS * np.maximum(2 * roundoff_of_x * np.abs(place), scale * 2.0**-60)
        self.plus, self.minus, self.t_plus, self.t_minus = np.empty((4, 0, scale.size))
        self._pending = self._blocks()
        self._block = next(self._pending, None)

    def ask(self) -> Block | None:
        """Return both sides of all lines at the next step, or None when the table is full."""
        return self._block

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values of the last block, and the offsets as floating point realised them."""
        self._told = values.reshape(2, -1), offsets.reshape(2, -1)
        self._block = next(self._pending, None)

    def _blocks(self) -> Iterator[Block]:
        lines = np.arange(self.scale.size)
        steps = LARGEST_STEP * self.scale
        while lines.size:
            yield from self._level(lines, steps)
            steps = steps / self._ratio
            extra = len(self.plus) - self._levels[lines]
            goes_on = extra < 0
            more = ~goes_on & (extra < _MOST_EXTRA_LEVELS) & (steps >= self._smallest)[lines]
            if np.any(more):
                goes_on[more] = self._is_unsettled(lines[more])
            lines = lines[goes_on]

    def _level(self, lines: IntArray, steps: FloatArray) -> Iterator[Block]:
        at = steps[lines]
        yield Block(np.concatenate([lines, lines]), np.concatenate([at, -at]))
        values, offsets = self._told
        row = np.full((4, self.scale.size), np.nan)
        row[:2, lines], row[2:, lines] = values, offsets
        self.plus, self.minus, self.t_plus, self.t_minus = (
            np.vstack([column, new])
            for column, new in zip(
                (self.plus, self.minus, self.t_plus, self.t_minus), row, strict=True
            )
        )

    def _is_unsettled(self, lines: IntArray) -> BoolArray:
        """Whether the last slope on either side is not finite, or still changes beyond noise."""
        result = np.zeros(lines.size, dtype=bool)
        for values, offsets in ((self.plus, self.t_plus), (self.minus, self.t_minus)):
            with np.errstate(all="ignore"):
                slope = (values[-3:, lines] - self.value_at_zero) / offsets[-3:, lines]
                last, before = np.abs(np.diff(slope, axis=0)[::-1])
                beyond = last > 8 * self._noise_of_f / np.abs(offsets[-1, lines])
                moving = beyond & (last > 0.5 * before) & (last > 1e-3 * np.abs(slope[-1]))
            result |= moving | ~np.isfinite(slope[-1])
        return result
