"""Tensors in rows and columns, and the worst component of each block where they are large."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from gradproof.numerics.protocol import FloatArray

MOST_COMPONENTS = 200_000  # of one tensor that are kept one by one: 3 MB of a page
MOST_TOGETHER = 1_000_000
_LONG = 48  # a vector is folded beyond this many components
_WIDE = 2.0  # columns for each row of a folded vector


def most_of_each(sizes: Iterable[int]) -> int:
    """Return how many components of each tensor may be kept, so that all together are not many."""
    ordered = sorted(sizes)
    left = MOST_TOGETHER
    for number, size in enumerate(ordered):
        share = left // (len(ordered) - number)
        if size > share:  # as are all that follow
            return min(max(share, 1), MOST_COMPONENTS)
        left -= size
    return MOST_COMPONENTS


def folded(shape: Sequence[int]) -> tuple[int, int]:
    """Return in how many rows and columns a tensor is laid out, in memory order."""
    longer = [size for size in shape if size > 1]
    size = math.prod(shape)
    if len(longer) > 1:
        return size // longer[-1], longer[-1]
    if size <= _LONG:
        return 1, size
    columns = math.ceil(math.sqrt(_WIDE * size))
    return math.ceil(size / columns), columns


def laid_out(values: FloatArray, rows: int, columns: int) -> FloatArray:
    """Return values in rows and columns; NaN behind the last one."""
    flat = np.full(rows * columns, np.nan)
    flat[: values.size] = values.ravel()
    return flat.reshape(rows, columns)


def bars(difference: FloatArray, bar: FloatArray) -> FloatArray:
    """Return the distance of claim and measurement in bars; NaN where nothing was measured."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((difference == 0) & (bar == 0), 0.0, np.abs(difference) / bar)


def block(rows: int, columns: int, most: int) -> tuple[int, int]:
    """Return the size of blocks that leave at most `most`, as square as the layout allows."""
    high = wide = 1
    while math.ceil(rows / high) * math.ceil(columns / wide) > most:
        if rows / high >= columns / wide:
            high += 1
        else:
            wide += 1
    return high, wide


def worst_places(difference: FloatArray, bar: FloatArray, most: int) -> npt.NDArray[np.int64]:
    """Return the places of the worst component of each block, at most `most`, in rows and columns.

    Of the first component where none is known. Layouts have places behind the last component.
    """
    rows, columns = folded(difference.shape)
    high, wide = block(rows, columns, most)
    distance = laid_out(bars(difference, bar), rows, columns)
    down, across = math.ceil(rows / high), math.ceil(columns / wide)
    known = np.full((down * high, across * wide), -2.0)
    known[:rows, :columns] = np.where(np.isnan(distance), -1.0, distance)
    blocks = known.reshape(down, high, across, wide).swapaxes(1, 2)
    inside = np.argmax(blocks.reshape(down, across, high * wide), axis=2)
    row = np.arange(down)[:, None] * high + inside // wide
    column = np.arange(across)[None, :] * wide + inside % wide
    place: npt.NDArray[np.int64] = row * columns + column
    return place
