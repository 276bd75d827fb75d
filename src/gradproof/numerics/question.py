"""What is asked of many lines at once."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof.numerics.protocol import FloatArray, IntArray


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Question:
    """What is asked of each line: is `claim` its derivative at 0, within `tolerance`?

    All arrays have one entry a line. `scale` is the natural scale of the line's offset,
    `smallest_step` the smallest offset that floating point realises well; `relative` is the
    relative tolerance in force, `resolution` what the noise has to stay below, and `group` the
    lines that belong together (a leaf).
    """

    claim: FloatArray
    scale: FloatArray
    smallest_step: FloatArray
    relative: FloatArray
    tolerance: FloatArray
    resolution: FloatArray
    group: IntArray

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return self.claim.size

    def take(self, lines: IntArray) -> Question:
        """Return the question of some lines."""
        return Question(**{name: part[lines] for name, part in vars(self).items()})

    def put(self, lines: IntArray, other: Question) -> Question:
        """Return this question, with that of another about the same lines at some of them."""
        parts = {name: part.copy() for name, part in vars(self).items()}
        for name, part in parts.items():
            part[lines] = vars(other)[name][lines]
        return Question(**parts)


def sample_of_groups(
    lines: IntArray, group: IntArray, most: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Split lines in two: at most `most` of every group at random, and the others."""
    shuffled = rng.permutation(lines.size)
    order = shuffled[np.argsort(group[shuffled], kind="stable")]
    sorted_group = group[order]
    first_of_group = np.searchsorted(sorted_group, sorted_group)
    chosen = np.arange(lines.size) - first_of_group < most
    return np.sort(lines[order[chosen]]), np.sort(lines[order[~chosen]])
