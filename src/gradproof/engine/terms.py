"""The value of a loss from its terms: their differences are taken before they are added up.

Moving one parameter changes a sum by little: f(x + h) − f(x) of two float32 sums loses most of its
digits. The differences of the single terms lose none where a term does not change, and are added in
float64.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, is_real, longest_significand, unit_roundoff
from gradproof._base.validation import described, require_unmasked
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import followed_by


class Terms:
    """Turns terms into values that differ from each other as the losses do.

    A value is Σ(terms − terms at the point), divided by their number for a mean, plus a constant:
    the size ‖terms‖₂ of the terms at the point, divided alike. It stands for f at the point, so
    that u times it is the size of rounding, by which all else is judged. `roundoff` is that u,
    `total` the sum or the mean at the point itself, and `significand` how many bits its terms have.
    """

    def __init__(self, how: str) -> None:
        self._mean = how == "mean"
        self.roundoff = UNIT_ROUNDOFF_64
        self.total = math.nan
        self.significand = 0
        self._there: FloatArray | None = None
        self._size = 0.0
        self._number = 1

    @property
    def known(self) -> bool:
        """Whether the terms at the point are known."""
        return self._there is not None

    def after(self, f: Callable[[Any], Any]) -> Callable[[Any], float]:
        """Return the function of the values of f, once the terms at the point are known."""
        return followed_by(self.value, f)

    def stand_at(self, result: Any) -> None:
        """Take the terms at the point, to which all others are compared."""
        terms = self._array(result)
        self.roundoff = unit_roundoff(terms.dtype)
        self.total = self.total_of(terms)
        self._there = there = terms.astype(np.float64)
        self.significand = longest_significand(there)
        self._number = max(1, there.size) if self._mean else 1
        largest = float(np.max(np.abs(there), initial=0.0))
        # Divided by the largest first: squares of large and small numbers leave the range.
        size = largest * float(np.linalg.norm(there / largest)) if largest > 0 else largest
        self._size = size / self._number

    def value(self, result: Any) -> float:
        """Return the value that stands for these terms."""
        terms = self._array(result)
        assert self._there is not None
        if terms.shape != self._there.shape:
            raise InputError(
                f"terms: found terms of shape {terms.shape}, and {self._there.shape} at the point; "
                "expected the same terms everywhere (fix the batch, return 0 for what is left out)"
            )
        return self._size + float(np.sum(terms - self._there)) / self._number

    def total_of(self, result: Any) -> float:
        """Return the sum or the mean of some terms."""
        terms = self._array(result)
        return float(np.sum(terms, dtype=np.float64)) / (max(1, terms.size) if self._mean else 1)

    def _array(self, result: Any) -> Any:
        require_unmasked(result, "the value of f")
        try:
            array = np.asarray(result)
        except ValueError:  # ragged nesting
            array = np.empty(0, dtype=object)
        if not is_real(array.dtype):
            raise InputError(
                f"the value of f: found {described(result)}, expected an array of real numbers, "
                "because terms= says that f returns the terms of the loss"
            )
        return array
