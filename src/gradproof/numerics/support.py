"""Which few entries of a row explain its errors along random directions.

Orthogonal least squares: Chen, Billings & Luo, Int. J. Control 50 (1989) 1873-1896.
"""

from __future__ import annotations

import numpy as np

from gradproof.numerics.protocol import FloatArray, IntArray

_SPARE = 2  # directions more than unknowns: what is explained by chance is explained rarely
_STARTS = 32  # first columns that are tried
_MOST_NUMBERS = 1 << 22  # that are looked at for one row; less starts where there are many columns
_APART = 3.0  # times the bars: what another column leaves has to be that large
_PARALLEL = 1e-6  # of a column: so little of it is no direction of its own
_AT_ONCE, _IN_ALL = 1 << 20, 1 << 22  # pairs of a row and a column
NONE, SEVERAL = -1, -2  # where there is no single column


def single_columns(errors: FloatArray, moves: FloatArray, bars: FloatArray) -> IntArray:
    """Return the only column that explains the errors of each row by itself, for all rows at once.

    `NONE` where none does, or where too many would have to be tried; `SEVERAL` where these are not
    told apart. `errors` and their `bars` have one column for each row, `moves` as in
    `sparse_support`. One column moves a row along two directions in the ratio in which it was moved
    itself: sorted by that, few are left to be tried.
    """
    result = np.full(errors.shape[1], NONE, dtype=np.int64)
    usable = np.flatnonzero(np.all(moves != 0, axis=0))
    if errors.shape[0] <= _SPARE or not usable.size:
        return result
    ratio = moves[1, usable] / moves[0, usable]
    order = np.argsort(ratio)
    usable, ratio = usable[order], ratio[order]
    room = _APART * bars[:2]
    known = np.abs(errors[0]) > room[0]
    with np.errstate(all="ignore"):
        corners = [
            (errors[1] + above * room[1]) / (errors[0] + beside * room[0])
            for above in (-1, 1)
            for beside in (-1, 1)
        ]
    first = np.searchsorted(ratio, np.where(known, np.min(corners, axis=0), -np.inf))
    last = np.searchsorted(ratio, np.where(known, np.max(corners, axis=0), np.inf), side="right")
    count = last - first
    rows = np.argsort(count, kind="stable")
    rows = rows[count[rows] > 0]
    ends = np.cumsum(count[rows])
    rows, ends = rows[ends <= _IN_ALL], ends[ends <= _IN_ALL]
    for block in np.split(rows, np.flatnonzero(np.diff(ends // _AT_ONCE)) + 1):
        each = count[block]
        row = np.repeat(block, each)
        begins = np.cumsum(each) - each
        column = usable[np.arange(row.size) - np.repeat(begins - first[block], each)]
        row, column = _possible_pairs(row, column, errors, moves, bars)
        error, move, bar = errors[:, row], moves[:, column], bars[:, row]
        size = np.sum(move * error, axis=0) / np.sum(move**2, axis=0)
        left = np.max(np.abs(error - size * move) / bar, axis=0)
        explain = np.bincount(row[left <= 1], minlength=result.size)
        alike = np.bincount(row[left <= _APART], minlength=result.size)
        result[row[left <= 1]] = column[left <= 1]
        result[(explain > 0) & (alike > 1)] = SEVERAL
    return result


def _possible_pairs(
    row: IntArray, column: IntArray, errors: FloatArray, moves: FloatArray, bars: FloatArray
) -> tuple[IntArray, IntArray]:
    """Leave out, direction by direction, pairs for which no one coefficient explains all so far."""
    least, most = np.full(row.size, -np.inf), np.full(row.size, np.inf)
    for error, move, bar in zip(errors, moves, bars, strict=True):
        moved = move[column]
        middle, around = error[row] / moved, _APART * bar[row] / np.abs(moved)
        least, most = np.fmax(least, middle - around), np.fmin(most, middle + around)
        kept = least <= most
        row, column, least, most = row[kept], column[kept], least[kept], most[kept]
    return row, column


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
    order = np.argsort(-np.abs(errors @ moves) / lengths)[
        : min(_STARTS, max(2, _MOST_NUMBERS // moves.size))
    ]
    each = [_left(errors, moves, order[k : k + 1]) for k in range(order.size)]
    left = np.max(np.abs(each) / bars, axis=1)
    alone = order[left <= _APART]
    if np.any(left <= 1) and count > _SPARE:
        return alone if alone.size == 1 else None
    for start in order:
        found = _grown(np.array([start]), errors, moves, lengths, bars, (count - _SPARE) // 2)
        if found is not None:
            return _pruned(found, errors, moves, bars)
    if within.size + _SPARE <= count:
        most = within.size + (count - within.size - _SPARE) // 2
        return _grown(within, errors, moves, lengths, bars, most)
    return None


def _pruned(chosen: IntArray, errors: FloatArray, moves: FloatArray, bars: FloatArray) -> IntArray:
    """Leave out columns that the others do without."""
    for column in chosen.tolist():
        others = chosen[chosen != column]
        if others.size and np.all(np.abs(_left(errors, moves, others)) <= bars):
            chosen = others
    return chosen


def _left(errors: FloatArray, moves: FloatArray, chosen: IntArray) -> FloatArray:
    """Return what some columns leave of the errors."""
    size = np.linalg.norm(moves[:, chosen], axis=0)
    scaled = moves[:, chosen] / np.where(size > 0, size, 1.0)
    result: FloatArray = errors - scaled @ np.linalg.lstsq(scaled, errors)[0]
    return result


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
        left = _left(errors, moves, chosen)
        if np.all(np.abs(left) <= bars):
            return chosen
        if chosen.size >= most:
            return None
        # Of each column what those that are chosen do not have.
        basis = np.linalg.qr(moves[:, chosen] / lengths[chosen])[0]
        own = np.sqrt(np.maximum(1 - np.sum((basis.T @ (moves / lengths)) ** 2, axis=0), 0.0))
        gain = np.abs(left @ moves) / lengths / np.where(own > _PARALLEL, own, np.inf)
        gain[chosen] = -1.0
        chosen = np.append(chosen, int(np.argmax(gain)))
