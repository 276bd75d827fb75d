"""Functions of HIPS autograd: regressions, a variational bound, an unrolled optimiser, corners."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.autograd_functions import autograd_case, detached

_SOURCE = "autograd"
_NEEDS = ("autograd",)


@family("autograd regressions", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _regressions(rng: np.random.Generator) -> Iterator[Case]:
    import autograd.numpy as anp

    def logistic(w: Any, data: Any, penalty: float = 0.1) -> Any:
        x, y = data
        return anp.mean(anp.log(1 + anp.exp(-y * anp.dot(x, w)))) + penalty * anp.sum(w**2)

    def poisson(w: Any, data: Any) -> Any:
        x, y = data
        eta = anp.dot(x, w)
        return anp.mean(anp.exp(eta) - (y + 1) * eta)

    def robust(w: Any, data: Any, stop: Any = lambda s: s) -> Any:
        x, y = data
        r = y - anp.dot(x, w)
        scale = stop(anp.mean(r**2))
        return anp.mean(anp.log(1 + r**2 / scale)) + 0.5 * anp.log(scale)

    for n, m in ((2, 15), (8, 60), (40, 100)):
        x, w = rng.standard_normal((m, n)), rng.standard_normal(n) / np.sqrt(n)
        y = np.where(rng.uniform(size=m) < 0.5, -1.0, 1.0)
        yield autograd_case(
            f"logistic, {n} features",
            logistic,
            w,
            (x, y),
            {"penalty forgotten": functools.partial(logistic, penalty=0.0)},
        )
        yield autograd_case(f"Poisson, {n} features", poisson, w, (x, y))
        yield autograd_case(
            f"robust, {n} features",
            robust,
            w,
            (x, x @ w + rng.standard_normal(m)),
            {"scale detached": functools.partial(robust, stop=detached)},
        )


@family("autograd variational bound", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _bound(rng: np.random.Generator) -> Iterator[Case]:
    """Black-box variational inference of a small Bayesian network, with its noise fixed."""
    import autograd.numpy as anp

    def loss(p: Any, data: Any, entropy: bool = True, through: Any = lambda s: s) -> Any:
        x, y, noise, hidden = data
        mean, log_sd = p
        size = x.shape[1] * hidden
        total = 0.0
        for eps in noise:
            w = mean + through(anp.exp(log_sd)) * eps
            h = anp.tanh(anp.dot(x, anp.reshape(w[:size], (x.shape[1], hidden))))
            r = y - anp.dot(h, w[size:])
            total = total + 2 * anp.sum(r**2) + 0.5 * anp.sum(w**2)
        bound = total / len(noise)
        return bound - anp.sum(log_sd) if entropy else bound

    for inputs, hidden, m, draws in ((1, 3, 10, 3), (3, 5, 20, 5), (6, 20, 30, 3)):
        n = (inputs + 1) * hidden
        x = rng.standard_normal((m, inputs))
        data = (x, np.sin(x[:, 0]), rng.standard_normal((draws, n)), hidden)
        yield autograd_case(
            f"{inputs}-{hidden}-1, {draws} draws",
            loss,
            (rng.standard_normal(n), -1 + 0.2 * rng.standard_normal(n)),
            data,
            {
                "entropy forgotten": functools.partial(loss, entropy=False),
                "deviation detached": functools.partial(loss, through=detached),
            },
        )


@family(
    "autograd regression in float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _single(rng: np.random.Generator) -> Iterator[Case]:
    import autograd.numpy as anp

    def loss(p: Any, data: Any) -> Any:
        x, y = data
        h = anp.tanh(anp.dot(x, p["w"]) + p["b"])
        return anp.mean((anp.dot(h, p["v"]) - y) ** 2)

    for inputs, hidden, m in ((2, 3, 10), (6, 8, 40)):
        p = {
            "w": rng.standard_normal((inputs, hidden)),
            "b": 0.1 * rng.standard_normal(hidden),
            "v": rng.standard_normal(hidden),
        }
        data = (rng.standard_normal((m, inputs)), rng.standard_normal(m))
        yield autograd_case(f"{inputs}-{hidden}-1", loss, p, data, single=True)


@family(
    "autograd through an optimiser", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _optimiser(rng: np.random.Generator) -> Iterator[Case]:
    """Differentiate the loss after some steps of descent, by their rates and the start."""
    import autograd.numpy as anp

    def loss(p: Any, data: Any, stop: Any = lambda g: g) -> Any:
        a, b = data
        w, speed = p["start"], 0.0
        for log_rate in p["log_rates"]:
            residual = anp.tanh(anp.dot(a, w)) - b
            slope = stop(anp.dot(a.T, residual * (1 - anp.tanh(anp.dot(a, w)) ** 2)))
            speed = 0.5 * speed - anp.exp(log_rate) * slope
            w = w + speed
        return anp.sum((anp.tanh(anp.dot(a, w)) - b) ** 2)

    for n, steps in ((3, 4), (8, 10)):
        p = {"start": rng.standard_normal(n), "log_rates": -3 + 0.3 * rng.standard_normal(steps)}
        data = (rng.standard_normal((2 * n, n)) / np.sqrt(n), rng.uniform(-0.9, 0.9, 2 * n))
        wrong = {"slopes detached": functools.partial(loss, stop=detached)}
        yield autograd_case(f"{n} weights, {steps} steps", loss, p, data, wrong)


@family("autograd corners", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _corners(rng: np.random.Generator) -> Iterator[Case]:
    """Draw support vector machines and lassos; one margin is nearly met, one weight nearly 0."""
    import autograd.numpy as anp

    def machine(p: Any, data: Any) -> Any:
        x, y = data
        margins = y * (anp.dot(x, p["w"]) + p["b"])
        return anp.mean(anp.maximum(0, 1 - margins)) + 0.1 * anp.sum(p["w"] ** 2)

    def lasso(p: Any, data: Any) -> Any:
        x, y = data
        r = anp.dot(x, p["w"]) + p["b"] - y
        return anp.mean(r**2) + 0.2 * anp.sum(anp.abs(p["w"]))

    for n, m, gap in ((3, 12, 1e-3), (5, 40, 1e-5), (10, 60, 1e-7)):
        x, y = rng.standard_normal((m, n)), rng.choice([-1.0, 1.0], size=m)
        p = {"w": rng.standard_normal(n), "b": np.asarray(0.1)}
        y[0] = np.sign(x[0] @ p["w"])
        p["b"] = np.asarray(y[0] * (1 - gap) - x[0] @ p["w"])
        yield autograd_case(f"margin, gap {gap:g}", machine, p, (x, y), analytic=False)
        small = {"w": np.where(np.arange(n) == 0, gap, p["w"]), "b": p["b"]}
        yield autograd_case(f"lasso, weight {gap:g}", lasso, small, (x, y), analytic=False)
