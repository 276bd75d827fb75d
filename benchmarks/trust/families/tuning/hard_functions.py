"""Functions that are hard to differentiate numerically, of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import analytic, closed, magnitude, positive

_SOURCE = "written by hand, to be hard"
_SINGLE = np.float32


def _polynomial(rng: np.random.Generator, m: int, n: int) -> Case:
    t = np.linspace(-1, 1, m)
    X = (t[:, None] ** np.arange(n)).astype(_SINGLE)
    y = (np.sin(3 * t) + 0.1 * rng.standard_normal(m)).astype(_SINGLE)

    def f(w: Any) -> Any:
        return np.mean((X @ w - y) ** 2) + _SINGLE(0.01) * np.sum(w**4)

    def gradient(w: Any) -> Any:
        return 2 * X.T @ (X @ w - y) / _SINGLE(m) + _SINGLE(0.04) * w**3

    def no_penalty(w: Any) -> Any:
        return 2 * X.T @ (X @ w - y) / _SINGLE(m)

    at = rng.standard_normal(n).astype(_SINGLE)
    mistakes = {"penalty forgotten": no_penalty}
    return analytic(f"polynomial, {m} × {n}", f, gradient, at, mistakes)


def _recurrent(rng: np.random.Generator, width: int, steps: int) -> Case:
    x, y = rng.standard_normal(steps).astype(_SINGLE), _SINGLE(rng.standard_normal())

    def states(p: Any) -> list[Any]:
        h = [np.zeros(width, _SINGLE)]
        for value in x:
            h.append(np.tanh(p["W"] @ h[-1] + p["u"] * value))
        return h

    def f(p: Any) -> Any:
        return (np.sum(p["v"] * states(p)[-1]) - y) ** 2

    def backward(p: Any, through_time: bool = True) -> Any:
        h = states(p)
        r = 2 * (p["v"] @ h[-1] - y)
        W, u, d = np.zeros_like(p["W"]), np.zeros_like(p["u"]), r * p["v"]
        for k in range(steps, 0, -1):
            d_z = d * (1 - h[k] ** 2)
            W += np.outer(d_z, h[k - 1])
            u += d_z * x[k - 1]
            d = p["W"].T @ d_z
            if not through_time:
                break
        return {"W": W, "u": u, "v": r * h[-1]}

    def truncated(p: Any) -> Any:
        return backward(p, through_time=False)

    at = {
        "W": (rng.standard_normal((width, width)) / np.sqrt(width)).astype(_SINGLE),
        "u": rng.standard_normal(width).astype(_SINGLE),
        "v": rng.standard_normal(width).astype(_SINGLE),
    }
    mistakes = {"last step only": truncated}
    return analytic(f"recurrent net, width {width}, {steps} steps", f, backward, at, mistakes)


@family("float32/native", kind="float32", source=_SOURCE, split="tuning")
def native(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions of float32 arrays."""
    for m, n in ((10, 3), (60, 10)):
        yield _polynomial(rng, m, n)
    for width, steps in ((2, 4), (6, 10), (14, 12)):
        yield _recurrent(rng, width, steps)


def _hidden(rng: np.random.Generator, n: int, casts_input: bool) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    dtype = _SINGLE if casts_input else np.float64
    B = A.astype(dtype)

    def f(x: Any) -> Any:
        return float(_SINGLE(np.sum(np.sin(B @ x.astype(dtype)) ** 2)))

    def gradient(x: Any) -> Any:
        z = B @ x.astype(dtype)
        return (B.T @ np.sin(2 * z)).astype(np.float64)

    def twin(x: Any) -> Any:
        return np.sum(np.sin(A @ x) ** 2)

    what = "input" if casts_input else "value"
    return analytic(f"{n} sines, {what} cast", f, gradient, rng.standard_normal(n), twin=twin)


