"""Which rows, columns or slices of a tensor are wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray

_NEARLY_ALL = 0.99  # of the energy of the discrepancy, or of the components
_MOST_SLICES = 4
_MOSTLY = 0.7  # of the components of a wrong slice
_LEAST = 2
_ELSEWHERE = 0.1  # of those in the slices: so many others may be faintly wrong, too


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Slices:
    """Some slices of a tensor: those at `places` of an axis."""

    axis: int
    places: tuple[int, ...]

    def words(self, dimensions: int) -> str:
        """Return "row 3", "columns 1, 4", "slice 2 of axis 0"."""
        if dimensions == 2:
            name, of_axis = ("row", "column")[self.axis], ""
        else:
            name, of_axis = "slice", f" of axis {self.axis}"
        several = "s" if len(self.places) > 1 else ""
        return f"{name}{several} {', '.join(map(str, self.places))}{of_axis}"

    def index(self, dimensions: int) -> str:
        """Return the code that reads them, such as ``[3, :]``."""
        one = len(self.places) == 1
        place = str(self.places[0]) if one else f"[{', '.join(map(str, self.places))}]"
        parts = [":"] * dimensions
        parts[self.axis] = place
        return f"[{', '.join(parts)}]"

    def mask(self, shape: tuple[int, ...]) -> BoolArray:
        """Return where they are."""
        result = np.zeros(shape, dtype=bool)
        index: list[Any] = [slice(None)] * len(shape)
        index[self.axis] = list(self.places)
        result[tuple(index)] = True
        return result


def is_throughout(wrong: BoolArray, known: BoolArray) -> bool:
    """Whether nearly all components that were decided are wrong, of more than one."""
    count = int(np.sum(known))
    return count > 1 and int(np.sum(wrong & known)) >= _NEARLY_ALL * count


def wrong_slices(wrong: BoolArray, effect: FloatArray) -> Slices | None:
    """Return the few slices of one axis that hold nearly all of the discrepancy, if there are any.

    `effect` is that of the discrepancy on f, e T, and what counts is its square. Counting visible
    components instead would name slices where bars hide the rest of a tensor that is wrong
    throughout.
    """
    if wrong.ndim < 2:
        return None
    effect = np.where(wrong, np.abs(effect), 0.0)
    most = float(np.max(effect, initial=0.0))
    if not 0 < most < np.inf:
        return None
    energy = (effect / most) ** 2  # squares of what is tiny or huge would leave the range
    total = float(energy.sum())
    found: list[tuple[int, float, Slices]] = []
    for axis, length in enumerate(wrong.shape):
        rest = tuple(k for k in range(wrong.ndim) if k != axis)
        along = energy.sum(axis=rest)
        order = np.argsort(-along, kind="stable")
        needed = int(np.searchsorted(np.cumsum(along[order]), _NEARLY_ALL * total)) + 1
        counts = wrong.sum(axis=rest)
        places: IntArray = np.sort(order[:needed])
        share = counts[places] / (wrong.size // length)
        few = length > 1 and needed <= min(_MOST_SLICES, max(1, length // 4))
        if few and np.all((share >= _MOSTLY) & (counts[places] >= _LEAST)):
            slices = Slices(axis, tuple(places.tolist()))
            inside = int(np.sum(counts[places]))
            if int(np.sum(wrong)) - inside > _ELSEWHERE * inside:
                continue
            found.append((needed, -float(share.mean()), slices))
    return min(found, key=lambda one: one[:2])[2] if found else None
