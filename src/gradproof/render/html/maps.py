"""Heat maps as data: tensors folded to rows and columns, and made smaller where they are large."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof.judge.folding import bars, block, folded, laid_out, most_of_each, worst_places
from gradproof.judge.packing import as_base64
from gradproof.judge.parts import TensorValues
from gradproof.judge.report import Record
from gradproof.numerics.protocol import FloatArray
from gradproof.render.html.tables import RANK
from gradproof.render.words import shape as shape_in_words

MOST_MAPS = 2_000  # of one report


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
            "place": None if self.place is None else as_base64(self.place.astype("<u4")),
        }


def drawable(record: Record) -> list[TensorValues]:
    """Return the tensors of which something was measured, those that do not pass first."""
    rank = {leaf.path: RANK[leaf.verdict] for leaf in record.leaves}
    found = [one for one in record.tensors if np.any(np.isfinite(one.measured))]
    return sorted(found, key=lambda one: rank.get(one.path, len(RANK)))


def largest_map(reports: Mapping[str, Record]) -> int:
    """Return how many cells each map may have, so that all maps fit into the file."""
    return most_of_each(tensor.claimed.size for one in reports.values() for tensor in one.tensors)


def heat_map(tensor: TensorValues, most: int) -> HeatMap:
    """Return the map of one tensor with at most `most` cells."""
    rows, columns = folded(tensor.shape)
    folding = _folding(tensor.shape, rows, columns)
    size = tensor.claimed.size
    claimed, difference, bar = (
        laid_out(part, rows, columns)
        for part in (tensor.claimed, tensor.claimed - tensor.measured, tensor.bar)
    )
    if size <= most:
        return HeatMap(tensor, rows, columns, folding, claimed, difference, bar, None)
    high, wide = block(rows, columns, most)
    place = worst_places(tensor.claimed - tensor.measured, tensor.bar, most)
    down, across = place.shape
    claimed, difference, bar = (part.ravel()[place] for part in (claimed, difference, bar))
    folding += f"; a cell is the worst of {high} × {wide} components"
    return HeatMap(tensor, down, across, folding, claimed, difference, bar, place)


def _folding(shape: Sequence[int], rows: int, columns: int) -> str:
    """Say what the rows and columns of a map are."""
    said = shape_in_words(tuple(shape))
    longer = sum(size > 1 for size in shape)
    if longer > 2:
        return f"{said}, folded to {rows:,} rows of {columns:,}: the last axis runs across"
    if longer == 1 and rows > 1:
        return f"{said}, in rows of {columns}"
    turned = longer == 1 and len(shape) > 1 and shape[-1] == 1
    return f"{said}, drawn as a row" if turned else said


def _packed(values: FloatArray) -> dict[str, Any]:
    """Return numbers in single precision, times a scale: it has the digits, but not the range."""
    finite = np.abs(values[np.isfinite(values)])
    scale = float(np.max(finite, initial=0.0)) or 1.0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        single = (values / scale).astype("<f4")
    return {"scale": scale, "values": as_base64(single)}
