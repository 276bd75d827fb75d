"""Columns of a sparse matrix that share no row: one evaluation measures all of one colour.

Curtis, Powell & Reid, "On the Estimation of Sparse Jacobian Matrices", J. Inst. Math. Appl. 13
(1974) 117-119.
"""

import numpy as np

from gradproof.numerics.protocol import IntArray


def colour_columns(starts: IntArray, rows: IntArray) -> IntArray:
    """Return a colour for every column, from 0 on; columns of one colour share no row.

    Column j has its entries in ``rows[starts[j]:starts[j + 1]]``; one without entries gets colour
    0. Greedy, those with most entries first: each takes the first colour that no row of it has
    seen. At least as many colours are needed as the fullest row has entries.
    """
    colours = np.zeros(starts.size - 1, dtype=np.int64)
    sizes = np.diff(starts)
    # The colours that a row has seen are the bits of one number.
    seen = [0] * (int(rows.max(initial=-1)) + 1)
    of_row, bounds = rows.tolist(), starts.tolist()
    for column in np.argsort(-sizes, kind="stable").tolist():
        mine = of_row[bounds[column] : bounds[column + 1]]
        taken = 0
        for row in mine:
            taken |= seen[row]
        free = ~taken & (taken + 1)
        colours[column] = free.bit_length() - 1
        for row in mine:
            seen[row] |= free
    return colours
