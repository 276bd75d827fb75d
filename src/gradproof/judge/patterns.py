"""Which rows, columns, slices or block of a tensor are wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray

Array = npt.NDArray[Any]

LARGEST = 0.9  # of a tensor: a block that is larger than that is no part of it
_NEARLY_ALL = 0.99  # of the energy of the discrepancy, or of the components
_MOST_SLICES = 4
_MOST_RUNS = 8  # of neighbours, in words
_MOSTLY = 0.7  # of the components of a wrong slice
_LEAST = 2
_ELSEWHERE = 0.1  # of those in the slices: so many others may be faintly wrong, too
_DENSE = 0.9  # of the components of a wrong block
_SMALLEST = 4  # components
_MOST_RUNS_APART = 4


def _listed(places: Sequence[int]) -> str:
    """Return "1, 4", "0 to 9, 12", with what is in a row told by its ends."""
    cuts = np.flatnonzero(np.diff(places) > 1) + 1
    runs = [run.tolist() for run in np.split(np.array(places), cuts)]
    words = []
    for run in runs[:_MOST_RUNS]:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(place) for place in run]
    return ", ".join(words) + ("" if len(runs) <= _MOST_RUNS else f" … ({len(places)} of them)")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Slices:
    """Some slices of a tensor: those at `places` of an axis."""

    axis: int
    places: tuple[int, ...]

    def words(self, dimensions: int) -> str:
        """Return "row 3", "columns 1, 4", "slice 2 of axis 0"."""
        names = {1: ["component"], 2: ["row", "column"]}
        if dimensions in names:
            name, of_axis = names[dimensions][self.axis], ""
        else:
            name, of_axis = "slice", f" of axis {self.axis}"
        several = "s" if len(self.places) > 1 else ""
        return f"{name}{several} {_listed(self.places)}{of_axis}"

    def index(self, dimensions: int) -> str:
        """Return the code that reads them, such as ``[3, :]``."""
        one = len(self.places) == 1
        place = str(self.places[0]) if one else f"[{', '.join(map(str, self.places))}]"
        parts = [":"] * dimensions
        parts[self.axis] = place
        return f"[{', '.join(parts)}]"

    def of(self, array: Array) -> Array:
        """Return what an array has there."""
        return array.take(self.places, self.axis)

    def mask(self, shape: tuple[int, ...]) -> BoolArray:
        """Return where they are."""
        result = np.zeros(shape, dtype=bool)
        np.moveaxis(result, self.axis, 0)[list(self.places)] = True
        return result


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Block:
    """A block of a tensor: from a first to a last place of each axis; None: all of the axis."""

    ranges: tuple[tuple[int, int] | None, ...]

    def words(self, dimensions: int) -> str:
        """Return "rows 3 to 8, columns 0 to 4", "components 3 to 8", "slice 2 of axis 0"."""
        names = {1: ["component"], 2: ["row", "column"]}.get(dimensions, ["slice"] * dimensions)
        words = []
        for axis, (name, part) in enumerate(zip(names, self.ranges, strict=True)):
            if part is None:
                continue
            first, last = part
            of_axis = f" of axis {axis}" if dimensions > 2 else ""
            one = f"{name} {first}" if first == last else f"{name}s {first} to {last}"
            words.append(one + of_axis)
        return ", ".join(words)

    def index(self, dimensions: int) -> str:
        """Return the code that reads them, such as ``[3:9, 0:5]``."""
        parts = [":" if part is None else f"{part[0]}:{part[1] + 1}" for part in self.ranges]
        return f"[{', '.join(parts)}]"

    def of(self, array: Array) -> Array:
        """Return what an array has there."""
        whole = slice(None)
        return array[
            tuple(whole if part is None else slice(part[0], part[1] + 1) for part in self.ranges)
        ]

    def mask(self, shape: tuple[int, ...]) -> BoolArray:
        """Return where it is."""
        result = np.zeros(shape, dtype=bool)
        self.of(result)[...] = True
        return result


Part = Slices | Block


def is_throughout(wrong: BoolArray, known: BoolArray) -> bool:
    """Whether nearly all components that were decided are wrong, of more than one."""
    count = int(np.sum(known))
    return count > 1 and int(np.sum(wrong & known)) >= _NEARLY_ALL * count


def wrong_parts(wrong: BoolArray, effect: FloatArray) -> tuple[Part, ...]:
    """Return the slices, or else the block, that hold nearly all of the discrepancy, if any do.

    Of a vector it may be several blocks, such as tensors that are rolled into it.
    """
    part = wrong_slices(wrong, effect) or wrong_block(wrong)
    if part is not None:
        return (part,)
    return _runs(wrong) if wrong.ndim == 1 else ()


def _runs(wrong: BoolArray) -> tuple[Part, ...]:
    """Return the few runs of a vector that what is wrong fills, cut at the largest gaps."""
    runs = [np.flatnonzero(wrong)] if np.any(wrong) else []
    while len(runs) <= _MOST_RUNS_APART:
        loose = [run for run in runs if run.size < _DENSE * (run[-1] - run[0] + 1)]
        if not loose:
            break
        run = loose[0]
        cut = int(np.argmax(np.diff(run))) + 1
        runs = [one for one in runs if one is not run] + [run[:cut], run[cut:]]
    else:
        return ()
    filled = sum(run.size for run in runs)
    if len(runs) < 2 or filled > LARGEST * wrong.size or min(map(len, runs)) < _SMALLEST:
        return ()
    ends = sorted((int(run[0]), int(run[-1])) for run in runs)
    return tuple(block_of([end], wrong.shape) for end in ends)


def wrong_block(wrong: BoolArray) -> Block | None:
    """Return the block that is wrong, if what is wrong fills one, and not nearly all."""
    if np.sum(wrong) < _SMALLEST:
        return None
    places = np.nonzero(wrong)
    block = block_around(places, wrong.shape)
    inside = block.mask(wrong.shape)
    count = int(np.sum(inside))
    if count > LARGEST * wrong.size or places[0].size < _DENSE * count:
        return None
    return block


def block_around(places: Sequence[IntArray], shape: tuple[int, ...]) -> Block:
    """Return the smallest block that holds components; `places` are theirs, axis by axis."""
    return block_of([(int(along.min()), int(along.max())) for along in places], shape)


def block_of(ends: Sequence[tuple[int, int]], shape: tuple[int, ...]) -> Block:
    """Return the block from a first to a last place of each axis."""
    return Block(
        tuple(
            None if end == (0, length - 1) else end for end, length in zip(ends, shape, strict=True)
        )
    )


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
