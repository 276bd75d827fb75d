"""Functions of JAX: sequences, flows, particles, solvers, densities, linear algebra."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.truth import FloatArray, complex_step, torch_forward

_SOURCE = "jax"
_NEEDS = ("jax",)


def _attention_parts() -> tuple[Any, dict[str, Any]]:
    import jax
    import jax.numpy as jnp

    def block(p: Any, x: Any, stop: Any = lambda a: a, scaled: bool = True) -> Any:
        q, k, v = (jnp.einsum("nld,dhk->nhlk", x, p[name]) for name in ("q", "k", "v"))
        scores = q @ jnp.swapaxes(k, -1, -2)
        if scaled:
            scores = scores / np.sqrt(q.shape[-1]).astype(x.dtype)
        weights = stop(jax.nn.softmax(scores))
        out = x + jnp.einsum("nhlk,hkd->nld", weights @ v, p["o"])
        return out + jax.nn.gelu(out @ p["up"]) @ p["down"]

    def loss(p: Any, data: Any, **options: Any) -> Any:
        x, labels = data
        log_p = jax.nn.log_softmax(block(p, x, **options)[:, -1] @ p["head"])
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    mistakes = {
        "attention weights detached": functools.partial(loss, stop=jax.lax.stop_gradient),
        "scale forgotten": functools.partial(loss, scaled=False),
    }
    return loss, mistakes


def _attention_point(
    rng: np.random.Generator, width: int, heads: int, length: int, m: int
) -> tuple[Any, Any]:
    size = width // heads

    def normal(*shape: int, fan: int) -> Any:
        return rng.standard_normal(shape) / np.sqrt(fan)

    p = {
        "q": normal(width, heads, size, fan=width),
        "k": normal(width, heads, size, fan=width),
        "v": normal(width, heads, size, fan=width),
        "o": normal(heads, size, width, fan=width),
        "up": normal(width, 2 * width, fan=width),
        "down": normal(2 * width, width, fan=2 * width),
        "head": normal(width, 3, fan=width),
    }
    return p, (rng.standard_normal((m, length, width)), rng.integers(3, size=m))


@family("JAX transformer block", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _attention(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _attention_parts()
    for width, heads, length, m in ((4, 2, 4, 3), (6, 2, 6, 4), (16, 4, 5, 4)):
        point = _attention_point(rng, width, heads, length, m)
        yield jax_case(f"width {width}, {heads} heads, length {length}", loss, *point, mistakes)


@family(
    "JAX transformer block in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _attention_single(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _attention_parts()
    for width, heads, length, m in ((4, 2, 4, 3), (8, 2, 4, 4)):
        point = _attention_point(rng, width, heads, length, m)
        name = f"width {width}, {heads} heads, length {length}"
        yield jax_case(name, loss, *point, mistakes, single=True)


@family("JAX GRU by scan", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _gru(rng: np.random.Generator) -> Iterator[Case]:
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def loss(p: Any, data: Any, carried: Any = lambda h: h) -> Any:
        x, labels = data

        def step(h: Any, xt: Any) -> Any:
            h = carried(h)
            z, r = jnp.split(jax.nn.sigmoid(xt @ p["wi"] + h @ p["wh"] + p["b"]), 2, axis=-1)
            n = jnp.tanh(xt @ p["wn"] + r * (h @ p["un"]) + p["bn"])
            h = (1 - z) * n + z * h
            return h, h @ p["out"]

        h0 = jnp.broadcast_to(jnp.tanh(p["h0"]), (x.shape[1], len(p["h0"])))
        _, scores = jax.lax.scan(step, h0, x)
        log_p = jax.nn.log_softmax(scores)
        return -jnp.mean(jnp.take_along_axis(log_p, labels[..., None], axis=-1))

    truncated = functools.partial(loss, carried=jax.lax.stop_gradient)

    def fixed_start(p: Any, data: Any) -> Any:
        return loss({**p, "h0": jax.lax.stop_gradient(p["h0"])}, data)

    for inputs, hidden, steps, m in ((2, 3, 5, 2), (3, 6, 10, 4), (6, 16, 8, 4)):
        p = {
            "wi": rng.standard_normal((inputs, 2 * hidden)) / np.sqrt(inputs),
            "wh": rng.standard_normal((hidden, 2 * hidden)) / np.sqrt(hidden),
            "b": 0.1 * rng.standard_normal(2 * hidden),
            "wn": rng.standard_normal((inputs, hidden)) / np.sqrt(inputs),
            "un": rng.standard_normal((hidden, hidden)) / np.sqrt(hidden),
            "bn": 0.1 * rng.standard_normal(hidden),
            "h0": 0.5 * rng.standard_normal(hidden),
            "out": rng.standard_normal((hidden, 3)) / np.sqrt(hidden),
        }
        data = (rng.standard_normal((steps, m, inputs)), rng.integers(3, size=(steps, m)))
        yield jax_case(
            f"{inputs} inputs, {hidden} units, {steps} steps",
            loss,
            p,
            data,
            {"state detached": truncated, "first state detached": fixed_start},
        )


@family("JAX coupling flow", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _flow(rng: np.random.Generator) -> Iterator[Case]:
    """Negative log-likelihood under affine coupling layers, as in Real NVP."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def loss(p: Any, x: Any, jacobian: Any = lambda s: s) -> Any:
        half = x.shape[1] // 2
        log_det = jnp.zeros(len(x), x.dtype)
        for layer in p:
            kept, moved = x[:, :half], x[:, half:]
            h = jnp.tanh(kept @ layer["w"] + layer["b"])
            s, t = jnp.tanh(h @ layer["ws"]), h @ layer["wt"]
            x = jnp.concatenate([moved * jnp.exp(s) + t, kept], axis=1)
            log_det = log_det + jacobian(jnp.sum(s, axis=1))
        return -jnp.mean(jnp.sum(jax.scipy.stats.norm.logpdf(x), axis=1) + log_det)

    mistakes = {
        "log-determinant forgotten": functools.partial(loss, jacobian=lambda s: 0 * s),
        "log-determinant: sign": functools.partial(loss, jacobian=lambda s: -s),
        "log-determinant detached": functools.partial(loss, jacobian=jax.lax.stop_gradient),
    }
    for size, hidden, layers, m in ((2, 3, 2, 10), (4, 6, 3, 20), (6, 16, 4, 20)):
        half = size // 2
        p = [
            {
                "w": rng.standard_normal((half, hidden)) / np.sqrt(half),
                "b": 0.1 * rng.standard_normal(hidden),
                "ws": 0.5 * rng.standard_normal((hidden, half)) / np.sqrt(hidden),
                "wt": rng.standard_normal((hidden, half)) / np.sqrt(hidden),
            }
            for _ in range(layers)
        ]
        x = rng.standard_normal((m, size)) + np.arange(size)
        yield jax_case(f"{layers} layers in {size} dimensions", loss, p, x, mistakes)


