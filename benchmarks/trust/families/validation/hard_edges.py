"""Functions near and on the edge of their domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import analytic, closed
from benchmarks.trust.truth import mpmath_gradient
from scipy import special

_SOURCE = "written by hand, near an edge"


def _box(rng: np.random.Generator, n: int, distance: float, strength: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    upper = rng.uniform(0.5, 2, n)
    at = upper * rng.uniform(-0.5, 0.5, n)
    close = rng.permutation(n)[: (n + 1) // 2]
    at[close] = upper[close] * (1 - distance)

    def f(x: Any) -> Any:
        return np.sum((A @ x - 1) ** 2) - strength * np.sum(np.log(upper - x) + np.log(upper + x))

    def gradient(x: Any) -> Any:
        return 2 * A.T @ (A @ x - 1) + strength * (1 / (upper - x) - 1 / (upper + x))

    def one_side(x: Any) -> Any:
        return 2 * A.T @ (A @ x - 1) + strength / (upper - x)

    mistakes = {"lower bound forgotten": one_side} if distance > 1e-3 else {}
    name = f"box, {n} variables, {distance:.0e}, strength {strength:g}"
    return analytic(name, f, gradient, at, mistakes)


def _polytope(rng: np.random.Generator, m: int, n: int, distance: float) -> Case:
    A, c, at = rng.standard_normal((m, n)), rng.standard_normal(n), rng.standard_normal(n)
    b = A @ at + np.where(np.arange(m) < n // 2 + 1, distance, rng.uniform(0.5, 2, m))

    def f(x: Any) -> Any:
        return np.sum(c * x) - 0.1 * np.sum(np.log(b - A @ x))

    def gradient(x: Any) -> Any:
        return c + 0.1 * A.T @ (1 / (b - A @ x))

    def not_inverted(x: Any) -> Any:
        return c + 0.1 * A.T @ (b - A @ x)

    mistakes = {"reciprocal forgotten": not_inverted}
    return analytic(f"polytope, {m} × {n}, {distance:.0e}", f, gradient, at, mistakes)


def _definite(rng: np.random.Generator, n: int, distance: float) -> Case:
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    C = rng.standard_normal((n, n))
    at = Q @ np.diag(np.append(distance, rng.uniform(0.5, 2, n - 1))) @ Q.T

    def f(X: Any) -> Any:
        return np.sum(C * X) - np.linalg.slogdet(X)[1]

    def gradient(X: Any) -> Any:
        return C - np.linalg.inv(X).T

    def truth() -> Any:
        with mpmath.workdps(40):
            inverse = mpmath.matrix(at.tolist()) ** -1
            return C - np.array(inverse.tolist(), dtype=float).T

    return closed(f"determinant, {n} × {n}, {distance:.0e}", f, gradient, at, truth)


@family("domain edge/barriers", kind="domain edge", source=_SOURCE, split="validation")
def barriers(rng: np.random.Generator) -> Iterator[Case]:
    """Draw interior points close to a bound; f is not a number beyond it."""
    for n, distance, strength in (
        (3, 1e-1, 1.0),
        (10, 1e-3, 0.1),
        (30, 1e-5, 1e-3),
        (6, 1e-8, 1e-6),
        (6, 1e-10, 1e-8),
        (20, 1e-4, 1.0),
        (4, 1e-7, 1.0),
    ):
        yield _box(rng, n, distance, strength)
    for m, n, distance in ((8, 3, 1e-1), (40, 12, 1e-2), (20, 5, 1e-4)):
        yield _polytope(rng, m, n, distance)
    for n, distance in ((3, 1e-1), (6, 1e-3), (4, 1e-5)):
        yield _definite(rng, n, distance)


def _shares(rng: np.random.Generator, n: int, distance: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.uniform(0.2, 1, n)
    at[rng.permutation(n)[: n // 2 + 1]] *= distance

    def f(p: Any) -> Any:
        return np.sum(p * np.log(p)) + np.sum((A @ p) ** 2) - np.sum(p) * np.log(np.sum(p))

    def gradient(p: Any) -> Any:
        return np.log(p / np.sum(p)) + 2 * A.T @ (A @ p)

    def plus_one(p: Any) -> Any:
        return np.log(p / np.sum(p)) + 1 + 2 * A.T @ (A @ p)

    mistakes = {"sum held fixed": plus_one}
    return analytic(f"entropy of {n}, {distance:.0e}", f, gradient, at, mistakes)


def _isotherm(rng: np.random.Generator, n: int, power: float, distance: float) -> Case:
    B = rng.uniform(0.2, 1, (n, n)) / n
    at = rng.uniform(0.5, 2, n)
    at[: n // 2 + 1] *= distance

    def f(c: Any) -> Any:
        return np.sum(np.log(1 + B @ c**power)) + np.sum(c**2) / 2

    def gradient(c: Any) -> Any:
        inner = B.T @ (1 / (1 + B @ c**power))
        return power * c ** (power - 1) * inner + c

    def no_power(c: Any) -> Any:
        return c ** (power - 1) * (B.T @ (1 / (1 + B @ c**power))) + c

    mistakes = {"exponent forgotten": no_power}
    return analytic(f"power {power:g} of {n}, {distance:.0e}", f, gradient, at, mistakes)


@family("domain edge/entropies and powers", kind="domain edge", source=_SOURCE, split="tuning")
def shares(rng: np.random.Generator) -> Iterator[Case]:
    """Draw amounts close to zero, where logarithms and powers begin."""
    for n, distance in ((3, 1e-1), (10, 1e-4), (30, 1e-7), (6, 1e-10)):
        yield _shares(rng, n, distance)
    for n, power, distance in (
        (4, 0.5, 1e-2),
        (12, 0.3, 1e-4),
        (6, 0.7, 1e-6),
        (5, 1.5, 1e-8),
        (8, 0.1, 1e-5),
        (3, 0.5, 1e-10),
    ):
        yield _isotherm(rng, n, power, distance)


def _arcs(rng: np.random.Generator, n: int, distance: float, which: str) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.uniform(-0.7, 0.7, n)
    at[: n // 2 + 1] = 1 - distance * rng.uniform(0.5, 1, n // 2 + 1)
    arc = {"arcsin": np.arcsin, "arctanh": np.arctanh}[which]

    def slope(x: Any) -> Any:
        square = (1 - x) * (1 + x)
        return 1 / np.sqrt(square) if which == "arcsin" else 1 / square

    def f(x: Any) -> Any:
        return np.sum(w * arc(x)) + np.sum(np.sin(A @ x))

    def gradient(x: Any) -> Any:
        return w * slope(x) + A.T @ np.cos(A @ x)

    def truth() -> Any:
        exact = mpmath.asin if which == "arcsin" else mpmath.atanh

        def steep(x: list[Any]) -> Any:
            return mpmath.fsum(float(a) * exact(t) for a, t in zip(w, x, strict=True))

        return mpmath_gradient(steep, at, 60) + np.cos(A @ at) @ A

    return closed(f"{which} of {n}, {distance:.0e}", f, gradient, at, truth)


def _cap(rng: np.random.Generator, n: int, distance: float) -> Case:
    at = rng.standard_normal(n)
    at = at * np.sqrt(1 - distance) / np.linalg.norm(at)
    c = rng.standard_normal(n)

    def f(x: Any) -> Any:
        return np.sum(c * x) - np.sqrt(1 - np.sum(x**2))

    def gradient(x: Any) -> Any:
        return c + x / np.sqrt(1 - np.sum(x**2))

    def twice(x: Any) -> Any:
        return c + x / (2 * np.sqrt(1 - np.sum(x**2)))

    mistakes = {"inner factor of two": twice}
    return analytic(f"sphere, {n} variables, {distance:.0e}", f, gradient, at, mistakes)


@family("domain edge/arcs and roots", kind="domain edge", source=_SOURCE, split="validation")
def arcs(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points close to where arcs and square roots become vertical."""
    for n, distance, which in (
        (3, 1e-1, "arcsin"),
        (10, 1e-4, "arcsin"),
        (5, 1e-7, "arcsin"),
        (20, 1e-10, "arcsin"),
        (4, 1e-2, "arctanh"),
        (12, 1e-5, "arctanh"),
        (6, 1e-8, "arctanh"),
    ):
        yield _arcs(rng, n, distance, which)
    for n, distance in ((3, 1e-1), (10, 1e-3), (30, 1e-5)):
        yield _cap(rng, n, distance)


