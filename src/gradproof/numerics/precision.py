"""The precision that f really computes in, read off its values."""

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64, longest_significand
from gradproof.numerics.protocol import FloatArray

LOW_PRECISION = 1e-10  # unit roundoffs above it are those of less than float64
# Shorter significands are short values such as 0.5; longer ones are not those of a float32.
_SHORTEST, _LONGEST = 18, 24


def looks_shorter_than_float64(value: float) -> bool:
    """Whether a float64 value could carry a float32; cheap, and false for nearly all float64."""
    return longest_significand(np.array([value])) <= _LONGEST


def effective_roundoff(values: FloatArray) -> float:
    """Return u of float32 where a few float64 values of f all carry float32 significands."""
    if _SHORTEST <= longest_significand(values) <= _LONGEST:
        return UNIT_ROUNDOFF_32
    return UNIT_ROUNDOFF_64


def is_on_float32_grid(x: FloatArray) -> bool:
    """Whether every value equals a float32."""
    with np.errstate(over="ignore"):
        return bool(np.all(x == x.astype(np.float32)))
