"""What the engine needs of parameters that are moved along random directions only, in pieces.

They may be sharded over ranks or devices, in a file, or too many for a second copy in float64.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Tree


class Numbers(Protocol):
    """A run of numbers, wherever they are, of which pieces can be had."""

    def read(self, piece: slice) -> npt.NDArray[Any]:
        """Return a piece in a type of floating-point numbers that NumPy computes with."""


class Part(Numbers, Protocol):
    """What this process holds of one leaf; `read` tells its numbers at the point.

    `leaf` is the number of the leaf, and `place` that of the first component among all: no other
    part has it, and directions are keyed by it. Where several processes hold the same part, the
    components count once: `counts` says whether here.
    """

    leaf: int
    place: int
    size: int
    counts: bool

    def write(self, piece: slice, numbers: FloatArray) -> npt.NDArray[Any]:
        """Put numbers where f sees them, and return what they became by rounding."""

    def put_back(self) -> None:
        """Put the numbers at the point where f sees them, bit for bit."""

    def is_at_point(self) -> bool:
        """Whether f sees the numbers at the point, bit for bit."""


class Ranks(Protocol):
    """The processes that hold the parameters together; each runs the same check."""

    def gather(self, numbers: FloatArray) -> FloatArray:
        """Return the numbers of all processes, stacked in the same order on each."""

    def gather_objects(self, thing: Any) -> list[Any]:
        """Return a small object of each process."""


class Field(Protocol):
    """Parameters in parts. `roundoffs` are the unit roundoffs of the leaves, `types` their types.

    Leaves have the names, shapes and numbers of the whole; `parts` are those of this process.
    """

    tree: Tree
    roundoffs: tuple[float, ...]
    types: tuple[str, ...]

    @property
    def parts(self) -> Sequence[Part]:
        """What this process holds."""

    @property
    def ranks(self) -> Ranks:
        """Who holds the parameters together."""

    @property
    def at(self) -> Any:
        """The parameters as f is to see them, with what was written to their parts."""

    def claim(self, values: list[Any]) -> list[Numbers]:
        """Return the claims of the parts, given what is claimed of each leaf."""


class Alone:
    """One process, which holds everything."""

    def gather(self, numbers: FloatArray) -> FloatArray:
        """Return its numbers."""
        return numbers[np.newaxis]

    def gather_objects(self, thing: Any) -> list[Any]:
        """Return its object."""
        return [thing]


def require_real(tree: Tree) -> None:
    """Raise if there are complex numbers among parameters that are checked in pieces."""
    for leaf in tree.leaves:
        if leaf.is_complex:
            raise InputError(
                f"{tree.address(leaf)}: found complex numbers, expected real ones where parameters "
                "are sharded; check a smaller, unsharded model"
            )
