"""A leaf that is wrong, as the causes see it, and what a cause says the truth would be."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradproof.judge.elsewhere import Elsewhere
from gradproof.judge.naming import code_of, words_of
from gradproof.judge.patterns import Part, wrong_parts
from gradproof.numerics.protocol import BoolArray, FloatArray
from gradproof.tree import Leaf

Parameters = dict[str, Any]

IF_SOLVED_FOR = (
    " Or, as the difference is small: if f takes steps up to a tolerance (an ODE, a fixed point, "
    "an optimum), tighten it and check again; what shrinks with it is an error of f."
)
UNFOUND = "; where the rest of the error is was not found"
_CLOSE = 1e-2
ROOM = 1.5  # bars that what explains a mistake may be off


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Slopes:
    """Slopes along directions through one leaf, and by how much they may be off.

    `rounding` is the part of that which the claim brings, its rounding and tolerance. `project`
    returns what a gradient of the leaf, in its shape, would make of them.
    """

    measured: FloatArray
    room: FloatArray
    rounding: FloatArray
    project: Callable[[FloatArray], FloatArray]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Suspect:
    """What is known of one wrong leaf; arrays have its shape, NaN where nothing was decided.

    `room` is by how much a derivative may differ from `measured` and still be right: bars, rounding
    and the tolerance; `rounding` is the part of it that the claim brings. `weight` turns an error
    into its effect on f. `right` and `wrong_too` are the claims for the other leaves by address,
    and `facts` numbers that the user has named. `seen` are slopes along directions through the
    leaf, where few components were measured by themselves, and `located` is the part that holds the
    error, where a search has found one; `complete` says that none is left that was not found.
    `elsewhere` is what the gradient claims at other parameters, where it was asked. Of complex
    numbers the last axis is that of the real and imaginary parts, and `signs` are those that a
    conjugate has; None where numbers are real.
    """

    address: str
    claim: FloatArray
    x: FloatArray
    measured: FloatArray
    room: FloatArray
    rounding: FloatArray
    weight: FloatArray
    right: Mapping[str, FloatArray]
    wrong_too: Mapping[str, FloatArray]
    facts: Mapping[str, float]
    seen: Slopes | None = None
    located: Part | None = None
    complete: bool = True
    elsewhere: Elsewhere | None = None
    signs: FloatArray | None = None

    @property
    def axes(self) -> range:
        """The axes of the tensor, without that of real and imaginary parts."""
        return range(self.claim.ndim - (self.signs is not None))

    def words(self, part: Part) -> str:
        """Return a part of the tensor in words."""
        return words_of(part, self.claim.ndim, self.signs is not None)

    @property
    def off(self) -> FloatArray:
        """By how much claim and measurement differ."""
        return self.claim - self.measured

    @property
    def wrong(self) -> Any:
        """Where the claim is visibly off."""
        with np.errstate(invalid="ignore"):
            return np.abs(self.off) > 3 * self.room

    @property
    def is_close(self) -> bool:
        """Whether no component is off by much of a typical one."""
        known = np.isfinite(self.measured)
        if not np.any(known):
            return False
        off, size = (np.abs(part * self.weight)[known] for part in (self.off, self.measured))
        return bool(np.max(off) <= _CLOSE * np.mean(size))

    @functools.cached_property
    def _stretch(self) -> float:
        """How much longer the truth is than the claim, at least 1."""
        # Sums of sizes, not of squares, which would leave the range.
        known = np.isfinite(self.measured)
        claim, measured = (_size(part * self.weight, known) for part in (self.claim, self.measured))
        if self.seen is not None:
            claim += _size(self.seen.project(self.claim))
            measured += _size(self.seen.measured)
        return measured / claim if 0 < claim < measured else 1.0

    @functools.cached_property
    def room_of_a_map(self) -> FloatArray:
        """By how much what a mistake makes of the claim may differ from what was measured.

        A claim that is too short was rounded when it was short: what lengthens it lengthens that.
        Where the rounding of a component happens to be small, that of the leaf is typical.
        """
        claim, rounding = (_size(part * self.weight) for part in (self.claim, self.rounding))
        if not 0 < claim < np.inf:
            return self.room
        typical = self.rounding + rounding / claim * np.abs(self.claim)
        return self.room - self.rounding + ROOM * self._stretch * typical

    @property
    def room_of_slopes(self) -> FloatArray:
        """The same for the slopes."""
        assert self.seen is not None
        return self.seen.room + (self._stretch - 1) * self.seen.rounding

    @property
    def parts(self) -> tuple[Part, ...]:
        """The slices or blocks that are wrong while the rest is right, if such are."""
        if self.located is not None:
            return (self.located,)
        return wrong_parts(self.wrong, np.nan_to_num(self.off * self.weight))

    def inside(self, part: Part) -> Suspect:
        """Return what is known of a part alone, the rest of the leaf being right."""
        inside, seen = part.mask(self.claim.shape), self.seen
        if seen is not None:
            rest = seen.project(np.where(inside, 0.0, self.claim))
            project = functools.partial(_project_part, seen, inside)
            seen = dataclasses.replace(seen, measured=seen.measured - rest, project=project)
        return dataclasses.replace(
            self,
            address=self.address + code_of(part, self.claim.ndim, self.signs is not None),
            claim=part.of(self.claim),
            x=part.of(self.x),
            measured=part.of(self.measured),
            room=part.of(self.room),
            rounding=part.of(self.rounding),
            weight=part.of(self.weight),
            right={},
            wrong_too={},
            seen=seen,
            located=None,
            elsewhere=None,
            signs=self._signs_of(part),
        )

    def _signs_of(self, part: Part) -> FloatArray | None:
        """Return the signs of a conjugate in a part; None where it holds no pairs."""
        signs = None if self.signs is None else part.of(self.signs)
        return signs if signs is not None and signs.shape[-1] == 2 else None


def signs_of(leaf: Leaf) -> FloatArray | None:
    """Return the signs that a conjugate has, in the shape of a leaf; None where it is real."""
    return np.broadcast_to([1.0, -1.0], leaf.shape) if leaf.is_complex else None


def _size(values: FloatArray, among: BoolArray | bool = True) -> float:
    return float(np.sum(np.abs(values), where=among))


def _project_part(seen: Slopes, inside: BoolArray, gradient: FloatArray) -> FloatArray:
    whole = np.zeros(inside.shape)
    whole[inside] = gradient.ravel()
    return seen.project(whole)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Map:
    """What the truth would be if a mistake had been made: ``fixed + Σ θ_k bases_k``.

    `parameters` are those of the mistake that are known, `read` turns the fitted θ and their bars
    into the others. `also` are other leaves that take part in it. A mistake that `is_partial`
    leaves some components as they are, which tell nothing about it.
    """

    fixed: FloatArray | float
    bases: tuple[FloatArray, ...] = ()
    parameters: Parameters = dataclasses.field(default_factory=dict)
    read: Callable[[FloatArray, FloatArray], Parameters | None] = lambda theta, bars: {}
    also: tuple[str, ...] = ()
    is_partial: bool = False

    @property
    def counts(self) -> int:
        """How many parameters are free."""
        return len(self.bases)
