"""Random numbers from the places where programs keep them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from benchmarks.trust.case import Case
from benchmarks.trust.sources.hard_functions import Function
from benchmarks.trust.truth import complex_step

Place = Literal["own generator", "numpy global", "python random"]
Floats = npt.NDArray[np.float64]


class Draws(NamedTuple):
    """Functions that draw, and one that begins again."""

    uniform: Callable[..., Floats]
    normal: Callable[..., Floats]
    pick: Callable[[int, int], npt.NDArray[np.intp]]
    reseed: Callable[[], None]


def draws(place: Place, seed: int) -> Draws:
    """Return functions that draw from a generator, or from a global state."""
    if place == "own generator":
        return _own(seed)
    return _numpy_global(seed) if place == "numpy global" else _python_random(seed)


def _own(seed: int) -> Draws:
    generator = np.random.default_rng(seed)
    start = generator.bit_generator.state

    def uniform(*shape: int) -> Floats:
        return generator.random(shape)

    def normal(*shape: int) -> Floats:
        return generator.standard_normal(shape)

    def pick(m: int, k: int) -> npt.NDArray[np.intp]:
        return generator.choice(m, k, replace=False)

    def reseed() -> None:
        generator.bit_generator.state = start

    return Draws(uniform, normal, pick, reseed)


def _numpy_global(seed: int) -> Draws:
    def uniform(*shape: int) -> Floats:
        return np.asarray(np.random.random(shape))  # noqa: NPY002

    def normal(*shape: int) -> Floats:
        return np.asarray(np.random.standard_normal(shape))  # noqa: NPY002

    def pick(m: int, k: int) -> npt.NDArray[np.intp]:
        return np.random.choice(m, k, replace=False)  # noqa: NPY002

    def reseed() -> None:
        np.random.seed(seed)  # noqa: NPY002

    return Draws(uniform, normal, pick, reseed)


def _python_random(seed: int) -> Draws:
    def uniform(*shape: int) -> Floats:
        return np.array([random.random() for _ in range(int(np.prod(shape)))]).reshape(shape)

    def normal(*shape: int) -> Floats:
        return np.array([random.gauss(0, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)

    def pick(m: int, k: int) -> npt.NDArray[np.intp]:
        return np.array(random.sample(range(m), k))

    def reseed() -> None:
        random.seed(seed)

    return Draws(uniform, normal, pick, reseed)


def random_case(
    name: str,
    draw: Callable[[], Any],
    loss: Callable[[Any, Any], Any],
    slope: Callable[[Any, Any], Any],
    at: Any,
    mistakes: Mapping[str, Callable[[Any, Any], Any]],
    reseed: Callable[[], None] | None,
) -> Case:
    """Return a case that draws in every call of f and of the gradient.

    The truth belongs to what was drawn last, as a layer keeps its mask for the backward pass.
    """
    last: list[Any] = [None]

    def drawn() -> Any:
        last[0] = draw()
        return last[0]

    def f(p: Any) -> Any:
        return loss(p, drawn())

    def after(wrong: Callable[[Any, Any], Any]) -> Function:
        def gradient(p: Any) -> Any:
            return wrong(p, drawn())

        return gradient

    def truth() -> Any:
        def fixed(p: Any) -> Any:
            return loss(p, last[0])

        return complex_step(fixed, at)

    return Case(
        name,
        f,
        after(slope),
        at,
        truth,
        {key: after(wrong) for key, wrong in mistakes.items()},
        {"reseed": reseed} if reseed else {},
    )
