"""Functions of several values, seen through a cotangent: ⟨u, f⟩."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.complexes import as_parts
from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, is_float, is_real, unit_roundoff
from gradproof._base.phrases import listed
from gradproof._base.validation import described, require_detached, require_unmasked
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.batches import followed_by
from gradproof.problems.vectors import as_vector, in_structure, joined
from gradproof.problems.wirtinger import as_claimed
from gradproof.tree import Mismatch, Tree, flatten

_LEAST, _MOST = 0.5, 1.5  # sizes of a cotangent


class Outputs:
    """The outputs of f, numbered through all leaves, with a random cotangent u for them.

    The cotangent is drawn with the first value of f. It leaves out no output: its sizes are from
    ½ to 1½, and no two of them are the same, so that outputs that were exchanged show. What is no
    floating-point number has no derivative, and a cotangent of 0.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        seed: int,
        name: str = "output",
        wirtinger: str | None = None,
    ) -> None:
        self._name, self._wirtinger = name, wirtinger
        self._f, self._rng = f, np.random.default_rng([seed, 0x6F757470])
        self.tree: Tree | None = None
        self.cotangent: FloatArray = np.empty(0)
        self._types: list[Any] = []
        self.largest = 0.0  # of the outputs at the point
        self.latest: FloatArray | None = None  # the outputs at the latest evaluation

    @property
    def owner(self) -> str:
        """What the outputs are those of, in words."""
        return "f" if self._name == "output" else f"the {self._name}"

    def terms(self) -> Callable[[Any], Any]:
        """Return the function whose terms add up to ⟨u, f⟩."""

        def weighted(value: Any) -> Any:
            tree, values = self.taken_apart(value)
            if self.tree is None:
                self._begin(tree, values)
            elif [leaf.shape for leaf in tree.leaves] != [leaf.shape for leaf in self.tree.leaves]:
                raise InputError(
                    f"the value of f: found {_shapes(tree)}, and {_shapes(self.tree)} at the "
                    "point; expected the same outputs everywhere"
                )
            self.latest = joined(values)
            parts = [
                self.cotangent[leaf.start : leaf.stop].astype(dtype) * value.ravel()
                for leaf, value, dtype in zip(tree.leaves, values, self._types, strict=True)
            ]
            return np.concatenate(parts) if parts else np.zeros(0)

        return followed_by(weighted, self._f)

    def vector(self, value: Any) -> FloatArray:
        """Return a value of f as one vector."""
        return joined(self.taken_apart(value)[1])

    def matched(self, claimed: Any) -> FloatArray | Mismatch:
        """Return what is claimed for all outputs as one vector, or what is amiss with it."""
        assert self.tree is not None
        return as_vector(self.tree, claimed)

    @property
    def roundoff(self) -> float:
        """The unit roundoff of the least precise output."""
        return max([unit_roundoff(one) for one in self._types], default=UNIT_ROUNDOFF_64)

    def taken_apart(self, value: Any) -> tuple[Tree, list[Any]]:
        """Return the structure of a value of f and its leaves as arrays, of parts where complex."""
        tree, values = flatten(value, self._name)
        if not values:
            raise InputError(
                f"the value of {self.owner}: found {described(value)}, expected numbers or arrays"
            )
        arrays = []
        for leaf, one in zip(tree.leaves, values, strict=True):
            require_detached(one, f"the value of {self.owner}")
            require_unmasked(one, f"the value of {self.owner}")
            array = as_parts(one) if leaf.is_complex else np.asarray(one)
            if not is_real(array.dtype):
                raise InputError(f"{tree.address(leaf)}: found {described(one)}, expected numbers")
            arrays.append(array)
        return tree, arrays

    def _begin(self, tree: Tree, values: list[Any]) -> None:
        self.tree = tree
        self._types = [v.dtype if is_float(v.dtype) else np.dtype(np.float64) for v in values]
        self.cotangent = self.draw()
        self.largest = max([float(np.max(np.abs(v), initial=0.0)) for v in values], default=0.0)
        for leaf, value in zip(tree.leaves, values, strict=True):
            if not is_float(value.dtype):
                self.cotangent[leaf.start : leaf.stop] = 0.0

    def draw(self) -> FloatArray:
        """Return random numbers for all outputs, of both signs and none of them small."""
        assert self.tree is not None
        size = self.tree.size
        return self._rng.choice([-1.0, 1.0], size) * self._rng.uniform(_LEAST, _MOST, size)

    def in_structure(self, cotangent: FloatArray) -> Any:
        """Return a cotangent in the structure of the outputs, in their types.

        Of a complex output it is the derivatives by its parts, as those by parameters are claimed.
        """
        assert self.tree is not None
        shown = as_claimed(self.tree, cotangent, self._wirtinger)
        return in_structure(self.tree, shown, self._types)


def _shapes(tree: Tree) -> str:
    shapes = (
        f"{tree.address(leaf)} of shape {leaf.own_shape}{', complex' * leaf.is_complex}"
        for leaf in tree.leaves
    )
    return listed(shapes, len(tree.leaves))
