"""Columns of a Jacobian by differences: which outputs are wrong at a component that is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Space

_WIDER = 3.0
_DEVIATIONS = 8.0  # of the noise of one value
_FROM_ONE_SIDE = 3.0  # times the noise of a difference from both
_FINEST, _WIDEST = 1e-7, 0.05  # of the natural scale
_CLEARLY = 3.0  # bars


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Column:
    """The derivatives of all outputs by one component, with their bars."""

    value: FloatArray
    truncation: FloatArray
    noise: FloatArray

    @property
    def bar(self) -> FloatArray:
        """The whole error bar."""
        return self.truncation + self.noise

    def visible(self, number: int, rtol: float) -> float:
        """Return the smallest error of the claim for one output that would have been called one."""
        return float(_CLEARLY * self.bar[number] + rtol * abs(self.value[number]))

    def room(self, claim: FloatArray, rtol: float) -> FloatArray:
        """Return by how much claims may differ from what was measured and still be right."""
        size = np.maximum(np.abs(claim), np.abs(self.value))
        return _CLEARLY * self.bar + rtol * size

    def differs(self, claim: FloatArray, rtol: float) -> FloatArray:
        """Return by how much claims are off where that is visible, else 0."""
        off = claim - self.value
        visible = np.abs(off) > self.room(claim, rtol)
        return np.where(visible & np.isfinite(off), off, 0.0)


def column(
    f: Callable[[Any], FloatArray],
    space: Space,
    place: int,
    *,
    at_point: FloatArray,
    scale: float,
    noise: float,
    size: float,
) -> Column | None:
    """Measure the derivatives of all outputs by the component at a place; four evaluations.

    `f` returns all outputs as one vector, with a noise of σ at most beside values of a size s, and
    `at_point` is what it returns there. A central difference at :math:`h = (3σ/s)^{1/3}` of the
    natural scale, and one at 3 h: the two differ by eight times the truncation of the first, or by
    noise. Where the bounds leave one side only, two evaluations there, and (3 D(h) - D(3h)) / 2 of
    the one-sided differences D. None where f has no value, or no side has room.
    """
    step = min(max((3 * noise / size) ** (1 / 3), _FINEST), _WIDEST) * scale
    lines = np.full(4, place, dtype=np.int64)
    offsets = step * np.array([1.0, -1.0, _WIDER, -_WIDER])
    inside = space.is_inside(lines, offsets)
    sides = (slice(0, 4), slice(0, 4, 2), slice(1, 4, 2))  # both, above, below
    side = next((one for one in sides if np.all(inside[one])), None)
    if side is None:
        return None
    try:
        results, realised = space.along_components(f, lines[side], offsets[side])
    except BaseException:  # the end of a budget, Ctrl-C, or the user's
        space.restore()
        raise
    if not all(isinstance(one, np.ndarray) for one in results):
        return None
    deviations = _DEVIATIONS * noise / abs(realised[0])
    if realised.size == 4:
        plus, minus, far, back = results
        near = (plus - minus) / (realised[0] - realised[1])
        wide = (far - back) / (realised[2] - realised[3])
        value = near
    else:
        near, wide = (
            (there - at_point) / move for there, move in zip(results, realised, strict=True)
        )
        wider = realised[1] / realised[0]
        value = (wider * near - wide) / (wider - 1)
        deviations *= _FROM_ONE_SIDE
    apart = np.abs(wide - near)
    # Two noisy numbers may happen to be alike, those of most outputs do not.
    truncation = np.maximum(apart, np.median(apart))
    return Column(value, truncation, np.full_like(value, deviations))
