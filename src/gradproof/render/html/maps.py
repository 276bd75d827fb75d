"""Heat maps as data: tensors folded to rows and columns, and made smaller where they are large."""

import base64
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.judge.report import Record, TensorValues
from gradproof.numerics.protocol import FloatArray
from gradproof.render.html.tables import RANK
from gradproof.render.words import shape as shape_in_words

MOST_COMPONENTS = 200_000  # of one tensor that are kept one by one: 3 MB of the file
MOST_IN_FILE = 1_000_000
MOST_MAPS = 2_000  # of one report
_LONG = 48  # a vector is folded beyond this many components
_WIDE = 2.0  # columns for each row of a folded vector


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class HeatMap:
    """One map: cells in rows and columns, of which each is a component or the worst of a block.

    The arrays have one entry for each cell; `place` is the component's number in the tensor.
    """

    tensor: TensorValues
    rows: int
    columns: int
    folding: str
    claimed: FloatArray
    difference: FloatArray
    bar: FloatArray
    place: npt.NDArray[np.int64] | None

    @property
    def largest(self) -> float:
        """The largest distance in bars that is finite."""
        distance = bars(self.difference, self.bar)
        return float(np.max(distance[np.isfinite(distance)], initial=0.0))

    @property
    def data(self) -> dict[str, Any]:
        """What the script needs, in little space."""
        return {
            "address": self.tensor.address,
            "shape": self.tensor.shape,
            "size": self.tensor.claimed.size,
            "rows": self.rows,
            "columns": self.columns,
            "folding": self.folding,
            "largest": self.largest,
            "claimed": _packed(self.claimed),
            "difference": _packed(self.difference),
            "bar": _packed(self.bar),
            "place": None if self.place is None else _base64(self.place.astype("<u4")),
        }


def drawable(record: Record) -> list[TensorValues]:
    """Return the tensors of which something was measured, those that do not pass first."""
    rank = {leaf.path: RANK[leaf.verdict] for leaf in record.leaves}
    found = [one for one in record.tensors if np.any(np.isfinite(one.measured))]
    return sorted(found, key=lambda one: rank.get(one.path, len(RANK)))


def largest_map(reports: Mapping[str, Record]) -> int:
    """Return how many cells each map may have, so that all maps fit into the file."""
    sizes = sorted(tensor.claimed.size for one in reports.values() for tensor in one.tensors)
    left = MOST_IN_FILE
    for number, size in enumerate(sizes):
        share = left // (len(sizes) - number)
        if size > share:  # as are all that follow
            return min(max(share, 1), MOST_COMPONENTS)
        left -= size
    return MOST_COMPONENTS


def heat_map(tensor: TensorValues, most: int) -> HeatMap:
    """Return the map of one tensor with at most `most` cells."""
    rows, columns, folding = _folded(tensor.shape)
    size = tensor.claimed.size
    claimed, difference, bar = (
        _laid_out(part, rows, columns)
        for part in (tensor.claimed, tensor.claimed - tensor.measured, tensor.bar)
    )
    if size <= most:
        return HeatMap(tensor, rows, columns, folding, claimed, difference, bar, None)
    high, wide = _block(rows, columns, most)
    place = _worst(bars(difference, bar), high, wide)
    down, across = place.shape
    claimed, difference, bar = (part.ravel()[place] for part in (claimed, difference, bar))
    folding += f"; a cell is the worst of {high} × {wide} components"
    return HeatMap(tensor, down, across, folding, claimed, difference, bar, place)


def bars(difference: FloatArray, bar: FloatArray) -> FloatArray:
    """Return the distance of claim and measurement in bars; NaN where nothing was measured."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((difference == 0) & (bar == 0), 0.0, np.abs(difference) / bar)


def _folded(shape: Sequence[int]) -> tuple[int, int, str]:
    """Return rows and columns in memory order, and in words what they are."""
    longer = [size for size in shape if size > 1]
    size = math.prod(shape)
    if len(longer) <= 1:
        if size <= _LONG:
            across = ", drawn as a row" if len(shape) > 1 and shape[-1] == 1 < size else ""
            return 1, size, shape_in_words(tuple(shape)) + across
        columns = math.ceil(math.sqrt(_WIDE * size))
        rows = math.ceil(size / columns)
        return rows, columns, f"{shape_in_words(tuple(shape))}, in rows of {columns}"
    columns = longer[-1]
    folding = shape_in_words(tuple(shape))
    if len(longer) > 2:
        folding += f", folded to {size // columns:,} rows of {columns:,}: the last axis runs across"
    return size // columns, columns, folding


def _laid_out(values: FloatArray, rows: int, columns: int) -> FloatArray:
    """Return values in rows and columns; NaN behind the last one."""
    flat = np.full(rows * columns, np.nan)
    flat[: values.size] = values.ravel()
    return flat.reshape(rows, columns)


def _block(rows: int, columns: int, most: int) -> tuple[int, int]:
    """Return the size of blocks that leave at most `most`, as square as the map allows."""
    high = wide = 1
    while math.ceil(rows / high) * math.ceil(columns / wide) > most:
        if rows / high >= columns / wide:
            high += 1
        else:
            wide += 1
    return high, wide


def _worst(distance: FloatArray, high: int, wide: int) -> npt.NDArray[np.int64]:
    """Return the place of the largest distance in each block; of the first where none is known."""
    rows, columns = distance.shape
    down, across = math.ceil(rows / high), math.ceil(columns / wide)
    known = np.full((down * high, across * wide), -2.0)
    known[:rows, :columns] = np.where(np.isnan(distance), -1.0, distance)
    blocks = known.reshape(down, high, across, wide).swapaxes(1, 2)
    inside = np.argmax(blocks.reshape(down, across, high * wide), axis=2)
    row = np.arange(down)[:, None] * high + inside // wide
    column = np.arange(across)[None, :] * wide + inside % wide
    place: npt.NDArray[np.int64] = row * columns + column
    return place


def _packed(values: FloatArray) -> dict[str, Any]:
    """Return numbers in single precision, times a scale: it has the digits, but not the range."""
    finite = np.abs(values[np.isfinite(values)])
    scale = float(np.max(finite, initial=0.0)) or 1.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        single = (values / scale).astype("<f4")
    return {"scale": scale, "values": _base64(single)}


def _base64(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
