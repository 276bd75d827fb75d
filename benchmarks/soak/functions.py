"""Random functions of a vector with their gradients in closed form."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Rng = np.random.Generator


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of a vector, its gradient, a point, and what is special about it.

    `value` takes stacks of points, too, one in each row.
    """

    kind: str
    value: Callable[[Array], Any]
    gradient: Callable[[Array], Array]
    at: Array
    has_kinks: bool = False
    is_noisy: bool = False


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Random numbers of one type: an f in float32 has weights in float32."""

    rng: Rng
    dtype: Any

    def normal(self, *shape: int) -> Array:
        """Return normal ones."""
        return np.asarray(self.rng.standard_normal(shape), dtype=self.dtype)

    def weights(self, n: int) -> Array:
        """Return some of either sign, none of them small."""
        sizes = self.rng.uniform(0.3, 2.0, n) * self.rng.choice([-1.0, 1.0], n)
        return np.asarray(sizes, dtype=self.dtype)


def draw(rng: Rng, n: int, dtype: Any) -> Function:
    """Return a random function of n parameters.

    It computes in `dtype`; its gradient at a point in float64 is exact to rounding in float64.
    """
    makers = (_separable, _quadratic, _soft_maximum, _network, _rational, _logarithms, _kinks)
    maker = makers[rng.choice(len(makers), p=(0.2, 0.15, 0.1, 0.2, 0.1, 0.1, 0.15))]
    return maker(Numbers(rng, dtype), n)


_FORMS: tuple[tuple[Callable[[Array], Array], Callable[[Array], Array]], ...] = (
    (np.sin, np.cos),
    (np.exp, np.exp),
    (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    (lambda x: x**3, lambda x: 3 * x**2),
    (np.square, lambda x: 2 * x),
    (np.arctan, lambda x: 1 / (1 + x * x)),
    (lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
)


def _separable(some: Numbers, n: int) -> Function:
    form, slope = _FORMS[some.rng.integers(len(_FORMS))]
    w, a, b = some.weights(n), some.weights(n), some.normal(n)

    def value(x: Array) -> Any:
        return (w * form(a * x + b)).sum(axis=-1)

    return Function("separable", value, lambda x: slope(a * x + b) * w * a, some.normal(n))


def _quadratic(some: Numbers, n: int) -> Function:
    A, b = some.normal(n, n), some.normal(n)
    A = A + A.T

    def value(x: Array) -> Any:
        return 0.5 * ((x @ A) * x).sum(axis=-1) + x @ b

    def gradient(x: Array) -> Array:
        return np.asarray(x @ A + b)

    return Function("quadratic", value, gradient, some.normal(n))


def _soft_maximum(some: Numbers, n: int) -> Function:
    A = some.normal(n, 5)

    def value(x: Array) -> Any:
        return np.log(np.exp(x @ A).sum(axis=-1))

    def gradient(x: Array) -> Array:
        e = np.exp(x @ A)
        return np.asarray(A @ e / e.sum())

    return Function("soft maximum", value, gradient, some.normal(n) / math.sqrt(n))


def _network(some: Numbers, n: int) -> Function:
    W, b, v = some.normal(n, 4) / math.sqrt(n), some.normal(4), some.weights(4)

    def value(x: Array) -> Any:
        return np.tanh(x @ W + b) @ v

    def gradient(x: Array) -> Array:
        return np.asarray(W @ (v * (1 - np.tanh(x @ W + b) ** 2)))

    return Function("network", value, gradient, some.normal(n))


def _rational(some: Numbers, n: int) -> Function:
    w = some.weights(n)

    def value(x: Array) -> Any:
        return x @ w / (1 + (x * x).sum(axis=-1))

    def gradient(x: Array) -> Array:
        d = 1 + x @ x
        return np.asarray(w / d - 2 * x * (x @ w) / d**2)

    return Function("rational", value, gradient, some.normal(n))


def _logarithms(some: Numbers, n: int) -> Function:
    """Return a function that has an edge at 0."""
    w = some.weights(n)

    def value(x: Array) -> Any:
        return (w * np.log(x)).sum(axis=-1) + np.sqrt(x).sum(axis=-1)

    at = np.exp(1.5 * some.normal(n))
    return Function("logarithms", value, lambda x: w / x + 0.5 / np.sqrt(x), at)


def _kinks(some: Numbers, n: int) -> Function:
    """Return a function with kinks beside the point, and sometimes a few at it."""
    w, c = some.weights(n), some.normal(n)
    at = c + some.weights(n)
    there = some.rng.random(n) < (0.2 if some.rng.random() < 0.3 else 0.0)
    at[there] = c[there]
    w[there] = np.abs(w[there])  # convex there: else single subgradients need not be one together
    between = some.rng.uniform(-0.9, 0.9, n).astype(
        some.dtype
    )  # a subgradient, as w |x - c| has all of these

    def value(x: Array) -> Any:
        return (w * np.abs(x - c) + 0.3 * x * x).sum(axis=-1)

    def gradient(x: Array) -> Array:
        return np.asarray(w * np.where(x == c, between, np.sign(x - c)) + 0.6 * x)

    return Function("kinks", value, gradient, at, has_kinks=True)


def scaled(rng: Rng, one: Function) -> Function:
    """Return a function with values and parameters in other units."""
    of_f = 10.0 ** int(rng.integers(-6, 7))
    powers = rng.integers(-10, 11, one.at.size if rng.random() < 0.3 else 1)
    of_x = (2.0**powers).astype(one.at.dtype)  # of two: what is at a kink stays there
    return dataclasses.replace(
        one,
        value=lambda x: of_f * one.value(x / of_x),
        gradient=lambda x: of_f * one.gradient(x / of_x) / of_x,
        at=one.at * of_x,
    )


def noisy(rng: Rng, one: Function) -> Function:
    """Return a function with noise: that depends on the point, stairs, or that of a generator."""
    how = rng.integers(3)
    level = 10.0 ** rng.uniform(-12, -6)

    def by_point(x: Array) -> Any:
        return one.value(x) * (1 + level * (zlib.crc32(x.tobytes()) / 2**31 - 1))

    def on_stairs(x: Array) -> Any:
        return float(np.float32(one.value(x)))

    def by_generator(x: Array) -> Any:
        return one.value(x) + np.random.random()  # noqa: NPY002

    value = (by_point, on_stairs, by_generator)[how]
    kind = ("noise", "stairs", "generator")[how]
    return dataclasses.replace(one, value=value, kind=f"{one.kind}, {kind}", is_noisy=True)
