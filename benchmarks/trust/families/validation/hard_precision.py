"""Functions whose values carry few digits: float32, offsets, last bits, steps finer than any."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import (
    Array,
    Function,
    analytic,
    closed,
    logsumexp,
    sigmoid,
    softmax,
)
from benchmarks.trust.truth import complex_step

_SOURCE = "written by hand, of few digits"
_SINGLE = np.float32


def _singles(tree: dict[str, Array]) -> dict[str, Array]:
    return {name: value.astype(_SINGLE) for name, value in tree.items()}


def _deep_net(rng: np.random.Generator, sizes: tuple[int, ...], m: int) -> Case:
    X = rng.standard_normal((m, sizes[0])).astype(_SINGLE)
    y = rng.standard_normal((m, sizes[-1])).astype(_SINGLE)
    layers = range(1, len(sizes))

    def forward(p: Any) -> list[Any]:
        seen = [X]
        for k in layers:
            z = seen[-1] @ p[f"W{k}"] + p[f"b{k}"]
            seen.append(z if k == layers[-1] else np.tanh(z))
        return seen

    def f(p: Any) -> Any:
        return np.sum((forward(p)[-1] - y) ** 2) / (2 * m)

    def backward(p: Any, slopes: bool = True) -> Any:
        seen, g = forward(p), {}
        d = (seen[-1] - y) / _SINGLE(m)
        for k in reversed(layers):
            if k != layers[-1] and slopes:
                d = d * (1 - seen[k] ** 2)
            g[f"W{k}"], g[f"b{k}"] = seen[k - 1].T @ d, np.sum(d, axis=0)
            d = d @ p[f"W{k}"].T
        return {name: g[name] for name in p}

    def no_slopes(p: Any) -> Any:
        return backward(p, slopes=False)

    at = {}
    for k in layers:
        at[f"W{k}"] = rng.standard_normal((sizes[k - 1], sizes[k])) / np.sqrt(sizes[k - 1])
        at[f"b{k}"] = 0.1 * rng.standard_normal(sizes[k])
    name = "-".join(str(size) for size in sizes) + f", {m} examples"
    return analytic(name, f, backward, _singles(at), {"slopes of tanh forgotten": no_slopes})


@family("float32/tanh network", kind="float32", source=_SOURCE, split="validation")
def deep_net(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks that compute in float32 from their weights to their loss."""
    for sizes, m in (((3, 5, 1), 10), ((8, 10, 6, 2), 20), ((20, 12, 5, 3), 30)):
        yield _deep_net(rng, sizes, m)


def _attention(rng: np.random.Generator, tokens: int, d: int) -> Case:
    X = rng.standard_normal((tokens, d)).astype(_SINGLE)
    y = rng.integers(d, size=tokens)
    rows, hot = np.arange(tokens), np.eye(d, dtype=_SINGLE)[y]
    scale = _SINGLE(1 / np.sqrt(d))

    def forward(p: Any) -> tuple[Any, Any, Any, Any, Any]:
        q, k, v = X @ p["Q"], X @ p["K"], X @ p["V"]
        share = softmax(q @ k.T * scale, 1)
        return q, k, v, share, share @ v

    def f(p: Any) -> Any:
        out = forward(p)[-1]
        return np.mean(logsumexp(out, 1) - out[rows, y])

    def backward(p: Any, again: Any = scale) -> Any:
        q, k, v, share, out = forward(p)
        d_out = (softmax(out, 1) - hot) / _SINGLE(tokens)
        d_share = d_out @ v.T
        d_z = share * (d_share - np.sum(share * d_share, axis=1, keepdims=True)) * again
        return {"Q": X.T @ (d_z @ k), "K": X.T @ (d_z.T @ q), "V": X.T @ (share.T @ d_out)}

    def unscaled(p: Any) -> Any:
        return backward(p, _SINGLE(1))

    at = {name: rng.standard_normal((d, d)) / np.sqrt(d) for name in ("Q", "K", "V")}
    mistakes = {"scale of the scores": unscaled}
    return analytic(f"{tokens} tokens, width {d}", f, backward, _singles(at), mistakes)


