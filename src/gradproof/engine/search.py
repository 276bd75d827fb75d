"""From a leaf that is wrong along a direction to its slices and components."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gradproof.engine.blocks import BlockSearch, fills
from gradproof.engine.groups import Groups
from gradproof.engine.peeling import SURE, Measurable, Peeled, Peeling
from gradproof.judge.located import Located
from gradproof.judge.patterns import LARGEST, Part, Slices
from gradproof.judge.report import MOST_CULPRITS
from gradproof.judge.suspect import Slopes
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.tree import Leaf, Tree

_SMALL = 64  # components: all of them are measured
_FEW = 5  # components, after which slices that hold them are looked for
_SHARED = 0.5  # of those, at most: how many slices they are in
_EXACT = 1e-6
_EXACTLY = 1e-3  # of a place: a whole number that is read so well is no accident
_SAMPLE_OF_A_SLICE = 2
_MOST_SLICES = 16
_FEW_OF_A_BLOCK = 2
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
        self._part: Part | None = None
        self._widespread = self._many = False
        self._rest = 0.0
        self._errors: list[float] = []  # of all, and of all along the ramps of the axes

    def run(self) -> Located:
        """Return what was found."""
        size = self._groups.claim.size
        error = self._groups.error_of_all()
        if size <= _SMALL:
            for place in range(size):
                self._measured[place] = self._groups.error(np.array([place]))
        elif abs(error) <= self._groups.bar:
            self._rest = self._groups.bar
        elif not self._single_slice(error):
            self._peel(np.arange(size), error)
        return self._located()

    def _single_slice(self, error: float) -> bool:
        """Find the one slice that holds all of the error, if one does."""
        shape = self._leaf.shape
        if len(shape) < 2:
            return False
        spread = self._groups.bar / KAPPA / abs(error)
        found, exact = [], True
        errors = [self._groups.error(None, _ramp(shape, axis)) for axis in range(len(shape))]
        for axis, length in enumerate(shape):
            position = length * errors[axis] / error - 1
            nearest = min(max(round(position), 0), length - 1)
            room = length * spread * np.sqrt(2)
            exact &= room < _EXACTLY
            if length > 1 and room < SURE and abs(position - nearest) <= max(4 * room, _EXACT):
                found.append(Slices(axis, (nearest,)))
        if not found:
            return False
        inside = np.all([one.mask(shape) for one in found], axis=0)
        places = np.flatnonzero(inside)
        sample = self._rng.choice(places, min(_SAMPLE_OF_A_SLICE, places.size), replace=False)
        for place in sample.tolist():
            self._measured[place] = self._groups.error(np.array([place]))
        if places.size == 1:
            return abs(self._measured[int(places[0])] - error) <= 2 * self._groups.bar
        filled = all(self._groups.is_wrong(one, self._measured[one]) for one in sample.tolist())
        if filled and len(found) == 1 and (exact or self._holds(places, error)):
            self._part, self._widespread = found[0], True
            self._errors = [error, *errors]
            return True
        if not self._holds(places, error):
            return False
        self._peel(places, error)
        return True

    def _holds(self, places: IntArray, error: float) -> bool:
        return abs(self._groups.error(places) - error) <= 2 * self._groups.bar

    def _peel(self, places: IntArray, error: float) -> None:
        peeling = Peeling(self._groups, places, error, rng=self._rng)
        peeling.go_on(_FEW)
        found = peeling.found
        crowded = found.widespread or len(found.wrong) >= _FEW
        if not (crowded and self._is_in_a_part(found, error)):
            peeling.go_on(MOST_CULPRITS + 1)
            self._many = found.many or len(found.wrong) > MOST_CULPRITS
            self._widespread = found.widespread or self._many
            if not peeling.is_complete:
                self._rest = abs(found.rest)
        self._measured |= found.measured

    def _is_in_a_part(self, found: Peeled, error: float) -> bool:
        """Find the slices or the block that hold the error, if any do."""
        wrong = [one for one in found.measured if self._groups.is_wrong(one, found.measured[one])]
        return self._some_slices(wrong, error) or self._a_block(wrong, found.measured, error)

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
            few = 0 < len(found.wrong) <= min(_MOST_SLICES, LARGEST * length)
            few &= not found.widespread
            part = Slices(axis, tuple(sorted(found.wrong)))
            if (
                few
                and peeling.is_complete
                and fills(self._groups, part, shape, self._measured, self._rng)
            ):
                self._part = part
                self._widespread = True
                return True
        return False

    def _a_block(self, wrong: list[int], measured: dict[int, float], error: float) -> bool:
        """Find the block that holds the error, around the components found first."""
        if len(wrong) < _FEW_OF_A_BLOCK:
            return False
        block = BlockSearch(self._groups, self._leaf.shape, measured, rng=self._rng)
        self._part = block.run(wrong, error)
        self._widespread |= self._part is not None
        return self._part is not None

    def _located(self) -> Located:
        places = np.array(sorted(self._measured), dtype=np.int64)
        move = self._groups.move[places]
        errors = np.array([self._measured[place] for place in places.tolist()])
        truncation = np.full(places.size, self._groups.truncation)
        wrong = np.zeros(places.size, dtype=bool)
        for k, one in enumerate(zip(places.tolist(), errors.tolist(), strict=True)):
            if self._groups.is_wrong(*one):
                truncation[k] = self._groups.truncation_of(*one)
                more = truncation[k] - self._groups.truncation
                wrong[k] = self._groups.is_wrong(one[0], max(0.0, abs(one[1]) - more))
                wrong[k] &= not self._groups.is_within_a_kink(*one)
        bar = self._groups.bars_of(places) + truncation - self._groups.truncation
        typical = float(np.sqrt(np.mean((self._groups.claim * self._groups.move) ** 2)))
        return Located(
            number=self._number,
            places=places,
            wrong=wrong,
            value=self._groups.claim[places] - errors / move,
            bar=bar / np.abs(move),
            truncation=truncation / np.abs(move),
            beyond=self._groups.beyond[places],
            part=self._part,
            widespread=self._widespread,
            many=self._many,
            rest=self._rest / typical if typical else self._rest,
            floor=self._groups.bar / typical if typical else np.inf,
            slopes=self._slopes() if self._widespread else None,
        )

    def _slopes(self) -> Slopes:
        """Return slopes along directions through the leaf: those measured already, or a few."""
        seeds = self._rng.integers(2**63, size=_DIRECTIONS).tolist()
        size, shape = self._groups.claim.size, self._leaf.shape

        def shares() -> Iterator[FloatArray]:  # made anew each time, not kept
            if self._errors:
                yield np.ones(size)
                yield from (_ramp(shape, axis) for axis in range(len(shape)))
            else:
                yield from (np.random.default_rng(seed).uniform(-1.0, 1.0, size) for seed in seeds)

        def project(gradient: FloatArray) -> FloatArray:
            return np.array([gradient.ravel() @ (share * self._groups.move) for share in shares()])

        errors = np.array(self._errors or [self._groups.error(None, share) for share in shares()])
        claimed = project(self._groups.claim.reshape(shape))
        effect = float(np.linalg.norm(self._groups.claim * self._groups.move))
        rounding = np.full(errors.size, self._groups.rounding + self._rtol * effect)
        room = self._groups.bar - self._groups.rounding + rounding
        return Slopes(claimed - errors, room, rounding, project)


def _ramp(shape: tuple[int, ...], axis: int) -> FloatArray:
    """Return shares that grow along an axis, from 1 / length to 1."""
    ramp = (np.indices(shape, sparse=True)[axis] + 1) / shape[axis]
    return np.broadcast_to(ramp, shape).ravel()


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
    return wrong_among(asked, _Parts(groups, parts), groups.error_of_all(), rng)


def wrong_among(
    asked: Sequence[int], groups: Measurable, error: float, rng: np.random.Generator
) -> list[int] | None:
    """Return which of many leaves are wrong, whose error together is `error`."""
    peeling = Peeling(groups, np.arange(len(asked)), error, rng=rng)
    peeling.go_on(len(asked))
    found = peeling.found
    if not found.wrong or found.widespread or not peeling.is_complete:
        return None
    return sorted(asked[k] for k in found.wrong)
