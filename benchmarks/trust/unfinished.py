"""Iterations that are stopped before they are done: f is smooth, and its slope is another one."""

from __future__ import annotations

from typing import Any

import numpy as np
from benchmarks.trust.case import Case
from benchmarks.trust.trees import Structure

# Of the central difference of eighth order: Fornberg, Math. Comput. 51 (1988) 699-706.
_WEIGHTS = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
_STEPS = (1e-3, 2.5e-4)  # of the size of a component
_AGREE = 1e-6  # of a typical slope: both steps
_APART = 1e-5  # of it: slope and claim
_MOST = 50  # components


def is_unfinished(case: Case, claim: Any) -> bool:
    """Whether the claim is not the slope of f at the point, by two plain differences that agree.

    It is then the gradient of what the iteration would converge to, and not of f as it is.
    """
    structure = Structure(case.at)
    x, a = (structure.vector(tree).astype(np.float64) for tree in (case.at, claim))
    sizes = np.concatenate(
        [
            np.maximum(np.abs(x[where]), np.sqrt(np.mean(x[where] ** 2)) or 1.0)
            for where in structure.slices
        ]
    )
    typical = float(np.sqrt(np.mean((a * sizes) ** 2)))
    places = np.arange(x.size)
    if x.size > _MOST:
        places = np.random.default_rng(0).choice(x.size, _MOST, replace=False)
    for i in places.tolist():
        first, second = (_slope(case, structure, x, i, step * sizes[i]) for step in _STEPS)
        agree = abs(first - second) * sizes[i] <= _AGREE * typical
        if agree and abs(second - a[i]) * sizes[i] > _APART * typical:
            return True
    return False


def _slope(case: Case, structure: Structure, x: Any, i: int, step: float) -> float:
    total = 0.0
    for k, weight in enumerate(_WEIGHTS.tolist(), 1):
        for side in (1, -1):
            moved = x.copy()
            moved[i] += side * k * step
            total += side * weight * float(case.f(structure.point(moved)))
    return total / step
