"""What f returns, as floats."""

import math
from typing import Any

import numpy as np

from gradproof._base.complexes import is_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import is_real
from gradproof._base.validation import described
from gradproof.numerics.protocol import FloatArray

_FOR_TERMS = (
    "; where f returns the terms of a loss, say terms='sum' or 'mean' in gp.Problem, "
    "or return their sum or mean; of a function of several values claim a gp.Jacobian, gp.VJP or "
    "gp.JVP"
)

_FOR_COMPLEX = "; of a complex function claim a gp.Jacobian, gp.VJP or gp.JVP"

_FOR_PAIRS = (
    "; where f returns (value, gradient), claim True in the place of the gradient, else let f "
    "return the value alone"
)

_FLOATS = {float, np.float64}


def as_floats(results: list[Any]) -> FloatArray:
    """Turn many results into floats at once where they are plain numbers, else one by one."""
    types = set(map(type, results))
    if types <= _FLOATS:
        return np.fromiter(results, np.float64, len(results))
    if all(map(np.isscalar, results[:1])) and type(np.ma.masked) not in types:
        try:
            array = np.asarray(results)
        except ValueError:  # of different shapes
            array = np.empty(0)
        if array.shape == (len(results),) and array.dtype.kind in "biuf":
            return array.astype(np.float64)
    return np.array([as_float(result) for result in results])


def as_float(result: Any) -> float:
    """Turn one result into a float."""
    if isinstance(result, float):
        return float(result)
    if result is np.ma.masked:  # no value, of which NumPy makes 0
        return math.nan
    try:
        array = np.asarray(result)
        if array.size == 1 and is_real(array.dtype):
            return float(array.item())
    except ValueError:
        pass
    several = isinstance(result, np.ndarray) and result.size > 1
    raise InputError(
        f"the value of f: found {described(result)}, expected one real number"
        + _FOR_TERMS * several
        + _FOR_COMPLEX * (is_complex(result) and not several)
        + _FOR_PAIRS * (isinstance(result, (tuple, list)) and len(result) > 1)
    )
