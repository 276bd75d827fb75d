"""The block of a leaf that is wrong, by groups: from some of its components to its ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradproof.engine.groups import Groups
from gradproof.judge.patterns import LARGEST, Block, Part, block_of

_SAMPLE = 6  # components among those that are known
_RUNS = 16  # of each axis of a block, none of which may be right

Ends = list[tuple[int, int]]  # the first and the last place of each axis


class BlockSearch:
    r"""Find the block that holds all of the error, where the components that are known fill it.

    A few components among them tell whether what lies between is wrong as well. Then every end is
    halved in on: a group beyond it has an error as long as a part of the block is in it. Costs two
    evaluations for each component of the sample, and about :math:`2 \log_2 n` for each of the two
    ends of an axis of n places. `measured` are the components that were measured by themselves;
    the sample is added to it.
    """

    def __init__(
        self,
        groups: Groups,
        shape: tuple[int, ...],
        measured: dict[int, float],
        *,
        rng: np.random.Generator,
    ) -> None:
        self._groups, self._shape, self._measured, self._rng = groups, shape, measured, rng

    def run(self, wrong: Sequence[int], error: float) -> Block | None:
        """Return the block around wrong components of a leaf of this error, if there is one."""
        places = np.unravel_index(wrong, self._shape)
        known: Ends = [(int(along.min()), int(along.max())) for along in places]
        around = block_of(known, self._shape)
        if self._share(known) > LARGEST or not fills(
            self._groups, around, self._shape, self._measured, self._rng
        ):
            return None
        ends: Ends = [(0, length - 1) for length in self._shape]
        for axis, (first, last) in enumerate(known):
            ends[axis] = (self._first(ends, axis, first), ends[axis][1])
            ends[axis] = (ends[axis][0], self._last(ends, axis, last))
        if self._share(ends) > LARGEST:
            return None
        block = block_of(ends, self._shape)
        held = self._groups.error(np.flatnonzero(block.mask(self._shape)))
        if abs(held - error) > 2 * self._groups.bar:
            return None
        # A stray component beside the block would have widened it.
        filled = fills(
            self._groups, block, self._shape, self._measured, self._rng, sample=2 * _SAMPLE
        )
        return block if filled and self._has_no_hole(ends) else None

    def _has_no_hole(self, ends: Ends) -> bool:
        """Whether the block is wrong from end to end: two blocks beside each other are not."""
        for axis, (first, last) in enumerate(ends):
            runs = np.array_split(np.arange(first, last + 1), min(_RUNS, last - first + 1))
            if not all(self._has_error(ends, axis, int(run[0]), int(run[-1])) for run in runs):
                return False
        return True

    def _first(self, ends: Ends, axis: int, most: int) -> int:
        """Return the first place of an axis with an error; that at `most` has one."""
        low, high = ends[axis][0], most
        if not self._has_error(ends, axis, low, high - 1):
            return high
        start = low
        while high - low > 1:
            middle = (low + high) // 2
            if self._has_error(ends, axis, start, middle - 1):
                high = middle
            else:
                low = middle
        return low

    def _last(self, ends: Ends, axis: int, least: int) -> int:
        """Return the last place of an axis with an error; that at `least` has one."""
        low, high = least, ends[axis][1]
        if not self._has_error(ends, axis, low + 1, high):
            return low
        end = high
        while high - low > 1:
            middle = (low + high) // 2
            if self._has_error(ends, axis, middle + 1, end):
                low = middle
            else:
                high = middle
        return high

    def _has_error(self, ends: Ends, axis: int, first: int, last: int) -> bool:
        """Whether the part of a block between two places of an axis is wrong."""
        if first > last:
            return False
        part = block_of([*ends[:axis], (first, last), *ends[axis + 1 :]], self._shape)
        places = np.flatnonzero(part.mask(self._shape))
        return self._groups.is_beyond(places, self._groups.error(places))

    def _share(self, ends: Ends) -> float:
        sizes = [last - first + 1 for first, last in ends]
        return float(np.prod([n / length for n, length in zip(sizes, self._shape, strict=True)]))


def fills(
    groups: Groups,
    part: Part,
    shape: tuple[int, ...],
    measured: dict[int, float],
    rng: np.random.Generator,
    *,
    sample: int = _SAMPLE,
) -> bool:
    """Whether all but one of a few components of a part are wrong; adds them to `measured`."""
    inside = np.flatnonzero(part.mask(shape))
    among = rng.choice(inside, min(sample, inside.size), replace=False)
    right = 0
    for place in among.tolist():
        if place not in measured:
            measured[place] = groups.error(np.array([place]))
        right += not groups.is_wrong(place, measured[place])
        if right > 1:
            return False
    return True
