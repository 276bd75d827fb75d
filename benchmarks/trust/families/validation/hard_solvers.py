"""Functions with an inner iteration that stops at a tolerance.

The right gradient is that of the exact solution, by the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import analytic, logsumexp, sigmoid
from scipy import special

_SOURCE = "written by hand, with an inner solver"


def _kepler(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    seen = rng.standard_normal((2, n))

    def anomaly(e: Any, M: Any, stop: float) -> Any:
        E = M + e * np.sin(M)
        for _ in range(50):
            step = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
            E = E - step
            if np.max(np.abs(np.real(step))) < stop:
                break
        return E

    def place(p: Any, E: Any) -> tuple[Any, Any]:
        return np.cos(E) - p["e"] - seen[0], np.sqrt(1 - p["e"] ** 2) * np.sin(E) - seen[1]

    def f(p: Any, stop: float = tolerance) -> Any:
        x, y = place(p, anomaly(p["e"], p["M"], stop))
        return np.sum(x**2 + y**2) / 2

    def twin(p: Any) -> Any:
        return f(p, 0.0)

    def gradient(p: Any) -> Any:
        e, E = p["e"], anomaly(p["e"], p["M"], 1e-14)
        x, y = place(p, E)
        by_E = -x * np.sin(E) + y * np.sqrt(1 - e**2) * np.cos(E)
        slope = by_E / (1 - e * np.cos(E))
        return {"e": -x - y * e / np.sqrt(1 - e**2) * np.sin(E) + slope * np.sin(E), "M": slope}

    def fixed(p: Any) -> Any:
        e, E = p["e"], anomaly(p["e"], p["M"], 1e-14)
        x, y = place(p, E)
        return {**gradient(p), "e": -x - y * e / np.sqrt(1 - e**2) * np.sin(E)}

    at = {"e": rng.uniform(0.1, 0.8, n), "M": rng.uniform(0.3, 6, n)}
    mistakes = {"anomaly held fixed": fixed}
    return analytic(f"{n} orbits, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


@family("solver noise/Kepler's equation", kind="solver noise", source=_SOURCE, split="validation")
def kepler(rng: np.random.Generator) -> Iterator[Case]:
    """Draw orbits whose anomalies are found by Newton's method."""
    for n, tolerance in ((1, 1e-6), (5, 1e-3), (15, 1e-8), (30, 1e-12), (5, 1e-4)):
        yield _kepler(rng, n, tolerance)


