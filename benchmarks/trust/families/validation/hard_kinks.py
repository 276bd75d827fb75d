"""Functions with kinks at the point, near it and everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import analytic, closed, magnitude, positive
from benchmarks.trust.truth import complex_step

_SOURCE = "written by hand, with kinks"


def _lasso(rng: np.random.Generator, m: int, n: int, at_zero: float) -> Case:
    X, y = rng.standard_normal((m, n)), rng.standard_normal(m)
    penalty = 0.3

    def f(w: Any) -> Any:
        return np.sum((X @ w - y) ** 2) / (2 * m) + penalty * np.sum(np.abs(w))

    def gradient(w: Any) -> Any:
        return X.T @ (X @ w - y) / m + penalty * np.where(w == 0, at_zero, np.sign(w))

    def twin(w: Any) -> Any:
        size = np.where(np.real(w) == 0, at_zero * w, magnitude(w))
        return np.sum((X @ w - y) ** 2) / (2 * m) + penalty * np.sum(size)

    def no_penalty(w: Any) -> Any:
        return X.T @ (X @ w - y) / m

    at = np.where(rng.uniform(size=n) < 0.5, 0, rng.standard_normal(n))
    at[:2] = 0, 0.7
    name = f"lasso, {m} × {n}, slope {at_zero:g} at zero"
    return analytic(name, f, gradient, at, {"penalty forgotten": no_penalty}, twin=twin)


def _groups(rng: np.random.Generator, groups: int, size: int, at_zero: float) -> Case:
    A = rng.standard_normal((groups * size, groups * size)) / np.sqrt(groups * size)
    direction = np.zeros(size)
    direction[0] = at_zero

    def smooth(w: Any) -> Any:
        return np.sum(np.log(1 + (A @ w.ravel()) ** 2))

    def f(w: Any) -> Any:
        return smooth(w) + 0.5 * np.sum(np.sqrt(np.sum(w**2, axis=1)))

    def gradient(w: Any) -> Any:
        z = A @ w.ravel()
        g = (A.T @ (2 * z / (1 + z**2))).reshape(w.shape)
        length = np.sqrt(np.sum(w**2, axis=1, keepdims=True))
        unit = np.where(length == 0, direction, w / np.where(length == 0, 1, length))
        return g + 0.5 * unit

    at = rng.standard_normal((groups, size))
    at[rng.permutation(groups)[: (groups + 1) // 2]] = 0

    def truth() -> Any:
        lengths = [np.linalg.norm(row) for row in at]
        units = [row / r if r else direction for row, r in zip(at, lengths, strict=True)]
        return complex_step(smooth, at).reshape(at.shape) + 0.5 * np.array(units)

    name = f"group lasso, {groups} × {size}, slope {at_zero:g} at zero"
    return closed(name, f, gradient, at, truth)


def _fused(rng: np.random.Generator, n: int) -> Case:
    y = rng.standard_normal(n)

    def f(x: Any) -> Any:
        return np.sum((x - y) ** 2) / 2 + 0.4 * np.sum(np.abs(np.diff(x)))

    def gradient(x: Any) -> Any:
        s = np.sign(np.diff(x))
        return x - y + 0.4 * (np.insert(s, 0, 0) - np.append(s, 0))

    def forward_only(x: Any) -> Any:
        return x - y - 0.4 * np.append(np.sign(np.diff(x)), 0)

    def twin(x: Any) -> Any:
        return np.sum((x - y) ** 2) / 2 + 0.4 * np.sum(magnitude(np.diff(x)))

    at = np.repeat(rng.standard_normal(n // 3 + 1), 3)[:n]  # plateaus
    mistakes = {"right neighbour only": forward_only}
    return analytic(f"total variation, {n}", f, gradient, at, mistakes, twin=twin)


@family("kink/zeros of penalties", kind="kink", source=_SOURCE, split="validation")
def penalties(rng: np.random.Generator) -> Iterator[Case]:
    """Draw penalised fits with exact zeros; the claims there are subgradients."""
    for m, n, at_zero in ((20, 4, 0.0), (40, 12, 0.0), (20, 6, 1.0), (20, 6, -1.0), (80, 50, 0.0)):
        yield _lasso(rng, m, n, at_zero)
    for groups, size, at_zero in ((3, 2, 0.0), (8, 4, 0.0), (4, 3, 1.0)):
        yield _groups(rng, groups, size, at_zero)
    for n in (7, 40):
        yield _fused(rng, n)


def _margins(rng: np.random.Generator, m: int, n: int, strict: bool) -> Case:
    X = rng.integers(-2, 3, (m, n)).astype(float)
    at = rng.integers(-2, 3, n).astype(float)
    at[0] = 1.0
    X[: m // 3, 0] = 1 - X[: m // 3, 1:] @ at[1:]  # a margin of exactly one
    y = np.where(np.arange(m) < m // 3, 1.0, rng.choice([-1.0, 1.0], m))

    def f(w: Any) -> Any:
        return np.sum(np.maximum(0, 1 - y * (X @ w))) / m + 0.05 * np.sum(w**2)

    def gradient(w: Any) -> Any:
        gap = 1 - y * (X @ w)
        active = gap > 0 if strict else gap >= 0
        return -X.T @ (y * active) / m + 0.1 * w

    def twin(w: Any) -> Any:
        gap = 1 - y * (X @ w)
        active = np.real(gap) > 0 if strict else np.real(gap) >= 0
        return np.sum(np.where(active, gap, 0)) / m + 0.05 * np.sum(w**2)

    def no_labels(w: Any) -> Any:
        return -X.T @ (1 - y * (X @ w) > 0) / m + 0.1 * w

    side = "open" if strict else "closed"
    mistakes = {"labels forgotten": no_labels}
    return analytic(f"hinge, {m} × {n}, {side}", f, gradient, at, mistakes, twin=twin)


def _ties(rng: np.random.Generator, n: int, ties: int, shared: bool) -> Case:
    B = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.integers(-3, 3, n).astype(float)
    at[rng.permutation(n)[:ties]] = 4.0

    def f(x: Any) -> Any:
        return np.max(x) + np.sum(np.cos(B @ x))

    def gradient(x: Any) -> Any:
        top = (x == np.max(x)).astype(float)
        pick = top / np.sum(top) if shared else np.eye(n)[np.argmax(x)]
        return pick - B.T @ np.sin(B @ x)

    def twin(x: Any) -> Any:
        top = np.real(x) == np.max(np.real(x))
        first = np.mean(x[top]) if shared else x[int(np.argmax(np.real(x)))]
        return first + np.sum(np.cos(B @ x))

    how = "shared" if shared else "first"
    name = f"maximum of {n}, {ties} tied, {how}"
    return analytic(name, f, gradient, at, twin=twin)


def _bounded(rng: np.random.Generator, n: int, inside: bool) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return np.sum(np.exp(A @ np.clip(x, 0, 1)))

    def gradient(x: Any) -> Any:
        open_ = ((x >= 0) & (x <= 1)) if inside else ((x > 0) & (x < 1))
        return open_ * (A.T @ np.exp(A @ np.clip(x, 0, 1)))

    def twin(x: Any) -> Any:
        r = np.real(x)
        open_ = ((r >= 0) & (r <= 1)) if inside else ((r > 0) & (r < 1))
        return np.sum(np.exp(A @ np.where(open_, x, np.clip(r, 0, 1))))

    def unclipped(x: Any) -> Any:
        return A.T @ np.exp(A @ np.clip(x, 0, 1))

    at = rng.choice([-0.4, 0.0, 0.3, 0.8, 1.0, 1.7], n)
    at[:3] = 0.0, 1.0, 1.7
    side = "inner" if inside else "outer"
    mistakes = {"passed through the clip": unclipped}
    return analytic(f"clip, {n}, {side} slope", f, gradient, at, mistakes, twin=twin)


def _fresh_units(rng: np.random.Generator, inputs: int, hidden: int, m: int) -> Case:
    X, y = rng.uniform(0.1, 1, (m, inputs)), rng.standard_normal(m)

    def f(p: Any) -> Any:
        return np.mean((np.maximum(0, X @ p["W"]) @ p["v"] - y) ** 2)

    def gradient(p: Any) -> Any:
        z = X @ p["W"]
        r = 2 * (np.maximum(0, z) @ p["v"] - y) / m
        return {"W": X.T @ (np.outer(r, p["v"]) * (z > 0)), "v": np.maximum(0, z).T @ r}

    def twin(p: Any) -> Any:
        return np.mean((positive(X @ p["W"]) @ p["v"] - y) ** 2)

    at = {"W": rng.standard_normal((inputs, hidden)), "v": rng.standard_normal(hidden)}
    at["W"][:, : hidden // 2] = 0  # new units: all inputs are positive, so 0 is the slope below
    return analytic(f"relu, {hidden // 2} of {hidden} units at 0", f, gradient, at, twin=twin)


@family("kink/ties, margins and bounds", kind="kink", source=_SOURCE, split="validation")
def ties(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions at a tie or a bound; the claims there are slopes of one side, or between."""
    for m, n, strict in ((9, 3, True), (30, 8, False), (60, 20, True)):
        yield _margins(rng, m, n, strict)
    for n, tied, shared in ((4, 2, False), (12, 4, False), (10, 3, True)):
        yield _ties(rng, n, tied, shared)
    for n, inside in ((5, True), (20, False), (40, True)):
        yield _bounded(rng, n, inside)
    yield _fresh_units(rng, 3, 6, 8)


