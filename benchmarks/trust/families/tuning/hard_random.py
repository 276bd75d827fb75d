"""Functions that draw random numbers in every call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.random_draws import Draws, Place, draws, random_case

_SOURCE = "written by hand, with random numbers in it"


def _jitter(rng: np.random.Generator, m: int, n: int, d: Draws, reseeds: bool) -> Case:
    X, y = rng.standard_normal((m, n)), rng.standard_normal(m)

    def draw() -> Any:
        return X + 0.3 * d.normal(m, n)

    def loss(w: Any, moved: Any) -> Any:
        return np.mean((np.sin(moved @ w) - y) ** 2)

    def slope(w: Any, moved: Any) -> Any:
        z = moved @ w
        return moved.T @ (2 * (np.sin(z) - y) * np.cos(z)) / m

    def clean(w: Any, moved: Any) -> Any:
        z = moved @ w
        return X.T @ (2 * (np.sin(z) - y) * np.cos(z)) / m

    at = rng.standard_normal(n)
    mistakes = {"data without the noise": clean}
    name = f"noise on the data, {m} × {n}{', reseeded' if reseeds else ''}"
    return random_case(name, draw, loss, slope, at, mistakes, d.reseed if reseeds else None)


def _dropped(rng: np.random.Generator, n: int, d: Draws, reseeds: bool) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def draw() -> Any:
        return d.uniform(n) < 0.8

    def loss(x: Any, mask: Any) -> Any:
        return np.sum(np.exp(A @ (x * mask / 0.8)))

    def slope(x: Any, mask: Any) -> Any:
        return mask / 0.8 * (A.T @ np.exp(A @ (x * mask / 0.8)))

    def no_mask(x: Any, mask: Any) -> Any:
        return A.T @ np.exp(A @ (x * mask / 0.8)) / 0.8

    at = rng.standard_normal(n)
    mistakes = {"mask forgotten": no_mask} if n > 10 else {}
    name = f"dropped inputs, {n}{', reseeded' if reseeds else ''}"
    return random_case(name, draw, loss, slope, at, mistakes, d.reseed if reseeds else None)


def _models(rng: np.random.Generator, place: Place) -> Iterator[Case]:
    for reseeds in (False, True):
        seeds = rng.integers(2**32, size=3)
        yield _jitter(rng, 10, 4, draws(place, int(seeds[0])), reseeds)
        yield _dropped(rng, 5, draws(place, int(seeds[1])), reseeds)
        yield _dropped(rng, 40, draws(place, int(seeds[2])), reseeds)


@family("random noise/own generator", kind="random", source=_SOURCE, split="tuning")
def own(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from a generator that the function keeps."""
    yield from _models(rng, "own generator")


@family("random noise/numpy global", kind="random", source=_SOURCE, split="tuning")
def numpy_global(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from the global state of numpy.random."""
    yield from _models(rng, "numpy global")


@family("random noise/python random", kind="random", source=_SOURCE, split="tuning")
def python_random(rng: np.random.Generator) -> Iterator[Case]:
    """Draw from the global state of Python's random."""
    yield from _models(rng, "python random")
