"""From a leaf that is wrong along a direction to its slices and components."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gradproof.engine.groups import Groups
from gradproof.engine.peeling import Peeling
from gradproof.judge.located import Located
from gradproof.judge.patterns import Slices
from gradproof.judge.suspect import Slopes
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.stages import KAPPA
from gradproof.tree import Leaf, Tree

_SMALL = 64  # components: all of them are measured
_LISTED = 100
_FEW = 5  # components, after which slices that hold them are looked for
_SHARED = 0.5  # of those, at most: how many slices they are in
_SURE = 0.12  # of a place: how well a position must be known
_EXACT = 1e-6
_MOST_SLICES = 16
_DIRECTIONS = 4  # through a leaf that is wrong in many places, for the causes


class Search:
    """Search one leaf.

    A leaf of a few components is measured whole. Else two measurements for each axis tell whether a
    single slice holds the error; components are peeled out of the rest, and where several of them
    share a few slices, slices are. Where too much is wrong to be listed, directions through the
    leaf are measured for the causes.
    """

    def __init__(
        self, leaf: Leaf, number: int, groups: Groups, *, rtol: float, rng: np.random.Generator
    ) -> None:
        self._leaf, self._number, self._groups = leaf, number, groups
        self._rtol, self._rng = rtol, rng
        self._measured: dict[int, float] = {}
        self._slices: Slices | None = None
        self._widespread = False
        self._rest = 0.0

    def run(self) -> Located:
        """Return what was found."""
        size = self._groups.claim.size
        error = self._groups.error_of_all()
        if size <= _SMALL:
            for place in range(size):
                self._measured[place] = self._groups.error(np.array([place]))
        elif abs(error) > self._groups.bar and not self._single_slice(error):
            self._peel(np.arange(size), error)
        return self._located()

    def _single_slice(self, error: float) -> bool:
        """Find the one slice that holds all of the error, if one does."""
        shape = self._leaf.shape
        if len(shape) < 2:
            return False
        spread = self._groups.bar / KAPPA / abs(error)
        found = []
        for axis, length in enumerate(shape):
            share = (np.indices(shape, sparse=True)[axis] + 1) / length
            share = np.broadcast_to(share, shape).ravel()
            position = length * self._groups.error(None, share) / error - 1
            nearest = min(max(round(position), 0), length - 1)
            room = length * spread * np.sqrt(2)
            if length > 1 and room < _SURE and abs(position - nearest) <= max(4 * room, _EXACT):
                found.append(Slices(axis, (nearest,)))
        if not found:
            return False
        inside = np.all([one.mask(shape) for one in found], axis=0)
        places = np.flatnonzero(inside)
        held = self._groups.error(places)
        if abs(held - error) > 2 * self._groups.bar:
            return False
        if places.size == 1:
            place = int(places[0])
            self._measured[place] = held
            return True
        place = int(self._rng.choice(places))
        self._measured[place] = self._groups.error(places[places == place])
        if self._groups.is_wrong(place, self._measured[place]) and len(found) == 1:
            self._slices, self._widespread = found[0], True
        else:
            self._peel(places, held)
        return True

    def _peel(self, places: IntArray, error: float) -> None:
        peeling = Peeling(self._groups, places, error, rng=self._rng)
        peeling.go_on(_FEW)
        found = peeling.found
        crowded = found.widespread or len(found.wrong) >= _FEW
        if crowded and self._some_slices(found.wrong, error):
            self._measured |= found.measured
            return
        peeling.go_on(_LISTED + 1)
        self._measured |= found.measured
        self._widespread = found.widespread or len(found.wrong) > _LISTED
        if not peeling.is_complete:
            self._rest = abs(found.rest)

    def _some_slices(self, wrong: list[int], error: float) -> bool:
        """Find the few slices that hold the error, where they hold the components found first."""
        shape = self._leaf.shape
        for axis, length in enumerate(shape if len(shape) > 1 else ()):
            held = np.unique(np.unravel_index(wrong, shape)[axis]) if wrong else np.empty(0)
            if length < 4 or not wrong or held.size > max(1, _SHARED * len(wrong)):
                continue
            slices = _Parts(self._groups, _slices_of(shape, axis))
            peeling = Peeling(slices, np.arange(length), error, rng=self._rng)
            peeling.go_on(_MOST_SLICES + 1)
            found = peeling.found
            few = 0 < len(found.wrong) <= _MOST_SLICES and not found.widespread
            if few and peeling.is_complete:
                self._slices = Slices(axis, tuple(sorted(found.wrong)))
                self._widespread = True
                return True
        return False

    def _located(self) -> Located:
        places = np.array(sorted(self._measured), dtype=np.int64)
        move = self._groups.move[places]
        errors = np.array([self._measured[place] for place in places.tolist()])
        wrong = [
            self._groups.is_wrong(*one) and not self._groups.is_within_a_kink(*one)
            for one in zip(places.tolist(), errors.tolist(), strict=True)
        ]
        typical = float(np.sqrt(np.mean((self._groups.claim * self._groups.move) ** 2)))
        everywhere = self._widespread and self._slices is None
        return Located(
            number=self._number,
            places=places,
            wrong=np.array(wrong, dtype=bool),
            value=self._groups.claim[places] - errors / move,
            bar=self._groups.bar / np.abs(move),
            truncation=self._groups.truncation / np.abs(move),
            beyond=self._groups.beyond[places],
            slices=self._slices,
            widespread=self._widespread,
            rest=self._rest / typical if typical else self._rest,
            floor=self._groups.bar / typical if typical else np.inf,
            slopes=self._slopes() if everywhere else None,
        )

    def _slopes(self) -> Slopes:
        seeds = self._rng.integers(2**63, size=_DIRECTIONS)
        size, shape = self._groups.claim.size, self._leaf.shape

        def shares() -> Iterator[FloatArray]:  # made anew each time, not kept
            for seed in seeds.tolist():
                yield np.random.default_rng(seed).uniform(-1.0, 1.0, size)

        def project(gradient: FloatArray) -> FloatArray:
            return np.array([gradient.ravel() @ (share * self._groups.move) for share in shares()])

        errors = np.array([self._groups.error(None, share) for share in shares()])
        claimed = project(self._groups.claim.reshape(shape))
        effect = float(np.linalg.norm(self._groups.claim * self._groups.move))
        room = self._groups.bar + self._rtol * effect
        return Slopes(claimed - errors, np.full(_DIRECTIONS, room), project)


class _Parts:
    """Groups of parts in the place of components: slices of a tensor, or tensors."""

    def __init__(self, groups: Groups, parts: Sequence[IntArray]) -> None:
        self._groups, self._parts = groups, parts

    @property
    def bar(self) -> float:
        """The bar of the error of any group."""
        return self._groups.bar

    def is_wrong(self, number: int, error: float) -> bool:
        """Whether the error of one part is beyond what its components are allowed."""
        return self._groups.is_beyond(self._parts[number], error)

    def error(self, numbers: IntArray, share: FloatArray | float = 1.0) -> float:
        """Return the error of some parts, each moved by a share of its move."""
        parts = [self._parts[number] for number in numbers.tolist()]
        shares = np.broadcast_to(share, numbers.shape)
        sizes = [part.size for part in parts]
        return self._groups.error(np.concatenate(parts), np.repeat(shares, sizes))


def _slices_of(shape: tuple[int, ...], axis: int) -> list[IntArray]:
    places = np.moveaxis(np.arange(math.prod(shape)).reshape(shape), axis, 0)
    return list(places.reshape(shape[axis], -1))


def wrong_leaves(
    tree: Tree, asked: Sequence[int], groups: Groups, rng: np.random.Generator
) -> list[int] | None:
    """Return which of many leaves are wrong; `groups` are those of all components.

    They are peeled out like components out of a leaf. None where that does not tell: nothing is
    found, too many are wrong, or a part of the error is left.
    """
    parts = [np.arange(tree.leaves[k].start, tree.leaves[k].stop) for k in asked]
    peeling = Peeling(_Parts(groups, parts), np.arange(len(parts)), groups.error_of_all(), rng=rng)
    peeling.go_on(len(parts))
    found = peeling.found
    if not found.wrong or found.widespread or not peeling.is_complete:
        return None
    return sorted(asked[k] for k in found.wrong)