def _planes(
    rng: np.random.Generator, n: int, kinks: int, distance: float, jump: float = 1.0
) -> Case:
    A = rng.standard_normal((kinks, n)) / np.sqrt(n)
    B = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.standard_normal(n)
    c = A @ at + distance * rng.uniform(0.5, 1, kinks) * rng.choice([-1.0, 1.0], kinks)
    v = jump * rng.uniform(0.5, 1.5, kinks) * rng.choice([-1.0, 1.0], kinks)

    def f(x: Any) -> Any:
        return np.sum(np.log(np.cosh(B @ x + 1))) + np.sum(v * np.maximum(A @ x, c))

    def gradient(x: Any) -> Any:
        return B.T @ np.tanh(B @ x + 1) + A.T @ (v * (A @ x > c))

    def twin(x: Any) -> Any:
        z = A @ x
        return np.sum(np.log(np.cosh(B @ x + 1))) + np.sum(v * np.where(np.real(z) > c, z, c))

    def all_open(x: Any) -> Any:
        return B.T @ np.tanh(B @ x + 1) + A.T @ v

    mistakes = {"all branches open": all_open}
    name = f"{n} variables, {kinks} kinks at {distance:.0e}, jump {jump:g}"
    some = jump == 1 and bool(np.any(A @ at < c))
    return analytic(name, f, gradient, at, mistakes if some else {}, twin=twin)


