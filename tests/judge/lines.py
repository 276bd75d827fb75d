"""Lines for the judge, made of functions: a full table of f around a point, and a claim."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.judge.line import Line, lines_of
from gradproof.judge.tolerance import Scaling, limits, policy
from gradproof.numerics.table import Table

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]


def line_of(
    f: Function,
    claim: float,
    *,
    at: float = 0.0,
    scale: float = 1.0,
    effect: float | None = None,
    noise: float | None = None,
    dtype: type = np.float64,
    rtol: float | None = None,
    smallest_change: float = math.inf,
) -> Line:
    """Return the line of a claim for the derivative of f at a point.

    `effect` is that of a typical component of its leaf, by default what the claim itself says.
    """
    u = UNIT_ROUNDOFF_64 if dtype is np.float64 else UNIT_ROUNDOFF_32
    x: Array = np.array([at]).astype(dtype)
    value = float(f(x)[0])
    sigma = max(0.7 * u * abs(value), 1e-18) if noise is None else noise
    one, claims = np.ones(1), np.array([claim])
    table = Table(scale * one, u * one, one * float(x[0]), value_at_zero=value, noise_of_f=sigma)
    while (block := table.ask()) is not None:
        there: Array = (x + block.offsets).astype(dtype)
        with np.errstate(all="ignore"):
            values = f(there).astype(np.float64)
        table.tell(values, there.astype(np.float64) - float(x[0]))
    typical = abs(claim) * scale if effect is None else effect
    rules = policy(rtol, low_precision=dtype is not np.float64)
    bounds = limits(
        Scaling(scale * one, typical * one, 0 * one, np.zeros(1, dtype=np.int64)),
        claims,
        rules,
        noise=sigma,
        roundoff_of_claim=u,
        roundoff_of_x=u * one,
    )
    with np.errstate(all="ignore"):
        (line,) = lines_of(
            table,
            bounds,
            np.zeros(1, dtype=np.int64),
            roundoff=u,
            noise_of_f=sigma,
            smallest_change=smallest_change,
            margin=rules.margin,
        )
    return line
