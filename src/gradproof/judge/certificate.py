"""What random directions prove about the error as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from gradproof.judge.evidence import Probes
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import Certificate, LeafCertificate
from gradproof.judge.verdict import Components
from gradproof.numerics.directions import THROUGH_ONE_LEAF, Gaussian
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Tree


def from_kinks(c: Components) -> FloatArray:
    """Return how far the claim may be off at a kink, where any slope in between may be meant."""
    kinks = (c.outcome == Outcome.ONE_SIDED) | (c.outcome == Outcome.SUBGRADIENT)
    kinks |= c.outcome == Outcome.KINK
    sides = np.fmax(np.abs(c.claim - c.left), np.abs(c.claim - c.right))
    return np.where(kinks, sides, np.nan)


def norm_bound(shown: FloatArray, confidence: float) -> float:
    """Bound the norm of a vector by its products with independent normal directions.

    The sum of the squares of K products is the square of the norm times a χ² of K degrees of
    freedom. Hence ‖v‖² ≤ Σ d_k² / χ²_K(δ) with a probability of 1 - δ, exactly so for every v.
    """
    from scipy.special import chdtri  # loads much that `import gradproof` should not

    quantile = float(chdtri(shown.size, confidence))  # of the lower tail: it takes the upper one
    return float(np.sqrt(np.sum(shown**2) / quantile))


NORM = (
    "‖W e‖ / ‖W a‖ with W how far each component was moved: its natural scale, as far as bounds "
    "leave room, times the weight of its leaf; farther where it claims more than all of its leaf"
)


def certify(
    tree: Tree,
    probes: Probes,
    claim: FloatArray,
    weight: FloatArray,
    *,
    seed: int,
    confidence: float,
) -> Certificate:
    """Return what directions over all components prove.

    The error e shows as d_k = (W e) · z_k along direction k, z normal; what the bars leave room for
    is added.
    """
    seen = visible(probes)
    directions = [Gaussian(seed, 0, tree.size).chunks(k) for k in range(seen.size)]
    singles = _singles(tree, weight, seen, directions)
    return certificate_of_all(
        tree, probes, _moved(tree, weight), singles, _typical(tree, claim), confidence=confidence
    )


def certificate_of_all(
    tree: Tree,
    probes: Probes,
    moved: Sequence[int],
    singles: Sequence[float],
    typical: Sequence[float],
    *,
    confidence: float,
) -> Certificate:
    """Return what directions over all components prove.

    `singles` holds for each leaf the error that would have been seen in any single component of it,
    `typical` the claim of a typical one.
    """
    bound = norm_bound(_shown(probes), confidence) / float(probes.size[0])
    return Certificate(
        bound=bound if math.isfinite(bound) else math.inf,
        confidence=confidence,
        norm=NORM,
        directions=probes.size.size,
        leaves=tuple(
            _of_leaf(tree, number, singles[number], typical[number], bound=None) for number in moved
        ),
    )


def certify_leaves(
    tree: Tree,
    probes: Probes,
    asked: Sequence[int],
    claim: FloatArray,
    weight: FloatArray,
    *,
    seed: int,
    confidence: float,
) -> Certificate:
    """Return what one direction through each leaf proves, of each and of all together.

    With L leaves each bound holds with a probability of 1 - (1 - confidence) / L, and so all of
    them do with `confidence`.
    """
    seen = visible(probes)
    singles, sizes = [0.0] * len(tree.leaves), [0.0] * len(tree.leaves)
    for line, number in enumerate(asked):
        leaf = tree.leaves[number]
        part = slice(leaf.start, leaf.stop)
        sizes[number] = float(np.linalg.norm(weight[part] * claim[part]))
        direction = Gaussian(seed, leaf.start, leaf.stop).chunks(THROUGH_ONE_LEAF)
        singles[number] = _singles(tree, weight, seen[line : line + 1], [direction])[number]
    return certificate_of_each(
        tree, probes, asked, sizes, singles, _typical(tree, claim), confidence=confidence
    )


def certificate_of_each(
    tree: Tree,
    probes: Probes,
    asked: Sequence[int],
    sizes: Sequence[float],
    singles: Sequence[float],
    typical: Sequence[float],
    *,
    confidence: float,
) -> Certificate:
    """Return what one direction through each leaf proves; `sizes` are what their claims do."""
    each = 1 - (1 - confidence) / max(1, len(asked))
    found, errors = [], []
    for number, shown in zip(asked, _shown(probes).tolist(), strict=True):
        error, size = norm_bound(np.array([shown]), each), sizes[number]
        errors.append(error)
        bound = error / size if size else math.inf
        found.append(_of_leaf(tree, number, singles[number], typical[number], bound=bound))
    whole = float(np.linalg.norm([sizes[number] for number in asked]))
    together = float(np.linalg.norm(errors)) / whole if whole else math.inf
    return Certificate(
        bound=together if math.isfinite(together) else math.inf,
        confidence=confidence,
        norm=NORM,
        directions=len(found),
        leaves=tuple(found),
    )


def _shown(probes: Probes) -> FloatArray:
    """Return the largest error along each direction that was measured or is left room for."""
    c = probes.components
    shown: FloatArray = np.fmax(np.abs(c.claim - c.value) + c.bar, from_kinks(c))
    return shown


def visible(probes: Probes) -> FloatArray:
    """Return the error along each direction that would have been called one."""
    c = probes.components
    seen: FloatArray = np.fmax(
        probes.limits.beyond + probes.margin * c.bar, np.abs(c.right - c.left)
    )
    return seen


def _moved(tree: Tree, weight: FloatArray) -> list[int]:
    leaves = enumerate(tree.leaves)
    return [number for number, leaf in leaves if np.any(weight[leaf.start : leaf.stop])]


def _typical(tree: Tree, claim: FloatArray) -> list[float]:
    """Return the root mean square of the claim, leaf by leaf."""
    parts = [claim[leaf.start : leaf.stop] for leaf in tree.leaves]
    return [float(np.linalg.norm(part)) / math.sqrt(max(1, part.size)) for part in parts]


def _of_leaf(
    tree: Tree, number: int, single: float, typical: float, *, bound: float | None
) -> LeafCertificate:
    leaf = tree.leaves[number]
    relative = single / typical if typical else math.inf
    return LeafCertificate(tree.address(leaf), leaf.path, relative, bound)


def _singles(
    tree: Tree,
    weight: FloatArray,
    visible: FloatArray,
    directions: Sequence[Iterator[tuple[slice, FloatArray]]],
) -> list[float]:
    """Return for each leaf the error that would have been seen in any single component of it."""
    worst = [0.0] * len(tree.leaves)
    for together in zip(*directions, strict=True):
        part = together[0][0]
        with np.errstate(divide="ignore"):
            seen = np.min([v / np.abs(z) for v, (_, z) in zip(visible, together, strict=True)], 0)
            seen = np.where(weight[part] > 0, seen / weight[part], 0.0)
        for number, inside in tree.within(part):
            of_leaf = seen[inside.start - part.start : inside.stop - part.start]
            worst[number] = max(worst[number], float(np.max(of_leaf)))
    return worst
