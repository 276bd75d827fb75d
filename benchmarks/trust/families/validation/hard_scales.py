"""Functions that oscillate, that are steep or flat, and whose parameters differ in size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import (
    Array,
    analytic,
    closed,
    logsumexp,
    sigmoid,
    softmax,
)

_SOURCE = "written by hand, of unusual scales"


def _interference(rng: np.random.Generator, n: int, screens: int, wavenumber: float) -> Case:
    angle = rng.uniform(-1, 1, screens)
    seen, phase = rng.uniform(0, 2, screens), rng.uniform(0, 6, n)

    def waves(x: Any) -> tuple[Any, Any]:
        path = wavenumber * np.outer(angle, x) + phase
        return np.cos(path), np.sin(path)

    def f(x: Any) -> Any:
        c, s = waves(x)
        intensity = (np.sum(c, axis=1) ** 2 + np.sum(s, axis=1) ** 2) / n
        return np.mean((intensity - seen) ** 2)

    def gradient(x: Any) -> Any:
        c, s = waves(x)
        re, im = np.sum(c, axis=1), np.sum(s, axis=1)
        r = 2 * ((re**2 + im**2) / n - seen) / screens
        return (2 * wavenumber / n * r * angle) @ (im[:, None] * c - re[:, None] * s)

    def amplitude(x: Any) -> Any:
        c, s = waves(x)
        re, im = np.sum(c, axis=1), np.sum(s, axis=1)
        r = 2 * ((re**2 + im**2) / n - seen) / screens
        return (wavenumber / n * r * angle) @ (im[:, None] * c - re[:, None] * s)

    mistakes = {"square not differentiated": amplitude}
    name = f"{n} emitters, wave number {wavenumber:.0e}"
    return analytic(name, f, gradient, rng.uniform(0, 1, n), mistakes)


@family("oscillation/interference", kind="oscillation", source=_SOURCE, split="validation")
def interference(rng: np.random.Generator) -> Iterator[Case]:
    """Draw intensities of many emitters on a screen."""
    for n, screens, wavenumber in ((2, 3, 1e2), (6, 5, 1e3), (15, 10, 1e4), (5, 6, 1e5)):
        yield _interference(rng, n, screens, wavenumber)


def _chirp(rng: np.random.Generator, n: int, rate: float) -> Case:
    A, v = rng.standard_normal((n, n)) / np.sqrt(n), rng.uniform(0.5, 1.5, n)

    def f(x: Any) -> Any:
        z = A @ x
        return np.sum(v * np.sin(rate * z**2)) + np.sum(z**2) / 2

    def gradient(x: Any) -> Any:
        z = A @ x
        return A.T @ (2 * rate * v * z * np.cos(rate * z**2) + z)

    def no_inner(x: Any) -> Any:
        z = A @ x
        return A.T @ (rate * v * np.cos(rate * z**2) + z)

    mistakes = {"inner slope forgotten": no_inner}
    name = f"{n} variables, rate {rate:.0e}"
    return analytic(name, f, gradient, rng.standard_normal(n), mistakes)


@family("oscillation/chirps", kind="oscillation", source=_SOURCE, split="validation")
def chirps(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sines of squares."""
    for n, rate in ((1, 1e3), (4, 30.0), (12, 1e2), (40, 1e3), (8, 1e4), (3, 1e5)):
        yield _chirp(rng, n, rate)


def _weierstrass(rng: np.random.Generator, n: int, share: float, base: int, terms: int) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    sizes, rates = share ** np.arange(terms), np.pi * float(base) ** np.arange(terms)

    def f(x: Any) -> Any:
        return np.sum(sizes @ np.cos(np.outer(rates, A @ x)))

    def gradient(x: Any) -> Any:
        return -A.T @ ((sizes * rates) @ np.sin(np.outer(rates, A @ x)))

    def no_rates(x: Any) -> Any:
        return -np.pi * A.T @ (sizes @ np.sin(np.outer(rates, A @ x)))

    mistakes = {"powers of the base forgotten": no_rates}
    name = f"{n} variables, {share:g} and {base}, {terms} terms"
    return analytic(name, f, gradient, rng.standard_normal(n), mistakes)


@family("oscillation/Weierstrass sums", kind="oscillation", source=_SOURCE, split="validation")
def weierstrass(rng: np.random.Generator) -> Iterator[Case]:
    """Draw finite sums of cosines whose slopes grow from term to term."""
    for n, share, base, terms in (
        (2, 0.5, 3, 4),
        (6, 0.5, 3, 8),
        (15, 0.7, 2, 12),
        (30, 0.5, 5, 6),
        (4, 0.9, 7, 5),
    ):
        yield _weierstrass(rng, n, share, base, terms)