@family("float32/attention", kind="float32", source=_SOURCE, split="validation")
def attention(rng: np.random.Generator) -> Iterator[Case]:
    """Draw one head of attention with a cross entropy behind it, in float32."""
    for tokens, d in ((4, 3), (10, 6), (20, 10)):
        yield _attention(rng, tokens, d)


def _normal(rng: np.random.Generator, m: int, n: int) -> Case:
    y = (2 + rng.standard_normal((m, n))).astype(_SINGLE)

    def f(p: Any) -> Any:
        u = (y - p["mean"]) * np.exp(-p["log_scale"])
        return np.sum(u**2) / 2 + m * np.sum(p["log_scale"])

    def gradient(p: Any) -> Any:
        u = (y - p["mean"]) * np.exp(-p["log_scale"])
        return {
            "mean": -np.sum(u, axis=0) * np.exp(-p["log_scale"]),
            "log_scale": m - np.sum(u**2, axis=0),
        }

    def one_example(p: Any) -> Any:
        return {**gradient(p), "log_scale": gradient(p)["log_scale"] - _SINGLE(m - 1)}

    at = {"mean": 2 + 0.5 * rng.standard_normal(n), "log_scale": 0.3 * rng.standard_normal(n)}
    mistakes = {"logarithm counted once": one_example}
    return analytic(f"normal density, {m} × {n}", f, gradient, _singles(at), mistakes)


def _blobs(rng: np.random.Generator, atoms: int) -> Case:
    at = (1.5 * rng.standard_normal((atoms, 3))).astype(_SINGLE)
    first, second = np.triu_indices(atoms, 1)

    def f(r: Any) -> Any:
        return np.sum(np.exp(-np.sum((r[first] - r[second]) ** 2, axis=1))) + np.sum(r**2) / 20

    def gradient(r: Any) -> Any:
        d = r[first] - r[second]
        pair = -2 * np.exp(-np.sum(d**2, axis=1))[:, None] * d
        g = r / 10
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return g

    return analytic(f"repelling blobs, {atoms}", f, gradient, at)


def _wave(rng: np.random.Generator, n: int, steps: int) -> Case:
    seen = rng.standard_normal(n).astype(_SINGLE)
    c = _SINGLE(0.4)

    def bend(u: Any) -> Any:
        return np.roll(u, 1) - 2 * u + np.roll(u, -1)

    def last(u: Any) -> Any:
        before, now = u, u
        for _ in range(steps):
            before, now = now, 2 * now - before + c * bend(now)
        return now

    def f(u: Any) -> Any:
        return np.mean((last(u) - seen) ** 2)

    def gradient(u: Any) -> Any:
        now, before = 2 * (last(u) - seen) / _SINGLE(n), np.zeros_like(u)
        for _ in range(steps):
            now, before = 2 * now + c * bend(now) + before, -now
        return now + before

    at = rng.standard_normal(n).astype(_SINGLE)
    return analytic(f"wave equation, {n} cells, {steps} steps", f, gradient, at)


@family("float32/densities and fields", kind="float32", source=_SOURCE, split="validation")
def fields(rng: np.random.Generator) -> Iterator[Case]:
    """Draw a likelihood, an energy of particles and a wave equation in float32."""
    for m, n in ((10, 3), (50, 20)):
        yield _normal(rng, m, n)
    for atoms in (4, 12):
        yield _blobs(rng, atoms)
    for n, steps in ((10, 4), (300, 8)):
        yield _wave(rng, n, steps)


def _inner(f: Function, gradient: Function, what: str) -> tuple[Function, Function]:
    """Return a function and its gradient with a cast inside a float64 interface."""

    def single(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: single(value) for name, value in tree.items()}
        return np.asarray(tree, dtype=_SINGLE)

    def double(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: double(value) for name, value in tree.items()}
        return np.asarray(tree, dtype=np.float64)

    def value(p: Any) -> float:
        return float(_SINGLE(f(single(p) if what != "value" else p)))

    def slope(p: Any) -> Any:
        return double(gradient(single(p))) if what != "value" else gradient(p)

    return value, slope