def _jacobi(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    B = rng.uniform(-1, 1, (n, n)) / n
    np.fill_diagonal(B, 0)
    b, seen = rng.standard_normal(n), rng.standard_normal(n)

    def matrix(p: Any) -> Any:
        return B * np.outer(np.cos(p), np.ones(n)) + np.diag(1.5 + p**2)

    def f(p: Any) -> Any:
        A = matrix(p)
        d = np.diag(A)
        u = b / d
        for _ in range(1000):
            r = b - A @ u
            if np.max(np.abs(r)) < tolerance:
                break
            u = u + r / d
        return np.sum((u - seen) ** 2)

    def exact(p: Any) -> Any:
        return np.linalg.solve(matrix(p), b)

    def twin(p: Any) -> Any:
        return np.sum((exact(p) - seen) ** 2)

    def gradient(p: Any) -> Any:
        u = exact(p)
        back = np.linalg.solve(matrix(p).T, 2 * (u - seen))
        return back * (np.sin(p) * (B @ u) - 2 * p * u)

    def not_transposed(p: Any) -> Any:
        u = exact(p)
        back = np.linalg.solve(matrix(p), 2 * (u - seen))
        return back * (np.sin(p) * (B @ u) - 2 * p * u)

    at = rng.standard_normal(n)
    mistakes = {"adjoint not transposed": not_transposed}
    return analytic(f"Jacobi, {n}, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


def _conjugate(rng: np.random.Generator, nodes: int, tolerance: float) -> Case:
    left = np.concatenate([np.arange(nodes - 1), rng.integers(0, nodes - 1, nodes)])
    right = np.concatenate([np.arange(1, nodes), np.full(nodes, nodes - 1)])
    load = rng.standard_normal(nodes)

    def matrix(k: Any) -> Any:
        K = np.eye(nodes).astype(k.dtype)
        np.add.at(K, (left, left), k)
        np.add.at(K, (right, right), k)
        np.add.at(K, (left, right), -k)
        np.add.at(K, (right, left), -k)
        return K

    def f(k: Any) -> Any:
        K = matrix(k)
        u, r = np.zeros(nodes), load.copy()
        p, rho = r, r @ r
        for _ in range(10 * nodes):
            if np.sqrt(rho) < tolerance * np.linalg.norm(load):
                break
            q = K @ p
            a = rho / (p @ q)
            u, r = u + a * p, r - a * q
            old, rho = rho, r @ r
            p = r + rho / old * p
        return np.sum(u**4)

    def twin(k: Any) -> Any:
        return np.sum(np.linalg.solve(matrix(k), load) ** 4)

    def gradient(k: Any) -> Any:
        K = matrix(k)
        u = np.linalg.solve(K, load)
        back = np.linalg.solve(K, 4 * u**3)
        return -(back[left] - back[right]) * (u[left] - u[right])

    def compliance(k: Any) -> Any:
        u = np.linalg.solve(matrix(k), load)
        return -((u[left] - u[right]) ** 2)

    at = rng.uniform(0.5, 2, left.size)
    mistakes = {"adjoint of the compliance": compliance}
    name = f"conjugate gradients, {nodes} nodes, {tolerance:.0e}"
    return analytic(name, f, gradient, at, mistakes, twin=twin)


# Once wrong in validation; `replacements.py` has others.
@family("solver noise/linear systems", kind="solver noise", source=_SOURCE, split="tuning")
def linear(rng: np.random.Generator) -> Iterator[Case]:
    """Draw linear systems that depend on parameters, solved by iterations."""
    for n, tolerance in ((4, 1e-4), (12, 1e-8), (40, 1e-12), (12, 1e-3)):
        yield _jacobi(rng, n, tolerance)
    for nodes, tolerance in ((4, 1e-6), (12, 1e-3), (25, 1e-8), (25, 1e-12)):
        yield _conjugate(rng, nodes, tolerance)


def _deep(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    x, y = rng.standard_normal(n), rng.standard_normal(n)

    def solve(p: Any, stop: float) -> Any:
        z = np.zeros(n)
        for _ in range(150):
            new = np.tanh(p["W"] @ z + p["U"] @ x + p["b"])
            change = np.max(np.abs(np.real(new - z)))
            z = new
            if change < stop:
                break
        return z

    def f(p: Any, stop: float = tolerance) -> Any:
        return np.sum((solve(p, stop) - y) ** 2) / 2

    def twin(p: Any) -> Any:
        return f(p, -1.0)

    def outer(p: Any, implicit: bool) -> Any:
        z = solve(p, 1e-15)
        slope = 1 - z**2
        J = slope[:, None] * p["W"]
        back = np.linalg.solve(np.eye(n) - J.T, z - y) if implicit else z - y
        d = back * slope
        return {"W": np.outer(d, z), "U": np.outer(d, x), "b": d}

    def gradient(p: Any) -> Any:
        return outer(p, True)

    def last_step(p: Any) -> Any:
        return outer(p, False)

    W = rng.standard_normal((n, n))
    at = {
        "W": 0.7 * W / np.linalg.norm(W, 2),
        "U": rng.standard_normal((n, n)) / np.sqrt(n),
        "b": 0.3 * rng.standard_normal(n),
    }
    mistakes = {"last step only": last_step}
    return analytic(
        f"equilibrium of {n} units, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin
    )


def _power(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    u = rng.uniform(0.5, 1.5, n)

    def solve(A: Any, stop: float) -> Any:
        v = np.ones(n) / np.sqrt(n)
        for _ in range(150):
            new = A @ v
            new = new / np.sqrt(np.sum(new * new))
            change = np.max(np.abs(np.real(new - v)))
            v = new
            if change < stop:
                break
        return v, np.sum(v * (A @ v))

    def f(A: Any, stop: float = tolerance) -> Any:
        v, size = solve(A, stop)
        return size + np.sum(u * v)

    def twin(A: Any) -> Any:
        return f(A, -1.0)

    def outer(A: Any) -> tuple[Any, Any]:
        """Return the eigenvector, and the derivative by the matrix's action on it."""
        v, size = solve(A, -1.0)
        return v, np.linalg.pinv(size * np.eye(n) - A) @ (u - v * (u @ v))

    def gradient(A: Any) -> Any:
        v, back = outer(A)
        # f takes A as it is: for a symmetric A, v'Av is stationary in v
        return np.outer(v + back, v)

    def value_only(A: Any) -> Any:
        v, _ = outer(A)
        return np.outer(v, v)

    S = rng.uniform(0.1, 1, (n, n))
    mistakes = {"eigenvector held fixed": value_only}
    name = f"power iteration, {n} × {n}, {tolerance:.0e}"
    return analytic(name, f, gradient, (S + S.T) / 2, mistakes, twin=twin)


# Once wrong in validation; `replacements.py` has others.
@family("solver noise/fixed points", kind="solver noise", source=_SOURCE, split="tuning")
def fixed_points(rng: np.random.Generator) -> Iterator[Case]:
    """Draw equilibrium layers, and eigenvectors by power iteration."""
    for n, tolerance in ((2, 1e-5), (5, 1e-3), (6, 1e-7), (10, 1e-12)):
        yield _deep(rng, n, tolerance)
    for n, tolerance in ((3, 1e-4), (5, 1e-6), (7, 1e-9)):
        yield _power(rng, n, tolerance)


def _sinkhorn(rng: np.random.Generator, m: int, n: int, tolerance: float) -> Case:
    a, b = rng.dirichlet(5 * np.ones(m)), rng.dirichlet(5 * np.ones(n))
    y, eps = rng.standard_normal((n, 2)), 2.0

    def solve(x: Any, stop: float) -> tuple[Any, Any, Any]:
        C = np.sum((x[:, None] - y) ** 2, axis=2)
        g = np.zeros(n)
        for _ in range(200):
            f = eps * (np.log(a) - logsumexp((g - C) / eps, 1))
            last = logsumexp((f[:, None] - C) / eps, 0)
            error = np.max(np.abs(np.real(np.exp(last + g / eps)) - b))
            g = eps * (np.log(b) - last)
            if error < stop:
                break
        return C, f, g

    def f(x: Any, stop: float = tolerance) -> Any:
        C, left, right = solve(x, stop)
        P = np.exp((left[:, None] + right - C) / eps)
        return np.sum(P * C) + eps * np.sum(P * np.log(P))

    def twin(x: Any) -> Any:
        return f(x, -1.0)

    def plan(x: Any) -> Any:
        C, left, right = solve(x, 1e-15)
        return np.exp((left[:, None] + right - C) / eps)

    def gradient(x: Any) -> Any:
        P = plan(x)
        return 2 * (np.sum(P, axis=1)[:, None] * x - P @ y)

    def independent(x: Any) -> Any:
        P = np.outer(a, b)
        return 2 * (np.sum(P, axis=1)[:, None] * x - P @ y)

    mistakes = {"independent plan": independent}
    at = rng.standard_normal((m, 2))
    return analytic(f"{m} × {n}, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


@family("solver noise/Sinkhorn", kind="solver noise", source=_SOURCE, split="validation")
def sinkhorn(rng: np.random.Generator) -> Iterator[Case]:
    """Draw entropic transport costs between two clouds of points."""
    for m, n, tolerance in ((3, 4, 1e-4), (6, 5, 1e-6), (12, 10, 1e-8), (8, 12, 1e-10)):
        yield _sinkhorn(rng, m, n, tolerance)


def _returns(rng: np.random.Generator, projects: int, years: int, tolerance: float) -> Case:
    time, wanted = np.arange(years + 1), rng.uniform(0.02, 0.2, projects)

    def worth(flows: Any, rate: Any) -> Any:
        return np.sum(flows * (1 + rate)[:, None] ** -time, axis=1)

    def solve(flows: Any) -> Any:
        low, high = np.full(projects, -0.5), np.full(projects, 1.0)
        while np.max(high - low) > tolerance:
            middle = (low + high) / 2
            above = worth(flows, middle) > 0
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return (low + high) / 2

    def polish(flows: Any) -> Any:
        rate = np.full(projects, 0.1).astype(flows.dtype)
        for _ in range(30):
            rate = rate - worth(flows, rate) / slope(flows, rate)
        return rate

    def slope(flows: Any, rate: Any) -> Any:
        return np.sum(-time * flows * (1 + rate)[:, None] ** (-time - 1.0), axis=1)

    def f(flows: Any) -> Any:
        return np.sum((solve(flows) - wanted) ** 2)

    def twin(flows: Any) -> Any:
        return np.sum((polish(flows) - wanted) ** 2)

    def gradient(flows: Any) -> Any:
        rate = polish(flows)
        back = -2 * (rate - wanted) / slope(flows, rate)
        return back[:, None] * (1 + rate)[:, None] ** -time

    def positive_sign(flows: Any) -> Any:
        rate = polish(flows)
        back = 2 * (rate - wanted) / slope(flows, rate)
        return back[:, None] * (1 + rate)[:, None] ** -time

    at = rng.uniform(1, 3, (projects, years + 1))
    at[:, 0] = -np.sum(at[:, 1:] * 1.15 ** -time[1:], axis=1)
    mistakes = {"sign of the implicit function": positive_sign}
    name = f"{projects} projects of {years} years, {tolerance:.0e}"
    return analytic(name, f, gradient, at, mistakes, twin=twin)


# Once wrong in validation; `replacements.py` has others.
@family("solver noise/bisection", kind="solver noise", source=_SOURCE, split="tuning")
def returns(rng: np.random.Generator) -> Iterator[Case]:
    """Draw internal rates of return, found by bisection: a staircase of the tolerance."""
    for projects, years, tolerance in ((1, 4, 1e-8), (3, 5, 1e-10), (6, 9, 1e-12), (2, 8, 1e-6)):
        yield _returns(rng, projects, years, tolerance)


def _simpson(g: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return an integral by adaptive Simpson quadrature."""
    middle = (low + high) / 2
    todo = [(low, high, g(low), g(middle), g(high), tolerance, 0)]
    total = 0.0
    while todo:
        left, right, a, m, b, allowed, depth = todo.pop()
        centre = (left + right) / 2
        first, second = g((left + centre) / 2), g((centre + right) / 2)
        whole = (right - left) / 6 * (a + 4 * m + b)
        halves = (right - left) / 12 * (a + 4 * first + 2 * m + 4 * second + b)
        if abs(halves - whole) < 15 * allowed or depth > 15:
            total += halves + (halves - whole) / 15
        else:
            todo.append((left, centre, a, first, m, allowed / 2, depth + 1))
            todo.append((centre, right, m, second, b, allowed / 2, depth + 1))
    return total


def _integral(rng: np.random.Generator, peaks: int, tolerance: float) -> Case:
    wanted = float(rng.uniform(0.2, 1))

    def exact(p: Any) -> Any:
        left, right = -p["centre"] / p["width"], (1 - p["centre"]) / p["width"]
        area = np.sqrt(np.pi) / 2 * p["width"] * (special.erf(right) - special.erf(left))
        return np.sum(p["height"] * area)

    def f(p: Any) -> Any:
        height, centre, width = p["height"], p["centre"], p["width"]

        def density(x: float) -> float:
            return float(height @ np.exp(-(((x - centre) / width) ** 2)))

        return (_simpson(density, 0.0, 1.0, tolerance) - wanted) ** 2

    def twin(p: Any) -> Any:
        return (exact(p) - wanted) ** 2

    def gradient(p: Any) -> Any:
        left, right = -p["centre"] / p["width"], (1 - p["centre"]) / p["width"]
        area = np.sqrt(np.pi) / 2 * p["width"] * (special.erf(right) - special.erf(left))
        r = 2 * (exact(p) - wanted)
        low, high = np.exp(-(left**2)), np.exp(-(right**2))
        return {
            "height": r * area,
            "centre": r * p["height"] * (low - high),
            "width": r * p["height"] * (area / p["width"] - right * high + left * low),
        }

    def no_bounds(p: Any) -> Any:
        left, right = -p["centre"] / p["width"], (1 - p["centre"]) / p["width"]
        area = np.sqrt(np.pi) / 2 * (special.erf(right) - special.erf(left))
        return {**gradient(p), "width": 2 * (exact(p) - wanted) * p["height"] * area}

    at = {
        "height": rng.uniform(0.5, 2, peaks),
        "centre": rng.uniform(0, 1, peaks),
        "width": rng.uniform(0.15, 0.4, peaks),
    }
    mistakes = {"bounds forgotten": no_bounds}
    return analytic(f"{peaks} peaks, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


# Once wrong in validation; `replacements.py` has others.
@family("solver noise/quadrature", kind="solver noise", source=_SOURCE, split="tuning")
def quadrature(rng: np.random.Generator) -> Iterator[Case]:
    """Draw integrals of peaks by adaptive Simpson quadrature."""
    for peaks, tolerance in ((1, 1e-6), (3, 1e-4), (6, 1e-7), (2, 1e-9)):
        yield _integral(rng, peaks, tolerance)


_STAGES = (
    np.array([1 / 5]),
    np.array([3 / 40, 9 / 40]),
    np.array([44 / 45, -56 / 15, 32 / 9]),
    np.array([19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]),
    np.array([9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]),
    np.array([35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]),
)
_ERROR = np.array(
    [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40],
)


def _integrate(rate: Callable[[Any], Any], u: Any, until: float, tolerance: float) -> Any:
    """Return the solution of an autonomous equation by Dormand and Prince's adaptive pair."""
    time, h = 0.0, 0.1
    k = np.empty((7, u.size))
    k[0] = rate(u)
    for _ in range(1000):
        h = min(h, until - time)
        new = u
        for i, row in enumerate(_STAGES, 1):
            new = u + h * (row @ k[:i])
            k[i] = rate(new)
        error = h * np.max(np.abs(_ERROR @ k))
        if error <= tolerance:
            time, u = time + h, new
            k[0] = k[6]
            if time >= until:
                break
        h = h * min(4.0, max(0.2, 0.9 * (tolerance / (error + 1e-300)) ** 0.2))
    return u


def _growth(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    seen = rng.uniform(0.5, 2, n)

    def exact(p: Any) -> tuple[Any, Any]:
        e = np.exp(-3 * p["rate"])
        return e, p["limit"] / (1 + (p["limit"] / p["start"] - 1) * e)

    def f(p: Any) -> Any:
        def rate(u: Any) -> Any:
            return p["rate"] * u * (1 - u / p["limit"])

        return np.sum((_integrate(rate, p["start"], 3.0, tolerance) - seen) ** 2)

    def twin(p: Any) -> Any:
        return np.sum((exact(p)[1] - seen) ** 2)

    def gradient(p: Any) -> Any:
        e, u = exact(p)
        r = 2 * (u - seen)
        limit, start = p["limit"], p["start"]
        return {
            "rate": r * 3 * u**2 / limit * (limit / start - 1) * e,
            "limit": r * u**2 / limit**2 * (1 - e),
            "start": r * u**2 / start**2 * e,
        }

    def direct(p: Any) -> Any:
        _, u = exact(p)
        return {**gradient(p), "limit": 2 * (u - seen) * u / p["limit"]}

    at = {
        "rate": rng.uniform(0.5, 1.5, n),
        "limit": rng.uniform(1, 3, n),
        "start": rng.uniform(0.05, 0.5, n),
    }
    mistakes = {"limit's inner slope": direct}
    return analytic(f"{n} populations, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


def _swing(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)

    def exact(p: Any) -> tuple[Any, Any, Any]:
        fade, turn = p[0] / 2, np.sqrt(p[1] - p[0] ** 2 / 4)
        return fade, turn, np.exp(-2 * fade) * (np.cos(2 * turn) + fade / turn * np.sin(2 * turn))

    def f(p: Any) -> Any:
        def rate(u: Any) -> Any:
            return np.concatenate([u[n:], -p[0] * u[n:] - p[1] * u[:n]])

        start = np.concatenate([np.ones(n), np.zeros(n)])
        return np.sum(w * _integrate(rate, start, 2.0, tolerance)[:n])

    def twin(p: Any) -> Any:
        return np.sum(w * exact(p)[2])

    def gradient(p: Any) -> Any:
        fade, turn, x = exact(p)
        e, c, s = np.exp(-2 * fade), np.cos(2 * turn), np.sin(2 * turn)
        by_fade = -2 * x + e * s / turn
        by_turn = e * (-2 * s - fade / turn**2 * s + 2 * fade / turn * c)
        return np.stack([w * (by_fade / 2 - by_turn * p[0] / (4 * turn)), w * by_turn / (2 * turn)])

    at = np.stack([rng.uniform(0.1, 0.8, n), rng.uniform(1, 6, n)])
    return analytic(f"{n} oscillators, {tolerance:.0e}", f, gradient, at, twin=twin)


# Once wrong in validation; `replacements.py` has others.
@family("solver noise/adaptive steps", kind="solver noise", source=_SOURCE, split="tuning")
def growth(rng: np.random.Generator) -> Iterator[Case]:
    """Draw differential equations with known solutions, solved with adaptive steps."""
    for n, tolerance in ((1, 1e-3), (4, 1e-6), (10, 1e-9), (10, 1e-4)):
        yield _growth(rng, n, tolerance)
    for n, tolerance in ((1, 1e-5), (5, 1e-3), (5, 1e-8)):
        yield _swing(rng, n, tolerance)


def _bilevel(rng: np.random.Generator, m: int, n: int, tolerance: float) -> Case:
    X, V = rng.standard_normal((m, n)), rng.standard_normal((m, n))
    w = rng.standard_normal(n)
    y = (rng.uniform(size=m) < sigmoid(X @ w)).astype(float)
    t = (rng.uniform(size=m) < sigmoid(V @ w)).astype(float)
    step = 1 / (np.linalg.norm(X, 2) ** 2 / (4 * m) + 2)

    def slope(w: Any, p: Any) -> Any:
        return X.T @ (sigmoid(X @ w) - y) / m + np.exp(p) * w

    def curvature(w: Any, p: Any) -> Any:
        s = sigmoid(X @ w)
        return (X.T * (s * (1 - s))) @ X / m + np.diag(np.exp(p))

    def descend(p: Any) -> Any:
        w = np.zeros(n)
        for _ in range(2000):
            g = slope(w, p)
            if np.max(np.abs(g)) < tolerance:
                break
            w = w - step * g
        return w

    def newton(p: Any) -> Any:
        w = np.zeros(n)
        for _ in range(20):
            w = w - np.linalg.solve(curvature(w, p), slope(w, p))
        return w

    def loss(w: Any) -> Any:
        z = V @ w
        return np.mean(np.log(1 + np.exp(z)) - t * z)

    def f(p: Any) -> Any:
        return loss(descend(p))

    def twin(p: Any) -> Any:
        return loss(newton(p))

    def gradient(p: Any) -> Any:
        w = newton(p)
        back = np.linalg.solve(curvature(w, p), V.T @ (sigmoid(V @ w) - t) / m)
        return -np.exp(p) * w * back

    def identity(p: Any) -> Any:
        w = newton(p)
        return -np.exp(p) * w * (V.T @ (sigmoid(V @ w) - t) / m)

    at = rng.uniform(-2, 0, n)
    mistakes = {"curvature taken for the identity": identity}
    return analytic(f"{m} × {n}, {tolerance:.0e}", f, gradient, at, mistakes, twin=twin)


@family("solver noise/inner training", kind="solver noise", source=_SOURCE, split="validation")
def bilevel(rng: np.random.Generator) -> Iterator[Case]:
    """Draw losses of held-out data as a function of penalties, after gradient descent."""
    for m, n, tolerance in ((30, 3, 1e-4), (60, 8, 1e-6), (100, 20, 1e-9), (40, 5, 1e-5)):
        yield _bilevel(rng, m, n, tolerance)
