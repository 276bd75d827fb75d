"""Central differences of many lines, with both values, so that the sides can be told apart."""

from __future__ import annotations

import math

import numpy as np

from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.quotients import central_quotient


class Differences:
    """One central difference a line: both values, step, quotient and noise; NaN where none is."""

    def __init__(self, lines: int) -> None:
        # Nothing is stored until the first line is measured.
        self.plus = self.minus = self.step = self.value = self.noise = np.broadcast_to(
            np.nan, (lines,)
        )

    def take(
        self,
        lines: IntArray,
        values: FloatArray,
        offsets: FloatArray,
        value_at_zero: float,
        noise_of_f: float,
    ) -> None:
        """Fill in the values at both sides of some lines, all plus sides first."""
        if not self.value.flags.writeable:
            self.plus, self.minus, self.step, self.value, self.noise = np.full(
                (5, self.value.size), np.nan
            )
        plus, minus = values.reshape(2, -1)
        t_plus, t_minus = offsets.reshape(2, -1)
        self.plus[lines], self.minus[lines] = plus, minus
        self.value[lines] = central_quotient(plus, minus, t_plus, t_minus, value_at_zero)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.step[lines] = step = (t_plus - t_minus) / 2
            self.noise[lines] = KAPPA * noise_of_f / (math.sqrt(2) * step)

    def put(self, lines: IntArray, other: Differences) -> None:
        """Take over the differences of some lines."""
        for name, part in vars(self).items():
            replaced = np.array(part)
            replaced[lines] = vars(other)[name]
            setattr(self, name, replaced)

    def one_sided(self, value_at_zero: float) -> tuple[FloatArray, FloatArray]:
        """Return the slopes left and right of the point, that both sides together average."""
        with np.errstate(all="ignore"):
            return (value_at_zero - self.minus) / self.step, (self.plus - value_at_zero) / self.step
