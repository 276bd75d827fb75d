"""The numbers of what could not be decided."""

from __future__ import annotations

import numpy as np

from gradproof.judge.evidence import Evidence, Probes
from gradproof.judge.outcome import Outcome
from gradproof.numerics.protocol import FloatArray, IntArray


def numbers_of(
    outcome: Outcome, seen: Evidence | Probes, size: FloatArray, places: IntArray
) -> dict[str, float]:
    """Return the parameters of a reason, from the places of its outcome.

    `size` is what relative errors refer to there.
    """
    c, first = seen.components, int(places[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        match outcome:
            case Outcome.NOISE:
                return {"sigma": seen.noise}
            case Outcome.KINK:
                left, right = float(c.left[first]), float(c.right[first])
                # A slope of -0 is 0.
                return {"left": left * seen.unit + 0.0, "right": right * seen.unit + 0.0}
            case Outcome.PRECISION:
                off = np.abs(c.claim[places] - c.value[places]) / size
                return {"discrepancy": largest_finite(off)}
            case Outcome.TWO_SCALES:
                return {"amplitude": largest_finite(c.spread[places] / size)}
            case _:
                return {}


def largest_finite(values: FloatArray, *, nothing: float = 0.0) -> float:
    """Return the largest of the values that are finite, `nothing` where none is."""
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else nothing
