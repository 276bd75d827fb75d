"""Everything that was measured in a check."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.judge.located import Located
from gradproof.judge.parts import Certificate
from gradproof.judge.tolerance import Asked, Limits, Policy, Scaling
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Tree


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Steps:
    """By how much f moves on both sides of one component; `chosen` is the step that was trusted."""

    step: FloatArray
    plus: FloatArray
    minus: FloatArray
    chosen: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """All measurements of a check at `x`; `unit` turns them back into the units of f.

    `asked` is what was asked of them. `margin` is how many bars a discrepancy has to be wide to be
    called wrong; `fixed` are components that could not be moved or were not to be, and of which
    nothing is said. `stationary` says that f moves by far more than is claimed. `tables` are those
    of components that looked wrong, by their places.
    """

    x: FloatArray
    components: Components
    asked: Asked
    noise: float
    unit: float
    margin: float
    fixed: BoolArray | None = None
    stationary: bool = False
    tables: Mapping[int, Steps] = dataclasses.field(default_factory=dict)

    @property
    def scale(self) -> FloatArray:
        """The natural scale of every component."""
        return self.asked.scaling.scale

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        return self.asked.policy

    def still(self, tree: Tree) -> list[int]:
        """Return the numbers of the leaves along no component of which f moved.

        Those of which something else was claimed come first.
        """
        c = self.components
        free = np.ones(c.value.size, dtype=bool) if self.fixed is None else ~self.fixed
        against: list[int] = []
        as_claimed: list[int] = []
        for number, leaf in enumerate(tree.leaves):
            part = np.arange(leaf.start, leaf.stop)[free[leaf.start : leaf.stop]]
            if part.size and not np.any(c.value[part]):
                (against if np.any(c.claim[part]) else as_claimed).append(number)
        return against + as_claimed

    def among(self, places: IntArray, x: FloatArray, claim: FloatArray) -> Evidence:
        """Return this evidence, of some components, with empty places for all others.

        `x` and `claim` are those of all.
        """

        def spread(part: npt.NDArray[Any], nothing: Any) -> npt.NDArray[Any]:
            full = np.full(claim.size, nothing, dtype=part.dtype)
            full[places] = part
            return full

        def all_of(parts: Any) -> dict[str, npt.NDArray[Any]]:
            return {name: spread(part, 0) for name, part in vars(parts).items()}

        asked, rounding = self.asked, self.asked.rounding_of_claim
        components = Components(**all_of(self.components))
        components.claim[:] = claim
        scales = asked.scaling
        everything = Asked(
            Scaling(
                spread(scales.scale, 1.0),
                spread(scales.effect, 1.0),
                spread(scales.movement, 0.0),
                spread(scales.leaf, 0),
            ),
            claim,
            asked.policy,
            spread(asked.relative, 0.0),
            asked.roundoff_of_claim,
            None if rounding is None else spread(rounding, 0.0),
        )
        tables = {int(places[line]): steps for line, steps in self.tables.items()}
        return dataclasses.replace(
            self, x=x, components=components, asked=everything, tables=tables
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Probes:
    """Slopes along random directions, in the place of components; `size` is what the claim does.

    `size` is the norm of the claim times the weights of the direction: a typical slope. `doubted`
    are those that contradict the claim, by no more than kinks of either sign may add up to.
    """

    components: Components
    limits: Limits
    size: FloatArray
    noise: float
    unit: float
    margin: float
    notes: tuple[str, ...]
    doubted: BoolArray


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Probed:
    """What was measured along directions: over everything, and one through each of some leaves.

    `asked` are the numbers of those leaves, in the order of their directions, and `chosen` says of
    every leaf whether it was moved at all. `located` is what was found in those that are wrong, at
    the point `x` with the `claim` and the natural `scale` of every component. Where there are many
    leaves and groups of them told which are wrong, `bars_of_others` are the bars with which they
    cleared the others, relative to each.
    """

    everything: Probes | None
    leaves: Probes | None
    asked: tuple[int, ...]
    chosen: tuple[bool, ...]
    certificate: Certificate | None
    x: FloatArray
    claim: FloatArray
    scale: FloatArray
    located: tuple[Located, ...] = ()
    bars_of_others: tuple[float, ...] | None = None

    @property
    def noise(self) -> float:
        """The noise of f."""
        return max(part.noise for part in (self.everything, self.leaves) if part is not None)

    def still(self, tree: Tree) -> list[int]:
        """Return the numbers of the leaves along whose direction f did not move."""
        if self.leaves is None:
            return []
        slopes = self.leaves.components.value.tolist()
        return [number for number, slope in zip(self.asked, slopes, strict=True) if slope == 0]
