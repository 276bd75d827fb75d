"""Part: functions that take many points at once, against the same one point after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from benchmarks.speed.measuring import Sheet, Times
from benchmarks.speed.networks import Array, Tensors

import gradproof as gp

_ROUNDS = 5
_SAMPLES = 200  # of the logistic regression
_IMAGES = 32  # of the networks


def run(sheet: Sheet) -> None:
    """Compare checks of every component, with and without batches."""
    rows = [
        _row(sheet, f"logistic regression, {_SAMPLES} samples", n, *_logistic(n), 3)
        for n in (100, 1_000 if sheet.quick else 10_000)
    ]
    d, h = (16, 8) if sheet.quick else (64, 32)
    for framework, make in (("NumPy", _in_numpy), ("PyTorch", _in_torch), ("JAX", _in_jax)):
        name = f"network [{d}, {h}, 1], {_IMAGES} samples, {framework}"
        rows.append(_row(sheet, name, h * (d + 2) + 1, *make(*_network(d, h)), 1))
    sheet.table(("function", "n", "batches", "one by one / with batches"), rows)


Pair = tuple[gp.Problem, gp.Problem]
"""A problem that may be evaluated in batches, and the same that may not."""


def _row(
    sheet: Sheet, name: str, n: int, batched: gp.Problem, single: gp.Problem, limit: float
) -> tuple[str, ...]:
    reports = [gp.check(one, plan="every") for one in (batched, single)]
    for report in reports:
        sheet.require(f"{name}, n = {n:,}: {report.headline}", report.passed)
    times = Times(
        {
            "batched": lambda: gp.check(batched, plan="every"),
            "single": lambda: gp.check(single, plan="every"),
        },
        1 if sheet.quick else _ROUNDS,
    )
    used = any("many points at once, which is" in note for note in reports[0].notes)
    ratio = times.ratio("single", "batched")
    cell = sheet.bound(f"{name}, n = {n:,}", ratio, limit, at_least=True)
    return name, f"{n:,}", "used" if used else "not quicker", cell


def _logistic(n: int) -> Pair:
    rng = np.random.default_rng(n)
    X = rng.standard_normal((_SAMPLES, n)) * rng.choice([-1.0, 1.0], (_SAMPLES, 1))
    at = rng.standard_normal(n) / np.sqrt(n)

    def many(w: Array) -> Array:
        losses: Array = np.mean(np.logaddexp(0, -w @ X.T), axis=-1)
        return losses

    def gradient(w: Array) -> Array:
        slopes: Array = -X.T @ (1 / (1 + np.exp(X @ w))) / _SAMPLES
        return slopes

    batched = gp.Problem(many, gradient, at, vectorized=True)
    return batched, gp.Problem(lambda w: float(many(w)), gradient, at)


Network = tuple[Array, Array, Tensors, Tensors]
"""Inputs, what is to be predicted, parameters, and the gradient there."""


def _network(d: int, h: int) -> Network:
    rng = np.random.default_rng([d, h])
    X, y = rng.standard_normal((d, _IMAGES)), rng.standard_normal((1, _IMAGES))
    at = {
        "W": rng.standard_normal((h, d)) / np.sqrt(d),
        "b": rng.standard_normal((h, 1)),
        "V": rng.standard_normal((1, h)) / np.sqrt(h),
        "c": rng.standard_normal((1, 1)),
    }
    A = np.tanh(at["W"] @ X + at["b"])
    r = 2 * (at["V"] @ A + at["c"] - y) / _IMAGES
    dZ = at["V"].T @ r * (1 - A**2)
    gradient = {
        "W": dZ @ X.T,
        "b": np.sum(dZ, axis=1, keepdims=True),
        "V": r @ A.T,
        "c": np.sum(r, axis=1, keepdims=True),
    }
    return X, y, at, gradient


def _in_numpy(X: Array, y: Array, at: Tensors, gradient: Tensors) -> Pair:
    def many(p: Tensors) -> Any:
        return np.mean((p["V"] @ np.tanh(p["W"] @ X + p["b"]) + p["c"] - y) ** 2, axis=(-2, -1))

    batched = gp.Problem(many, gradient, at, vectorized=True)
    return batched, gp.Problem(lambda p: float(many(p)), gradient, at)


def _in_torch(X: Array, y: Array, at: Tensors, gradient: Tensors) -> Pair:
    images, wanted = torch.from_numpy(X), torch.from_numpy(y)

    def loss(p: Any) -> Any:
        return torch.mean((p["V"] @ torch.tanh(p["W"] @ images + p["b"]) + p["c"] - wanted) ** 2)

    return _of_framework(loss, {key: torch.tensor(value) for key, value in at.items()}, gradient)


def _in_jax(X: Array, y: Array, at: Tensors, gradient: Tensors) -> Pair:
    def loss(p: Any) -> Any:
        return jnp.mean((p["V"] @ jnp.tanh(p["W"] @ X + p["b"]) + p["c"] - y) ** 2)

    return _of_framework(
        jax.jit(loss), {key: jnp.asarray(value) for key, value in at.items()}, gradient
    )


def _of_framework(loss: Callable[[Any], Any], at: Any, gradient: Tensors) -> Pair:
    """Return the problem, and the same whose value is a number of Python: no vmap sees through."""
    return (
        gp.Problem(loss, gp.autodiff, at),
        gp.Problem(lambda p: float(loss(p)), gradient, at),
    )
