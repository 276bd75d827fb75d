"""Claims broken on purpose: what a self-test asks the check to catch on the user's own function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.tree import Tree


class Control(NamedTuple):
    """A broken claim, how it was broken, and the components that it concerns."""

    name: str
    addresses: tuple[str, ...]
    claim: FloatArray
    places: IntArray


def broken_claims(
    tree: Tree,
    x: FloatArray,
    claim: FloatArray,
    scale: FloatArray,
    rng: np.random.Generator,
    *,
    among: BoolArray,
) -> Iterator[Control]:
    """Yield claims broken everywhere, in one leaf and in single components.

    Only those `among` the components that are checked and not wrong as it is tell anything.
    """
    effect = np.where(among, np.abs(claim) * scale, 0.0)
    moving = np.flatnonzero(effect > 0)
    if not np.any(among):
        return
    if moving.size == 0:
        place = int(rng.choice(np.flatnonzero(among)))
        spurious = claim.copy()
        spurious[place] = 1.0 / scale[place]
        yield _single("a spurious component", tree, spurious, place)
        return
    yield Control("sign flipped", (), -claim, moving)
    imaginary = np.concatenate([leaf.imaginary for leaf in tree.leaves])
    turned = moving[imaginary[moving]]
    if turned.size:
        yield Control("conjugated", (), np.where(imaginary, -claim, claim), turned)
    yield Control("everything × 2", (), 2 * claim, moving)
    yield Control("everything × 1.01", (), 1.01 * claim, moving)
    penalty = 0.1 * float(np.median(effect[moving]))
    shrunk = np.flatnonzero((x != 0) & among)
    if shrunk.size:
        yield Control("a missing L2 term", (), claim - penalty * x / scale**2, shrunk)
    order = moving[np.argsort(effect[moving])]
    typical, largest = int(order[order.size // 2]), int(order[-1])
    for name, place, factor in (
        ("one typical component × 1.01", typical, 1.01),
        ("one typical component 0", typical, 0.0),
        ("the largest component 0", largest, 0.0),
    ):
        single = claim.copy()
        single[place] *= factor
        yield _single(name, tree, single, place)
    neighbours = moving[:-1][claim[moving[:-1]] != claim[moving[1:]]]
    if neighbours.size:
        place = int(rng.choice(neighbours))
        other = int(moving[np.searchsorted(moving, place) + 1])
        swapped = claim.copy()
        swapped[[place, other]] = swapped[[other, place]]
        yield Control(
            "two components swapped",
            tuple(_address(tree, p) for p in (place, other)),
            swapped,
            np.array([place, other]),
        )
    leaves = [leaf for leaf in tree.leaves if np.any(effect[leaf.start : leaf.stop])]
    if len(leaves) > 1:
        leaf = min(leaves, key=lambda leaf: np.linalg.norm(effect[leaf.start : leaf.stop]))
        part = slice(leaf.start, leaf.stop)
        without = claim.copy()
        without[part] = 0
        places = leaf.start + np.flatnonzero(effect[part])
        yield Control("the least tensor 0", (tree.address(leaf),), without, places)


def _single(name: str, tree: Tree, claim: FloatArray, place: int) -> Control:
    return Control(name, (_address(tree, place),), claim, np.array([place]))


def _address(tree: Tree, place: int) -> str:
    return tree.address(*tree.locate(place))
