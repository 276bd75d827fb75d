"""One line of an escalation table: everything that its verdict may rest on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gradproof.judge.tolerance import Limits
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.richardson import Estimates, central, one_sided
from gradproof.numerics.table import Table


@dataclasses.dataclass(frozen=True)
class Slope:
    """A measured slope: its bar in two parts, and where in the table it comes from.

    `level` counts from the widest step; `amplitude` is the noise of f seen there and below.
    """

    value: float
    truncation: float
    noise: float
    level: int
    amplitude: float

    @property
    def bar(self) -> float:
        """The whole error bar."""
        return self.truncation + self.noise


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Side:
    """All finite slopes of one side, the widest step first, and what follows from them."""

    step: FloatArray
    slope: FloatArray
    best: Slope | None
    whole: bool  # finite at every step


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Line:
    """A claim, what is asked of it, and its table over the last run of finite levels.

    `allowed` is the widest bar that may decide, `beyond` the discrepancy that is beyond doubt,
    `margin` how many bars it must be wide on top. `slope` and the arrays beside it are those of
    central differences; `left` and `right` the sides. `movement` is the most that f moved, `jumps`
    whether its noise is that of jumps.
    """

    claim: float
    tolerance: float
    beyond: float
    allowed: float
    margin: float
    scale: float
    jumps: bool
    value_at_zero: float
    noise_of_f: float
    step: FloatArray
    slope: FloatArray
    noise_of_slope: FloatArray
    amplitude: FloatArray
    plus: FloatArray
    minus: FloatArray
    best: Slope | None
    second: Slope | None
    left_at_kink: Slope | None
    right_at_kink: Slope | None
    left: Side
    right: Side
    movement: float

    def off(self, slope: Slope) -> float:
        """By how much the claim differs from a measured slope."""
        return abs(self.claim - slope.value)


def lines_of(
    table: Table,
    limits: Limits,
    places: IntArray,
    *,
    roundoff: float,
    noise_of_f: float,
    smallest_change: float,
    margin: float,
    jumps: bool = False,
) -> Iterator[Line]:
    """Yield the lines of a table; line k of it is the component ``places[k]``."""
    both = central(table, roundoff=roundoff, noise_of_f=noise_of_f, smallest_change=smallest_change)
    second = both.second_scale
    at_kink = [
        one_sided(table, side, roundoff=roundoff, noise_of_f=noise_of_f, amplitude=both.amplitude)
        for side in (-1, 1)
    ]
    alone = [one_sided(table, side, roundoff=roundoff, noise_of_f=noise_of_f) for side in (-1, 1)]
    moved = np.fmax(
        np.fmax.reduce(np.abs(table.plus - table.value_at_zero)),
        np.fmax.reduce(np.abs(table.minus - table.value_at_zero)),
    )
    q = limits.question
    for k, place in enumerate(places):
        run = np.isfinite(both.slope[:, k])
        start = int(np.argmax(run))
        yield Line(
            claim=float(q.claim[place]),
            tolerance=float(q.tolerance[place]),
            beyond=float(limits.beyond[place]),
            allowed=float(limits.policy.cap * limits.size[place]),
            margin=margin,
            scale=float(q.scale[place]),
            jumps=jumps,
            value_at_zero=table.value_at_zero,
            noise_of_f=noise_of_f,
            step=both.step[run, k],
            slope=both.slope[run, k],
            noise_of_slope=both.noise_of_slope[run, k],
            amplitude=both.amplitude[run, k],
            plus=table.plus[run, k],
            minus=table.minus[run, k],
            best=_slope(both, int(both.best[k]), k, start),
            second=_slope(both, int(second[k]), k, start),
            left_at_kink=_slope(at_kink[0], int(at_kink[0].best[k]), k, start),
            right_at_kink=_slope(at_kink[1], int(at_kink[1].best[k]), k, start),
            left=_side(alone[0], table.minus, k),
            right=_side(alone[1], table.plus, k),
            movement=float(np.nan_to_num(moved[k])),
        )


def _slope(found: Estimates, candidate: int, line: int, start: int) -> Slope | None:
    if candidate < 0:
        return None
    level = int(found.level[candidate])
    return Slope(
        float(found.values[candidate, line]),
        float(found.truncations[candidate, line]),
        float(found.noises[candidate, line]),
        level - start,
        float(found.amplitude[level, line]),
    )


def _side(found: Estimates, values: FloatArray, line: int) -> Side:
    run = np.isfinite(found.slope[:, line])
    start = int(np.argmax(run))
    asked = np.isfinite(found.step[:, line])
    return Side(
        step=found.step[run, line],
        slope=found.slope[run, line],
        best=_slope(found, int(found.best[line]), line, start),
        whole=bool(np.all(np.isfinite(values[asked, line]))),
    )
