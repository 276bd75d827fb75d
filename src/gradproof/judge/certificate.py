"""What random directions prove about the error as a whole."""

from __future__ import annotations

import math

import numpy as np

from gradproof.judge.evidence import Probes
from gradproof.judge.outcome import Outcome
from gradproof.judge.report import Certificate, LeafCertificate
from gradproof.judge.verdict import Components
from gradproof.numerics.directions import Gaussian
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
    "‖W e‖ / ‖W a‖ with W the natural scale of each component, as far as bounds leave room, times "
    "the weight of its leaf"
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
    c = probes.components
    count = c.claim.size
    shown = np.abs(c.claim - c.value) + c.bar
    shown = np.fmax(shown, from_kinks(c))
    bound = norm_bound(shown, confidence) / float(probes.size[0])
    visible = np.fmax(probes.limits.beyond + probes.margin * c.bar, np.abs(c.right - c.left))
    singles = _singles(tree, weight, visible, seed)
    return Certificate(
        bound=bound if math.isfinite(bound) else math.inf,
        confidence=confidence,
        norm=NORM,
        directions=count,
        leaves=tuple(
            LeafCertificate(tree.address(leaf), leaf.path, single / size if size else math.inf)
            for leaf, single, size in zip(tree.leaves, singles, _typical(tree, claim), strict=True)
            if np.any(weight[leaf.start : leaf.stop])
        ),
    )


def _singles(tree: Tree, weight: FloatArray, visible: FloatArray, seed: int) -> list[float]:
    """Return for each leaf the error that would have been seen in any single component of it."""
    worst = [0.0] * len(tree.leaves)
    directions = [Gaussian(seed, 0, tree.size).chunks(k) for k in range(visible.size)]
    for together in zip(*directions, strict=True):
        part = together[0][0]
        with np.errstate(divide="ignore"):
            seen = np.min([v / np.abs(z) for v, (_, z) in zip(visible, together, strict=True)], 0)
            seen = np.where(weight[part] > 0, seen / weight[part], 0.0)
        for number, inside in tree.within(part):
            of_leaf = seen[inside.start - part.start : inside.stop - part.start]
            worst[number] = max(worst[number], float(np.max(of_leaf)))
    return worst


def _typical(tree: Tree, claim: FloatArray) -> list[float]:
    return [
        float(np.linalg.norm(claim[leaf.start : leaf.stop])) / math.sqrt(max(1, leaf.size))
        for leaf in tree.leaves
    ]
