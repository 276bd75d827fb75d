"""Derivatives computed in ways that share nothing with the gradient that they verify."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import optree

FloatArray = npt.NDArray[np.float64]
_TINY = 1e-30


def flat(tree: Any) -> FloatArray:
    """Return all leaves of a pytree behind each other, in float64."""
    leaves: list[Any] = optree.tree_leaves(tree, namespace="")
    return np.concatenate(
        [np.empty(0), *(np.asarray(leaf, dtype=np.float64).ravel() for leaf in leaves)]
    )


def complex_step(f: Callable[[Any], Any], at: Any) -> FloatArray:
    """Return the gradient of an analytic function, one evaluation with an imaginary step each.

    f must take complex arrays and use nothing that is not analytic (abs, max, conj, comparisons).
    Squire & Trapp, SIAM Review 40 (1998) 110-112.
    """
    leaves, structure = optree.tree_flatten(at)
    arrays = [np.asarray(leaf, dtype=np.complex128) for leaf in leaves]
    result = []
    for array in arrays:
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1j * _TINY
            moved = optree.tree_unflatten(structure, arrays)
            result.append(np.imag(complex(np.asarray(f(moved)).item())) / _TINY)
            array[place] = kept
    return np.array(result, dtype=np.float64)


def mpmath_gradient(f: Callable[[list[Any]], Any], at: FloatArray, digits: int = 40) -> FloatArray:
    """Return the gradient of an mpmath function of a list, by central differences in `digits`."""
    import mpmath

    with mpmath.workdps(digits):
        point = [mpmath.mpf(float(value)) for value in np.ravel(at)]
        result = []
        for i, value in enumerate(point):
            step = mpmath.mpf(10) ** (-digits // 4) * (abs(value) if value else 1)
            sides = []
            for t in (-2, -1, 1, 2):
                moved = list(point)
                moved[i] = value + t * step
                sides.append(f(moved))
            slope = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * step)
            result.append(float(slope))
    return np.array(result)


def torch_forward(f: Callable[[Any], Any], *at: Any) -> FloatArray:
    """Return the gradient of a torch function of float64 tensors, by forward mode."""
    import torch

    jacobian = torch.func.jacfwd(f, argnums=tuple(range(len(at))))(*at)
    return np.concatenate([part.detach().numpy().ravel() for part in jacobian])


def agrees(claim: Any, truth: FloatArray, *, roundoff: float = 2.0**-53) -> bool:
    """Whether a gradient is right: to 1e-8 of its component, or 1e5 roundoffs of its norm."""
    vector = flat(claim)
    if vector.shape != truth.shape or not np.all(np.isfinite(vector)):
        return False
    relative = max(1e-8, 3e3 * roundoff)
    allowed = relative * np.abs(truth) + 1e5 * roundoff * np.linalg.norm(truth) / np.sqrt(
        max(1, truth.size)
    )
    return bool(np.all(np.abs(vector - truth) <= allowed))
