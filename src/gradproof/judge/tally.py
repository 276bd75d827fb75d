"""What the outcomes of the components of one leaf add up to."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter

import numpy as np

from gradproof.judge.evidence import Evidence
from gradproof.judge.outcome import Outcome
from gradproof.judge.reasons import largest_finite
from gradproof.numerics.protocol import IntArray
from gradproof.tree import Leaf

_AT_ONCE = 1 << 16  # components: what is computed of them is forgotten before the next
_ITSELF = 3.0  # tolerances: error and bar of a component together, relative to its own size


@dataclasses.dataclass
class Tally:
    """Counts and largest numbers; relative ones refer to the typical size of a component.

    `resolution` is the smallest error that would have been seen in all that are right, infinite
    where none is. `reasons` counts what is undecided by its outcome; `possible` is the norm of the
    effects that errors there may have, `effect` that of what is claimed of the leaf.
    """

    checked: int = 0
    wrong: int = 0
    right: int = 0
    relative_to_itself: int = 0
    unseen: int = 0
    reasons: Counter[int] = dataclasses.field(default_factory=Counter)
    claims_something: bool = False
    discrepancy: float = 0.0
    bar: float = 0.0
    resolution: float = math.inf
    possible: float = 0.0
    effect: float = 0.0

    @property
    def undecided(self) -> int:
        """How many could not be decided."""
        return sum(self.reasons.values())


def tally(leaf: Leaf, evidence: Evidence) -> Tally:
    """Add up what was found about a leaf; what could not be moved does not count."""
    result, resolutions = Tally(), []
    for start in range(leaf.start, leaf.stop, _AT_ONCE):
        places: IntArray | slice = slice(start, min(start + _AT_ONCE, leaf.stop))
        if evidence.fixed is not None:
            places = np.flatnonzero(~evidence.fixed[places]) + start
        resolutions.append(_add(result, places, evidence))
    result.resolution = largest_finite(np.array(resolutions), nothing=math.inf)
    return result


def _add(result: Tally, places: IntArray | slice, evidence: Evidence) -> float:
    """Add some components; return the smallest error that would have been seen in all of them."""
    c, bounds = evidence.components.take(places), evidence.asked.limits_of(places)
    size, tolerance = bounds.typical, bounds.question.tolerance
    bar, wrong, undecided = c.bar, c.wrong, c.undecided
    visible = c.outcome != Outcome.FLAT
    decided = visible & ~undecided
    right = decided & ~wrong
    own = tolerance + bar <= _ITSELF * bounds.question.relative * np.abs(c.claim)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(c.claim - c.value) / size
        relative_bar = bar / size
        seen = (tolerance + bar + c.noise) / size
    result.checked += c.claim.size
    result.wrong += int(np.sum(wrong))
    result.right += int(np.sum(right))
    result.relative_to_itself += int(np.sum(right & own))
    result.unseen += int(np.sum(~visible & (c.claim != 0)))
    result.reasons.update(c.outcome[undecided].tolist())
    result.claims_something |= bool(np.any(c.claim))
    result.discrepancy = max(result.discrepancy, largest_finite(off[decided]))
    result.bar = max(result.bar, largest_finite(relative_bar[decided]))
    scale = evidence.scale[places]
    possible = float(np.linalg.norm((c.possible * scale)[undecided]))
    result.possible = math.hypot(result.possible, possible)
    result.effect = math.hypot(result.effect, float(np.linalg.norm(c.claim * scale)))
    return largest_finite(seen[right], nothing=math.inf)
