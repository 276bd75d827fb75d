"""Between one vector of all components and the pytree that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradproof._base.complexes import as_complex
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Mismatch, Tree, match


def as_vector(tree: Tree, claimed: Any) -> FloatArray | Mismatch:
    """Return what is claimed for all leaves as one vector, or what is amiss with it."""
    found = match(tree, claimed)
    if isinstance(found, Mismatch):
        return found
    return joined(found[0])


def joined(values: Sequence[Any]) -> FloatArray:
    """Return the numbers of all leaves as one vector."""
    arrays = [np.asarray(value, dtype=np.float64).ravel() for value in values]
    return np.concatenate([np.empty(0), *arrays])


def in_structure(tree: Tree, values: FloatArray, types: Sequence[Any]) -> Any:
    """Return one vector in the structure of a pytree, each leaf in a type of its own.

    That of a complex leaf is the type of its parts.
    """
    leaves = []
    for leaf, dtype in zip(tree.leaves, types, strict=True):
        part = values[leaf.start : leaf.stop].reshape(leaf.shape).astype(dtype)
        if leaf.is_complex:
            part = as_complex(part)
        leaves.append(part if leaf.own_shape else part[()])
    return tree.unflatten(leaves)
