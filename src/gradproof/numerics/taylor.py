"""The Taylor test: how fast what the claimed slope leaves of f shrinks with the step."""

from collections.abc import Sequence

import numpy as np

_ABOVE = 10.0  # times the noise: what is left there is the function's
_FITTED = 6  # steps, the smallest of those
_FEWEST = 3


def left_over(
    steps: Sequence[float],
    plus: Sequence[float],
    minus: Sequence[float],
    *,
    claimed: float,
    noise: float,
) -> tuple[float | None, tuple[float, float] | None]:
    """Return the slope of what is left, at the smallest steps where f shows it, and a point.

    `plus` and `minus` are by how much f differs from its value at the point, a step ahead of it and
    behind it, and `noise` is that of one value. None at too few steps.
    """
    step = np.asarray(steps)
    sides = np.abs([plus - step * claimed, minus + step * claimed])
    left = np.max(np.where(np.isfinite(sides), sides, 0.0), axis=0)
    # Values of f are no better known than the claim times the step is rounded.
    rounding = np.finfo(np.float64).eps * np.abs(step * claimed)
    shows = left > _ABOVE * np.maximum(noise, rounding)
    h, rest = np.log10(step[shows][-_FITTED:]), np.log10(left[shows][-_FITTED:])
    if h.size < _FEWEST:
        return None, None
    middle = (10.0 ** float(h[-1]), 10.0 ** float(rest[-1]))
    return float(np.polyfit(h, rest, 1)[0]), middle