def _kernel(rng: np.random.Generator, m: int, n: int, what: str, dtype: Any) -> Case:
    X = rng.standard_normal((m, n)).astype(dtype)
    y = rng.standard_normal(m).astype(dtype)

    def f(p: Any) -> Any:
        d = X - p["centre"]
        k = np.exp(-np.sum(d**2 * np.exp(p["log_rate"]), axis=1))
        return np.sum((k - y) ** 2)

    def gradient(p: Any) -> Any:
        d, rate = X - p["centre"], np.exp(p["log_rate"])
        k = np.exp(-np.sum(d**2 * rate, axis=1))
        r = 2 * (k - y) * k
        return {"centre": 2 * (r @ d) * rate, "log_rate": -(r @ d**2) * rate}

    at = {"centre": 0.5 * rng.standard_normal(n), "log_rate": rng.normal(-1, 0.3, n)}
    value, slope = _inner(f, gradient, what)
    return analytic(f"kernel, {m} × {n}, {what} cast", value, slope, at, twin=f)


def _logits(rng: np.random.Generator, m: int, n: int, what: str, dtype: Any) -> Case:
    X = rng.standard_normal((m, n)).astype(dtype)
    y = (rng.uniform(size=m) < 0.5).astype(dtype)

    def f(p: Any) -> Any:
        z = X @ p["w"] + p["b"]
        return np.mean(np.log(1 + np.exp(z)) - y * z)

    def gradient(p: Any) -> Any:
        r = (sigmoid(X @ p["w"] + p["b"]) - y) / dtype(m)
        return {"w": X.T @ r, "b": np.sum(r)}

    def not_averaged(p: Any) -> Any:
        r = sigmoid(X @ p["w"] + p["b"]) - y
        return {"w": X.T @ r / m, "b": np.sum(r)}

    at = {"w": rng.standard_normal(n), "b": np.array(rng.normal())}
    value, slope = _inner(f, gradient, what)
    mistakes = {"intercept not averaged": not_averaged}
    return analytic(f"logistic, {m} × {n}, {what} cast", value, slope, at, mistakes, twin=f)