def _siren(rng: np.random.Generator, hidden: int, m: int, omega: float) -> Case:
    X, y = rng.uniform(-1, 1, (m, 2)), rng.standard_normal(m)

    def forward(p: Any) -> tuple[Any, Any, Any]:
        z1 = omega * (X @ p["W1"] + p["b1"])
        z2 = omega * (np.sin(z1) @ p["W2"] + p["b2"])
        return z1, z2, np.sin(z2) @ p["v"]

    def f(p: Any) -> Any:
        return np.mean((forward(p)[-1] - y) ** 2)

    def backward(p: Any, inner: float = omega) -> Any:
        z1, z2, out = forward(p)
        r = 2 * (out - y) / m
        d2 = omega * np.outer(r, p["v"]) * np.cos(z2)
        d1 = inner * (d2 @ p["W2"].T) * np.cos(z1)
        return {
            "W1": X.T @ d1,
            "b1": np.sum(d1, axis=0),
            "W2": np.sin(z1).T @ d2,
            "b2": np.sum(d2, axis=0),
            "v": np.sin(z2).T @ r,
        }

    def slow(p: Any) -> Any:
        return backward(p, 1.0)

    at = {
        "W1": rng.uniform(-0.5, 0.5, (2, hidden)),
        "b1": rng.uniform(-0.5, 0.5, hidden),
        "W2": rng.uniform(-1, 1, (hidden, hidden)) * np.sqrt(6 / hidden) / omega,
        "b2": rng.uniform(-0.1, 0.1, hidden),
        "v": rng.standard_normal(hidden),
    }
    mistakes = {"frequency of the first layer": slow}
    return analytic(f"{hidden} units, frequency {omega:g}", f, backward, at, mistakes)


