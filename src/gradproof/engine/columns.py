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
    scale: float,
    noise: float,
    size: float,
) -> Column | None:
    """Measure the derivatives of all outputs by the component at a place; four evaluations.

    `f` returns all outputs as one vector, with a noise of σ at most beside values of a size s. A
    central difference at :math:`h = (3σ/s)^{1/3}` of the natural scale, and one at 3 h: the two
    differ by eight times the truncation of the first, or by noise. None where f has no value.
    """
    step = min(max((3 * noise / size) ** (1 / 3), _FINEST), _WIDEST) * scale
    lines = np.full(4, place, dtype=np.int64)
    offsets = step * np.array([1.0, -1.0, _WIDER, -_WIDER])
    results, realised = space.along_components(f, lines, offsets)
    if not all(isinstance(one, np.ndarray) for one in results):
        return None
    plus, minus, far, back = results
    near = (plus - minus) / (realised[0] - realised[1])
    wide = (far - back) / (realised[2] - realised[3])
    one = np.full_like(near, _DEVIATIONS * noise / abs(realised[0]))
    apart = np.abs(wide - near)
    # Two noisy numbers may happen to be alike, those of most outputs do not.
    return Column(near, np.maximum(apart, np.median(apart)), one)
