"""Where in a leaf the claim is wrong, as found by groups of components, and what is said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof.judge.causes import CATALOGUE
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.headline import counted
from gradproof.judge.patterns import Slices
from gradproof.judge.report import CauseFinding, ComponentFinding, LeafFinding, PatternFinding
from gradproof.judge.suspect import Slopes, Suspect
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Tree

_ROOM = 1.5  # bars that what explains a mistake may be off
_MOST_CULPRITS = 100


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Located:
    """What a search found in the leaf of this number; arrays are flat, in the units of the check.

    `places` are the components that were measured by themselves: `wrong` those that are off beyond
    their tolerance, `value` and `bar` what was measured. `slices` hold the error where they do, and
    `widespread` says that too much is wrong to list it, in the slices or everywhere. `rest` is the
    part of the error that was not found, 0 where it is within the bar, and `floor` the smallest
    effect of a single error that would have been; both relative to a typical component. `slopes`
    are those along directions through the leaf, measured where too much is wrong.
    """

    number: int
    places: IntArray
    wrong: BoolArray
    value: FloatArray
    bar: FloatArray
    truncation: FloatArray
    beyond: FloatArray
    slices: Slices | None
    widespread: bool
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
            found.append(
                ComponentFinding(
                    address=tree.address(leaf, where),
                    path=leaf.path,
                    index=where,
                    claimed=float(claim[leaf.start + self.places[k]]) * unit,
                    measured=float(self.value[k]) * unit,
                    bar=float(self.bar[k]) * unit,
                    truncation=float(self.truncation[k]) * unit,
                    noise=float(self.bar[k] - self.truncation[k]) * unit,
                    visible=float(self.beyond[k] + self.bar[k]) * unit,
                )
            )
        return found

    def pattern(self, tree: Tree) -> PatternFinding | None:
        """Return in words which part of the leaf is wrong; None where no part was found."""
        leaf = tree.leaves[self.number]
        address, dimensions = tree.address(leaf), len(leaf.shape)
        wrong, size = int(np.sum(self.wrong)), leaf.stop - leaf.start
        if self.slices is not None:
            inside = int(np.sum(self.slices.mask(leaf.shape)))
            address += self.slices.index(dimensions)
            return PatternFinding(address, leaf.path, self.slices.words(dimensions), inside, size)
        if self.widespread:
            looked = self.places.size
            if wrong > _MOST_CULPRITS:
                words = f"more than {_MOST_CULPRITS} of {counted(size, 'component')}"
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
    return tuple(component for _, component in found[:_MOST_CULPRITS])


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
) -> list[CauseFinding]:
    """Return what explains the leaves that were searched."""
    claims = {
        tree.address(leaf): (claim[leaf.start : leaf.stop] * unit).reshape(leaf.shape)
        for leaf in tree.leaves
    }
    wrong = {tree.address(tree.leaves[one.number]) for one in located}
    suspects, found = [], []
    for one in located:
        leaf = tree.leaves[one.number]
        address = tree.address(leaf)
        if one.slices is not None:
            mask = one.slices.mask(leaf.shape)
            words = one.slices.words(len(leaf.shape))
            if np.any(claims[address][mask]):
                found.append(CATALOGUE["GP411"].finding(address, slices=words, elsewhere=0))
            else:
                found.append(CATALOGUE["GP410"].finding(address, slices=words))
            continue
        # What no group showed to be wrong is as it was claimed.
        everything = claims[address].ravel()
        measured = everything.copy() if one.is_complete else np.full_like(everything, np.nan)
        room = rtol * np.abs(everything)
        if one.is_complete and one.places.size < everything.size:
            typical = float(np.sqrt(np.mean((everything * scale[leaf.start : leaf.stop]) ** 2)))
            room += one.floor * typical / scale[leaf.start : leaf.stop]
        measured[one.places] = one.value * unit
        room[one.places] = unit * (
            _ROOM * one.bar + one.beyond - rtol * np.abs(everything[one.places] / unit)
        ) + rtol * np.abs(measured[one.places])
        slopes = one.slopes
        if slopes is not None:
            slopes = Slopes(slopes.measured * unit, _ROOM * slopes.room * unit, slopes.project)
        suspects.append(
            Suspect(
                address=address,
                claim=claims[address],
                x=x[leaf.start : leaf.stop].reshape(leaf.shape),
                measured=measured.reshape(leaf.shape),
                room=room.reshape(leaf.shape),
                weight=scale[leaf.start : leaf.stop].reshape(leaf.shape),
                right={key: one for key, one in claims.items() if key not in wrong},
                wrong_too={k: one for k, one in claims.items() if k in wrong and k != address},
                facts=facts,
                seen=slopes,
            )
        )
    return diagnose(suspects, leaves) + found
