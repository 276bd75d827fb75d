"""Functions of JAX: mixtures, dense networks, an orbit, and losses with corners."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family

_SOURCE = "jax"
_NEEDS = ("jax",)


@family("JAX Gaussian mixture", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _mixture(rng: np.random.Generator) -> Iterator[Case]:
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def loss(p: Any, x: Any) -> Any:
        z = (x[:, None, :] - p["means"]) * jnp.exp(-p["log_sds"])
        log_normal = -0.5 * jnp.sum(z**2 + 2 * p["log_sds"] + jnp.log(2 * jnp.pi), axis=-1)
        log_weights = jax.nn.log_softmax(p["logits"])
        return -jnp.mean(jax.scipy.special.logsumexp(log_weights + log_normal, axis=1))

    def fixed_weights(p: Any, x: Any) -> Any:
        return loss({**p, "logits": jax.lax.stop_gradient(p["logits"])}, x)

    def hard(p: Any, x: Any) -> Any:
        # Each example belongs to its nearest part only.
        z = (x[:, None, :] - p["means"]) * jnp.exp(-p["log_sds"])
        log_normal = -0.5 * jnp.sum(z**2 + 2 * p["log_sds"], axis=-1)
        return -jnp.mean(jnp.max(jax.nn.log_softmax(p["logits"]) + log_normal, axis=1))

    for parts, size, m in ((2, 1, 20), (3, 2, 50), (5, 6, 100)):
        centers = 2 * rng.standard_normal((parts, size))
        yield jax_case(
            f"{parts} parts in {size} dimensions",
            loss,
            {
                "logits": rng.standard_normal(parts),
                "means": centers + 0.3 * rng.standard_normal((parts, size)),
                "log_sds": 0.2 * rng.standard_normal((parts, size)),
            },
            centers[rng.integers(parts, size=m)] + rng.standard_normal((m, size)),
            {"weights detached": fixed_weights, "nearest part only": hard},
        )


@family("JAX dense network", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _dense(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _classifier()
    for sizes, m in (((3, 4, 2), 10), ((5, 8, 8, 3), 20), ((20, 24, 16, 10), 30)):
        yield jax_case("-".join(map(str, sizes)), loss, *_layers(rng, sizes, m), mistakes)


@family(
    "JAX dense network in float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _dense_single(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _classifier()
    for sizes, m in (((3, 4, 2), 10), ((8, 10, 3), 40)):
        name = "-".join(map(str, sizes))
        yield jax_case(name, loss, *_layers(rng, sizes, m), mistakes, single=True)


def _classifier() -> tuple[Any, dict[str, Any]]:
    import jax
    import jax.numpy as jnp

    def loss(p: Any, data: Any) -> Any:
        x, labels = data
        for w, b in p[:-1]:
            x = jax.nn.softplus(x @ w + b)
        w, b = p[-1]
        log_p = jax.nn.log_softmax(x @ w + b)
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    def frozen(p: Any, data: Any) -> Any:
        return loss([jax.lax.stop_gradient(p[0]), *p[1:]], data)

    def summed(p: Any, data: Any) -> Any:
        return len(data[0]) * loss(p, data)

    return loss, {"first layer detached": frozen, "1/m forgotten": summed}


def _layers(rng: np.random.Generator, sizes: tuple[int, ...], m: int) -> tuple[Any, Any]:
    p = [
        (rng.standard_normal((a, b)) / np.sqrt(a), 0.1 * rng.standard_normal(b))
        for a, b in itertools.pairwise(sizes)
    ]
    return p, (rng.standard_normal((m, sizes[0])), rng.integers(sizes[-1], size=m))


@family(
    "JAX predators and prey by scan", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _predators(rng: np.random.Generator) -> Iterator[Case]:
    """Fit four rates and the first state to observed numbers, by RK4 of fixed steps."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def slope(p: Any, y: Any) -> Any:
        a, b, c, d = jnp.exp(p["log_rates"])
        return jnp.array([a * y[0] - b * y[0] * y[1], d * y[0] * y[1] - c * y[1]])

    def path(p: Any, length: int) -> Any:
        h = 0.1

        def step(y: Any, _: Any) -> Any:
            k1 = slope(p, y)
            k2 = slope(p, y + h / 2 * k1)
            k3 = slope(p, y + h / 2 * k2)
            k4 = slope(p, y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return y, y

        return jax.lax.scan(step, jnp.exp(p["log_start"]), None, length=length)[1]

    def loss(p: Any, seen: Any) -> Any:
        return jnp.mean((jnp.log(path(p, len(seen))) - jnp.log(seen)) ** 2)

    def fixed_start(p: Any, seen: Any) -> Any:
        return loss({**p, "log_start": jax.lax.stop_gradient(p["log_start"])}, seen)

    for steps in (20, 60):
        rates = np.log([1.0, 0.5, 0.8, 0.4]) + 0.1 * rng.standard_normal(4)
        at = {"log_rates": rates, "log_start": np.log([2.0, 1.0]) + 0.1 * rng.standard_normal(2)}
        seen = np.exp(0.3 * rng.standard_normal((steps, 2)))
        yield jax_case(f"{steps} steps", loss, at, seen, {"first state detached": fixed_start})


@family("JAX losses with corners", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _corners(rng: np.random.Generator) -> Iterator[Case]:
    """Absolute and quantile losses, clipped ratios; one residual is nearly 0."""
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def absolute(p: Any, data: Any) -> Any:
        x, y = data
        return jnp.mean(jnp.abs(x @ p["w"] + p["b"] - y)) + 0.1 * jnp.sum(jnp.abs(p["w"]))

    def quantile(p: Any, data: Any) -> Any:
        x, y = data
        r = y - x @ p["w"] - p["b"]
        return jnp.mean(jnp.maximum(0.9 * r, -0.1 * r))

    def clipped(p: Any, data: Any) -> Any:
        x, y = data
        ratio = jnp.exp(0.1 * (x @ p["w"] + p["b"]))
        return -jnp.mean(jnp.minimum(ratio * y, jnp.clip(ratio, 0.8, 1.2) * y))

    for name, loss in (("absolute", absolute), ("quantile", quantile), ("clipped ratio", clipped)):
        for gap in (1e-3, 1e-6):
            n, m = 5, 30
            x = rng.standard_normal((m, n))
            p = {"w": rng.standard_normal(n), "b": np.asarray(0.3)}
            y = x @ p["w"] + rng.standard_normal(m)
            y[0] = x[0] @ p["w"] + 0.3 + gap
            yield jax_case(f"{name}, gap {gap:g}", loss, p, (x, y))
