"""What a scheme and whoever evaluates for it agree on."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Block(NamedTuple):
    """Points to evaluate: on line ``lines[k]``, at the offset ``offsets[k]``."""

    lines: IntArray
    offsets: FloatArray


class Scheme(Protocol):
    """A numerical method that asks for values and is told them."""

    def ask(self) -> Block | None:
        """Return the next points, or None when there is nothing left to ask."""

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values of the last block, and the offsets as floating point realised them."""