@family("oscillation/sine networks", kind="oscillation", source=_SOURCE, split="validation")
def siren(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks with sines as activations, of frequency 30 and more."""
    for hidden, m, omega in ((4, 10, 30.0), (10, 30, 30.0), (16, 40, 100.0)):
        yield _siren(rng, hidden, m, omega)


def _switches(rng: np.random.Generator, n: int, units: int, steepness: float) -> Case:
    A, v = rng.standard_normal((units, n)) / np.sqrt(n), rng.standard_normal(units)
    B = rng.standard_normal((n, n)) / np.sqrt(n)
    at = rng.standard_normal(n)
    offset = rng.uniform(-2, 2, units) / steepness  # at the front
    offset[units // 2 :] = rng.standard_normal(units - units // 2)  # anywhere
    c = A @ at + offset

    def f(x: Any) -> Any:
        return np.sum(v * np.tanh(steepness * (A @ x - c))) + np.sum((B @ x) ** 2)

    def gradient(x: Any) -> Any:
        t = np.tanh(steepness * (A @ x - c))
        return A.T @ (steepness * v * (1 - t**2)) + 2 * B.T @ (B @ x)

    def no_steepness(x: Any) -> Any:
        t = np.tanh(steepness * (A @ x - c))
        return A.T @ (v * (1 - t**2)) + 2 * B.T @ (B @ x)

    mistakes = {"steepness forgotten": no_steepness}
    name = f"{units} fronts of {n} variables, {steepness:.0e}"
    return analytic(name, f, gradient, at, mistakes)


def _decision(rng: np.random.Generator, n: int, m: int, steepness: float) -> Case:
    X, y = rng.standard_normal((m, n)), rng.choice([0.0, 1.0], m)

    def hits(p: Any) -> tuple[Any, Any]:
        gate = sigmoid(steepness * (X @ p["w"] - p["threshold"]))
        return gate, p["low"] + (p["high"] - p["low"]) * gate

    def f(p: Any) -> Any:
        return np.mean((hits(p)[1] - y) ** 2)

    def gradient(p: Any) -> Any:
        gate, out = hits(p)
        r = 2 * (out - y) / m
        d = steepness * r * (p["high"] - p["low"]) * gate * (1 - gate)
        return {
            "w": X.T @ d,
            "threshold": -np.sum(d),
            "low": np.sum(r * (1 - gate)),
            "high": np.sum(r * gate),
        }

    def plus(p: Any) -> Any:
        return {**gradient(p), "threshold": -gradient(p)["threshold"]}

    at = {
        "w": rng.standard_normal(n) / np.sqrt(n),
        "threshold": np.array(0.1),
        "low": np.array(0.2),
        "high": np.array(0.7),
    }
    mistakes = {"sign of the threshold": plus}
    return analytic(f"soft tree on {m} × {n}, {steepness:.0e}", f, gradient, at, mistakes)


@family("stiff/fronts and gates", kind="stiff", source=_SOURCE, split="validation")
def switches(rng: np.random.Generator) -> Iterator[Case]:
    """Draw steep switches, some of them at their front."""
    for n, units, steepness in ((2, 2, 1e2), (8, 8, 1e3), (25, 40, 1e3), (6, 10, 1e4)):
        yield _switches(rng, n, units, steepness)
    for n, m, steepness in ((3, 100, 30.0), (10, 200, 100.0)):
        yield _decision(rng, n, m, steepness)


def _arrhenius(rng: np.random.Generator, reactions: int, temperatures: int) -> Case:
    T = rng.uniform(400, 1200, temperatures)
    seen = rng.standard_normal(temperatures)

    def rates(p: Any) -> Any:
        return np.exp(p["log_A"][:, None] - p["E"][:, None] / (8.314 * (T + p["shift"])))

    def f(p: Any) -> Any:
        return np.sum((np.log(np.sum(rates(p), axis=0)) - seen) ** 2)

    def gradient(p: Any) -> Any:
        k = rates(p)
        total = np.sum(k, axis=0)
        w = 2 * (np.log(total) - seen) / total * k
        hot = 8.314 * (T + p["shift"])
        by_shift = np.sum(w * p["E"][:, None] / (hot * (T + p["shift"])))
        return {"log_A": np.sum(w, axis=1), "E": -np.sum(w / hot, axis=1), "shift": by_shift}

    def first_power(p: Any) -> Any:
        g = gradient(p)
        k = rates(p)
        total = np.sum(k, axis=0)
        w = 2 * (np.log(total) - seen) / total * k
        return {**g, "shift": np.sum(w * p["E"][:, None] / (8.314 * (T + p["shift"])))}

    at = {
        "log_A": rng.uniform(15, 30, reactions),
        "E": rng.uniform(5e4, 2e5, reactions),
        "shift": np.array(rng.normal(0, 5)),
    }
    mistakes = {"1/T, not 1/T²": first_power}
    return analytic(f"{reactions} reactions", f, gradient, at, mistakes)


def _ignition(rng: np.random.Generator, steps: int) -> Case:
    dt, activation = 0.005, 15.0

    def run(p: Any) -> tuple[Any, Any]:
        hot, fuel = p[0], p[1]
        for _ in range(steps):
            rate = np.exp(p[2] - activation / hot) * fuel
            hot, fuel = hot + dt * (rate - p[3] * (hot - 1)), fuel - dt * rate
        return hot, fuel

    def f(p: Any) -> Any:
        hot, fuel = run(p)
        return hot**2 + 3 * fuel

    def gradient(p: Any) -> Any:
        hot, fuel = p[0], p[1]
        d_hot, d_fuel = np.eye(4)[0], np.eye(4)[1]
        for _ in range(steps):
            k = np.exp(p[2] - activation / hot)
            d_rate = k * d_fuel + fuel * k * (activation / hot**2 * d_hot + np.eye(4)[2])
            cooling = p[3] * d_hot + (hot - 1) * np.eye(4)[3]
            rate = k * fuel
            hot, fuel = hot + dt * (rate - p[3] * (hot - 1)), fuel - dt * rate
            d_hot, d_fuel = d_hot + dt * (d_rate - cooling), d_fuel - dt * d_rate
        return 2 * hot * d_hot + 3 * d_fuel

    at = np.array([rng.uniform(1, 1.2), 1.0, rng.uniform(11.5, 12), rng.uniform(0.3, 0.6)])
    return analytic(f"ignition, {steps} steps", f, gradient, at)


@family("stiff/Arrhenius rates", kind="stiff", source=_SOURCE, split="validation")
def arrhenius(rng: np.random.Generator) -> Iterator[Case]:
    """Draw reaction rates that grow exponentially with temperature, and an ignition."""
    for reactions, temperatures in ((2, 8), (5, 20), (20, 40)):
        yield _arrhenius(rng, reactions, temperatures)
    for steps in (20, 100):
        yield _ignition(rng, steps)


def _diodes(rng: np.random.Generator, nodes: int) -> Case:
    left, right = np.triu_indices(nodes, 1)
    kept = rng.uniform(size=left.size) < 3 / nodes
    kept[: nodes - 1] = True
    left, right = left[kept], right[kept]
    conductance = rng.uniform(1e-3, 1e-2, left.size)
    supply = rng.uniform(1e-3, 1e-2, nodes)

    def residual(v: Any) -> Any:
        current = conductance * (v[left] - v[right])
        r = 1e-12 * (np.exp(v / 0.02585) - 1) - supply
        np.add.at(r, left, current)
        np.add.at(r, right, -current)
        return r

    def f(v: Any) -> Any:
        return 1e4 * np.sum(residual(v) ** 2)

    def gradient(v: Any, thermal: float = 0.02585) -> Any:
        r = 2e4 * residual(v)
        g = r * 1e-12 * np.exp(v / 0.02585) / thermal
        flow = conductance * (r[left] - r[right])
        np.add.at(g, left, flow)
        np.add.at(g, right, -flow)
        return g

    def no_thermal(v: Any) -> Any:
        return gradient(v, 1.0)

    mistakes = {"thermal voltage forgotten": no_thermal}
    return analytic(f"{nodes} diodes", f, gradient, rng.uniform(0.4, 0.65, nodes), mistakes)


@family("stiff/diode networks", kind="stiff", source=_SOURCE, split="validation")
def diodes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw node voltages of resistors and diodes, and the error of Kirchhoff's law."""
    for nodes in (2, 6, 20, 60):
        yield _diodes(rng, nodes)


def _layer(rng: np.random.Generator, n: int, thickness: float) -> Case:
    at = {
        "x": rng.uniform(0, 1, n),
        "log_thickness": np.log(thickness) + 0.1 * rng.standard_normal(),
    }
    at["x"][: n // 2 + 1] = thickness * rng.uniform(0.2, 5, n // 2 + 1)
    seen = rng.uniform(0, 1, n)

    def profile(p: Any) -> tuple[Any, Any]:
        e = np.exp(-p["x"] / np.exp(p["log_thickness"]))
        return e, 1 - e + np.sin(p["x"]) / 2

    def f(p: Any) -> Any:
        return np.sum((profile(p)[1] - seen) ** 2) / 2

    def gradient(p: Any) -> Any:
        e, u = profile(p)
        eps = np.exp(p["log_thickness"])
        return {
            "x": (u - seen) * (e / eps + np.cos(p["x"]) / 2),
            "log_thickness": -np.sum((u - seen) * e * p["x"] / eps),
        }

    def by_thickness(p: Any) -> Any:
        eps = np.exp(p["log_thickness"])
        return {**gradient(p), "log_thickness": gradient(p)["log_thickness"] / eps}

    mistakes = {"by the thickness itself": by_thickness}
    name = f"boundary layer, {n} points, {thickness:.0e}"
    return analytic(name, f, gradient, at, mistakes)


def _cold(rng: np.random.Generator, n: int, m: int, temperature: float) -> Case:
    A = rng.standard_normal((m, n)) / np.sqrt(n)
    at = rng.standard_normal(n)
    close = rng.permutation(m)[: max(2, m // 3)]
    b = rng.standard_normal(m)
    b[close] = 3 - A[close] @ at + temperature * rng.standard_normal(close.size)

    def f(x: Any) -> Any:
        return temperature * logsumexp((A @ x + b) / temperature, 0) + np.sum(x**2) / 4

    def gradient(x: Any) -> Any:
        return A.T @ softmax((A @ x + b) / temperature, 0) + x / 2

    def warm(x: Any) -> Any:
        return A.T @ softmax(A @ x + b, 0) + x / 2

    mistakes = {"temperature forgotten": warm}
    name = f"soft maximum of {m} × {n} at {temperature:.0e}"
    return analytic(name, f, gradient, at, mistakes)


@family("stiff/layers and cold maxima", kind="stiff", source=_SOURCE, split="validation")
def layers(rng: np.random.Generator) -> Iterator[Case]:
    """Draw boundary layers, and maxima at a low temperature."""
    for n, thickness in ((3, 1e-2), (10, 1e-4), (30, 1e-6)):
        yield _layer(rng, n, thickness)
    for n, m, temperature in ((3, 5, 1e-2), (10, 30, 1e-3), (30, 30, 1e-4)):
        yield _cold(rng, n, m, temperature)


def _unused(rng: np.random.Generator, n: int, used: int, m: int) -> Case:
    X, y = rng.standard_normal((m, n)), rng.standard_normal(m)
    X[:, used:] = 0  # features that never occur

    def f(p: Any) -> Any:
        return np.mean(np.log(np.cosh(X @ p["w"] + p["b"] - y)))

    def gradient(p: Any) -> Any:
        r = np.tanh(X @ p["w"] + p["b"] - y) / m
        return {"w": X.T @ r, "b": np.sum(r), "temperature": np.zeros(3)}

    at = {
        "w": rng.standard_normal(n) / np.sqrt(n),
        "b": np.array(rng.normal()),
        "temperature": rng.standard_normal(3),
    }

    def penalised(p: Any) -> Any:
        return {**gradient(p), "w": gradient(p)["w"] + 0.01 * p["w"]}

    mistakes = {"a penalty that the cost lacks": penalised}
    return analytic(f"{used} of {n} features", f, gradient, at, mistakes)


def _still(rng: np.random.Generator, n: int, what: str) -> Case:
    kept, at = float(rng.normal()), rng.standard_normal(n)

    def f(x: Any) -> Any:
        if what == "constant":
            return kept
        if what == "count":
            return float(x.size)
        return kept * np.sum(np.clip(x, -1e3, 1e3) > 1e3)

    def gradient(x: Any) -> Any:
        return np.zeros_like(x)

    return closed(f"{what} of {n}", f, gradient, at, lambda: np.zeros(n))


@family("flat/no dependence", kind="flat", source=_SOURCE, split="validation")
def unused(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions that do not depend on some parameters, or on any."""
    for n, used, m in ((4, 2, 10), (20, 12, 40), (60, 5, 30)):
        yield _unused(rng, n, used, m)
    for n, what in ((1, "constant"), (12, "constant"), (5, "count"), (30, "indicator")):
        yield _still(rng, n, what)


def _minimum(rng: np.random.Generator, n: int, m: int) -> Case:
    A = rng.integers(-3, 4, (m, n)).astype(float)
    at = rng.integers(-4, 5, n).astype(float)
    b = A @ at

    def f(x: Any) -> Any:
        return np.sum((A @ x - b) ** 2) / 2

    def gradient(x: Any) -> Any:
        return A.T @ (A @ x - b)

    def no_target(x: Any) -> Any:
        return A.T @ (A @ x)

    mistakes = {"target forgotten": no_target}
    return closed(f"exact fit, {m} × {n}", f, gradient, at, lambda: np.zeros(n), mistakes)


def _valley(rng: np.random.Generator, n: int) -> Case:
    def f(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def gradient(x: Any) -> Any:
        d = 200 * (x[1:] - x[:-1] ** 2)
        return np.append(-2 * d * x[:-1] - 2 * (1 - x[:-1]), 0) + np.insert(d, 0, 0)

    def no_one(x: Any) -> Any:
        d = 200 * (x[1:] - x[:-1] ** 2)
        return np.append(-2 * d * x[:-1] + 2 * x[:-1], 0) + np.insert(d, 0, 0)

    mistakes = {"target of one forgotten": no_one}
    at = np.ones(n)
    return closed(f"Rosenbrock's minimum, {n}", f, gradient, at, lambda: np.zeros(n), mistakes)


def _saddle(rng: np.random.Generator, n: int, order: int) -> Case:
    A = rng.integers(-2, 3, (n, n)).astype(float)

    def f(x: Any) -> Any:
        z = A @ x
        return 5 + np.sum(z[:-1] * z[1:] * (1 if order == 2 else x[:-1])) + np.sum(x**order)

    def gradient(x: Any) -> Any:
        z = A @ x
        other = 1 if order == 2 else x[:-1]
        back = np.append(z[1:] * other, 0) + np.insert(z[:-1] * other, 0, 0)
        direct = 0 if order == 2 else np.append(z[:-1] * z[1:], 0)
        return A.T @ back + direct + order * x ** (order - 1)

    at = np.zeros(n)
    return closed(f"saddle of order {order}, {n}", f, gradient, at, lambda: np.zeros(n))


def _ground(rng: np.random.Generator, n: int) -> Case:
    w = rng.uniform(0.5, 2, n)

    def f(t: Any) -> Any:
        return np.sum(w * (1 - np.cos(t))) + 3 * np.sum((t[1:] - t[:-1]) ** 2)

    def gradient(t: Any) -> Any:
        d = 6 * np.diff(t)
        return w * np.sin(t) + np.insert(d, 0, 0) - np.append(d, 0)

    at = np.zeros(n)
    return closed(f"pendulums at rest, {n}", f, gradient, at, lambda: np.zeros(n))


@family("flat/exact stationary points", kind="flat", source=_SOURCE, split="validation")
def stationary(rng: np.random.Generator) -> Iterator[Case]:
    """Draw minima and saddles at which every derivative is exactly zero."""
    for n, m in ((3, 5), (12, 20), (40, 30)):
        yield _minimum(rng, n, m)
    for n in (2, 20):
        yield _valley(rng, n)
    for n, order in ((3, 2), (10, 2), (6, 3)):
        yield _saddle(rng, n, order)
    yield _ground(rng, 8)


def _saturated(rng: np.random.Generator, n: int, hidden: int, size: float) -> Case:
    X, y = rng.uniform(0.5, 1, (12, n)), rng.standard_normal(12)

    def f(p: Any) -> Any:
        return np.mean((sigmoid(X @ p["W"]) @ p["v"] - y) ** 2)

    def gradient(p: Any) -> Any:
        a = sigmoid(X @ p["W"])
        r = 2 * (a @ p["v"] - y) / len(y)
        slope = a * sigmoid(-(X @ p["W"]))
        return {"W": X.T @ (np.outer(r, p["v"]) * slope), "v": a.T @ r}

    def no_slope(p: Any) -> Any:
        a = sigmoid(X @ p["W"])
        r = 2 * (a @ p["v"] - y) / len(y)
        return {**gradient(p), "W": X.T @ np.outer(r, p["v"])}

    at = {
        "W": size * rng.uniform(0.5, 1, (n, hidden)) * rng.choice([-1, 1], hidden),
        "v": rng.standard_normal(hidden),
    }
    at["W"][:, 0] /= size  # one unit that is not saturated
    mistakes = {"slope forgotten": no_slope}
    return analytic(f"{n}-{hidden}-1, weights of {size:g}", f, gradient, at, mistakes)


def _vanishing(rng: np.random.Generator, width: int, depth: int, size: float) -> Case:
    x, y = rng.standard_normal((width, 5)), rng.standard_normal((width, 5))

    def forward(Ws: Any) -> list[Any]:
        seen = [x]
        for W in Ws:
            seen.append(np.tanh(W @ seen[-1]))
        return seen

    def f(Ws: Any) -> Any:
        return np.sum((forward(Ws)[-1] - y) ** 2)

    def gradient(Ws: Any) -> Any:
        seen = forward(Ws)
        d, g = 2 * (seen[-1] - y), []
        for k in reversed(range(depth)):
            d = d * (1 - seen[k + 1] ** 2)
            g.append(d @ seen[k].T)
            d = Ws[k].T @ d
        return g[::-1]

    at = [size * rng.standard_normal((width, width)) for _ in range(depth)]
    return analytic(f"{depth} layers of {width}, weights of {size:g}", f, gradient, at)


@family("flat/saturated and vanishing", kind="flat", source=_SOURCE, split="validation")
def saturated(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks in which some derivatives are many orders smaller than others."""
    for n, hidden, size in ((2, 3, 10.0), (4, 6, 20.0), (8, 10, 40.0)):
        yield _saturated(rng, n, hidden, size)
    for width, depth, size in ((2, 4, 0.1), (4, 5, 0.05), (5, 8, 0.02)):
        yield _vanishing(rng, width, depth, size)


def _bump(rng: np.random.Generator, n: int, size: float) -> Case:
    at = size * rng.uniform(0.8, 1.2, n) * rng.choice([-1.0, 1.0], n)
    w = rng.uniform(0.5, 1.5, n)

    def f(x: Any) -> Any:
        return np.sum(w * np.exp(-1 / x**2)) * np.exp(np.sum(x))

    def gradient(x: Any) -> Any:
        e = w * np.exp(-1 / x**2)
        return (2 * e / x**3 + np.sum(e)) * np.exp(np.sum(x))

    def square(x: Any) -> Any:
        e = w * np.exp(-1 / x**2)
        return (2 * e / x**2 + np.sum(e)) * np.exp(np.sum(x))

    mistakes = {"x² for x³": square}
    return analytic(f"exp(-1/x²) of {n} at {size:g}", f, gradient, at, mistakes)


def _quartic(rng: np.random.Generator, n: int, size: float, power: int) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)

    def f(x: Any) -> Any:
        return np.sum((A @ x) ** power)

    def gradient(x: Any) -> Any:
        return power * A.T @ (A @ x) ** (power - 1)

    def no_transpose(x: Any) -> Any:
        return power * A @ (A @ x) ** (power - 1)

    at = size * rng.standard_normal(n)
    mistakes = {"transpose forgotten": no_transpose}
    return analytic(f"power {power} of {n} at {size:.0e}", f, gradient, at, mistakes)


@family("flat/high orders", kind="flat", source=_SOURCE, split="validation")
def orders(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions close to a point where they are flat to a high order."""
    for n, size in ((1, 0.3), (5, 0.2), (12, 0.1)):
        yield _bump(rng, n, size)
    for n, size, power in ((2, 1e-2, 4), (8, 1e-4, 4), (20, 1e-6, 4), (5, 1e-3, 8)):
        yield _quartic(rng, n, size, power)


def _dose(rng: np.random.Generator, m: int) -> Case:
    hours = np.sort(rng.uniform(0.3, 24, m))
    seconds = 3600 * hours
    seen = rng.uniform(1e-6, 1e-5, m)  # kg / m³

    def concentration(p: Any) -> tuple[Any, Any, Any]:
        absorb, clear, volume = p["absorption"], p["clearance"], p["volume"]
        out = clear / volume
        first, second = np.exp(-out * seconds), np.exp(-absorb * seconds)
        return first, second, p["dose"] * absorb / (volume * (absorb - out)) * (first - second)

    def f(p: Any) -> Any:
        c = concentration(p)[2]
        return np.sum((c - seen) ** 2) / (2 * p["sigma"] ** 2) + m * np.log(p["sigma"])

    def gradient(p: Any) -> Any:
        first, second, c = concentration(p)
        absorb, volume = p["absorption"], p["volume"]
        out = p["clearance"] / volume
        r = (c - seen) / p["sigma"] ** 2
        share = p["dose"] * absorb / (volume * (absorb - out))
        by_out = c / (absorb - out) - share * seconds * first
        by_absorb = c / absorb - c / (absorb - out) + share * seconds * second
        by_volume = -c / volume - by_out * out / volume
        return {
            "absorption": np.sum(r * by_absorb),
            "clearance": np.sum(r * by_out) / volume,
            "volume": np.sum(r * by_volume),
            "dose": np.sum(r * c) / p["dose"],
            "sigma": -np.sum((c - seen) ** 2) / p["sigma"] ** 3 + m / p["sigma"],
        }

    def rate_held(p: Any) -> Any:
        c = concentration(p)[2]
        r = (c - seen) / p["sigma"] ** 2
        return {**gradient(p), "volume": -np.sum(r * c) / p["volume"]}

    at = {
        "absorption": np.array(rng.uniform(1.5e-4, 4e-4)),  # 1 / s
        "clearance": np.array(rng.uniform(1e-6, 2e-6)),  # m³ / s
        "volume": np.array(rng.uniform(0.03, 0.06)),  # m³
        "dose": np.array(rng.uniform(3e-7, 6e-7)),  # kg
        "sigma": np.array(rng.uniform(5e-7, 2e-6)),
    }
    mistakes = {"rate constant held fixed": rate_held}
    return analytic(f"pharmacokinetics, {m} samples", f, gradient, at, mistakes)


def _ions(rng: np.random.Generator, ions: int) -> Case:
    charge, constant = 1.602176634e-19, 8.9875517923e9
    trap = 2.8e-25 * (2 * np.pi * 1e6) ** 2 * np.array([0.1, 1.0, 1.2])
    first, second = np.triu_indices(ions, 1)
    at = np.stack([5e-6 * np.arange(ions), *rng.normal(0, 3e-7, (2, ions))], axis=1)

    def f(r: Any) -> Any:
        d = np.sqrt(np.sum((r[first] - r[second]) ** 2, axis=1))
        return np.sum(trap * r**2) / 2 + constant * charge**2 * np.sum(1 / d)

    def gradient(r: Any) -> Any:
        d = r[first] - r[second]
        square = np.sum(d**2, axis=1, keepdims=True)
        pair = -constant * charge**2 * d / square**1.5
        g = trap * r
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return g

    def one_end(r: Any) -> Any:
        d = r[first] - r[second]
        square = np.sum(d**2, axis=1, keepdims=True)
        g = trap * r
        np.add.at(g, first, -constant * charge**2 * d / square**1.5)
        return g

    return analytic(f"{ions} trapped ions in SI", f, gradient, at, {"one end only": one_end})


def _planets(rng: np.random.Generator, bodies: int) -> Case:
    G, mass = 6.6743e-11, 10.0 ** rng.uniform(23, 30, bodies)
    first, second = np.triu_indices(bodies, 1)
    at = {
        "position": 1e11 * rng.standard_normal((bodies, 3)),
        "velocity": 1e4 * rng.standard_normal((bodies, 3)),
    }

    def f(p: Any) -> Any:
        r = p["position"]
        d = np.sqrt(np.sum((r[first] - r[second]) ** 2, axis=1))
        kinetic = np.sum(mass[:, None] * p["velocity"] ** 2) / 2
        return kinetic - G * np.sum(mass[first] * mass[second] / d)

    def gradient(p: Any) -> Any:
        d = p["position"][first] - p["position"][second]
        square = np.sum(d**2, axis=1)
        pair = (G * mass[first] * mass[second] / square**1.5)[:, None] * d
        g = np.zeros((bodies, 3))
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return {"position": g, "velocity": mass[:, None] * p["velocity"]}

    return analytic(f"{bodies} planets in SI", f, gradient, at)


@family("badly scaled/units", kind="badly scaled", source=_SOURCE, split="validation")
def units(rng: np.random.Generator) -> Iterator[Case]:
    """Draw models in SI units: doses, ions and planets."""
    for m in (8, 30):
        yield _dose(rng, m)
    for n in (2, 6, 15):
        yield _ions(rng, n)
    for n in (3, 8):
        yield _planets(rng, n)


def _lines(rng: np.random.Generator, peaks: int, m: int) -> Case:
    x = np.linspace(4.9e14, 5.1e14, m)
    seen = rng.poisson(100, m).astype(float)

    def shapes(p: Any) -> tuple[Any, Any, Any]:
        u = (x - p["centre"][:, None]) / p["width"][:, None]
        shape = 1 / (1 + u**2)
        return u, shape, p["height"] @ shape + p["floor"] + p["tilt"] * (x - 5e14)

    def f(p: Any) -> Any:
        return np.sum((shapes(p)[2] - seen) ** 2) / 2

    def gradient(p: Any) -> Any:
        u, shape, model = shapes(p)
        r = model - seen
        by_u = -2 * u * shape**2 * r
        return {
            "centre": -np.sum(by_u, axis=1) * p["height"] / p["width"],
            "width": -np.sum(by_u * u, axis=1) * p["height"] / p["width"],
            "height": shape @ r,
            "floor": np.sum(r),
            "tilt": r @ (x - 5e14),
        }

    def unscaled(p: Any) -> Any:
        g = gradient(p)
        return {**g, "width": g["width"] * p["width"]}

    at = {
        "centre": rng.uniform(4.92e14, 5.08e14, peaks),
        "width": rng.uniform(1e12, 4e12, peaks),
        "height": rng.uniform(100, 1000, peaks),
        "floor": np.array(rng.uniform(50, 150)),
        "tilt": np.array(1e-13 * rng.normal()),
    }
    mistakes = {"width's denominator": unscaled}
    return analytic(f"{peaks} spectral lines", f, gradient, at, mistakes)


def _transistor(rng: np.random.Generator, m: int) -> Case:
    v = rng.uniform(0.45, 0.7, m)
    seen = 1e-14 * np.exp(v / 0.0275) * rng.lognormal(0, 0.1, m)

    def f(p: Any) -> Any:
        return 1e6 * np.sum((p["saturation"] * np.exp(v / p["slope"]) + p["leak"] * v - seen) ** 2)

    def gradient(p: Any) -> Any:
        e = np.exp(v / p["slope"])
        r = 2e6 * (p["saturation"] * e + p["leak"] * v - seen)
        by_slope = -np.sum(r * e * v) * p["saturation"] / p["slope"] ** 2
        return {"saturation": np.sum(r * e), "slope": by_slope, "leak": np.sum(r * v)}

    at = {
        "saturation": np.array(rng.uniform(0.8e-14, 1.2e-14)),
        "slope": np.array(0.0275 + 1e-4 * rng.normal()),
        "leak": np.array(1e-9),
    }
    return analytic(f"saturation current, {m} points", f, gradient, at)


@family("badly scaled/fits", kind="badly scaled", source=_SOURCE, split="tuning")
def fits(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of spectral lines in hertz, and of a current of femtoamperes."""
    for peaks, m in ((1, 50), (3, 200), (12, 600)):
        yield _lines(rng, peaks, m)
    yield _transistor(rng, 20)


def _stretched(rng: np.random.Generator, n: int, low: float, high: float) -> Case:
    B = rng.standard_normal((n, n)) / np.sqrt(n)
    s = 10.0 ** rng.permutation(np.linspace(low, high, n))

    def f(x: Any) -> Any:
        return np.sum(np.log(np.cosh(B @ (x / s))))

    def gradient(x: Any) -> Any:
        return B.T @ np.tanh(B @ (x / s)) / s

    def unscaled(x: Any) -> Any:
        return B.T @ np.tanh(B @ (x / s))

    at = s * rng.standard_normal(n)
    mistakes = {"scales forgotten": unscaled}
    name = f"{n} parameters from 1e{low:g} to 1e{high:g}"
    return analytic(name, f, gradient, at, mistakes)


def _uneven(rng: np.random.Generator, n: int, decades: float) -> Case:
    A = np.eye(n) + 0.3 * rng.standard_normal((n, n)) / np.sqrt(n)
    g = 10.0 ** rng.permutation(np.linspace(-decades, decades, n))

    def f(x: Any) -> Any:
        return np.sum(g * np.sin(x)) + np.min(g) * np.sum((A @ x) ** 2)

    def gradient(x: Any) -> Any:
        return g * np.cos(x) + 2 * np.min(g) * A.T @ (A @ x)

    at = rng.uniform(-1, 1, n)
    return analytic(f"{n} slopes of 1e±{decades:g}", f, gradient, at)


def _trees(rng: np.random.Generator, small: int, large: int) -> Case:
    X = 1e5 * rng.standard_normal((30, small))
    Z = 1e-4 * rng.standard_normal((30, large))
    y = rng.standard_normal(30)
    scale: Array = np.array([1e7, 1e-7])

    def f(p: Any) -> Any:
        z = X @ p["tiny"] + Z @ p["huge"] + p["pair"] @ (1 / scale)
        return np.mean(np.log(1 + (z - y) ** 2)) + 1e-9 * p["bias"] ** 2

    def gradient(p: Any) -> Any:
        r = X @ p["tiny"] + Z @ p["huge"] + p["pair"] @ (1 / scale) - y
        d = 2 * r / (1 + r**2) / len(y)
        return {
            "tiny": X.T @ d,
            "huge": Z.T @ d,
            "pair": np.sum(d) / scale,
            "bias": 2e-9 * p["bias"],
        }

    def pair_alike(p: Any) -> Any:
        return {**gradient(p), "pair": gradient(p)["pair"][::-1].copy()}

    at = {
        "tiny": 1e-5 * rng.standard_normal(small) / np.sqrt(small),
        "huge": 1e4 * rng.standard_normal(large) / np.sqrt(large),
        "pair": scale * rng.standard_normal(2),
        "bias": np.array(1e4 * rng.uniform(0.5, 1.5)),
    }
    mistakes = {"two parameters exchanged": pair_alike}
    return analytic(f"leaves of {small}, {large}, 2 and 1", f, gradient, at, mistakes)


@family("badly scaled/stretched", kind="badly scaled", source=_SOURCE, split="validation")
def stretched(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions of parameters, or of slopes, of very different size."""
    for n, low, high in ((4, -8.0, 8.0), (12, -8.0, 8.0), (40, -4.0, 4.0), (10, 3.0, 9.0)):
        yield _stretched(rng, n, low, high)
    for n, decades in ((5, 3.0), (12, 5.0), (20, 10.0)):
        yield _uneven(rng, n, decades)
    for small, large in ((3, 5), (5, 300)):
        yield _trees(rng, small, large)
