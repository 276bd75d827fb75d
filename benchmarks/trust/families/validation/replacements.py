"""Families that took the place of others, on which a check had once been wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.truth import complex_step
from scipy.integrate import solve_ivp

_SOURCE = "written by hand"


def _margins(rng: np.random.Generator, m: int, n: int, distance: float) -> Case:
    X, y = rng.standard_normal((m, n)), rng.choice([-1.0, 1.0], m)
    at = rng.standard_normal(n)
    # The margin of every third example is moved to that distance from its corner.
    near = np.arange(m) % 3 == 0
    wanted = 1 + distance * rng.choice([-1.0, 1.0], m)
    shift = np.where(near, wanted - y * (X @ at), 0.0)

    def f(w: Any) -> float:
        return float(np.mean(np.maximum(0, 1 - y * (X @ w) - shift)) + 0.05 * w @ w)

    def gradient(w: Any) -> Any:
        active = y * (X @ w) + shift < 1
        return -X.T @ (y * active) / m + 0.1 * w

    def twin(w: Any) -> Any:
        slack = 1 - y * (X @ w) - shift
        return np.sum(np.where(np.real(slack) > 0, slack, 0)) / m + 0.05 * np.sum(w * w)

    def all_active(w: Any) -> Any:
        return -X.T @ y / m + 0.1 * w

    return Case(
        f"{m} margins of {n} weights, {distance:.0e}",
        f,
        gradient,
        at,
        partial(complex_step, twin, at),
        {"all margins active": all_active},
    )


@family("kink/margins nearby", kind="kink", source=_SOURCE, split="validation")
def margins(rng: np.random.Generator) -> Iterator[Case]:
    """Draw hinge losses whose margins are close to their corners."""
    for k, distance in enumerate(10.0 ** -np.arange(1, 10)):
        yield _margins(rng, (12, 30, 60)[k % 3], (4, 10, 25)[k % 3], distance)


@family("solver noise/stiff methods", kind="solver noise", source=_SOURCE, split="validation")
def stiff_methods(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of decays and growth that implicit solvers integrate to a tolerance."""
    times = np.linspace(0.3, 3, 6)
    for method in ("Radau", "BDF", "LSODA"):
        for tolerance in (1e-3, 1e-5, 1e-8):
            data = rng.standard_normal(times.size)

            def curve(x: Any) -> Any:
                rate, level, start = x
                return level + (start - level) * np.exp(-rate * times)

            def f(
                x: Any, data: Any = data, method: str = method, tolerance: float = tolerance
            ) -> float:
                rate, level, start = x
                found = solve_ivp(
                    lambda t, z: -rate * (z - level),
                    (0, 3),
                    [start],
                    method=method,
                    t_eval=times,
                    rtol=tolerance,
                    atol=tolerance,
                )
                return float(np.sum((found.y[0] - data) ** 2))

            def gradient(x: Any, data: Any = data, curve: Any = curve) -> Any:
                rate, level, start = x
                decay = np.exp(-rate * times)
                slopes = np.array([-times * (start - level) * decay, 1 - decay, decay])
                return 2 * slopes @ (curve(x) - data)

            def exact(x: Any, data: Any = data, curve: Any = curve) -> Any:
                return np.sum((curve(x) - data) ** 2)

            def no_start(x: Any, gradient: Any = gradient) -> Any:
                return gradient(x) * np.array([1.0, 1.0, 0.0])

            at = np.array([1.5, 0.8, 2.0]) * rng.uniform(0.7, 1.3, 3)
            yield Case(
                f"{method}, {tolerance:.0e}",
                f,
                gradient,
                at,
                partial(complex_step, exact, at),
                {"initial value forgotten": no_start},
            )


@family("float32/data in single", kind="float32", source=_SOURCE, split="validation")
def data_in_single(rng: np.random.Generator) -> Iterator[Case]:
    """Draw losses that cast to float32 for the data; the penalty is in the caller's precision."""
    for m, n, penalty in ((20, 5, 0.1), (60, 30, 1e-2), (100, 150, 1e-3), (40, 300, 1.0)):
        X = (rng.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32)
        y = rng.choice([-1, 1], m).astype(np.float32)

        def f(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> float:
            loss = np.mean(np.logaddexp(np.float32(0), -y * (X @ w.astype(np.float32))))
            return float(loss) + penalty * float(np.sum(w.astype(np.float64) ** 2))

        def gradient(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            z = y * (X @ w)
            return -X.T @ (y / (1 + np.exp(z))) / np.float32(len(y)) + np.float32(2 * penalty) * w

        def twin(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            z = y.astype(float) * (X.astype(float) @ w)
            return np.sum(np.log(1 + np.exp(-z))) / len(y) + penalty * np.sum(w * w)

        def no_mean(w: Any, X: Any = X, y: Any = y, penalty: float = penalty) -> Any:
            return -X.T @ (y / (1 + np.exp(y * (X @ w)))) + np.float32(2 * penalty) * w

        at = rng.standard_normal(n).astype(np.float32)
        yield Case(
            f"{m} × {n}, penalty {penalty:g}",
            f,
            gradient,
            at,
            partial(complex_step, twin, at.astype(float)),
            {"missing 1/m": no_mean},
        )