# Once wrong in validation; "kink/margins nearby" took its place there.
@family("kink/near the point", kind="kink", source=_SOURCE, split="tuning")
def near(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums of maxima with kinks at a given distance, none at the point."""
    for k, distance in enumerate(10.0 ** -np.arange(1, 10)):
        yield _planes(rng, (5, 12, 30)[k % 3], (3, 12, 10)[k % 3], distance)
    yield _planes(rng, 1, 1, 1e-3)
    yield _planes(rng, 60, 300, 0.3)


@family("kink/small jumps", kind="kink", source=_SOURCE, split="validation")
def jumps(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions with kinks whose slopes differ by a thousandth."""
    for distance in (1e-1, 1e-3, 1e-5, 1e-6, 1e-7):
        yield _planes(rng, 10, 10, distance, jump=1e-3)
    yield _planes(rng, 25, 100, 1e-4, jump=1e-2)
    yield _planes(rng, 3, 2, 1e-6, jump=1e-2)


def _leaky(rng: np.random.Generator, sizes: tuple[int, int, int], m: int, slope: float) -> Case:
    X, y = rng.standard_normal((sizes[0], m)), rng.standard_normal((1, m))

    def bend(z: Any) -> Any:
        return np.where(np.real(z) > 0, z, slope * z)

    def forward(p: Any) -> tuple[Any, ...]:
        z1 = p["W1"] @ X + p["b1"]
        z2 = p["W2"] @ bend(z1) + p["b2"]
        return z1, z2, p["W3"] @ bend(z2) + p["b3"]

    def f(p: Any) -> Any:
        return np.mean((forward(p)[-1] - y) ** 2) / 2

    def backward(p: Any, low: float = slope) -> Any:
        z1, z2, out = forward(p)
        d3 = (out - y) / m
        d2 = p["W3"].T @ d3 * np.where(z2 > 0, 1, low)
        d1 = p["W2"].T @ d2 * np.where(z1 > 0, 1, low)
        return {
            "W1": d1 @ X.T,
            "b1": np.sum(d1, axis=1, keepdims=True),
            "W2": d2 @ bend(z1).T,
            "b2": np.sum(d2, axis=1, keepdims=True),
            "W3": d3 @ bend(z2).T,
            "b3": np.sum(d3, axis=1, keepdims=True),
        }

    def plain_relu(p: Any) -> Any:
        return backward(p, 0.0)

    a, b, c = sizes
    at = {
        "W1": rng.standard_normal((b, a)) / np.sqrt(a),
        "b1": 0.1 * rng.standard_normal((b, 1)),
        "W2": rng.standard_normal((c, b)) / np.sqrt(b),
        "b2": 0.1 * rng.standard_normal((c, 1)),
        "W3": rng.standard_normal((1, c)) / np.sqrt(c),
        "b3": 0.1 * rng.standard_normal((1, 1)),
    }
    name = f"leaky relu net {a}-{b}-{c}-1, {m} examples"
    return analytic(name, f, backward, at, {"slope below zero forgotten": plain_relu})


def _quantile(rng: np.random.Generator, m: int, n: int, share: float) -> Case:
    X = rng.standard_normal((m, n))
    w = rng.standard_normal(n)
    y = X @ w + rng.standard_t(3, m)

    def f(w: Any) -> Any:
        r = y - X @ w
        return np.mean(np.where(np.real(r) > 0, share * r, (share - 1) * r))

    def gradient(w: Any) -> Any:
        return -X.T @ np.where(y - X @ w > 0, share, share - 1) / m

    def mirrored(w: Any) -> Any:
        return -X.T @ np.where(y - X @ w > 0, 1 - share, -share) / m

    at = w + 0.1 * rng.standard_normal(n)
    mistakes = {"quantile mirrored": mirrored}
    return analytic(f"quantile {share}, {m} × {n}", f, gradient, at, mistakes)


def _transport(rng: np.random.Generator, n: int) -> Case:
    target = np.sort(rng.standard_normal(n))

    def f(x: Any) -> Any:
        order = np.argsort(np.real(x))
        return np.mean(magnitude(x[order] - target)) + np.mean(x**2) / 10

    def gradient(x: Any) -> Any:
        order = np.argsort(x)
        g = np.empty(n)
        g[order] = np.sign(x[order] - target) / n
        return g + x / (5 * n)

    def sorted_twice(x: Any) -> Any:
        order = np.argsort(x)
        return np.sign(x[order] - target)[order] / n + x / (5 * n)

    def not_averaged(x: Any) -> Any:
        order = np.argsort(x)
        g = np.empty(n)
        g[order] = np.sign(x[order] - target)
        return g + x / (5 * n)

    mistakes = {"mean not averaged": not_averaged}
    if n > 10:
        mistakes["order applied, not undone"] = sorted_twice
    at = rng.standard_normal(n)
    return analytic(f"transport of {n} points", f, gradient, at, mistakes)


@family("kink/everywhere", kind="kink", source=_SOURCE, split="validation")
def everywhere(rng: np.random.Generator) -> Iterator[Case]:
    """Draw piecewise functions with kinks in all components, at no special distance."""
    yield _leaky(rng, (3, 5, 4), 20, 0.1)
    yield _leaky(rng, (10, 12, 8), 60, 0.01)
    yield _leaky(rng, (20, 15, 10), 200, 0.2)
    for m, n, share in ((50, 3, 0.9), (500, 20, 0.25)):
        yield _quantile(rng, m, n, share)
    for n in (8, 50, 300):
        yield _transport(rng, n)


def _paths(rng: np.random.Generator, rows: int, columns: int) -> Case:
    pull = rng.uniform(0, 1, (rows, columns))

    def best(cost: Any) -> tuple[Any, Any]:
        """Return the least cost from one corner to the other, and which step was taken where."""
        total = np.array(cost)
        down = np.zeros((rows, columns), dtype=bool)
        for i in range(rows):
            for j in range(columns):
                if i or j:
                    above = total[i - 1, j] if i else np.inf
                    left = total[i, j - 1] if j else np.inf
                    down[i, j] = np.real(above) < np.real(left)
                    total[i, j] += above if down[i, j] else left
        return total[-1, -1], down

    def f(x: Any) -> Any:
        return best(np.exp(x))[0] + np.sum(pull * x**2) / 4

    def gradient(x: Any) -> Any:
        down = best(np.exp(x))[1]
        g = np.zeros((rows, columns))
        i, j = rows - 1, columns - 1
        g[i, j] = 1
        while i or j:
            i, j = (i - 1, j) if down[i, j] else (i, j - 1)
            g[i, j] = 1
        return g * np.exp(x) + pull * x / 2

    def start_left_out(x: Any) -> Any:
        g = gradient(x)
        g[0, 0] -= np.exp(x[0, 0])
        return g

    at = rng.standard_normal((rows, columns))
    return analytic(f"{rows} × {columns}", f, gradient, at, {"start left out": start_left_out})


@family("kink/shortest paths", kind="kink", source=_SOURCE, split="validation")
def paths(rng: np.random.Generator) -> Iterator[Case]:
    """Draw costs of the cheapest path through a grid, by dynamic programming."""
    for rows, columns in ((3, 3), (5, 7), (12, 12)):
        yield _paths(rng, rows, columns)


def _contact(rng: np.random.Generator, balls: int) -> Case:
    at = rng.uniform(0, 0.8 * np.sqrt(balls), (balls, 2))
    at[1], at[2] = at[0] + np.array([0.6, 0.1]), at[0] + np.array([0.2, 1.4])
    first, second = np.triu_indices(balls, 1)

    def f(r: Any) -> Any:
        d = np.sqrt(np.sum((r[first] - r[second]) ** 2, axis=1))
        floor = np.sum(positive(0.5 - r[:, 1]) ** 2)
        return 5 * np.sum(positive(1 - d) ** 2) + 5 * floor + np.sum(r[:, 1])

    def gradient(r: Any) -> Any:
        d = r[first] - r[second]
        length = np.sqrt(np.sum(d**2, axis=1))
        pair = (-10 * np.maximum(0, 1 - length) / length)[:, None] * d
        g = np.zeros_like(r)
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        g[:, 1] += 1 - 10 * np.maximum(0, 0.5 - r[:, 1])
        return g

    def attractive(r: Any) -> Any:
        d = r[first] - r[second]
        length = np.sqrt(np.sum(d**2, axis=1))
        pair = (-10 * (1 - length) / length)[:, None] * d
        g = np.zeros_like(r)
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        g[:, 1] += 1 - 10 * np.maximum(0, 0.5 - r[:, 1])
        return g

    return analytic(f"{balls} balls", f, gradient, at, {"contacts never open": attractive})


def _huber(rng: np.random.Generator, m: int, n: int) -> Case:
    X, y = rng.standard_normal((m, n)), 2 * rng.standard_normal(m)

    def f(w: Any) -> Any:
        r = X @ w - y
        return np.sum(np.where(abs(np.real(r)) < 1, r**2 / 2, magnitude(r) - 0.5))

    def gradient(w: Any) -> Any:
        return X.T @ np.clip(X @ w - y, -1, 1)

    def outliers_dropped(w: Any) -> Any:
        r = X @ w - y
        return X.T @ np.where(np.abs(r) < 1, r, 0)

    mistakes = {"outliers without a slope": outliers_dropped}
    return analytic(f"Huber, {m} × {n}", f, gradient, rng.standard_normal(n), mistakes)


@family("kink/of the slope", kind="kink", source=_SOURCE, split="validation")
def slopes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions whose slope is continuous and has kinks."""
    for balls in (4, 15, 60):
        yield _contact(rng, balls)
    for m, n in ((20, 4), (300, 25)):
        yield _huber(rng, m, n)
