"""How models of statsmodels are set up on its data sets, and called."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case
from benchmarks.trust.truth import complex_step

FloatArray = npt.NDArray[np.float64]


def columns(dataset: str, *names: str) -> FloatArray:
    """Return columns of a bundled data set as a matrix, without incomplete rows."""
    import importlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(f"statsmodels.datasets.{dataset}")
        frame = module.load_pandas().data[list(names)].dropna()
    return np.ascontiguousarray(frame.to_numpy(), dtype=np.float64)


def standardised(matrix: FloatArray) -> FloatArray:
    """Return the columns with mean 0 and standard deviation 1."""
    return np.asarray((matrix - matrix.mean(axis=0)) / matrix.std(axis=0), dtype=np.float64)


def with_intercept(matrix: FloatArray) -> FloatArray:
    """Return the matrix with a column of ones in front."""
    return np.column_stack([np.ones(len(matrix)), matrix])


def quietly(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Return what a call returns, without its warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(*args, **options)


def near(fitted: Any, rng: np.random.Generator, errors: float = 0.5) -> FloatArray:
    """Return a point at about so many standard errors from the estimates of a fitted model."""
    estimates = np.asarray(fitted.params, dtype=np.float64).ravel(order="F")
    spread = np.asarray(quietly(getattr, fitted, "bse"), dtype=np.float64).ravel(order="F")
    spread = np.where(np.isfinite(spread), spread, 0.05 * (1 + np.abs(estimates)))
    return np.asarray(estimates + errors * spread * rng.standard_normal(estimates.size))


def score_case(
    name: str,
    model: Any,
    at: FloatArray,
    again: Callable[[Any], Any],
    mistakes: Mapping[str, Callable[[Any], Any]] | None = None,
    **options: Any,
) -> Case:
    """Return the case of a model's `loglike` and `score`.

    `again` is the log-likelihood once more, written independently, for complex parameters.
    """
    return Case(
        name,
        lambda x: float(model.loglike(x, **options)),
        lambda x: np.asarray(model.score(x, **options), dtype=np.float64),
        at,
        lambda: complex_step(again, at),
        dict(mistakes or {}),
    )
