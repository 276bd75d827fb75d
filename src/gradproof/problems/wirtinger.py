"""How a complex number stands for the derivatives of f by a real and an imaginary part."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Tree

Convention = Literal["gradient", "conjugated", "dz", "dzbar"]

# What of ∂f/∂x and what of ∂f/∂y is the real and the imaginary part of what is claimed:
# ∂f/∂x + i ∂f/∂y, its conjugate, ∂f/∂z and ∂f/∂z̄. All are powers of two and signs, so that
# reading a claim rounds nothing.
CONVENTIONS: dict[str, tuple[float, float]] = {
    "gradient": (1.0, 1.0),
    "conjugated": (1.0, -1.0),
    "dz": (0.5, -0.5),
    "dzbar": (0.5, 0.5),
}


def as_derivatives(tree: Tree, claimed: FloatArray, convention: str | None) -> FloatArray:
    """Return the derivatives that a claim stands for; those of real leaves are what is claimed."""
    weights = _weights(tree, convention)
    return claimed if weights is None else claimed / weights


def as_claimed(tree: Tree, derivatives: FloatArray, convention: str | None) -> FloatArray:
    """Return what is to be claimed of derivatives."""
    weights = _weights(tree, convention)
    return derivatives if weights is None else derivatives * weights


def _weights(tree: Tree, convention: str | None) -> FloatArray | None:
    """Return what of each derivative is in a claim; None where that is each of them."""
    pair = CONVENTIONS[convention or "gradient"]
    if pair == (1.0, 1.0) or not tree.is_complex:
        return None
    parts = [
        np.tile(pair, leaf.count) if leaf.is_complex else np.ones(leaf.size) for leaf in tree.leaves
    ]
    return np.concatenate(parts)
