"""Whether products with a matrix from its two sides belong to the same matrix."""

from collections.abc import Callable, Iterable

import numpy as np

from gradproof._base.floats import rounding_of_products
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Mismatch

Product = Callable[[FloatArray], FloatArray | Mismatch]

PAIRS = 4  # of vectors


def adjoint_gap(
    pairs: Iterable[tuple[FloatArray, FloatArray]], along: Product, across: Product, roundoff: float
) -> float:
    """Return by how much ⟨u, A v⟩ and ⟨Aᵀ u, v⟩ are apart at most, relative to their size.

    `pairs` are of u and v, `along` gives A v and `across` Aᵀ u. 0 where nothing but rounding is
    between them, and where a product has not the structure that it is to have, which is told as
    that.
    """
    widest = 0.0
    for u, v in pairs:
        image, preimage = along(v), across(u)
        if isinstance(image, Mismatch) or isinstance(preimage, Mismatch):
            return 0.0
        size = max(
            float(np.linalg.norm(u) * np.linalg.norm(image)),
            float(np.linalg.norm(preimage) * np.linalg.norm(v)),
        )
        apart = abs(float(u @ image) - float(preimage @ v))
        if apart > rounding_of_products(roundoff) * size:
            widest = max(widest, apart / size)
    return widest
