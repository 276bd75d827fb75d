"""Models of physics and statistics in plain NumPy, with gradients written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import Array, analytic, sigmoid
from scipy import special

_SOURCE = "models in plain NumPy, derived by hand"


def _spins(rng: np.random.Generator, spins: int) -> Case:
    J = np.triu(rng.standard_normal((spins, spins)), 1) / np.sqrt(spins)
    field = rng.standard_normal(spins)

    def f(t: Any) -> Any:
        c, s = np.cos(t), np.sin(t)
        return -(c @ J @ c) - s @ J @ s - np.sum(field * c)

    def torque(t: Any) -> Any:
        return J * np.sin(t[:, None] - t)

    def gradient(t: Any) -> Any:
        s = torque(t)
        return np.sum(s, axis=1) - np.sum(s, axis=0) + field * np.sin(t)

    def upper_only(t: Any) -> Any:
        return np.sum(torque(t), axis=1) + field * np.sin(t)

    def symmetric(t: Any) -> Any:
        s = torque(t)
        return np.sum(s, axis=1) + np.sum(s, axis=0) + field * np.sin(t)

    at = rng.uniform(-np.pi, np.pi, spins)
    mistakes = {"upper triangle only": upper_only, "reaction with the wrong sign": symmetric}
    return analytic(f"{spins} spins", f, gradient, at, mistakes)


@family("XY spins", kind="ordinary", source=_SOURCE, split="tuning")
def spins(rng: np.random.Generator) -> Iterator[Case]:
    """Draw planar spins with random couplings."""
    for n in (3, 10, 40, 250):
        yield _spins(rng, n)


def _factors(rng: np.random.Generator, users: int, items: int, rank: int) -> Case:
    R = rng.standard_normal((users, items))
    seen = (rng.uniform(size=R.shape) < 0.4).astype(float)
    penalty = 0.1

    def error(p: Any) -> Any:
        return seen * (p["U"] @ p["V"].T + p["user"][:, None] + p["item"] - R)

    def f(p: Any) -> Any:
        return (np.sum(error(p) ** 2) + penalty * (np.sum(p["U"] ** 2) + np.sum(p["V"] ** 2))) / 2

    def gradient(p: Any) -> Any:
        e = error(p)
        return {
            "U": e @ p["V"] + penalty * p["U"],
            "V": e.T @ p["U"] + penalty * p["V"],
            "user": np.sum(e, axis=1),
            "item": np.sum(e, axis=0),
        }

    def updated_first(p: Any) -> Any:
        e = error(p)
        U = p["U"] - 0.01 * (e @ p["V"] + penalty * p["U"])
        return {**gradient(p), "V": e.T @ U + penalty * p["V"]}

    def unobserved(p: Any) -> Any:
        e = p["U"] @ p["V"].T + p["user"][:, None] + p["item"] - R
        return {**gradient(p), "user": np.sum(e, axis=1)}

    at = {
        "U": rng.standard_normal((users, rank)) / np.sqrt(rank),
        "V": rng.standard_normal((items, rank)) / np.sqrt(rank),
        "user": 0.3 * rng.standard_normal(users),
        "item": 0.3 * rng.standard_normal(items),
    }
    mistakes = {"U updated before V": updated_first, "missing ratings counted": unobserved}
    return analytic(f"{users} × {items} of rank {rank}", f, gradient, at, mistakes)


@family("matrix factorisation", kind="ordinary", source=_SOURCE, split="tuning")
def factors(rng: np.random.Generator) -> Iterator[Case]:
    """Draw ratings with gaps, factors and biases."""
    for users, items, rank in ((4, 5, 2), (15, 10, 3), (40, 30, 5)):
        yield _factors(rng, users, items, rank)


def _gamma(rng: np.random.Generator, m: int, n: int) -> Case:
    X = rng.standard_normal((m, n)) / np.sqrt(n)
    w = rng.standard_normal(n)
    y = rng.gamma(2.0, np.exp(X @ w) / 2)

    def f(p: Any) -> Any:
        a, z = np.exp(p["log_shape"]), X @ p["w"] + p["b"]
        norm = special.loggamma(a) - a * p["log_shape"]
        return np.mean(norm + a * z - (a - 1) * np.log(y) + a * y * np.exp(-z))

    def gradient(p: Any) -> Any:
        a, z = np.exp(p["log_shape"]), X @ p["w"] + p["b"]
        r = a * (1 - y * np.exp(-z)) / m
        shape = special.digamma(a) - p["log_shape"] - 1
        return {
            "w": X.T @ r,
            "b": np.sum(r),
            "log_shape": a * (shape + np.mean(z - np.log(y) + y * np.exp(-z))),
        }

    def by_shape(p: Any) -> Any:
        g = gradient(p)
        return {**g, "log_shape": g["log_shape"] / np.exp(p["log_shape"])}

    def no_one(p: Any) -> Any:
        g = gradient(p)
        return {**g, "log_shape": g["log_shape"] + np.exp(p["log_shape"])}

    at = {
        "w": w + 0.2 * rng.standard_normal(n),
        "b": float(rng.normal(0, 0.3)),
        "log_shape": float(rng.normal(0.3, 0.3)),
    }
    mistakes = {"logarithm not differentiated": by_shape, "a log a as log a": no_one}
    return analytic(f"{m} × {n}", f, gradient, at, mistakes)


@family("gamma regression", kind="ordinary", source=_SOURCE, split="tuning")
def gamma(rng: np.random.Generator) -> Iterator[Case]:
    """Draw positive data with a logarithmic link and an unknown shape."""
    for m, n in ((30, 3), (100, 15), (200, 50)):
        yield _gamma(rng, m, n)


def _heat(rng: np.random.Generator, cells: int, steps: int) -> Case:
    number = 0.3
    conductivity = rng.uniform(0.5, 1.5, cells + 1)
    places = rng.integers(cells, size=max(3, cells // 5))
    seen = rng.standard_normal(places.size)

    def step(u: Any, source: Any) -> Any:
        flux = conductivity * np.diff(np.concatenate([[0], u, [0]]))
        return u + number * np.diff(flux) + 0.05 * (source - u**3)

    def path(p: Any) -> list[Any]:
        states = [p["start"]]
        for _ in range(steps):
            states.append(step(states[-1], p["source"]))
        return states

    def f(p: Any) -> Any:
        return np.sum((path(p)[-1][places] - seen) ** 2) / 2

    def sweep(p: Any, cube: float) -> Any:
        states = path(p)
        back: Array = np.zeros(cells)
        np.add.at(back, places, states[-1][places] - seen)
        source = np.zeros(cells)
        for u in reversed(states[:-1]):
            source += 0.05 * back
            flux = conductivity * np.diff(np.concatenate([[0], back, [0]]))
            back = back + number * np.diff(flux) - 0.05 * cube * u**2 * back
        return {"start": back, "source": source}

    def gradient(p: Any) -> Any:
        return sweep(p, 3.0)

    def linear(p: Any) -> Any:
        return sweep(p, 0.0)

    def last_only(p: Any) -> Any:
        back: Array = np.zeros(cells)
        np.add.at(back, places, path(p)[-1][places] - seen)
        return {**gradient(p), "source": 0.05 * back}

    at = {"start": rng.standard_normal(cells), "source": rng.standard_normal(cells)}
    mistakes = {"reaction not linearised": linear, "source of the last step only": last_only}
    return analytic(f"{cells} cells, {steps} steps", f, gradient, at, mistakes)


@family("adjoint of a heat equation", kind="ordinary", source=_SOURCE, split="tuning")
def heat(rng: np.random.Generator) -> Iterator[Case]:
    """Draw explicit steps of a heat equation with a reaction, observed at some cells."""
    for cells, steps in ((8, 4), (40, 10), (300, 10), (800, 6)):
        yield _heat(rng, cells, steps)


def _polymer(rng: np.random.Generator, beads: int) -> Case:
    at = np.cumsum(rng.standard_normal((beads, 3)), axis=0)
    bend, charge = 1.5, 0.5 * rng.choice([-1.0, 1.0], beads)
    first, second = np.triu_indices(beads, 2)

    def f(r: Any) -> Any:
        b = np.diff(r, axis=0)
        length = np.sqrt(np.sum(b**2, axis=1))
        cosine = np.sum(b[1:] * b[:-1], axis=1) / (length[1:] * length[:-1])
        d = np.sqrt(np.sum((r[first] - r[second]) ** 2, axis=1) + 0.1)
        pairs = np.sum(charge[first] * charge[second] * np.exp(-d / 2) / d)
        return np.sum((length - 1.5) ** 2) - bend * np.sum(cosine) + pairs

    def forces(r: Any, inner: float = 1.0, screen: float = 0.5) -> Any:
        b = np.diff(r, axis=0)
        length = np.sqrt(np.sum(b**2, axis=1))
        u = b / length[:, None]
        cosine = np.sum(u[1:] * u[:-1], axis=1)[:, None]
        by_bond = 2 * (length - 1.5)[:, None] * u
        by_bond[1:] -= bend * (u[:-1] - inner * cosine * u[1:]) / length[1:, None]
        by_bond[:-1] -= bend * (u[1:] - inner * cosine * u[:-1]) / length[:-1, None]
        g = np.zeros_like(r)
        g[1:] += by_bond
        g[:-1] -= by_bond
        d = np.sqrt(np.sum((r[first] - r[second]) ** 2, axis=1) + 0.1)
        slope = -charge[first] * charge[second] * np.exp(-d / 2) * (screen + 1 / d) / d
        pair = (slope / d)[:, None] * (r[first] - r[second])
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return g

    def gradient(r: Any) -> Any:
        return forces(r)

    def no_projection(r: Any) -> Any:
        return forces(r, inner=0.0)

    def no_screen(r: Any) -> Any:
        return forces(r, screen=0.0)

    mistakes = {"lengths of the cosine held fixed": no_projection, "screening's slope": no_screen}
    return analytic(f"{beads} beads", f, gradient, at, mistakes)


@family("polymer with charges", kind="ordinary", source=_SOURCE, split="tuning")
def polymer(rng: np.random.Generator) -> Iterator[Case]:
    """Draw bead and spring chains with bending and screened charges."""
    for beads in (4, 10, 25):
        yield _polymer(rng, beads)


def _ordinal(rng: np.random.Generator, m: int, n: int, k: int) -> Case:
    X, y = rng.standard_normal((m, n)), rng.integers(k, size=m)
    rows = np.arange(m)

    def cuts(p: Any) -> Any:
        return np.cumsum(np.concatenate([p["first"][None], np.exp(p["log_gaps"])]))

    def bounds(p: Any) -> tuple[Any, Any]:
        inner = sigmoid(cuts(p)[None] - (X @ p["w"])[:, None])
        share = np.concatenate([np.zeros((m, 1)), inner, np.ones((m, 1))], axis=1)
        return share[rows, y + 1], share[rows, y]

    def f(p: Any) -> Any:
        upper, lower = bounds(p)
        return -np.mean(np.log(upper - lower))

    def parts(p: Any) -> tuple[Any, Any]:
        upper, lower = bounds(p)
        up, low = upper * (1 - upper), lower * (1 - lower)
        by_cut = np.zeros((m, k + 1))
        by_cut[rows, y + 1] -= up / (upper - lower) / m
        by_cut[rows, y] += low / (upper - lower) / m
        return -np.sum(by_cut, axis=1) @ X, np.sum(by_cut[:, 1:-1], axis=0)

    def gradient(p: Any) -> Any:
        w, by_cut = parts(p)
        behind = np.cumsum(by_cut[::-1])[::-1]
        return {"w": w, "first": behind[0], "log_gaps": behind[1:] * np.exp(p["log_gaps"])}

    def no_sum(p: Any) -> Any:
        w, by_cut = parts(p)
        return {"w": w, "first": by_cut[0], "log_gaps": by_cut[1:] * np.exp(p["log_gaps"])}

    def no_exp(p: Any) -> Any:
        w, by_cut = parts(p)
        behind = np.cumsum(by_cut[::-1])[::-1]
        return {"w": w, "first": behind[0], "log_gaps": behind[1:]}

    at = {
        "w": rng.standard_normal(n) / np.sqrt(n),
        "first": np.array(-1.5),
        "log_gaps": rng.normal(-0.2, 0.3, k - 2),
    }
    mistakes = {"later cuts held fixed": no_sum, "gaps, not their logarithms": no_exp}
    return analytic(f"{m} × {n}, {k} levels", f, gradient, at, mistakes)


@family("ordinal regression", kind="ordinary", source=_SOURCE, split="tuning")
def ordinal(rng: np.random.Generator) -> Iterator[Case]:
    """Draw proportional odds models with ordered cuts."""
    for m, n, k in ((20, 2, 3), (80, 6, 5), (150, 30, 7)):
        yield _ordinal(rng, m, n, k)