def _dirichlet(rng: np.random.Generator, n: int, distance: float) -> Case:
    logs = np.log(rng.dirichlet(np.ones(n), 5)).mean(axis=0)
    at = rng.uniform(0.5, 3, n)
    at[: n // 2 + 1] *= distance

    def f(a: Any) -> Any:
        return np.sum(special.loggamma(a)) - special.loggamma(np.sum(a)) - np.sum((a - 1) * logs)

    def gradient(a: Any) -> Any:
        return special.digamma(a) - special.digamma(np.sum(a)) - logs

    def no_sum(a: Any) -> Any:
        return special.digamma(a) - logs

    mistakes = {"normalisation forgotten": no_sum} if distance > 1e-3 else {}
    return analytic(f"Dirichlet of {n}, {distance:.0e}", f, gradient, at, mistakes)


def _poles(rng: np.random.Generator, n: int, distance: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    at = -rng.integers(0, 4, n) + distance * rng.uniform(0.5, 1, n)

    def f(x: Any) -> Any:
        return np.log(np.sum(w * special.gamma(x) ** 2))

    def gradient(x: Any) -> Any:
        g = w * special.gamma(x) ** 2
        return 2 * g * special.digamma(x) / np.sum(g)

    def truth() -> Any:
        def exact(x: list[Any]) -> Any:
            return mpmath.log(
                mpmath.fsum(float(a) * mpmath.gamma(t) ** 2 for a, t in zip(w, x, strict=True))
            )

        return mpmath_gradient(exact, at, 60)

    return closed(f"poles of {n}, {distance:.0e}", f, gradient, at, truth)


@family(
    "domain edge/gamma function",
    kind="domain edge",
    source=_SOURCE,
    split="validation",
    needs=("mpmath",),
)
def poles(rng: np.random.Generator) -> Iterator[Case]:
    """Draw parameters of Dirichlet densities close to zero, and points close to poles."""
    for n, distance in ((3, 1e-1), (8, 1e-3), (20, 1e-6), (5, 1e-10)):
        yield _dirichlet(rng, n, distance)
    for n, distance in ((3, 1e-1), (6, 1e-3), (4, 1e-6)):
        yield _poles(rng, n, distance)


def _started(rng: np.random.Generator, n: int, power: float) -> Case:
    w = rng.uniform(0.5, 2, n)
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.uniform(0.5, 2, n)
    at[rng.permutation(n)[: n // 3 + 1]] = 0

    def f(x: Any) -> Any:
        return np.sum(w * x**power) + np.sum(np.cos(A @ x))

    def gradient(x: Any) -> Any:
        return power * w * x ** (power - 1) - A.T @ np.sin(A @ x)

    def truth() -> Any:
        steep = [power * a * t ** (power - 1) if t else 0.0 for a, t in zip(w, at, strict=True)]
        return np.array(steep) - np.sin(A @ at) @ A

    return closed(f"power {power:g} of {n}, some zero", f, gradient, at, truth)


def _dome(rng: np.random.Generator, n: int) -> Case:
    w = rng.uniform(0.5, 2, n)
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.uniform(-0.9, 0.9, n)
    at[0], at[-1] = 1.0, -1.0

    def f(x: Any) -> Any:
        return np.sum(w * (1 - x**2) ** 1.5) + np.sum(np.exp(A @ x))

    def gradient(x: Any) -> Any:
        return -3 * w * x * np.sqrt(1 - x**2) + A.T @ np.exp(A @ x)

    def truth() -> Any:
        steep = [-3 * a * t * ((1 - t) * (1 + t)) ** 0.5 for a, t in zip(w, at, strict=True)]
        return np.array(steep) + np.exp(A @ at) @ A

    return closed(f"dome of {n}, two at the rim", f, gradient, at, truth)


def _reactor(rng: np.random.Generator, n: int, raises: bool) -> Case:
    fastest, half = rng.uniform(0.5, 2, n), rng.uniform(0.2, 2, n)
    S = rng.standard_normal((n, n)) / np.sqrt(n)

    def rates(c: Any) -> Any:
        return fastest * c / (half + c)

    def f(c: Any) -> Any:
        if np.any(np.real(c) < 0):
            if raises:
                raise ValueError("a concentration is negative")
            return np.inf
        return np.sum((S @ rates(c) - 0.3) ** 2) + np.sum(c)

    def gradient(c: Any) -> Any:
        back = 2 * S.T @ (S @ rates(c) - 0.3)
        return back * fastest * half / (half + c) ** 2 + 1

    def quotient(c: Any) -> Any:
        return 2 * S.T @ (S @ rates(c) - 0.3) * fastest / (half + c) + 1

    at = rng.uniform(0.2, 2, n)
    at[rng.permutation(n)[: n // 3 + 1]] = 0
    beyond = "raises" if raises else "infinite"
    mistakes = {"denominator held fixed": quotient}
    return analytic(f"reactor of {n}, {beyond} beyond", f, gradient, at, mistakes)


@family("domain edge/on the edge", kind="domain edge", source=_SOURCE, split="validation")
def on_edge(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points on the edge, where the derivative of one side exists."""
    for n, power in ((3, 1.5), (12, 2.5), (30, 1.75)):
        yield _started(rng, n, power)
    for n in (4, 15):
        yield _dome(rng, n)
    for n, raises in ((3, True), (12, False), (20, True)):
        yield _reactor(rng, n, raises)
