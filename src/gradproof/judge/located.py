"""Where in a leaf the claim is wrong, as found by groups of components, and what is said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.phrases import counted
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.elsewhere import Elsewhere
from gradproof.judge.naming import code_of, words_of
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding, PatternFinding
from gradproof.judge.patterns import Part, wrong_block, wrong_slices
from gradproof.judge.report import MOST_CULPRITS
from gradproof.judge.suspect import ROOM, Slopes, Suspect, signs_of
from gradproof.judge.units import in_units
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Tree


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Located:
    """What a search found in the leaf of this number; arrays are flat, in the units of the check.

    `places` are the components that were measured by themselves: `wrong` those that are off beyond
    their tolerance, `value` and `bar` what was measured. `part` are slices or a block where these
    hold the error, and `widespread` says that too much is wrong to list it, in the part or
    everywhere: in more components than are listed where `many` says so. `rest` is what was not
    found of the error, 0 where it is within the bar, and `floor` the smallest effect of a single
    error that would have been; both relative to a typical component. `slopes` are those along
    directions through the leaf, measured where too much is wrong.
    """

    number: int
    places: IntArray
    wrong: BoolArray
    value: FloatArray
    bar: FloatArray
    truncation: FloatArray
    beyond: FloatArray
    part: Part | None
    widespread: bool
    many: bool
    rest: float
    floor: float
    slopes: Slopes | None

    @property
    def is_complete(self) -> bool:
        """Whether all of the error was found."""
        return not self.widespread and self.rest == 0

    def components(self, tree: Tree, claim: FloatArray, unit: float) -> list[ComponentFinding]:
        """Return the wrong components, in the order of their places."""
        leaf = tree.leaves[self.number]
        found = []
        for k in np.flatnonzero(self.wrong).tolist():
            index = np.unravel_index(self.places[k], leaf.shape) if leaf.shape else ()
            where = tuple(int(i) for i in index)
            one = ComponentFinding(
                address=tree.address(leaf, where),
                path=leaf.path,
                index=where,
                claimed=float(claim[leaf.start + self.places[k]]),
                measured=float(self.value[k]),
                bar=float(self.bar[k]),
                truncation=float(self.truncation[k]),
                noise=float(self.bar[k] - self.truncation[k]),
                visible=float(self.beyond[k] + self.bar[k]),
            )
            found.append(in_units(one, unit))
        return found

    def measurements(
        self, claim: FloatArray, scale: FloatArray, unit: float, rtol: float
    ) -> tuple[FloatArray, FloatArray, FloatArray, Slopes | None]:
        """Return what is known of the leaf in the units of f: values, room, rounding, slopes.

        Where all of the error was found, or the part that holds it, what no group showed to be
        wrong is as it was claimed.
        """
        flat = claim.ravel()
        cleared = np.full(flat.shape, self.is_complete)
        if self.part is not None:
            cleared = ~self.part.mask(claim.shape).ravel()
        measured = np.where(cleared, flat, np.nan)
        room = rtol * np.abs(flat)
        if np.any(cleared) and self.places.size < flat.size:
            typical = float(np.sqrt(np.mean((flat * scale) ** 2)))
            room += self.floor * typical / scale
        measured[self.places] = self.value * unit
        rounding = np.zeros_like(flat)
        rounding[self.places] = unit * self.beyond - rtol * np.abs(flat[self.places])
        room[self.places] = (
            unit * ROOM * self.bar + rounding[self.places] + rtol * np.abs(measured[self.places])
        )
        slopes = self.slopes
        if slopes is not None:
            slopes = Slopes(
                slopes.measured * unit,
                ROOM * slopes.room * unit,
                ROOM * slopes.rounding * unit,
                slopes.project,
            )
        shape = claim.shape
        return measured.reshape(shape), room.reshape(shape), rounding.reshape(shape), slopes

    def pattern(self, tree: Tree) -> PatternFinding | None:
        """Return in words which part of the leaf is wrong; None where no part was found."""
        leaf = tree.leaves[self.number]
        address, dimensions = tree.address(leaf), len(leaf.shape)
        wrong, size = int(np.sum(self.wrong)), leaf.stop - leaf.start
        part, inside = self.part, wrong
        if part is not None:
            inside = int(np.sum(part.mask(leaf.shape)))
        elif size == self.places.size > wrong:  # all were measured
            everywhere = self.wrong.reshape(leaf.shape)
            effect = everywhere.astype(np.float64)
            part = wrong_slices(everywhere, effect) or wrong_block(everywhere)
        if part is not None:
            address += code_of(part, dimensions, leaf.is_complex)
            words = words_of(part, dimensions, leaf.is_complex)
            return PatternFinding(address, leaf.path, words, inside, size)
        if self.widespread:
            looked = self.places.size
            if self.many:
                words = f"more than {MOST_CULPRITS} of {counted(size, 'component')}"
                return PatternFinding(address, leaf.path, words, wrong, size)
            words = f"{wrong:,} of {looked:,} components looked at"
            if wrong == looked:
                words = f"all of it, as far as {looked:,} components tell"
            return PatternFinding(address, leaf.path, words, wrong, looked)
        if wrong == 0:
            return None
        words = "all of it" if wrong == size > 1 else f"{wrong:,} of {counted(size, 'component')}"
        return PatternFinding(address, leaf.path, words, wrong, size)


def culprits(
    tree: Tree, located: Sequence[Located], claim: FloatArray, scale: FloatArray, unit: float
) -> tuple[ComponentFinding, ...]:
    """Return the wrong components that were found, those with the largest effect on f first."""
    found = []
    for one in located:
        start = tree.leaves[one.number].start
        places = start + one.places[one.wrong]
        effects = np.abs(claim[places] - one.value[one.wrong]) * scale[places]
        found += list(zip(effects.tolist(), one.components(tree, claim, unit), strict=True))
    found.sort(key=lambda pair: -pair[0])
    return tuple(component for _, component in found[:MOST_CULPRITS])


def mistakes(
    tree: Tree,
    leaves: Sequence[LeafFinding],
    located: Sequence[Located],
    *,
    claim: FloatArray,
    x: FloatArray,
    scale: FloatArray,
    unit: float,
    rtol: float,
    facts: Mapping[str, float],
    elsewhere: Elsewhere | None,
) -> list[CauseFinding]:
    """Return what explains the leaves that were searched."""
    if not located:
        return []
    claims = {
        tree.address(leaf): (claim[leaf.start : leaf.stop] * unit).reshape(leaf.shape)
        for leaf in tree.leaves
    }
    wrong = {tree.address(tree.leaves[one.number]) for one in located}
    suspects = []
    for one in located:
        leaf = tree.leaves[one.number]
        address = tree.address(leaf)
        part = slice(leaf.start, leaf.stop)
        measured, room, rounding, slopes = one.measurements(
            claims[address], scale[part], unit, rtol
        )
        suspects.append(
            Suspect(
                address=address,
                claim=claims[address],
                x=x[part].reshape(leaf.shape),
                measured=measured,
                room=room,
                rounding=rounding,
                weight=scale[part].reshape(leaf.shape),
                right={k: other for k, other in claims.items() if k not in wrong},
                wrong_too={k: claims[k] for k in wrong if k != address},
                facts=facts,
                seen=slopes,
                located=one.part,
                complete=one.rest == 0,
                elsewhere=elsewhere and elsewhere.of(leaf),
                signs=signs_of(leaf),
            )
        )
    return diagnose(suspects, leaves)
