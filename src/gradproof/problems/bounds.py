"""The bounds of the parameters, in whatever form they are given, as two vectors."""

import math
import sys
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import is_real
from gradproof._base.validation import described
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Mismatch, Tree, spread

_EXPECTED = (
    "(lower, upper), each None, a number or in the structure of `at`; "
    "or a list of (low, high) pairs, one for each component; or a scipy.optimize.Bounds"
)


def flat_bounds(bounds: Any, tree: Tree) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper bound of every component; infinite where there is none."""
    if tree.is_complex:
        raise InputError(
            "bounds: found them with complex parameters, expected real ones, which have an order; "
            "let f put complex numbers together from their real and imaginary parts"
        )
    sides = _sides(bounds, tree)
    lower, upper = (
        _flat(side, tree, name, missing)
        for side, name, missing in zip(
            sides, ("lower", "upper"), (-math.inf, math.inf), strict=True
        )
    )
    crossed = np.flatnonzero(lower > upper)
    if crossed.size:
        first = int(crossed[0])
        raise InputError(
            f"bounds: found {lower[first]} below and {upper[first]} above "
            f"{tree.address(*tree.locate(first))}, expected a lower bound that is not above the "
            "upper one"
        )
    return lower, upper


def _sides(bounds: Any, tree: Tree) -> tuple[Any, Any]:
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        return bounds.lb, bounds.ub
    if isinstance(bounds, np.ndarray) and bounds.ndim == 2 and bounds.shape[1] == 2:
        bounds = bounds.tolist()
    if not isinstance(bounds, (list, tuple)):
        raise InputError(f"bounds: found {described(bounds)}, expected {_EXPECTED}")
    pairs = all(map(_is_pair, bounds))
    if isinstance(bounds, tuple) and len(bounds) == 2:
        if pairs and tree.size == 2:
            raise InputError(
                f"bounds: found {described(bounds)}, which may be two pairs (low, high) or "
                "(lower, upper); expected a list of pairs, or (lower, upper) of arrays"
            )
        return bounds
    if not pairs:
        raise InputError(f"bounds: found {described(bounds)}, expected {_EXPECTED}")
    if len(bounds) != tree.size:
        raise InputError(
            f"bounds: found {len(bounds)} pairs (low, high), expected {tree.size}, one for each "
            "component"
        )
    return tuple(
        np.array([missing if pair[k] is None else pair[k] for pair in bounds], dtype=np.float64)
        for k, missing in ((0, -math.inf), (1, math.inf))
    )  # type: ignore[return-value]


def _is_pair(value: Any) -> bool:
    if not (isinstance(value, (list, tuple)) and len(value) == 2):
        return False
    return all(end is None or _is_number(end) for end in value)


def _is_number(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return False
    if isinstance(value, int):
        return abs(value) <= sys.float_info.max
    return np.ndim(value) == 0 and is_real(type(value))


def _flat(side: Any, tree: Tree, name: str, missing: float) -> FloatArray:
    """Return one side of the bounds as a vector."""
    flat = np.full(tree.size, missing)
    if isinstance(side, np.ndarray) and side.size == 1:
        side = side.item()
    if isinstance(side, np.ndarray) and side.shape == (tree.size,):
        return _array(side, name, missing)
    laid = spread(tree, side)
    if isinstance(laid, Mismatch):
        raise InputError(
            f"bounds: found {laid.found} in the {name} bounds where {tree.root} has "
            f"{laid.expected} (at {laid.address}); expected its structure, or one number or None "
            "for all of it"
        )
    for leaf, value in zip(tree.leaves, laid, strict=True):
        array = _array(value, f"{name} bounds of {tree.address(leaf)}", missing)
        if array.shape not in ((), leaf.shape):
            raise InputError(
                f"bounds: found the shape {array.shape} in the {name} bounds of "
                f"{tree.address(leaf)}, expected {leaf.shape}, or one number"
            )
        flat[leaf.start : leaf.stop] = array.ravel()
    return flat


def _array(value: Any, name: str, missing: float) -> FloatArray:
    try:
        array = np.asarray(missing if value is None else value)
        if array.dtype == object:
            given = [missing if item is None else item for item in array.ravel().tolist()]
            array = np.array(given).reshape(array.shape)
    except ValueError:  # ragged nesting
        array = np.empty(0, dtype=object)
    if not is_real(array.dtype) or np.any(np.isnan(array)):
        raise InputError(
            f"bounds: found {described(value)} for the {name}, expected numbers or None"
        )
    return array.astype(np.float64)
