"""Building blocks of models in plain NumPy that take complex arguments, and cases made of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case
from benchmarks.trust.truth import complex_step, flat

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]


def analytic(
    name: str,
    f: Function,
    gradient: Function,
    at: Any,
    mistakes: Mapping[str, Function] | None = None,
    *,
    twin: Function | None = None,
    options: Mapping[str, Any] | None = None,
) -> Case:
    """Return a case whose truth is the complex step of f, or of another way to write it."""
    truth = functools.partial(complex_step, twin or f, at)
    return Case(name, f, gradient, at, truth, mistakes or {}, options or {})


def closed(
    name: str,
    f: Function,
    gradient: Function,
    at: Any,
    truth: Callable[[], Any],
    mistakes: Mapping[str, Function] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
) -> Case:
    """Return a case whose truth is a formula, in the structure of the point."""

    def flattened() -> Any:
        return flat(truth())

    return Case(name, f, gradient, at, flattened, mistakes or {}, options or {})


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


def logsumexp(z: Any, axis: int) -> Any:
    """Return the logarithm of a sum of exponentials, for complex arguments too."""
    top = np.max(np.real(z), axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(z - top), axis=axis)) + np.squeeze(top, axis)


def softmax(z: Any, axis: int) -> Any:
    """Return exponentials divided by their sum."""
    e = np.exp(z - np.max(np.real(z), axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def magnitude(z: Any) -> Any:
    """Return the absolute value on the branch of the real part, with slope 0 where that is 0."""
    return z * np.sign(np.real(z))


def positive(z: Any) -> Any:
    """Return the positive part on the branch of the real part, with slope 0 where that is 0."""
    return np.where(np.real(z) > 0, z, 0)
