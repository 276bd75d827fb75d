"""Central differences, by which the passes were found right."""

from collections.abc import Callable

import numpy as np
from benchmarks.backward.arrays import Arrays


def central(loss: Callable[[Arrays], float], t: Arrays, step: float = 1e-5) -> Arrays:
    """Return the gradient of ``loss`` at ``t``, one component after the other."""
    found = {}
    for key, value in t.items():
        slope = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            above, below = value.copy(), value.copy()
            above[index] += step
            below[index] -= step
            rise = loss({**t, key: above}) - loss({**t, key: below})
            slope[index] = rise / (2 * step)
        found[key] = slope
    return found


def difference(one: Arrays, other: Arrays) -> dict[str, float]:
    """Per key, the norm of the difference relative to the larger norm; infinite between shapes."""
    found = {}
    for key, first in one.items():
        second = np.asarray(other[key]) if key in other else None
        if second is None or second.shape != first.shape:
            found[key] = float("inf")
            continue
        scale = max(float(np.linalg.norm(first)), float(np.linalg.norm(second)))
        found[key] = float(np.linalg.norm(first - second)) / scale if scale else 0.0
    return found
