"""How cases are made of residuals with Jacobians, and of functions of one variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case
from benchmarks.trust.truth import complex_step

FloatArray = npt.NDArray[np.float64]


def squares_case(
    name: str,
    residuals: Callable[[Any], Any],
    jacobian: Callable[[Any], Any],
    at: FloatArray,
    mistakes: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Case:
    """Return the case of a sum of squares, whose gradient is made with a written Jacobian."""

    def f(x: Any) -> float:
        r = residuals(x)
        return float(r @ r)

    def squares(x: Any) -> Any:
        r = residuals(x)
        return r @ r

    return Case(
        name,
        f,
        lambda x: np.asarray(2 * jacobian(x).T @ residuals(x), dtype=np.float64),
        at,
        lambda: complex_step(squares, at),
        dict(mistakes or {}),
    )


def analytic_case(
    name: str,
    f: Callable[[Any], Any],
    gradient: Callable[[Any], Any],
    at: Any,
    mistakes: Mapping[str, Callable[[Any], Any]] | None = None,
    again: Callable[[Any], Any] | None = None,
) -> Case:
    """Return the case of a function that takes complex arrays too, or has a twin that does."""
    return Case(
        name,
        lambda x: float(f(x)),
        gradient,
        at,
        lambda: complex_step(again or f, at),
        dict(mistakes or {}),
    )


def mpmath_slopes(f: Callable[[Any], Any], at: FloatArray, digits: int = 40) -> FloatArray:
    """Return the derivative of an mpmath function of one number at every element."""
    import mpmath

    with mpmath.workdps(digits):
        slopes = [float(mpmath.diff(f, mpmath.mpf(float(x)))) for x in np.ravel(at)]
    return np.reshape(np.array(slopes), np.shape(at))


def summed_case(
    name: str,
    value: Callable[[Any], Any],
    slope: Callable[[Any], Any],
    at: FloatArray,
    weights: FloatArray,
    exact: Callable[[Any], Any],
    mistakes: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Case:
    """Return the case of a weighted sum of a function of every element.

    `exact` is the function for mpmath. `mistakes` are wrong slopes.
    """

    def weighted(wrong: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: weights * wrong(x)

    return Case(
        name,
        lambda x: float(np.sum(weights * value(x))),
        lambda x: np.asarray(weights * slope(x), dtype=np.float64),
        at,
        lambda: np.ravel(weights * mpmath_slopes(exact, at)),
        {key: weighted(wrong) for key, wrong in (mistakes or {}).items()},
    )
