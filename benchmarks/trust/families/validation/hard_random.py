"""Functions that draw random numbers in every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.random_draws import Draws, Place, draws, random_case

_SOURCE = "written by hand, with random numbers in it"


def _dropout(
    rng: np.random.Generator, sizes: tuple[int, int, int], d: Draws, reseeds: bool
) -> Case:
    inputs, hidden, m = sizes
    X, y, keep = rng.standard_normal((m, inputs)), rng.standard_normal(m), 0.7

    def draw() -> Any:
        return (d.uniform(m, hidden) < keep) / keep

    def loss(p: Any, mask: Any) -> Any:
        return np.mean(((np.tanh(X @ p["W"] + p["b"]) * mask) @ p["v"] - y) ** 2)

    def backward(p: Any, ahead: Any, behind: Any) -> Any:
        a = np.tanh(X @ p["W"] + p["b"])
        r = 2 * ((a * ahead) @ p["v"] - y) / m
        d_z = np.outer(r, p["v"]) * behind * (1 - a**2)
        return {"W": X.T @ d_z, "b": np.sum(d_z, axis=0), "v": (a * ahead).T @ r}

    def slope(p: Any, mask: Any) -> Any:
        return backward(p, mask, mask)

    def no_mask(p: Any, mask: Any) -> Any:
        return backward(p, mask, 1)

    def unscaled(p: Any, mask: Any) -> Any:
        return backward(p, mask, keep * mask)

    def drawn_again(p: Any, mask: Any) -> Any:
        return backward(p, mask, draw())

    at = {
        "W": rng.standard_normal((inputs, hidden)) / np.sqrt(inputs),
        "b": 0.1 * rng.standard_normal(hidden),
        "v": rng.standard_normal(hidden) / np.sqrt(hidden),
    }
    mistakes = {
        "mask forgotten": no_mask,
        "mask not scaled": unscaled,
        "mask drawn again": drawn_again,
    }
    name = f"dropout, {inputs}-{hidden}-1, {m} examples{', reseeded' if reseeds else ''}"
    return random_case(name, draw, loss, slope, at, mistakes, d.reseed if reseeds else None)


def _batch(rng: np.random.Generator, m: int, n: int, k: int, d: Draws, reseeds: bool) -> Case:
    X = rng.standard_normal((m, n))
    y = (rng.uniform(size=m) < 0.5).astype(float)

    def draw() -> Any:
        return d.pick(m, k)

    def loss(w: Any, picked: Any) -> Any:
        z = X[picked] @ w
        return np.mean(np.log(1 + np.exp(z)) - y[picked] * z) + 0.01 * np.sum(w**2)

    def slope(w: Any, picked: Any) -> Any:
        z = X[picked] @ w
        return X[picked].T @ (1 / (1 + np.exp(-z)) - y[picked]) / k + 0.02 * w

    def whole(w: Any, picked: Any) -> Any:
        return slope(w, slice(None)) * k / m + 0.02 * (1 - k / m) * w

    def by_all(w: Any, picked: Any) -> Any:
        return (slope(w, picked) - 0.02 * w) * k / m + 0.02 * w

    at = rng.standard_normal(n)
    mistakes = {"all data": whole, "divided by all": by_all}
    name = f"batches of {k}, {m} × {n}{', reseeded' if reseeds else ''}"
    return random_case(name, draw, loss, slope, at, mistakes, d.reseed if reseeds else None)


def _bound(rng: np.random.Generator, n: int, samples: int, d: Draws, reseeds: bool) -> Case:
    A, b = rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n)

    def draw() -> Any:
        return d.normal(samples, n)

    def loss(p: Any, z: Any) -> Any:
        u = (p["mean"] + np.exp(p["log_scale"]) * z) @ A.T - b
        return np.mean(np.sum(np.sqrt(1 + u**2), axis=1)) - np.sum(p["log_scale"])

    def by_point(p: Any, z: Any) -> Any:
        u = (p["mean"] + np.exp(p["log_scale"]) * z) @ A.T - b
        return (u / np.sqrt(1 + u**2)) @ A / samples

    def slope(p: Any, z: Any) -> Any:
        back = by_point(p, z)
        scale = np.sum(back * z, axis=0) * np.exp(p["log_scale"]) - 1
        return {"mean": np.sum(back, axis=0), "log_scale": scale}

    def detached(p: Any, z: Any) -> Any:
        return {**slope(p, z), "log_scale": np.full(n, -1.0)}

    at = {"mean": rng.standard_normal(n), "log_scale": rng.normal(-0.5, 0.3, n)}
    mistakes = {"samples taken as constant": detached}
    name = f"bound, {n} dimensions, {samples} samples{', reseeded' if reseeds else ''}"
    return random_case(name, draw, loss, slope, at, mistakes, d.reseed if reseeds else None)


def _models(rng: np.random.Generator, place: Place) -> Iterator[Case]:
    for reseeds in (False, True):

        def fresh() -> Draws:
            return draws(place, int(rng.integers(2**32)))

        for sizes in ((3, 4, 8), (6, 10, 20)):
            yield _dropout(rng, sizes, fresh(), reseeds)
        yield _batch(rng, 40, 4, 10, fresh(), reseeds)
        yield _bound(rng, 8, 5, fresh(), reseeds)


class _NoisyLayer:
    """A layer with a generator of its own, as an attribute."""

    def __init__(self, seed: int, weights: Any, size: float) -> None:
        self._seed, self._weights, self._size = seed, weights, size
        self.rng = np.random.default_rng(seed)

    def draw(self) -> Any:
        return 1 + self._size * self.rng.standard_normal(len(self._weights))

    def loss(self, x: Any, gain: Any) -> Any:
        return np.sum(np.cos(gain * (self._weights @ x)))

    def slope(self, x: Any, gain: Any) -> Any:
        return -self._weights.T @ (gain * np.sin(gain * (self._weights @ x)))

    def no_gain(self, x: Any, gain: Any) -> Any:
        return -self._weights.T @ np.sin(gain * (self._weights @ x))

    def reseed(self) -> None:
        self.rng = np.random.default_rng(self._seed)


def _noisy(rng: np.random.Generator, n: int, reseed: bool, size: float) -> Case:
    weights = rng.standard_normal((n, n)) / np.sqrt(n)
    layer = _NoisyLayer(int(rng.integers(2**32)), weights, size)
    begin: Callable[[], None] | None = layer.reseed if reseed else None
    name = f"noisy layer of {n}, noise {size:g}{', reseeded' if reseed else ''}"
    at = rng.standard_normal(n)
    mistakes = {"gain forgotten": layer.no_gain}
    return random_case(name, layer.draw, layer.loss, layer.slope, at, mistakes, begin)


@family("random/own-generator", kind="random", source=_SOURCE, split="validation")
def own(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from a generator that the function keeps."""
    yield from _models(rng, "own generator")
    for n, reseed, size in ((5, False, 0.1), (12, True, 0.1), (8, False, 1e-3)):
        yield _noisy(rng, n, reseed, size)


@family("random/numpy-global", kind="random", source=_SOURCE, split="validation")
def numpy_global(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from the global state of numpy.random."""
    yield from _models(rng, "numpy global")


@family("random/python-random", kind="random", source=_SOURCE, split="validation")
def python_random(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from the global state of Python's random."""
    yield from _models(rng, "python random")