@family("float32/inner cast", kind="float32", source=_SOURCE, split="validation")
def inner(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions that take and return float64 and compute in float32 in between."""
    for m, n in ((15, 4), (40, 12)):
        yield _kernel(rng, m, n, "input", _SINGLE)
        yield _logits(rng, m, n, "input", _SINGLE)


@family("float32/cast of the value", kind="float32", source=_SOURCE, split="tuning")
def outer(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions in float64 that store their result in float32."""
    for m, n in ((15, 4), (40, 12)):
        yield _kernel(rng, m, n, "value", np.float64)
        yield _logits(rng, m, n, "value", np.float64)


def _mixed(rng: np.random.Generator, words: int, d: int, m: int) -> Case:
    index, y = rng.integers(words, size=m), rng.standard_normal(m)

    def forward(p: Any, dtype: Any) -> Any:
        return np.tanh(p["table"].astype(dtype)[index] @ p["W"].astype(dtype)) @ p["v"]

    def f(p: Any, dtype: Any = _SINGLE) -> Any:
        return np.mean((forward(p, dtype) - y) ** 2) / 2 + 0.05 * np.sum(p["table"] ** 2)

    def gradient(p: Any) -> Any:
        table, W = p["table"].astype(_SINGLE), p["W"].astype(_SINGLE)
        a = np.tanh(table[index] @ W)
        r = (a @ p["v"] - y) / m
        d_z = (np.outer(r, p["v"]) * (1 - a**2)).astype(_SINGLE)
        g = np.zeros(table.shape)
        np.add.at(g, index, (d_z @ W.T).astype(np.float64))
        by_W = (table[index].T @ d_z).astype(np.float64)
        return {"table": g + 0.1 * p["table"], "W": by_W, "v": a.T @ r}

    def last_only(p: Any) -> Any:
        table, W = p["table"].astype(_SINGLE), p["W"].astype(_SINGLE)
        a = np.tanh(table[index] @ W)
        r = (a @ p["v"] - y) / m
        g = np.zeros(table.shape)
        g[index] += (np.outer(r, p["v"]) * (1 - a**2)) @ W.T
        return {**gradient(p), "table": g + 0.1 * p["table"]}

    at = {
        "table": rng.standard_normal((words, d)),
        "W": rng.standard_normal((d, d)) / np.sqrt(d),
        "v": rng.standard_normal(d),
    }
    mistakes = {"last of repeated words only": last_only}
    twin = functools.partial(f, dtype=np.complex128)
    return analytic(f"{words} words, width {d}", f, gradient, at, mistakes, twin=twin)


@family("float32/one layer", kind="float32", source=_SOURCE, split="validation")
def mixed(rng: np.random.Generator) -> Iterator[Case]:
    """Draw models of which one layer alone computes in float32."""
    for words, d, m in ((4, 3, 12), (10, 5, 30), (30, 8, 80)):
        yield _mixed(rng, words, d, m)


def _pedestal(rng: np.random.Generator, n: int, size: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    rest = size * rng.uniform(1, 2, n)

    def f(x: Any) -> Any:
        return np.sum(rest + np.log(np.cosh(A @ x)))

    def gradient(x: Any) -> Any:
        return A.T @ np.tanh(A @ x)

    def not_transposed(x: Any) -> Any:
        return A @ np.tanh(A @ x)

    def signal(x: Any) -> Any:
        return np.sum(np.log(np.cosh(A @ x)))

    at = rng.standard_normal(n)
    mistakes = {"transpose forgotten": not_transposed}
    return analytic(f"{n} terms on {size:.0e}", f, gradient, at, mistakes, twin=signal)


@family("offset/rest energy", kind="offset", source=_SOURCE, split="validation")
def pedestal(rng: np.random.Generator) -> Iterator[Case]:
    """Draw energies in which every term carries a large constant of its own."""
    for n, size in ((3, 1e4), (10, 1e6), (40, 1e3), (8, 1e8), (20, 1e9)):
        yield _pedestal(rng, n, size)


def _evidence(rng: np.random.Generator, m: int, n: int, constant: float) -> Case:
    X = rng.standard_normal((m, n))
    y = rng.poisson(np.exp(X @ rng.standard_normal(n) / np.sqrt(n))).astype(float)

    def f(p: Any) -> Any:
        z = X @ p["w"] + p["b"]
        return constant - np.sum(y * z - np.exp(z)) + np.sum(p["w"] ** 2) / 2

    def gradient(p: Any) -> Any:
        r = np.exp(X @ p["w"] + p["b"]) - y
        return {"w": X.T @ r + p["w"], "b": np.sum(r)}

    def no_prior(p: Any) -> Any:
        r = np.exp(X @ p["w"] + p["b"]) - y
        return {"w": X.T @ r, "b": np.sum(r)}

    def signal(p: Any) -> Any:
        return f(p) - constant

    at = {"w": rng.standard_normal(n) / np.sqrt(n), "b": np.array(0.2 * rng.normal())}
    name = f"{m} × {n}, constant {constant:.0e}"
    return analytic(name, f, gradient, at, {"prior forgotten": no_prior}, twin=signal)


@family("offset/constants of a likelihood", kind="offset", source=_SOURCE, split="validation")
def evidence(rng: np.random.Generator) -> Iterator[Case]:
    """Draw Poisson likelihoods with the factorials of other data in front."""
    for m, n, constant in ((20, 3, 1e5), (50, 10, -1e7), (100, 30, 1e6), (20, 5, 1e10)):
        yield _evidence(rng, m, n, constant)


def _cancelled(rng: np.random.Generator, n: int, mean: float) -> Case:
    w = rng.uniform(0.5, 1.5, n)
    w = w / np.sum(w)

    def f(x: Any) -> Any:
        return np.sum(w * x**2) - np.sum(w * x) ** 2

    def gradient(x: Any) -> Any:
        return 2 * w * (x - np.sum(w * x))

    at = mean + rng.standard_normal(n)

    def truth() -> Any:
        y = at - mean  # exact up to roundoff of the mean
        return 2 * w * (y - np.sum(w * y) - mean * (np.sum(w) - 1))

    return closed(f"{n} values around {mean:.0e}", f, gradient, at, truth)


def _lever(rng: np.random.Generator, n: int, size: float) -> Case:
    far = size * rng.standard_normal((n, 2))

    def f(r: Any) -> Any:
        d = r - far
        path = np.sqrt(np.sum(d**2, axis=1))
        return np.sum(path[:-1] * path[1:]) / size + np.sum(np.sin(r))

    def gradient(r: Any) -> Any:
        d = r - far
        path = np.sqrt(np.sum(d**2, axis=1))
        other = np.append(path[1:], 0) + np.insert(path[:-1], 0, 0)
        return (other / path / size)[:, None] * d + np.cos(r)

    def next_only(r: Any) -> Any:
        d = r - far
        path = np.sqrt(np.sum(d**2, axis=1))
        return (np.append(path[1:], 0) / path / size)[:, None] * d + np.cos(r)

    at = rng.standard_normal((n, 2))
    return analytic(
        f"{n} stations at {size:.0e}", f, gradient, at, {"next neighbour only": next_only}
    )


@family("offset/cancelling terms", kind="offset", source=_SOURCE, split="validation")
def cancelled(rng: np.random.Generator) -> Iterator[Case]:
    """Draw variances as differences of large means, and paths to far stations."""
    for n, mean in ((4, 1e2), (10, 1e3), (30, 1e4), (10, 1e5)):
        yield _cancelled(rng, n, mean)
    for n, size in ((4, 1e4), (15, 1e6)):
        yield _lever(rng, n, size)


class _Threads:
    """Sums a vector in an order that changes from call to call, as threads do."""

    def __init__(self, seed: int, pieces: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._pieces = pieces

    def sum(self, terms: Any) -> Any:
        parts = np.array([np.sum(part) for part in np.array_split(terms, self._pieces)])
        total = parts.dtype.type(0)
        for part in parts[self._rng.permutation(self._pieces)]:
            total = total + part
        return total


def _chunked(rng: np.random.Generator, m: int, n: int, pieces: int) -> Case:
    X, y = rng.standard_normal((m, n)), rng.standard_normal(m)
    threads = _Threads(int(rng.integers(2**32)), pieces)

    def f(w: Any) -> Any:
        return threads.sum(np.sqrt(1 + (X @ w - y) ** 2)) / m

    def gradient(w: Any) -> Any:
        r = X @ w - y
        return X.T @ (r / np.sqrt(1 + r**2)) / m

    def twin(w: Any) -> Any:
        return np.mean(np.sqrt(1 + (X @ w - y) ** 2))

    return analytic(f"{m} × {n}, {pieces} threads", f, gradient, rng.standard_normal(n), twin=twin)


@family("last bits/threads", kind="last bits", source=_SOURCE, split="validation")
def chunked(rng: np.random.Generator) -> Iterator[Case]:
    """Draw robust regressions whose sum is joined in changing order."""
    for m, n, pieces in ((50, 3, 4), (200, 15, 16), (400, 60, 8)):
        yield _chunked(rng, m, n, pieces)


def _flicker(rng: np.random.Generator, n: int, hidden: int, ulps: int) -> Case:
    X, y = rng.standard_normal((20, n)), rng.standard_normal(20)
    coin = np.random.default_rng(int(rng.integers(2**32)))

    def exact(p: Any) -> Any:
        return np.mean((np.tanh(X @ p["W"]) @ p["v"] - y) ** 2)

    def f(p: Any) -> Any:
        return exact(p) * (1 + 2e-16 * coin.integers(-ulps, ulps + 1))

    def gradient(p: Any) -> Any:
        a = np.tanh(X @ p["W"])
        r = 2 * (a @ p["v"] - y) / len(y)
        return {"W": X.T @ (np.outer(r, p["v"]) * (1 - a**2)), "v": a.T @ r}

    def no_slope(p: Any) -> Any:
        r = 2 * (np.tanh(X @ p["W"]) @ p["v"] - y) / len(y)
        return {**gradient(p), "W": X.T @ np.outer(r, p["v"])}

    at = {"W": rng.standard_normal((n, hidden)) / np.sqrt(n), "v": rng.standard_normal(hidden)}
    mistakes = {"slope of tanh forgotten": no_slope}
    return analytic(f"{n}-{hidden}-1, {ulps} ulp", f, gradient, at, mistakes, twin=exact)


@family("last bits/flicker", kind="last bits", source=_SOURCE, split="validation")
def flicker(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks whose loss flickers by a few units in the last place."""
    for n, hidden, ulps in ((3, 3, 1), (6, 5, 1), (10, 20, 2), (4, 4, 5)):
        yield _flicker(rng, n, hidden, ulps)


def _alternating(rng: np.random.Generator, n: int, every: int) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    A = A @ A.T + np.eye(n)
    b = rng.standard_normal(n)
    calls = [0]

    def exact(x: Any) -> Any:
        return np.sum(x * (A @ x)) / 2 - np.sum(b * x) + np.sum(np.exp(-(x**2)))

    def f(x: Any) -> Any:
        calls[0] += 1
        if calls[0] % every:
            return exact(x)
        turned = np.roll(np.arange(n), calls[0])  # another order of the same sums
        y = x[turned]
        product = np.sum(A[np.ix_(turned, turned)] * y, axis=1)
        return np.sum(y * product) / 2 - np.sum(b[turned] * y) + np.sum(np.exp(-(y**2)))

    def gradient(x: Any) -> Any:
        return A @ x - b - 2 * x * np.exp(-(x**2))

    def half(x: Any) -> Any:
        return np.tril(A) @ x - b - 2 * x * np.exp(-(x**2))

    at = rng.standard_normal(n)
    mistakes = {"lower triangle only": half}
    name = f"{n} variables, every {every} calls"
    return analytic(name, f, gradient, at, mistakes, twin=exact)


@family("last bits/order of sums", kind="last bits", source=_SOURCE, split="validation")
def alternating(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions that are summed in another order in every second or later call."""
    for n, every in ((4, 2), (12, 3), (40, 7), (10, 50)):
        yield _alternating(rng, n, every)


def _bumps(rng: np.random.Generator, n: int, rate: float) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    phase = rng.uniform(0, 6, n)

    def f(x: Any) -> Any:
        return np.sum(np.sqrt(1 + (A @ x) ** 2)) + np.sum(np.sin(rate * x + phase)) / rate

    def gradient(x: Any) -> Any:
        z = A @ x
        return A.T @ (z / np.sqrt(1 + z**2)) + np.cos(rate * x + phase)

    return analytic(f"{n} variables, rate {rate:.0e}", f, gradient, rng.standard_normal(n))


@family("below the step/ripples", kind="below the step", source=_SOURCE, split="validation")
def bumps(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions with ripples of slope 1 that are too fine to be seen."""
    for n, rate in ((3, 1e7), (10, 1e8), (30, 1e10), (5, 1e9)):
        yield _bumps(rng, n, rate)


def _rounded(rng: np.random.Generator, m: int, n: int, digits: int) -> Case:
    X = rng.standard_normal((m, n))
    y = (rng.uniform(size=m) < 0.5).astype(float)

    def f(w: Any) -> Any:
        z = X @ w
        return float(f"{np.mean(np.log(1 + np.exp(z)) - y * z):.{digits}g}")

    def gradient(w: Any) -> Any:
        return np.zeros(n)

    def truth() -> Any:
        return np.zeros(n)

    at = rng.standard_normal(n)
    return closed(f"loss of {m} × {n}, {digits} digits", f, gradient, at, truth)


@family("below the step/printed value", kind="below the step", source=_SOURCE, split="validation")
def rounded(rng: np.random.Generator) -> Iterator[Case]:
    """Draw losses read from a text of some digits: their derivative is 0 almost everywhere."""
    for m, n, digits in ((20, 3, 3), (20, 6, 4), (50, 10, 5), (50, 20, 6)):
        yield _rounded(rng, m, n, digits)


def _table(rng: np.random.Generator, n: int, cells: int, linear: bool) -> Case:
    A = rng.standard_normal((n, n)) / np.sqrt(n)
    step = 8 / cells

    def look_up(z: Any, entry: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return values and slopes from a table of an entry's values at multiples of the step."""
        if not linear:
            return entry(step * np.round(z / step)), np.zeros_like(z)
        below = np.floor(z / step)
        left, right = entry(step * below), entry(step * (below + 1))
        slope = (right - left) / step
        return left + slope * (z - step * below), slope

    def f(x: Any) -> Any:
        return np.sum(look_up(A @ x, np.tanh)[0]) + np.sum(x**2) / 4

    def gradient(x: Any) -> Any:
        return A.T @ look_up(A @ x, np.tanh)[1] + x / 2

    at = rng.uniform(-1, 1, n)

    def truth() -> Any:
        z, slopes = A @ at, np.zeros(n)
        if linear:
            lower = [np.floor(value / step) for value in z]
            slopes = np.array([(np.tanh(step * (k + 1)) - np.tanh(step * k)) / step for k in lower])
        return np.sum(slopes[:, None] * A, axis=0) + at / 2

    kind = "linear" if linear else "nearest"
    return closed(f"{n} look-ups, {cells:.0e} cells, {kind}", f, gradient, at, truth)


@family("below the step/lookup tables", kind="below the step", source=_SOURCE, split="validation")
def table(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions read from fine tables, of the nearest entry or interpolated."""
    for n, cells, linear in ((4, 10**7, False), (12, 10**8, False), (6, 10**7, True)):
        yield _table(rng, n, cells, linear)


def _quantised(rng: np.random.Generator, n: int, hidden: int, size: float) -> Case:
    X, y = rng.standard_normal((15, n)), rng.standard_normal(15)

    def quantised(z: Any) -> Any:
        return z if np.iscomplexobj(z) else size * np.floor(z / size)

    def smooth(p: Any) -> Any:
        return np.mean((np.tanh(X @ p["W"]) @ p["v"] - y) ** 2)

    def f(p: Any) -> Any:
        a = np.tanh(quantised(X @ p["W"]))
        return np.mean((a @ p["v"] - y) ** 2)

    def gradient(p: Any) -> Any:
        a = np.tanh(quantised(X @ p["W"]))
        r = 2 * (a @ p["v"] - y) / len(y)
        return {"W": np.zeros_like(p["W"]), "v": a.T @ r}

    at = {"W": rng.standard_normal((n, hidden)) / np.sqrt(n), "v": rng.standard_normal(hidden)}

    def truth() -> Any:
        a = np.tanh(size * np.floor(X @ at["W"] / size))

        def by_v(v: Any) -> Any:
            return np.mean((a @ v - y) ** 2)

        return {"W": np.zeros_like(at["W"]), "v": complex_step(by_v, at["v"])}

    return closed(f"{n}-{hidden}-1, steps of {size:.0e}", f, gradient, at, truth)


@family("below the step/quantised layer", kind="below the step", source=_SOURCE, split="validation")
def quantised(rng: np.random.Generator) -> Iterator[Case]:
    """Draw networks whose first layer is quantised: no derivative in it, an exact one behind it."""
    for n, hidden, size in ((3, 4, 1e-3), (5, 6, 1e-6), (8, 10, 1e-8)):
        yield _quantised(rng, n, hidden, size)