@family("float32/hidden", kind="float32", source=_SOURCE, split="tuning")
def hidden(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions of float64 arrays with a cast to float32 inside."""
    for n in (3, 12, 40):
        yield _hidden(rng, n, True)
        yield _hidden(rng, n, False)


def _absolute(rng: np.random.Generator, n: int, at_zero: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    at = rng.standard_normal(n)
    c = np.where(np.arange(n) % 2, rng.standard_normal(n), at)

    def f(x: Any) -> Any:
        return np.sum(w * np.abs(x - c)) + np.sum(x[1:] * np.sin(x[:-1]))

    def smooth(x: Any) -> Any:
        return np.append(x[1:] * np.cos(x[:-1]), 0) + np.insert(np.sin(x[:-1]), 0, 0)

    def gradient(x: Any) -> Any:
        return w * np.where(x == c, at_zero, np.sign(x - c)) + smooth(x)

    def twin(x: Any) -> Any:
        d = np.where(np.real(x) == c, at_zero * (x - c), magnitude(x - c))
        return np.sum(w * d) + np.sum(x[1:] * np.sin(x[:-1]))

    name = f"absolute values of {n}, slope {at_zero:g} at zero"
    return analytic(name, f, gradient, at, twin=twin)


def _norm(rng: np.random.Generator, n: int) -> Case:
    c = rng.standard_normal(n)

    def f(p: Any) -> Any:
        return np.linalg.norm(p["u"]) + np.sum(np.exp(p["u"] * c)) + np.maximum(0, p["s"]) * 2

    def gradient(p: Any) -> Any:
        return {"u": c * np.exp(p["u"] * c), "s": np.where(p["s"] > 0, 2.0, 0.0)}

    at = {"u": np.zeros(n), "s": np.array(0.0)}
    return closed(f"norm of {n} at 0", f, gradient, at, lambda: {"u": c, "s": 0.0})


@family("kink/at the point", kind="kink", source=_SOURCE, split="tuning")
def kink_at(rng: np.random.Generator) -> Iterator[Case]:
    """Draw absolute values and norms at zero; the claims there are subgradients."""
    for n, at_zero in ((3, 0.0), (12, 1.0), (12, -1.0), (40, 0.0)):
        yield _absolute(rng, n, at_zero)
    for n in (2, 9):
        yield _norm(rng, n)


def _ramps(rng: np.random.Generator, n: int, distance: float, jump: float) -> Case:
    at = rng.uniform(0.5, 2, n) * rng.choice([-1.0, 1.0], n)
    c = at * (1 + distance * rng.choice([-1.0, 1.0], n))
    w = jump * rng.uniform(0.5, 1.5, n)
    B = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return np.sum(w * np.maximum(0, x - c)) + np.sum(np.arctan(B @ x))

    def gradient(x: Any) -> Any:
        return w * (x > c) + B.T @ (1 / (1 + (B @ x) ** 2))

    def twin(x: Any) -> Any:
        return np.sum(w * positive(x - c)) + np.sum(np.arctan(B @ x))

    return analytic(f"{n} ramps at {distance:.0e}, jump {jump:g}", f, gradient, at, twin=twin)


def _relu_net(rng: np.random.Generator, inputs: int, hidden: int, m: int) -> Case:
    X, y = rng.standard_normal((m, inputs)), rng.standard_normal(m)

    def f(p: Any) -> Any:
        return np.mean((positive(X @ p["W"] + p["b"]) @ p["v"] - y) ** 2)

    def backward(p: Any, open_: float = 0.0) -> Any:
        z = X @ p["W"] + p["b"]
        r = 2 * (np.maximum(0, z) @ p["v"] - y) / m
        d = np.outer(r, p["v"]) * np.where(z > 0, 1, open_)
        return {"W": X.T @ d, "b": np.sum(d, axis=0), "v": np.maximum(0, z).T @ r}

    def no_slope(p: Any) -> Any:
        return backward(p, 1.0)

    at = {
        "W": rng.standard_normal((inputs, hidden)) / np.sqrt(inputs),
        "b": 0.1 * rng.standard_normal(hidden),
        "v": rng.standard_normal(hidden),
    }
    mistakes = {"slope of relu forgotten": no_slope}
    return analytic(f"relu net {inputs}-{hidden}-1, {m} examples", f, backward, at, mistakes)


@family("kink/nearby", kind="kink", source=_SOURCE, split="tuning")
def kink_near(rng: np.random.Generator) -> Iterator[Case]:
    """Draw ramps at a distance from the point, and networks with many of them."""
    for distance, jump in (
        (1e-1, 1.0),
        (1e-3, 1.0),
        (1e-5, 1.0),
        (1e-6, 1.0),
        (1e-8, 1.0),
        (1e-4, 1e-3),
    ):
        yield _ramps(rng, 12, distance, jump)
    for inputs, hidden, m in ((3, 4, 20), (10, 20, 150)):
        yield _relu_net(rng, inputs, hidden, m)


def _offset(rng: np.random.Generator, n: int, size: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return size + np.sum(1 / (1 + (A @ x) ** 2))

    def gradient(x: Any) -> Any:
        z = A @ x
        return -2 * A.T @ (z / (1 + z**2) ** 2)

    def twin(x: Any) -> Any:
        return np.sum(1 / (1 + (A @ x) ** 2))

    at = rng.standard_normal(n)
    return analytic(f"{n} variables on {size:.0e}", f, gradient, at, twin=twin)


@family("offset/constant", kind="offset", source=_SOURCE, split="tuning")
def offset(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions with a constant in front."""
    for n, size in ((3, 1e4), (10, -1e6), (30, 1e8), (10, 1e10)):
        yield _offset(rng, n, size)


def _sines(rng: np.random.Generator, n: int, rate: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    k = rate * rng.uniform(0.5, 1, n)

    def f(x: Any) -> Any:
        return np.sum(w * np.sin(k * x)) + np.prod(np.cos(x / np.sqrt(n)))

    def gradient(x: Any) -> Any:
        t = x / np.sqrt(n)
        return w * k * np.cos(k * x) - np.prod(np.cos(t)) * np.tan(t) / np.sqrt(n)

    def no_rate(x: Any) -> Any:
        t = x / np.sqrt(n)
        return w * np.cos(k * x) - np.prod(np.cos(t)) * np.tan(t) / np.sqrt(n)

    at = rng.standard_normal(n)
    mistakes = {"frequency forgotten": no_rate}
    return analytic(f"{n} sines, rate {rate:.0e}", f, gradient, at, mistakes)


@family("oscillation/sines", kind="oscillation", source=_SOURCE, split="tuning")
def oscillation(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums of fast sines with a slow product."""
    for n, rate in ((1, 1e2), (5, 1e2), (12, 1e3), (30, 1e4), (8, 1e5)):
        yield _sines(rng, n, rate)


def _roots(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)

    def f(x: Any) -> Any:
        total = 0.0
        for weight, value in zip(w, x, strict=True):
            root = 1.0
            for _ in range(60):
                new = (root + value / root) / 2
                change, root = abs(new - root), new
                if change < tolerance:
                    break
            total += weight * root
        return np.log(total)

    def gradient(x: Any) -> Any:
        return w / (2 * np.sqrt(x)) / np.sum(w * np.sqrt(x))

    def twin(x: Any) -> Any:
        return np.log(np.sum(w * np.sqrt(x)))

    at = rng.uniform(0.2, 9, n)
    return analytic(f"Heron, {n} roots, {tolerance:.0e}", f, gradient, at, twin=twin)


def _cubic(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    def root(c: Any) -> Any:
        low, high = np.full(n, -5.0), np.full(n, 5.0)
        while np.max(high - low) > tolerance:
            middle = (low + high) / 2
            above = middle**3 + 2 * middle > c
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return (low + high) / 2

    def exact(c: Any) -> Any:
        y = np.zeros_like(c)
        for _ in range(60):
            y = y - (y**3 + 2 * y - c) / (3 * y**2 + 2)
        return y

    def f(c: Any) -> Any:
        return np.sum(np.cos(root(c)))

    def twin(c: Any) -> Any:
        return np.sum(np.cos(exact(c)))

    def gradient(c: Any) -> Any:
        y = exact(c)
        return -np.sin(y) / (3 * y**2 + 2)

    at = 3 * rng.standard_normal(n)
    return analytic(f"bisection, {n} roots, {tolerance:.0e}", f, gradient, at, twin=twin)


def _picard(rng: np.random.Generator, n: int, tolerance: float) -> Case:
    t = np.linspace(0, 1, 40)
    h = t[1] - t[0]

    def solve(k: Any, stop: float) -> Any:
        """Return u with u = 1 - k ∫ sin(u), by the trapezoidal rule."""
        u = np.ones((n, t.size)) + 0 * k[:, None]
        for _ in range(60):
            s = np.sin(u)
            area = np.cumsum((s[:, 1:] + s[:, :-1]) * h / 2, axis=1)
            new = 1 - k[:, None] * np.concatenate([np.zeros((n, 1)), area], axis=1)
            change = np.max(np.abs(np.real(new - u)))
            u = new
            if change < stop:
                break
        return u

    def f(k: Any, stop: float = tolerance) -> Any:
        return np.sum(solve(k, stop)[:, -1] ** 2)

    def twin(k: Any) -> Any:
        return f(k, -1.0)

    def gradient(k: Any) -> Any:
        u = solve(k, 1e-15)
        v = np.zeros(n)  # slope of u by k, step by step
        area, known = np.zeros(n), np.zeros(n)
        for i in range(1, t.size):
            area = area + (np.sin(u[:, i]) + np.sin(u[:, i - 1])) * h / 2
            known = known + np.cos(u[:, i - 1]) * v * h
            v = (-area - k * known) / (1 + k * np.cos(u[:, i]) * h / 2)
        return 2 * u[:, -1] * v

    at = rng.uniform(0.3, 2, n)
    return analytic(f"Picard, {n} equations, {tolerance:.0e}", f, gradient, at, twin=twin)


@family("solver noise/roots", kind="solver noise", source=_SOURCE, split="tuning")
def roots(rng: np.random.Generator) -> Iterator[Case]:
    """Draw square roots by Heron's method, and roots of cubics by bisection."""
    for n, tolerance in ((3, 1e-3), (12, 1e-6)):
        yield _roots(rng, n, tolerance)
    for n, tolerance in ((3, 1e-6), (12, 1e-9), (30, 1e-12)):
        yield _cubic(rng, n, tolerance)


@family("solver noise/Picard", kind="solver noise", source=_SOURCE, split="tuning")
def picard(rng: np.random.Generator) -> Iterator[Case]:
    """Draw integral equations solved by Picard's iteration."""
    for n, tolerance in ((1, 1e-4), (4, 1e-7), (12, 1e-10), (4, 1e-3)):
        yield _picard(rng, n, tolerance)


def _logs(rng: np.random.Generator, n: int, distance: float) -> Case:
    at = rng.uniform(0.5, 2, n)
    at[: n // 2 + 1] *= distance

    def f(x: Any) -> Any:
        return np.sum(np.sqrt(x)) - 0.1 * np.sum(np.log(x)) + np.sum(x) ** 2

    def gradient(x: Any) -> Any:
        return 0.5 / np.sqrt(x) - 0.1 / x + 2 * np.sum(x)

    def no_log(x: Any) -> Any:
        return 0.5 / np.sqrt(x) + 2 * np.sum(x)

    mistakes = {"logarithm forgotten": no_log}
    return analytic(f"roots and logarithms of {n}, {distance:.0e}", f, gradient, at, mistakes)


def _edge(rng: np.random.Generator, n: int) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    at = np.where(np.arange(n) % 3, rng.uniform(0.5, 2, n), 0)

    def f(x: Any) -> Any:
        return np.sum(w * x * np.sqrt(x)) + np.sum(x[1:] * x[:-1])

    def gradient(x: Any) -> Any:
        return 1.5 * w * np.sqrt(x) + np.append(x[1:], 0) + np.insert(x[:-1], 0, 0)

    def truth() -> Any:
        other = [sum(at[j] for j in (i - 1, i + 1) if 0 <= j < n) for i in range(n)]
        return np.array(other) + w * np.array([1.5 * value**0.5 for value in at])

    return closed(f"power 1.5 of {n}, a third at zero", f, gradient, at, truth)


@family("domain edge/roots and logarithms", kind="domain edge", source=_SOURCE, split="tuning")
def edges(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points close to zero, and on it."""
    for n, distance in ((3, 1e-1), (10, 1e-3), (30, 1e-5), (6, 1e-8), (6, 1e-10)):
        yield _logs(rng, n, distance)
    for n in (3, 12):
        yield _edge(rng, n)


def _exponentials(rng: np.random.Generator, n: int, rate: float) -> Case:
    A = rng.uniform(0, 1, (n, n)) / n

    def f(x: Any) -> Any:
        return np.sum(np.exp(rate * (A @ x))) + np.sum(np.tanh(20 * rate * (x - 0.5)))

    def gradient(x: Any) -> Any:
        t = np.tanh(20 * rate * (x - 0.5))
        return rate * A.T @ np.exp(rate * (A @ x)) + 20 * rate * (1 - t**2)

    at = 0.5 + rng.uniform(-0.2, 0.2, n) * np.where(np.arange(n) % 2, 1, 0.1 / rate)
    return analytic(f"{n} variables, rate {rate:g}", f, gradient, at)


@family("stiff/exponentials", kind="stiff", source=_SOURCE, split="tuning")
def stiff(rng: np.random.Generator) -> Iterator[Case]:
    """Draw steep exponentials and hyperbolic tangents."""
    for n, rate in ((1, 50.0), (4, 10.0), (12, 50.0), (30, 20.0)):
        yield _exponentials(rng, n, rate)


def _bowl(rng: np.random.Generator, n: int, order: int) -> Case:
    w = rng.uniform(0.5, 1.5, n)

    def f(p: Any) -> Any:
        return 1 + np.sum(w * p["x"] ** order) + p["x"][0] ** 2 * p["x"][-1] ** 2

    def gradient(p: Any) -> Any:
        x = p["x"]
        g = order * w * x ** (order - 1)
        g[0] += 2 * x[0] * x[-1] ** 2
        g[-1] += 2 * x[-1] * x[0] ** 2
        return {"x": g, "unused": np.zeros(3)}

    at = {"x": np.zeros(n), "unused": rng.standard_normal(3)}

    def truth() -> Any:
        return {"x": np.zeros(n), "unused": np.zeros(3)}

    return closed(f"power {order} of {n} at 0", f, gradient, at, truth)


def _plateau(rng: np.random.Generator, n: int, size: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return np.sum((A @ x) ** 6) + np.sum(x**4)

    def gradient(x: Any) -> Any:
        return 6 * A.T @ (A @ x) ** 5 + 4 * x**3

    return analytic(f"power 4 of {n} at {size:.0e}", f, gradient, size * rng.standard_normal(n))


@family("flat/bowls", kind="flat", source=_SOURCE, split="tuning")
def flat(rng: np.random.Generator) -> Iterator[Case]:
    """Draw minima, points close to them, and leaves that nothing depends on."""
    for n, order in ((3, 2), (12, 4), (30, 2)):
        yield _bowl(rng, n, order)
    for n, size in ((3, 1e-2), (10, 1e-4)):
        yield _plateau(rng, n, size)


def _scaled(rng: np.random.Generator, n: int, decades: float) -> Case:
    s = 10.0 ** rng.permutation(np.linspace(-decades, decades, n))
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return np.sum(np.sqrt(1 + (A @ (x / s) - 1) ** 2))

    def gradient(x: Any) -> Any:
        z = A @ (x / s) - 1
        return A.T @ (z / np.sqrt(1 + z**2)) / s

    return analytic(f"{n} of 1e±{decades:g}", f, gradient, s * rng.standard_normal(n))


def _mixed_units(rng: np.random.Generator, m: int) -> Case:
    t = np.linspace(0, 1e-6, m)  # s
    seen = 1e6 * np.exp(-t / 2e-7) + 1e4 * rng.standard_normal(m)

    def f(p: Any) -> Any:
        return np.sum((p["counts"] * np.exp(-t * p["rate"]) + p["dark"] - seen) ** 2) / 1e8

    def gradient(p: Any) -> Any:
        e = np.exp(-t * p["rate"])
        r = 2 * (p["counts"] * e + p["dark"] - seen) / 1e8
        return {"counts": r @ e, "rate": -p["counts"] * (r @ (t * e)), "dark": np.sum(r)}

    at = {
        "counts": np.array(1e6 * rng.uniform(0.8, 1.2)),
        "rate": np.array(5e6 * rng.uniform(0.8, 1.2)),
        "dark": np.array(1e3 * rng.uniform(0.5, 1.5)),
    }
    return analytic(f"decay in nanoseconds, {m} bins", f, gradient, at)


@family("badly scaled/powers of ten", kind="badly scaled", source=_SOURCE, split="tuning")
def scaled(rng: np.random.Generator) -> Iterator[Case]:
    """Draw parameters of very different size."""
    for n, decades in ((4, 4.0), (12, 8.0), (40, 6.0)):
        yield _scaled(rng, n, decades)
    yield _mixed_units(rng, 50)


def _permuted(rng: np.random.Generator, n: int, flicker: bool) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    coin = np.random.default_rng(int(rng.integers(2**32)))

    def twin(x: Any) -> Any:
        return np.sum(w * np.sin(x)) + np.sum(np.cumsum(x) ** 2) / n

    def f(x: Any) -> Any:
        terms = w * np.sin(x) + np.cumsum(x) ** 2 / n
        if flicker:
            return np.sum(terms) * (1 + 2e-16 * coin.choice([-1, 1]))
        return sum(terms[coin.permutation(n)].tolist())

    def gradient(x: Any) -> Any:
        return w * np.cos(x) + 2 * np.cumsum(np.cumsum(x)[::-1])[::-1] / n

    name = f"{n} terms, {'flickering' if flicker else 'permuted'}"
    return analytic(name, f, gradient, rng.standard_normal(n), twin=twin)


@family("last bits/sums", kind="last bits", source=_SOURCE, split="tuning")
def last_bits(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums in changing order, and values with flickering last bits."""
    for n in (3, 12, 50):
        yield _permuted(rng, n, False)
        yield _permuted(rng, n, True)


def _stairs(rng: np.random.Generator, n: int, height: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)

    def f(x: Any) -> Any:
        return np.sum(w * np.exp(x / 2)) + np.sum(height * np.floor(w * x / height))

    def gradient(x: Any) -> Any:
        return w * np.exp(x / 2) / 2

    at = rng.standard_normal(n)

    def twin(x: Any) -> Any:
        return np.sum(w * np.exp(x / 2))

    return analytic(f"{n} variables, steps of {height:.0e}", f, gradient, at, twin=twin)


def _ripples(rng: np.random.Generator, n: int, rate: float) -> Case:
    def f(x: Any) -> Any:
        return np.sum(x**3) + np.sum(np.cos(rate * x)) / rate

    def gradient(x: Any) -> Any:
        return 3 * x**2 - np.sin(rate * x)

    return analytic(f"{n} ripples, rate {rate:.0e}", f, gradient, rng.standard_normal(n))


@family("below the step/stairs", kind="below the step", source=_SOURCE, split="tuning")
def stairs(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions with fine stairs, or fine ripples, on top."""
    for n, height in ((3, 1e-7), (12, 1e-9), (30, 1e-8)):
        yield _stairs(rng, n, height)
    for n, rate in ((3, 1e8), (10, 1e10)):
        yield _ripples(rng, n, rate)