@family(
    "JAX energies of particles", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _particles(rng: np.random.Generator) -> Iterator[Case]:
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def squares(x: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        return jnp.sum((x[i] - x[j]) ** 2, axis=1)

    def gravity(x: Any, masses: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        return -jnp.sum(masses[i] * masses[j] / jnp.sqrt(squares(x) + 0.05**2))

    def lennard_jones(x: Any, _: Any) -> Any:
        inverse = 1 / squares(x) ** 3
        return 4 * jnp.sum(inverse**2 - inverse)

    def no_attraction(x: Any, _: Any) -> Any:
        return 4 * jnp.sum(1 / squares(x) ** 6)

    def chain(x: Any, _: Any) -> Any:
        bonds = x[1:] - x[:-1]
        lengths = jnp.linalg.norm(bonds, axis=1)
        cosines = jnp.sum(bonds[1:] * bonds[:-1], axis=1) / (lengths[1:] * lengths[:-1])
        morse = jnp.sum((1 - jnp.exp(-2 * (lengths - 1))) ** 2)
        return morse + jnp.sum((cosines - 0.3) ** 2)

    def chain_detached(x: Any, _: Any) -> Any:
        bonds = x[1:] - x[:-1]
        lengths = jnp.linalg.norm(bonds, axis=1)
        fixed = jax.lax.stop_gradient(lengths)
        cosines = jnp.sum(bonds[1:] * bonds[:-1], axis=1) / (fixed[1:] * fixed[:-1])
        return jnp.sum((1 - jnp.exp(-2 * (lengths - 1))) ** 2) + jnp.sum((cosines - 0.3) ** 2)

    def unsoftened(x: Any, masses: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        return -jnp.sum(masses[i] * masses[j] / jnp.sqrt(squares(x)))

    for n in (3, 8, 40):
        x = rng.standard_normal((n, 3))
        masses = rng.uniform(0.5, 2, n)
        yield jax_case(
            f"gravity, {n} bodies", gravity, x, masses, {"softening forgotten": unsoftened}
        )
    for side in (2, 3):
        grid = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3)
        x = 1.15 * grid + 0.05 * rng.standard_normal((side**3, 3))
        yield jax_case(
            f"Lennard-Jones, {side**3} atoms",
            lennard_jones,
            x,
            mistakes={"attraction forgotten": no_attraction},
        )
    for n in (4, 15):
        x = np.cumsum(rng.standard_normal((n, 3)) / np.sqrt(3) + 0.3, axis=0)
        yield jax_case(
            f"chain of {n} beads", chain, x, mistakes={"lengths in angles detached": chain_detached}
        )


@family("JAX solutions by RK4", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _rk4(rng: np.random.Generator) -> Iterator[Case]:
    """Solve for a pendulum, an epidemic and a neural equation, by scan over fixed steps."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def solve(slope: Any, start: Any, steps: int, h: float) -> Any:
        def step(y: Any, _: Any) -> Any:
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            k4 = slope(y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            return y, y

        return jax.lax.scan(step, start, None, length=steps)[1]

    def pendulum(p: Any, seen: Any) -> Any:
        def slope(y: Any) -> Any:
            return jnp.array([y[1], -p["g"] * jnp.sin(y[0]) - p["friction"] * y[1]])

        path = solve(slope, p["start"], len(seen), 0.05)
        return jnp.mean((jnp.sin(path[:, 0]) - seen) ** 2)

    def frictionless(p: Any, seen: Any) -> Any:
        return pendulum({**p, "friction": jax.lax.stop_gradient(p["friction"])}, seen)

    def epidemic(p: Any, cases: Any) -> Any:
        rates = jnp.exp(p["log_rates"])

        def slope(y: Any) -> Any:
            s, e, i, _ = y
            new = rates[0] * s * i
            return jnp.array([-new, new - rates[1] * e, rates[1] * e - rates[2] * i, rates[2] * i])

        infected = jax.nn.sigmoid(p["logit_infected"])
        start = jnp.array([1 - infected, 0.0, infected, 0.0])
        mean = 1000 * solve(slope, start, len(cases), 0.5)[:, 2]
        return -jnp.sum(jax.scipy.stats.poisson.logpmf(cases, mean))

    def start_detached(p: Any, cases: Any) -> Any:
        fixed = jax.lax.stop_gradient(p["logit_infected"])
        return epidemic({**p, "logit_infected": fixed}, cases)

    def neural(p: Any, data: Any) -> Any:
        start, target = data

        def slope(y: Any) -> Any:
            return jnp.tanh(y @ p["w1"] + p["b1"]) @ p["w2"]

        return jnp.mean((solve(slope, start, 10, 0.1)[-1] - target) ** 2)

    for steps in (20, 80):
        t = 0.05 * np.arange(1, steps + 1)
        p = {
            "g": np.asarray(9.0 + 0.5 * rng.standard_normal()),
            "friction": np.asarray(0.3 + 0.05 * rng.standard_normal()),
            "start": np.array([1.0, 0.0]) + 0.1 * rng.standard_normal(2),
        }
        seen = np.cos(3 * t) + 0.1 * rng.standard_normal(steps)
        yield jax_case(f"pendulum, {steps} steps", pendulum, p, seen, {"detached": frictionless})
    for days in (15, 40):
        p = {
            "log_rates": np.log([0.6, 0.4, 0.25]) + 0.1 * rng.standard_normal(3),
            "logit_infected": np.asarray(-4.0 + 0.2 * rng.standard_normal()),
        }
        seen = rng.poisson(30, size=days).astype(np.int64)
        wrong = {"first state detached": start_detached}
        yield jax_case(f"epidemic, {days} steps", epidemic, p, seen, wrong)
    for size, hidden in ((2, 4), (4, 24)):
        p = {
            "w1": rng.standard_normal((size, hidden)) / np.sqrt(size),
            "b1": 0.1 * rng.standard_normal(hidden),
            "w2": rng.standard_normal((hidden, size)) / np.sqrt(hidden),
        }
        data = (rng.standard_normal((8, size)), rng.standard_normal((8, size)))
        yield jax_case(f"neural, {size} states, {hidden} units", neural, p, data)


@family(
    "JAX functions with rules of their own",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _custom(rng: np.random.Generator) -> Iterator[Case]:
    """Reverse rules by `custom_vjp`, right and wrong, inside of small models."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def with_rule(function: Any, backward: Any) -> Any:
        ruled = jax.custom_vjp(function)
        ruled.defvjp(lambda *args: (function(*args), args), backward)
        return ruled

    def softplus(x: Any) -> Any:
        return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))

    def model(plus: Any) -> Any:
        def loss(p: Any, data: Any) -> Any:
            x, y = data
            return jnp.mean(plus(-y * (x @ p["w"] + p["b"]))) + 0.05 * jnp.sum(p["w"] ** 2)

        return loss

    right = model(with_rule(softplus, lambda kept, d: (d * jax.nn.sigmoid(kept[0]),)))
    wrong = {
        "sigmoid at the value": model(
            with_rule(softplus, lambda kept, d: (d * jax.nn.sigmoid(softplus(kept[0])),))
        ),
        "slope of the sigmoid": model(
            with_rule(
                softplus,
                lambda kept, d: (d * jax.nn.sigmoid(kept[0]) * jax.nn.sigmoid(-kept[0]),),
            )
        ),
        "step for the sigmoid": model(with_rule(softplus, lambda kept, d: ((kept[0] > 0) * d,))),
    }
    for n, m in ((3, 12), (10, 50)):
        data = (rng.standard_normal((m, n)), rng.choice([-1.0, 1.0], size=m))
        p = {"w": rng.standard_normal(n), "b": np.asarray(rng.standard_normal())}
        yield jax_case(f"softplus, {n} features", right, p, data, wrong, plain=model(softplus))

    def normalise(x: Any, g: Any) -> Any:
        return g * x / jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + 1e-6)

    def rms_rule(kept: Any, d: Any, slip: str = "") -> Any:
        x, g = kept
        r = 1 / jnp.sqrt(jnp.mean(x**2, axis=-1, keepdims=True) + 1e-6)
        dg = d * g
        dx = r * dg - r**3 * x * jnp.mean(dg * x, axis=-1, keepdims=True)
        if slip == "norm taken for a constant":
            dx = r * dg
        if slip == "sum for mean":
            dx = r * dg - r**3 * x * jnp.sum(dg * x, axis=-1, keepdims=True)
        if slip == "gain forgotten":
            dx = r * d - r**3 * x * jnp.mean(d * x, axis=-1, keepdims=True)
        weight = x if slip == "gain: input not normalised" else x * r
        return dx, jnp.sum(d * weight, axis=0)

    def normalised(function: Any) -> Any:
        def loss(p: Any, data: Any) -> Any:
            x, y = data
            return jnp.mean((jnp.tanh(function(x @ p["w"], p["g"])) - y) ** 2)

        return loss

    slips = (
        "norm taken for a constant",
        "sum for mean",
        "gain forgotten",
        "gain: input not normalised",
    )
    right = normalised(with_rule(normalise, rms_rule))
    wrong = {
        slip: normalised(with_rule(normalise, functools.partial(rms_rule, slip=slip)))
        for slip in slips
    }
    for n, width, m in ((3, 4, 5), (5, 8, 10)):
        p = {"w": rng.standard_normal((n, width)), "g": 1 + 0.2 * rng.standard_normal(width)}
        data = (rng.standard_normal((m, n)), rng.uniform(-1, 1, (m, width)))
        name = f"root mean square, {n} to {width}"
        yield jax_case(name, right, p, data, wrong, plain=normalised(normalise))


# It never ended where a check once walked; `replacements.py` has others.
@family(
    "JAX fixed point with an implicit rule",
    kind="solver noise",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _fixed_point(rng: np.random.Generator) -> Iterator[Case]:
    """Iterate an equilibrium layer to a tolerance; its rule solves the linear system."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def step(w: Any, u: Any, z: Any) -> Any:
        return jnp.tanh(w @ z + u)

    def iterate(w: Any, u: Any) -> Any:
        def going(state: Any) -> Any:
            z, before = state
            return jnp.max(jnp.abs(z - before)) > 1e-11

        def again(state: Any) -> Any:
            return step(w, u, state[0]), state[0]

        return jax.lax.while_loop(going, again, (jnp.zeros_like(u), jnp.ones_like(u)))[0]

    def unrolled(w: Any, u: Any) -> Any:
        return jax.lax.scan(
            lambda z, _: (step(w, u, z), None), jnp.zeros_like(u), None, length=400
        )[0]

    def forwards(w: Any, u: Any) -> Any:
        z = iterate(w, u)
        return z, (w, u, z)

    def rule(kept: Any, d: Any, slip: str = "") -> Any:
        w, u, z = kept
        slope = 1 - z**2
        if slip == "one step of the iteration":
            adjoint = d
        elif slip == "matrix not transposed":
            adjoint = jnp.linalg.solve(jnp.eye(len(u)) - slope[:, None] * w, d)
        else:
            adjoint = jnp.linalg.solve(jnp.eye(len(u)) - (slope[:, None] * w).T, d)
        part = adjoint if slip == "slope forgotten" else slope * adjoint
        return jnp.outer(part, z), part

    def with_rule(slip: str = "") -> Any:
        layer = jax.custom_vjp(iterate)
        layer.defvjp(forwards, functools.partial(rule, slip=slip))
        return layer

    def model(layer: Any) -> Any:
        def loss(p: Any, data: Any) -> Any:
            x, y = data
            return jnp.sum((layer(p["w"], p["v"] @ x) - y) ** 2)

        return loss

    slips = ("one step of the iteration", "matrix not transposed", "slope forgotten")
    right, plain = model(with_rule()), model(unrolled)
    wrong = {slip: model(with_rule(slip)) for slip in slips}
    for n, inputs in ((3, 2), (6, 3), (12, 4)):
        w = rng.standard_normal((n, n))
        p = {"w": 0.8 * w / np.linalg.norm(w, 2), "v": rng.standard_normal((n, inputs))}
        data = (rng.standard_normal(inputs), rng.uniform(-1, 1, n))
        yield jax_case(f"{n} units", right, p, data, wrong, plain=plain)


@family("JAX log densities", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _densities(rng: np.random.Generator) -> Iterator[Case]:
    """Log-likelihoods of `jax.scipy.stats` in unconstrained parameters; truth: complex step."""
    import jax
    import jax.numpy as jnp
    import jax.scipy.stats as stats
    import scipy.special as sp
    from benchmarks.trust.sources.jax_functions import jax_case

    exp = jnp.exp

    def negated(log_density: Any, y: Any, p: Any) -> Any:
        return -np.sum(log_density(p, y))

    def gamma(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.gamma.logpdf(y, exp(p[0]), scale=exp(p[1])))

    def gamma_again(p: Any, y: Any) -> Any:
        a = np.exp(p[0])
        return (a - 1) * np.log(y) - y / np.exp(p[1]) - a * p[1] - sp.loggamma(a)

    def scale_forgotten(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.gamma.logpdf(y * exp(-p[1]), exp(p[0])))

    def beta(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.beta.logpdf(y, exp(p[0]), exp(p[1])))

    def betaln(a: Any, b: Any) -> Any:
        return sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)

    def beta_again(p: Any, y: Any) -> Any:
        a, b = np.exp(p)
        return (a - 1) * np.log(y) + (b - 1) * np.log1p(-y) - betaln(a, b)

    def student(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.t.logpdf(y, 2 + exp(p[0]), p[1], exp(p[2])))

    def student_again(p: Any, y: Any) -> Any:
        df = 2 + np.exp(p[0])
        square = ((y - p[1]) / np.exp(p[2])) ** 2
        constant = sp.loggamma((df + 1) / 2) - sp.loggamma(df / 2) - np.log(np.pi * df) / 2 - p[2]
        return constant - (df + 1) / 2 * np.log(1 + square / df)

    def logistic(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.logistic.logpdf((y - p[0]) * exp(-p[1])) - p[1])

    def scale_of_density_forgotten(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.logistic.logpdf((y - p[0]) * exp(-p[1])))

    def logistic_again(p: Any, y: Any) -> Any:
        z = (y - p[0]) / np.exp(p[1])
        return -z - 2 * np.log(1 + np.exp(-z)) - p[1]

    def negative_binomial(p: Any, k: Any) -> Any:
        return -jnp.sum(stats.nbinom.logpmf(k, exp(p[0]), jax.nn.sigmoid(p[1])))

    def negative_binomial_again(p: Any, k: Any) -> Any:
        size = np.exp(p[0])
        odds = size * p[1] - (size + k) * np.log(1 + np.exp(p[1]))
        return sp.loggamma(k + size) - sp.loggamma(size) + odds

    def dirichlet(p: Any, y: Any) -> Any:
        return -jnp.sum(jax.vmap(lambda row: stats.dirichlet.logpdf(row, exp(p)))(y))

    def dirichlet_again(p: Any, y: Any) -> Any:
        a = np.exp(p)
        return np.log(y) @ (a - 1) + sp.loggamma(np.sum(a)) - np.sum(sp.loggamma(a))

    def censored(p: Any, y: Any) -> Any:
        z = (y - p[0]) * exp(-p[1])
        seen = stats.norm.logpdf(z) - p[1]
        return -jnp.sum(jnp.where(y < 1.5, seen, stats.norm.logsf((1.5 - p[0]) * exp(-p[1]))))

    def tail_as_density(p: Any, y: Any) -> Any:
        z = (jnp.minimum(y, 1.5) - p[0]) * exp(-p[1])
        return -jnp.sum(stats.norm.logpdf(z) - jnp.where(y < 1.5, p[1], 0.0))

    def censored_again(p: Any, y: Any) -> Any:
        z = (np.minimum(y, 1.5) - p[0]) / np.exp(p[1])
        return np.where(y < 1.5, -0.5 * z**2 - p[1], sp.log_ndtr(-z))

    def von_mises(p: Any, y: Any) -> Any:
        return -jnp.sum(stats.vonmises.logpdf(y - p[0], exp(p[1])))

    def unnormalised(p: Any, y: Any) -> Any:
        return -jnp.sum(exp(p[1]) * jnp.cos(y - p[0]))

    def von_mises_again(p: Any, y: Any) -> Any:
        kappa = np.exp(p[1])
        return kappa * np.cos(y - p[0]) - np.log(sp.iv(0, kappa))

    m = 40
    logs = 0.3 * rng.standard_normal(3)
    two = logs[:2]
    k, simplex = rng.integers(0, 13, size=m), rng.dirichlet([2.0, 3.0, 1.5], m)
    wrong_gamma = {"density of the scale forgotten": scale_forgotten}
    wrong_scale = {"density of the scale forgotten": scale_of_density_forgotten}
    wrong_tail = {"tail taken for a density": tail_as_density}
    wrong_constant = {"normalising constant forgotten": unnormalised}
    for name, loss, again, at, y, mistakes in (
        (
            "gamma",
            gamma,
            gamma_again,
            two + np.array([0.7, 0.0]),
            rng.gamma(2, 1.2, m),
            wrong_gamma,
        ),
        ("beta", beta, beta_again, two + np.array([0.5, 1.0]), rng.beta(2, 3, m), None),
        (
            "Student",
            student,
            student_again,
            logs + np.array([1.0, 0.0, 0.0]),
            rng.standard_t(4, m),
            None,
        ),
        ("logistic", logistic, logistic_again, two, rng.logistic(size=m), wrong_scale),
        ("negative binomial", negative_binomial, negative_binomial_again, two + 0.5, k, None),
        ("Dirichlet", dirichlet, dirichlet_again, logs + 0.5, simplex, None),
        (
            "censored normal",
            censored,
            censored_again,
            two,
            np.append(rng.standard_normal(m - 1), 2.0),
            wrong_tail,
        ),
        ("von Mises", von_mises, von_mises_again, two, rng.vonmises(0, 2, m), wrong_constant),
    ):
        truth = functools.partial(complex_step, functools.partial(negated, again, y), at)
        yield jax_case(name, loss, at, y, mistakes, truth=truth)


@family(
    "JAX special functions",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=("jax", "mpmath"),
)
def _special(rng: np.random.Generator) -> Iterator[Case]:
    """Weighted sums of special functions; truth: mpmath."""
    import jax.numpy as jnp
    import jax.scipy.special as special
    import mpmath
    from benchmarks.trust.sources.jax_functions import jax_case

    def truth(function: Any, x: Any, c: Any) -> FloatArray:
        with mpmath.workdps(30):
            slopes = [float(mpmath.diff(function, mpmath.mpf(value))) for value in x]
        return np.asarray(c * np.array(slopes))

    mp = mpmath
    for name, function, twin, low, high in (
        ("gammaln", special.gammaln, mp.loggamma, 0.2, 8),
        ("digamma", special.digamma, mp.digamma, 0.3, 8),
        ("erf", special.erf, mp.erf, -2, 2),
        ("erfc", special.erfc, mp.erfc, -2, 2),
        ("erfinv", special.erfinv, mp.erfinv, -0.9, 0.9),
        ("ndtri", special.ndtri, lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), 0.05, 0.95),
        ("log_ndtr", special.log_ndtr, lambda x: mp.log(mp.ncdf(x)), -5, 3),
        ("i0e", special.i0e, lambda x: mp.besseli(0, x) * mp.exp(-x), 0.2, 5),
        ("i1", special.i1, lambda x: mp.besseli(1, x), 0.2, 4),
        ("expit", special.expit, lambda x: 1 / (1 + mp.exp(-x)), -4, 4),
        ("logit", special.logit, lambda x: mp.log(x / (1 - x)), 0.1, 0.9),
        ("entr", special.entr, lambda x: -x * mp.log(x), 0.1, 2),
        ("xlog1py", lambda x: special.xlog1py(x, x), lambda x: x * mp.log1p(x), 0.2, 3),
        ("polygamma", lambda x: special.polygamma(1, x), lambda x: mp.psi(1, x), 0.5, 5),
        ("betaln", lambda x: special.betaln(x, 2.5), lambda x: mp.log(mp.beta(x, 2.5)), 0.3, 5),
        (
            "betainc",
            lambda x: special.betainc(2.0, 3.0, x),
            lambda x: mp.betainc(2, 3, 0, x, regularized=True),
            0.1,
            0.9,
        ),
        (
            "gammainc",
            lambda x: special.gammainc(2.5, x),
            lambda x: mp.gammainc(2.5, 0, x, regularized=True),
            0.3,
            6,
        ),
        (
            "gammaincc, both arguments",
            lambda x: special.gammaincc(x + 0.5, x),
            lambda x: mp.gammainc(x + 0.5, x, mp.inf, regularized=True),
            0.3,
            4,
        ),
        ("expi", special.expi, mp.ei, 0.3, 3),
        ("exp1", special.exp1, mp.e1, 0.3, 3),
        ("spence", special.spence, lambda x: mp.re(mp.polylog(2, 1 - x)), 0.2, 0.9),
        ("zeta", lambda x: special.zeta(3.0, x), lambda x: mp.zeta(3, x), 0.5, 4),
    ):

        def loss(x: Any, c: Any, function: Any = function) -> Any:
            return jnp.sum(c * function(x))

        n = int(rng.integers(3, 12))
        x, c = rng.uniform(low, high, n), rng.uniform(0.5, 1.5, n)
        yield jax_case(name, loss, x, c, truth=functools.partial(truth, twin, x, c))


@family(
    "JAX linear algebra",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=("jax", "torch"),
)
def _linear_algebra(rng: np.random.Generator) -> Iterator[Case]:
    """Solutions, determinants and decompositions; truth: complex step, or forward mode of torch."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def marginal(p: Any, data: Any, stop: Any = lambda k: k, log_det: bool = True) -> Any:
        x, y = data
        z = x * jnp.exp(-p["log_lengths"])
        square = jnp.sum((z[:, None] - z[None]) ** 2, axis=-1)
        k = jnp.exp(2 * p["log_amplitude"] - 0.5 * square)
        k = stop(k) + (jnp.exp(2 * p["log_noise"]) + 1e-6) * jnp.eye(len(y))
        factor = jnp.linalg.cholesky(k)
        white = jax.scipy.linalg.solve_triangular(factor, y - p["mean"], lower=True)
        halves = jnp.sum(jnp.log(jnp.diagonal(factor))) if log_det else 0.0
        return 0.5 * jnp.sum(white**2) + halves

    def marginal_again(p: Any, data: Any) -> Any:
        x, y = data
        difference = (x[:, None] - x[None]) / np.exp(p["log_lengths"])
        k = np.exp(2 * p["log_amplitude"]) * np.exp(-0.5 * np.sum(difference**2, axis=-1))
        k = k + (np.exp(2 * p["log_noise"]) + 1e-6) * np.eye(len(y))
        r = y - p["mean"]
        return 0.5 * r @ np.linalg.solve(k, r) + 0.5 * np.log(np.linalg.det(k))

    wrong = {
        "kernel detached": functools.partial(marginal, stop=jax.lax.stop_gradient),
        "log-determinant forgotten": functools.partial(marginal, log_det=False),
    }
    for m, n in ((10, 1), (25, 3), (40, 8)):
        x = rng.uniform(-2, 2, (m, n))
        p = {
            "log_lengths": 0.3 * rng.standard_normal(n),
            "log_amplitude": np.asarray(0.2 * rng.standard_normal()),
            "log_noise": np.asarray(-1.0 + 0.2 * rng.standard_normal()),
            "mean": np.asarray(0.1 * rng.standard_normal()),
        }
        y = np.sin(2 * x[:, 0]) + 0.3 * rng.standard_normal(m)
        again = functools.partial(marginal_again, data=(x, y))
        truth = functools.partial(complex_step, again, p)
        yield jax_case(
            f"Gaussian process, {m} points in {n}", marginal, p, (x, y), wrong, truth=truth
        )

    def precision(a: Any, data: Any) -> Any:
        k = a @ a.T + jnp.eye(len(a))
        return 0.5 * jnp.trace(jnp.linalg.solve(k, data)) + 0.5 * jnp.linalg.slogdet(k)[1]

    def eigenvalues(a: Any, data: Any) -> Any:
        return jnp.sum(data * jnp.linalg.eigvalsh(a + a.T))

    def eigenvectors(a: Any, data: Any) -> Any:
        values, vectors = jnp.linalg.eigh(a + a.T)
        return jnp.sum((vectors[:, 0] @ data) ** 2) + values[-1]

    def generator(a: Any, data: Any) -> Any:
        rates = jnp.exp(a) * (1 - jnp.eye(len(a)))
        q = rates - jnp.diag(jnp.sum(rates, axis=1))
        return -jnp.sum(data * jnp.log(jax.scipy.linalg.expm(0.3 * q)))

    def singular(a: Any, data: Any) -> Any:
        return jnp.sum(data * jnp.log1p(jnp.linalg.svd(a, compute_uv=False)))

    def least_squares(a: Any, data: Any) -> Any:
        q, r = jnp.linalg.qr(a)
        b = jax.scipy.linalg.solve_triangular(r, q.T @ data)
        return jnp.sum(b**2) + jnp.sum((a @ b - data) ** 2)

    def one_triangle(a: Any, data: Any) -> Any:
        return jnp.sum(data * jnp.linalg.eigvalsh(a + jax.lax.stop_gradient(a).T))

    def diagonal_detached(a: Any, data: Any) -> Any:
        rates = jnp.exp(a) * (1 - jnp.eye(len(a)))
        q = rates - jax.lax.stop_gradient(jnp.diag(jnp.sum(rates, axis=1)))
        return -jnp.sum(data * jnp.log(jax.scipy.linalg.expm(0.3 * q)))

    def solution_detached(a: Any, data: Any) -> Any:
        b = jax.lax.stop_gradient(jnp.linalg.lstsq(a, data)[0])
        return jnp.sum(b**2) + jnp.sum((a @ b - data) ** 2)

    mistakes = {
        eigenvalues: {"one triangle detached": one_triangle},
        generator: {"diagonal detached": diagonal_detached},
        least_squares: {"solution detached": solution_detached},
    }

    def precision_again(torch: Any, a: Any, data: Any) -> Any:
        k = a @ a.T + torch.eye(len(a), dtype=a.dtype)
        return 0.5 * (torch.linalg.inv(k) * data).sum() + 0.5 * torch.log(torch.linalg.det(k))

    def eigenvalues_again(torch: Any, a: Any, data: Any) -> Any:
        return torch.linalg.eigvalsh(a + a.T) @ data

    def eigenvectors_again(torch: Any, a: Any, data: Any) -> Any:
        values, vectors = torch.linalg.eigh(a + a.T)
        return ((vectors[:, 0] @ data) ** 2).sum() + values[-1]

    def generator_again(torch: Any, a: Any, data: Any) -> Any:
        rates = torch.exp(a) * (1 - torch.eye(len(a), dtype=a.dtype))
        q = rates - torch.diag(rates.sum(1))
        return -(data * torch.log(torch.matrix_exp(0.3 * q))).sum()

    def singular_again(torch: Any, a: Any, data: Any) -> Any:
        return torch.log1p(torch.linalg.svdvals(a)) @ data

    def least_squares_again(torch: Any, a: Any, data: Any) -> Any:
        b = torch.linalg.solve(a.T @ a, a.T @ data)
        return (b**2).sum() + ((a @ b - data) ** 2).sum()

    def by_torch(again: Any, at: Any, data: Any) -> FloatArray:
        import torch

        tensor = torch.from_numpy(data)
        return torch_forward(lambda a: again(torch, a, tensor), torch.from_numpy(at))

    for n in (3, 6):
        square, tall = rng.standard_normal((n, n)), rng.standard_normal((2 * n, n))
        counts = rng.integers(1, 9, size=(n, n)).astype(np.float64)
        sizes, target = rng.uniform(0.5, 2, n), rng.standard_normal(2 * n)
        for name, loss, other, at, data in (
            ("inverse Wishart", precision, precision_again, square, np.cov(tall, rowvar=False)),
            ("eigenvalues", eigenvalues, eigenvalues_again, square, rng.standard_normal(n)),
            ("eigenvectors", eigenvectors, eigenvectors_again, square, tall[:2].T.copy()),
            ("Markov generator", generator, generator_again, square - 1, counts),
            ("singular values", singular, singular_again, tall, sizes),
            ("least squares", least_squares, least_squares_again, tall, target),
        ):
            truth = functools.partial(by_torch, other, at, data)
            yield jax_case(f"{name}, {n}", loss, at, data, mistakes.get(loss), truth=truth)


@family(
    "JAX linear algebra in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _linear_single(rng: np.random.Generator) -> Iterator[Case]:
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def mahalanobis(p: Any, x: Any) -> Any:
        n = x.shape[1]
        factor = jnp.tril(p["l"], -1) + jnp.diag(jnp.exp(jnp.diagonal(p["l"])))
        white = jax.scipy.linalg.solve_triangular(factor, (x - p["mean"]).T, lower=True)
        return 0.5 * jnp.sum(white**2) / len(x) + jnp.sum(jnp.diagonal(p["l"])) + 0.5 * n

    def determinant_detached(p: Any, x: Any) -> Any:
        return mahalanobis(p, x) - jnp.sum(jnp.diagonal(p["l"]))

    for n, m in ((2, 20), (5, 50), (10, 100)):
        p = {"l": 0.3 * rng.standard_normal((n, n)), "mean": 0.3 * rng.standard_normal(n)}
        yield jax_case(
            f"normal in {n} dimensions",
            mahalanobis,
            p,
            rng.standard_normal((m, n)),
            {"determinant forgotten": determinant_detached},
            single=True,
        )


@family("JAX tables and splines", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS)
def _tables(rng: np.random.Generator) -> Iterator[Case]:
    """Piecewise linear and cubic functions, sorted values, pooled maxima: corners all around."""
    import jax
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def interpolated(p: Any, data: Any) -> Any:
        x, knots = data
        return jnp.mean(jnp.interp(x + p["shift"], knots, p["values"]) ** 2)

    def bilinear(p: Any, data: Any) -> Any:
        places, image = data
        moved = places @ p["a"] + p["b"]
        return jnp.mean(jax.scipy.ndimage.map_coordinates(image, list(moved.T), order=1))

    def sorted_loss(p: Any, y: Any) -> Any:
        scores = p["loc"] + jnp.exp(p["log_scale"]) * y[0]
        return jnp.mean((jnp.sort(scores) - jnp.sort(y[1])) ** 2)

    def wasserstein(p: Any, y: Any) -> Any:
        scores = p["loc"] + jnp.exp(p["log_scale"]) * y[0]
        return jnp.mean(jnp.abs(jnp.sort(scores) - jnp.sort(y[1])))

    def cut_off(x: Any, box: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        d = x[i] - x[j]
        d = d - box * jnp.round(d / box)
        r2 = jnp.sum(d**2, axis=1)
        return jnp.sum(jnp.where(r2 < 1.5**2, (1 - r2 / 1.5**2) ** 2, 0.0))

    def no_images(x: Any, _: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        r2 = jnp.sum((x[i] - x[j]) ** 2, axis=1)
        return jnp.sum(jnp.where(r2 < 1.5**2, (1 - r2 / 1.5**2) ** 2, 0.0))

    def place_detached(p: Any, data: Any) -> Any:
        return interpolated({**p, "shift": jax.lax.stop_gradient(p["shift"])}, data)

    def unsorted(p: Any, y: Any) -> Any:
        return jnp.mean((p["loc"] + jnp.exp(p["log_scale"]) * y[0] - jnp.sort(y[1])) ** 2)

    def small_table(n: int) -> Any:
        return np.linspace(-2, 2, n), rng.standard_normal(n)

    for n, m in ((5, 10), (20, 200)):
        knots, values = small_table(n)
        p = {"values": values, "shift": np.asarray(0.1 * rng.standard_normal())}
        data = (rng.uniform(-2, 2, m), knots)
        wrong: dict[str, Any] = {"places detached": place_detached}
        yield jax_case(f"interp, {n} knots", interpolated, p, data, wrong)
    image = rng.standard_normal((12, 12))
    p = {"a": np.eye(2) + 0.1 * rng.standard_normal((2, 2)), "b": 1 + rng.uniform(size=2)}
    yield jax_case("image, bilinear", bilinear, p, (rng.uniform(1, 9, (50, 2)), image))
    for m in (20, 300):
        p = {"loc": np.asarray(0.3), "log_scale": np.asarray(0.1 * rng.standard_normal())}
        y = rng.standard_normal((2, m))
        yield jax_case(f"sorted squares, {m}", sorted_loss, p, y, {"not sorted": unsorted})
        yield jax_case(f"sorted distances, {m}", wasserstein, p, y)
    for n in (12, 30):
        box = np.asarray(4.0)
        wrong = {"nearest images forgotten": no_images}
        yield jax_case(f"cut-off, {n} atoms", cut_off, rng.uniform(0, 4, (n, 3)), box, wrong)


@family(
    "JAX convolutional network", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _convolution(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _image_parts()
    for channels, side, m in (((1, 2, 3), 6, 4), ((2, 4, 4), 8, 4), ((3, 8, 12), 8, 4)):
        point = _image_point(rng, channels, side, m)
        name = f"{'-'.join(map(str, channels))} channels, {side} × {side}"
        yield jax_case(name, loss, *point, mistakes)


@family(
    "JAX convolutional network in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _convolution_single(rng: np.random.Generator) -> Iterator[Case]:
    from benchmarks.trust.sources.jax_functions import jax_case

    loss, mistakes = _image_parts()
    for channels, side, m in (((1, 2, 3), 6, 4), ((2, 3, 4), 8, 6)):
        point = _image_point(rng, channels, side, m)
        name = f"{'-'.join(map(str, channels))} channels, {side} × {side}"
        yield jax_case(name, loss, *point, mistakes, single=True)


def _image_parts() -> tuple[Any, dict[str, Any]]:
    import jax
    import jax.numpy as jnp

    def loss(p: Any, data: Any, stop: Any = lambda a: a) -> Any:
        x, labels = data
        for stride, layer in enumerate(("c1", "c2"), start=1):
            x = jax.lax.conv_general_dilated(
                x, p[layer], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            mean = stop(jnp.mean(x, axis=(1, 2), keepdims=True))
            var = stop(jnp.mean((x - mean) ** 2, axis=(1, 2), keepdims=True))
            x = jax.nn.silu((x - mean) * jax.lax.rsqrt(var + 1e-3))
        scores = jnp.mean(x * jax.nn.sigmoid(p["gate"]), axis=(1, 2)) @ p["w"] + p["b"]
        log_p = jax.nn.log_softmax(scores)
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    return loss, {"statistics detached": functools.partial(loss, stop=jax.lax.stop_gradient)}


def _image_point(
    rng: np.random.Generator, channels: tuple[int, int, int], side: int, m: int
) -> tuple[Any, Any]:
    a, b, c = channels
    p = {
        "c1": rng.standard_normal((3, 3, a, b)) / np.sqrt(9 * a),
        "c2": rng.standard_normal((3, 3, b, c)) / np.sqrt(9 * b),
        "gate": rng.standard_normal(c),
        "w": rng.standard_normal((c, 3)),
        "b": 0.1 * rng.standard_normal(3),
    }
    return p, (rng.standard_normal((m, side, side, a)), rng.integers(3, size=m))


@family("JAX energy far from zero", kind="offset", source=_SOURCE, split="validation", needs=_NEEDS)
def _offset(rng: np.random.Generator) -> Iterator[Case]:
    """Add constants of the cores to energies, far larger than what the bonds change."""
    import jax.numpy as jnp
    from benchmarks.trust.sources.jax_functions import jax_case

    def energy(x: Any, core: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        d = jnp.sqrt(jnp.sum((x[i] - x[j]) ** 2, axis=1) + 0.01)
        return core + jnp.sum(jnp.exp(-2 * (d - 1)) - 2 * jnp.exp(-(d - 1)))

    def sharp(x: Any, core: Any) -> Any:
        i, j = np.triu_indices(len(x), 1)
        d = jnp.sqrt(jnp.sum((x[i] - x[j]) ** 2, axis=1))
        return core + jnp.sum(jnp.exp(-2 * (d - 1)) - 2 * jnp.exp(-(d - 1)))

    for n, core in ((3, -1e4), (6, -2.5e5), (10, -3e7)):
        x = rng.standard_normal((n, 3))
        wrong = {"softening forgotten": sharp}
        yield jax_case(f"{n} atoms, {core:g}", energy, x, np.asarray(core), wrong)
