"""Three small functions that any checker should get right."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case, family
from benchmarks.trust.truth import complex_step
from scipy.special import expit

_SOURCE = "written by hand, as in a first course"


@family("smoke sines", kind="ordinary", split="tuning", source=_SOURCE)
def sines(rng: np.random.Generator) -> Iterator[Case]:
    """Sum sines; their gradients are cosines."""
    for n in (1, 5, 40):
        weights = rng.uniform(0.5, 2.0, n)

        def f(x: npt.NDArray[Any], weights: npt.NDArray[Any] = weights) -> Any:
            return np.sum(np.sin(weights * x))

        def gradient(x: npt.NDArray[Any], weights: npt.NDArray[Any] = weights) -> Any:
            return weights * np.cos(weights * x)

        at = rng.standard_normal(n)
        yield Case(f"n = {n}", f, gradient, at, functools.partial(complex_step, f, at))


@family("smoke logistic", kind="ordinary", split="tuning", source=_SOURCE, needs=("scipy",))
def logistic(rng: np.random.Generator) -> Iterator[Case]:
    """Fit a logistic regression with a penalty: a dictionary of weights and an intercept."""
    for m, n in ((30, 4), (100, 20)):
        X = rng.standard_normal((m, n))
        y = (rng.uniform(size=m) < expit(X @ rng.standard_normal(n))).astype(float)
        penalty = 0.1

        def f(p: dict[str, Any], X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            z = X @ p["w"] + p["b"]
            return np.mean(np.log(1 + np.exp(z)) - y * z) + penalty / 2 * np.sum(p["w"] ** 2)

        def gradient(p: dict[str, Any], X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            r = (expit(X @ p["w"] + p["b"]) - y) / len(y)
            return {"w": X.T @ r + penalty * p["w"], "b": float(np.sum(r))}

        def unregularised(p: dict[str, Any], X: Any = X, y: Any = y) -> Any:
            r = (expit(X @ p["w"] + p["b"]) - y) / len(y)
            return {"w": X.T @ r, "b": float(np.sum(r))}

        def summed(p: dict[str, Any], X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            r = expit(X @ p["w"] + p["b"]) - y
            return {"w": X.T @ r / len(y) + penalty * p["w"], "b": float(np.sum(r))}

        at = {"w": rng.standard_normal(n), "b": float(rng.standard_normal())}
        yield Case(
            f"{m} examples, {n} features",
            f,
            gradient,
            at,
            functools.partial(complex_step, f, at),
            {"penalty forgotten": unregularised, "intercept summed, not averaged": summed},
        )


@family("smoke tanh net", kind="ordinary", split="tuning", source=_SOURCE)
def tanh_net(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks with one hidden layer and squared loss."""
    for inputs, hidden, m in ((3, 4, 10), (8, 8, 20)):
        X, y = rng.standard_normal((inputs, m)), rng.standard_normal(m)

        def f(p: dict[str, Any], X: Any = X, y: Any = y) -> Any:
            a = np.tanh(p["W1"] @ X + p["b1"])
            return np.mean((p["W2"] @ a - y) ** 2) / 2

        def gradient(p: dict[str, Any], X: Any = X, y: Any = y) -> Any:
            a = np.tanh(p["W1"] @ X + p["b1"])
            r = (p["W2"] @ a - y) / len(y)
            d = np.outer(p["W2"], r) * (1 - a**2)
            return {"W1": d @ X.T, "b1": np.sum(d, axis=1, keepdims=True), "W2": a @ r}

        def no_slope(p: dict[str, Any], X: Any = X, y: Any = y) -> Any:
            a = np.tanh(p["W1"] @ X + p["b1"])
            r = (p["W2"] @ a - y) / len(y)
            d = np.outer(p["W2"], r)
            return {"W1": d @ X.T, "b1": np.sum(d, axis=1, keepdims=True), "W2": a @ r}

        at = {
            "W1": rng.standard_normal((hidden, inputs)) / np.sqrt(inputs),
            "b1": 0.1 * rng.standard_normal((hidden, 1)),
            "W2": rng.standard_normal(hidden) / np.sqrt(hidden),
        }
        yield Case(
            f"{inputs}-{hidden}-1",
            f,
            gradient,
            at,
            functools.partial(complex_step, f, at),
            {"slope of tanh forgotten": no_slope},
        )
