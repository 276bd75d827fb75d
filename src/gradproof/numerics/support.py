"""Which few entries of a row explain its errors along random directions.

Orthogonal matching pursuit: Pati, Rezaiifar & Krishnaprasad, Asilomar (1993) 40-44.
"""

from __future__ import annotations

import numpy as np

from gradproof.numerics.protocol import FloatArray, IntArray

_SPARE = 2  # directions more than unknowns: what is explained by chance is explained rarely
_STARTS = 16  # first columns that are tried


def sparse_support(
    errors: FloatArray, moves: FloatArray, bars: FloatArray, within: IntArray
) -> IntArray | None:
    """Return the columns whose coefficients explain the errors of one row; None if none do.

    `errors` and their `bars` have one entry for each direction, `moves` (directions, columns) says
    how far each direction moves each column. Few columns anywhere are looked for first; then what
    is explained by the columns `within`, and by few more. An explanation counts only if there are
    at least two directions more than columns in it, and, of single columns, no other one.
    """
    count = errors.size
    if np.all(np.abs(errors) <= bars):
        return np.empty(0, dtype=np.int64)
    lengths = np.linalg.norm(moves, axis=0)
    lengths[lengths == 0] = np.inf
    alone = np.abs(errors @ moves) / lengths
    left = np.sqrt(np.maximum(errors @ errors - alone**2, 0.0))
    order = np.argsort(-alone)[:_STARTS]
    if left[order[0]] <= np.linalg.norm(bars):
        single = _grown(order[:1], errors, moves, lengths, bars, most=1)
        if single is not None:
            unique = np.sum(left <= 3 * np.linalg.norm(bars) + 3 * left[order[0]]) == 1
            return single if unique else None
    for start in order:
        found = _grown(np.array([start]), errors, moves, lengths, bars, most=(count - _SPARE) // 2)
        if found is not None:
            return found
    if within.size + _SPARE <= count:
        most = within.size + (count - within.size - _SPARE) // 2
        return _grown(within, errors, moves, lengths, bars, most=most)
    return None


def _grown(
    chosen: IntArray,
    errors: FloatArray,
    moves: FloatArray,
    lengths: FloatArray,
    bars: FloatArray,
    most: int,
) -> IntArray | None:
    """Add the column that explains most of what is left, until all is explained."""
    while True:
        size = lengths[chosen]
        coefficients = np.linalg.lstsq(moves[:, chosen] / size, errors)[0]
        left = errors - (moves[:, chosen] / size) @ coefficients
        if np.all(np.abs(left) <= bars):
            return chosen
        if chosen.size >= most:
            return None
        gain = np.abs(left @ moves) / lengths
        gain[chosen] = -1.0
        chosen = np.append(chosen, int(np.argmax(gain)))
