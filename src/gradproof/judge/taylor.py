"""The Taylor test: how fast what the claimed slope leaves of f shrinks with the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradproof.judge.parts import Curve

_ABOVE = 10.0  # times the noise: what is left there is the function's
_FITTED = 6  # steps, the smallest of those
_FEWEST = 3


def left_over(curve: Curve) -> tuple[float | None, tuple[float, float] | None]:
    """Return the slope of what is left, at the smallest steps where f shows it, and a point."""
    step, plus, minus = (np.asarray(part) for part in (curve.steps, curve.plus, curve.minus))
    sides = np.abs([plus - step * curve.claimed, minus + step * curve.claimed])
    left = np.max(np.where(np.isfinite(sides), sides, 0.0), axis=0)
    # Values of f are no better known than the claim times the step is rounded.
    rounding = np.finfo(np.float64).eps * np.abs(step * curve.claimed)
    shows = left > _ABOVE * np.maximum(curve.noise, rounding)
    h, rest = np.log10(step[shows][-_FITTED:]), np.log10(left[shows][-_FITTED:])
    if h.size < _FEWEST:
        return None, None
    middle = (10.0 ** float(h[-1]), 10.0 ** float(rest[-1]))
    return float(np.polyfit(h, rest, 1)[0]), middle
