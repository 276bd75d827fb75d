"""Models of physics and statistics in plain NumPy, with gradients written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.hard_functions import (
    Array,
    analytic,
    logsumexp,
    sigmoid,
    softmax,
)
from scipy import special

_SOURCE = "models in plain NumPy, derived by hand"


def _arm(rng: np.random.Generator, joints: int) -> Case:
    lengths, masses = rng.uniform(0.5, 1.5, joints), rng.uniform(0.2, 1, joints)
    target, stiffness = rng.standard_normal(2), 0.3
    weight = masses / 2 + np.append(np.cumsum(masses[::-1])[::-1][1:], 0.0)

    def f(q: Any) -> Any:
        a = np.cumsum(q)
        x, y = np.sum(lengths * np.cos(a)), np.sum(lengths * np.sin(a))
        reach = (x - target[0]) ** 2 + (y - target[1]) ** 2
        height = 9.81 * np.sum(weight * lengths * np.sin(a))
        return 5 * reach + height + stiffness / 2 * np.sum(q**2)

    def parts(q: Any) -> tuple[Any, Any]:
        a = np.cumsum(q)
        x, y = np.sum(lengths * np.cos(a)), np.sum(lengths * np.sin(a))
        reach = 10 * lengths * (-(x - target[0]) * np.sin(a) + (y - target[1]) * np.cos(a))
        return reach, 9.81 * weight * lengths * np.cos(a)

    def gradient(q: Any) -> Any:
        reach, height = parts(q)
        return np.cumsum((reach + height)[::-1])[::-1] + stiffness * q

    def forwards(q: Any) -> Any:
        reach, height = parts(q)
        return np.cumsum(reach + height) + stiffness * q

    def own_link(q: Any) -> Any:
        reach, height = parts(q)
        return np.cumsum(reach[::-1])[::-1] + height + stiffness * q

    def rigid(q: Any) -> Any:
        reach, height = parts(q)
        return np.cumsum((reach + height)[::-1])[::-1]

    return analytic(
        f"{joints} joints",
        f,
        gradient,
        rng.uniform(-1.5, 1.5, joints),
        {
            "links before the joint": forwards,
            "gravity of the own link only": own_link,
            "springs forgotten": rigid,
        },
    )


@family("robot arm energy", kind="ordinary", source=_SOURCE, split="validation")
def arm(rng: np.random.Generator) -> Iterator[Case]:
    """Draw planar arms with gravity, springs and a target for the hand."""
    for joints in (2, 3, 6, 12, 40):
        yield _arm(rng, joints)


def _cluster(rng: np.random.Generator, atoms: int, sigma: float) -> Case:
    side = int(np.ceil(atoms ** (1 / 3)))
    lattice = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), -1).reshape(-1, 3)
    at = 1.15 * lattice[rng.permutation(len(lattice))[:atoms]]
    at = at + rng.uniform(-0.08, 0.08, (atoms, 3))
    first, second = np.triu_indices(atoms, 1)

    def f(r: Any) -> Any:
        s = sigma**2 / np.sum((r[first] - r[second]) ** 2, axis=1)
        return 4 * np.sum(s**6 - s**3)

    def force(r: Any, power: float = 2.0) -> Any:
        d = r[first] - r[second]
        square = np.sum(d**2, axis=1)
        s = sigma**2 / square
        return (-24 * (2 * s**6 - s**3) / square ** (power / 2))[:, None] * d

    def gradient(r: Any) -> Any:
        g, pair = np.zeros_like(r), force(r)
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return g

    def one_end(r: Any) -> Any:
        g = np.zeros_like(r)
        np.add.at(g, first, force(r))
        return g

    def duplicates(r: Any) -> Any:
        g, pair = np.zeros_like(r), force(r)
        g[first] += pair
        g[second] -= pair
        return g

    def not_unit(r: Any) -> Any:
        g, pair = np.zeros_like(r), force(r, 1.0)
        np.add.at(g, first, pair)
        np.add.at(g, second, -pair)
        return g

    return analytic(
        f"{atoms} atoms",
        f,
        gradient,
        at,
        {
            "forces on the first atom only": one_end,
            "+= with repeated indices": duplicates,
            "direction not normalised": not_unit,
        },
    )


@family("Lennard-Jones cluster", kind="ordinary", source=_SOURCE, split="validation")
def cluster(rng: np.random.Generator) -> Iterator[Case]:
    """Draw clusters on a disturbed cubic lattice."""
    for atoms, sigma in ((3, 1.0), (7, 1.0), (13, 0.95), (27, 0.9)):
        yield _cluster(rng, atoms, sigma)


def _geodesic(rng: np.random.Generator, points: int) -> Case:
    frequency, height = rng.uniform(0.5, 1.5, (3, 2)), rng.uniform(0.3, 0.8, 3)
    start, stop = np.array([-2.0, -1.0]), np.array([2.0, 1.0])
    at = start + np.linspace(0, 1, points + 2)[1:-1, None] * (stop - start)
    at = at + 0.1 * rng.standard_normal(at.shape)

    def lift(p: Any) -> Any:
        return np.sum(height * np.sin(p @ frequency.T), axis=1)

    def slope(p: Any) -> Any:
        return (height * np.cos(p @ frequency.T)) @ frequency

    def steps(p: Any) -> tuple[Any, Any, Any]:
        whole = np.concatenate([start[None], p, stop[None]])
        return whole, np.diff(whole, axis=0), np.diff(lift(whole))

    def f(p: Any) -> Any:
        _, flat_step, rise = steps(p)
        return (points + 1) / 2 * (np.sum(flat_step**2) + np.sum(rise**2))

    def gradient(p: Any) -> Any:
        whole, flat_step, rise = steps(p)
        level = flat_step[:-1] - flat_step[1:]
        up = (rise[:-1] - rise[1:])[:, None] * slope(whole[1:-1])
        return (points + 1) * (level + up)

    def on_the_plane(p: Any) -> Any:
        _, flat_step, _ = steps(p)
        return (points + 1) * (flat_step[:-1] - flat_step[1:])

    def slope_of_next(p: Any) -> Any:
        whole, flat_step, rise = steps(p)
        level = flat_step[:-1] - flat_step[1:]
        up = (rise[:-1] - rise[1:])[:, None] * slope(whole[2:])
        return (points + 1) * (level + up)

    mistakes = {"height forgotten": on_the_plane, "slope at the next point": slope_of_next}
    return analytic(f"{points} points", f, gradient, at, mistakes)


@family("geodesic on a surface", kind="ordinary", source=_SOURCE, split="validation")
def geodesic(rng: np.random.Generator) -> Iterator[Case]:
    """Draw discretised paths between two points of a landscape of hills."""
    for points in (4, 15, 60, 150):
        yield _geodesic(rng, points)


def _counts(rng: np.random.Generator, m: int, n: int, link: str) -> Case:
    X = rng.standard_normal((m, n)) / np.sqrt(n)
    w, exposure = rng.standard_normal(n), rng.uniform(0.5, 2, m)
    size = 3.0

    if link == "Poisson":
        y = rng.poisson(exposure * np.exp(X @ w)).astype(float)

        def loss(z: Any) -> Any:
            return exposure * np.exp(z) - y * z

        def slope(z: Any) -> Any:
            return exposure * np.exp(z) - y

    elif link == "negative binomial":
        y = rng.negative_binomial(size, size / (size + exposure * np.exp(X @ w))).astype(float)

        def loss(z: Any) -> Any:
            return (y + size) * np.log(size + exposure * np.exp(z)) - y * z

        def slope(z: Any) -> Any:
            mean = exposure * np.exp(z)
            return (y + size) * mean / (size + mean) - y

    else:
        y = np.sign(X @ w + rng.standard_normal(m))

        def loss(z: Any) -> Any:
            return -np.log(0.5 + 0.5 * special.erf(y * z / np.sqrt(2)))

        def slope(z: Any) -> Any:
            return -y * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / special.ndtr(y * z)

    def f(p: Any) -> Any:
        return np.mean(loss(X @ p["coefficients"] + p["intercept"]))

    def gradient(p: Any) -> Any:
        r = slope(X @ p["coefficients"] + p["intercept"]) / m
        return {"coefficients": X.T @ r, "intercept": float(np.sum(r))}

    def no_intercept(p: Any) -> Any:
        r = slope(X @ p["coefficients"]) / m
        return {"coefficients": X.T @ r, "intercept": float(np.sum(r))}

    def summed(p: Any) -> Any:
        r = slope(X @ p["coefficients"] + p["intercept"])
        return {"coefficients": X.T @ r / m, "intercept": float(np.sum(r))}

    at = {"coefficients": w + 0.3 * rng.standard_normal(n), "intercept": float(rng.normal())}
    return analytic(
        f"{link}, {m} × {n}",
        f,
        gradient,
        at,
        {"residual without intercept": no_intercept, "intercept not averaged": summed},
    )


@family("count and probit regression", kind="ordinary", source=_SOURCE, split="validation")
def counts(rng: np.random.Generator) -> Iterator[Case]:
    """Draw generalised linear models and their data."""
    for link in ("Poisson", "negative binomial", "probit"):
        for m, n in ((40, 4), (200, 25)):
            yield _counts(rng, m, n, link)


def _classes(rng: np.random.Generator, m: int, n: int, k: int) -> Case:
    X, y = rng.standard_normal((m, n)), rng.integers(k, size=m)
    hot, penalty = np.eye(k)[y], 0.05

    def f(p: Any) -> Any:
        z = X @ p["W"] + p["b"]
        return np.mean(logsumexp(z, 1) - z[np.arange(m), y]) + penalty / 2 * np.sum(p["W"] ** 2)

    def error(p: Any) -> Any:
        return (softmax(X @ p["W"] + p["b"], 1) - hot) / m

    def gradient(p: Any) -> Any:
        d = error(p)
        return {"W": X.T @ d + penalty * p["W"], "b": np.sum(d, axis=0)}

    def other_axis(p: Any) -> Any:
        d = (softmax(X @ p["W"] + p["b"], 0) - hot) / m
        return {"W": X.T @ d + penalty * p["W"], "b": np.sum(d, axis=0)}

    def penalty_twice(p: Any) -> Any:
        d = error(p)
        return {"W": X.T @ d + 2 * penalty * p["W"], "b": np.sum(d, axis=0)}

    def penalised_bias(p: Any) -> Any:
        d = error(p)
        return {"W": X.T @ d + penalty * p["W"], "b": np.sum(d, axis=0) + penalty * p["b"]}

    at = {"W": rng.standard_normal((n, k)) / np.sqrt(n), "b": 0.3 * rng.standard_normal(k)}
    return analytic(
        f"{m} × {n}, {k} classes",
        f,
        gradient,
        at,
        {
            "softmax over the examples": other_axis,
            "penalty without its half": penalty_twice,
            "bias penalised": penalised_bias,
        },
    )


@family("softmax regression", kind="ordinary", source=_SOURCE, split="validation")
def classes(rng: np.random.Generator) -> Iterator[Case]:
    """Draw multinomial regressions with a penalty."""
    for m, n, k in ((20, 3, 3), (60, 10, 4), (100, 30, 10)):
        yield _classes(rng, m, n, k)


def _cox(rng: np.random.Generator, m: int, n: int) -> Case:
    X = rng.standard_normal((m, n))
    w = rng.standard_normal(n) / np.sqrt(n)
    time = rng.exponential(np.exp(-X @ w))
    X = X[np.argsort(-time)]  # the risk set of a patient: all above it
    event = (rng.uniform(size=m) < 0.7).astype(float)

    def f(b: Any) -> Any:
        z = X @ b
        return -np.sum(event * (z - np.log(np.cumsum(np.exp(z))))) / m

    def gradient(b: Any) -> Any:
        e = np.exp(X @ b)
        mean = np.cumsum(e[:, None] * X, axis=0) / np.cumsum(e)[:, None]
        return -np.sum(event[:, None] * (X - mean), axis=0) / m

    def without_itself(b: Any) -> Any:
        e = np.exp(X @ b)
        below = np.maximum(np.cumsum(e) - e, e)
        mean = (np.cumsum(e[:, None] * X, axis=0) - e[:, None] * X) / below[:, None]
        return -np.sum(event[:, None] * (X - mean), axis=0) / m

    def ascending(b: Any) -> Any:
        e = np.exp(X @ b)[::-1]
        mean = (np.cumsum(e[:, None] * X[::-1], axis=0) / np.cumsum(e)[:, None])[::-1]
        return -np.sum(event[:, None] * (X - mean), axis=0) / m

    def censored_too(b: Any) -> Any:
        e = np.exp(X @ b)
        mean = np.cumsum(e[:, None] * X, axis=0) / np.cumsum(e)[:, None]
        return -np.sum(X - mean, axis=0) / m

    return analytic(
        f"{m} patients, {n} covariates",
        f,
        gradient,
        w + 0.2 * rng.standard_normal(n),
        {
            "risk set without the patient": without_itself,
            "times sorted the other way": ascending,
            "censored counted as events": censored_too,
        },
    )


@family("Cox partial likelihood", kind="ordinary", source=_SOURCE, split="validation")
def cox(rng: np.random.Generator) -> Iterator[Case]:
    """Draw survival times with censoring."""
    for m, n in ((30, 3), (100, 8), (200, 30)):
        yield _cox(rng, m, n)


def _mixture(rng: np.random.Generator, m: int, d: int, k: int) -> Case:
    centres = 2 * rng.standard_normal((k, d))
    X = centres[rng.integers(k, size=m)] + rng.standard_normal((m, d))

    def terms(p: Any) -> tuple[Any, Any]:
        u = (X[:, None] - p["means"]) * np.exp(-p["log_scales"])
        weight = p["logits"] - logsumexp(p["logits"], 0)
        return u, weight - 0.5 * np.sum(u**2, axis=2) - np.sum(p["log_scales"], axis=1)

    def f(p: Any) -> Any:
        return np.mean(logsumexp(terms(p)[1], 1))

    def parts(p: Any) -> tuple[Any, Any]:
        u, t = terms(p)
        return u, softmax(t, 1) / m

    def gradient(p: Any) -> Any:
        u, r = parts(p)
        return {
            "logits": np.sum(r, axis=0) - softmax(p["logits"], 0),
            "means": np.sum(r[:, :, None] * u, axis=0) * np.exp(-p["log_scales"]),
            "log_scales": np.sum(r[:, :, None] * (u**2 - 1), axis=0),
        }

    def free_weights(p: Any) -> Any:
        _, r = parts(p)
        return {**gradient(p), "logits": np.sum(r, axis=0)}

    def standardised(p: Any) -> Any:
        u, r = parts(p)
        return {**gradient(p), "means": np.sum(r[:, :, None] * u, axis=0)}

    def no_determinant(p: Any) -> Any:
        u, r = parts(p)
        return {**gradient(p), "log_scales": np.sum(r[:, :, None] * u**2, axis=0)}

    at = {
        "logits": 0.5 * rng.standard_normal(k),
        "means": centres + 0.3 * rng.standard_normal((k, d)),
        "log_scales": 0.2 * rng.standard_normal((k, d)),
    }
    return analytic(
        f"{m} points in {d} dimensions, {k} components",
        f,
        gradient,
        at,
        {
            "normalisation of the weights": free_weights,
            "inner scale of the means": standardised,
            "determinant forgotten": no_determinant,
        },
    )


@family("Gaussian mixture log likelihood", kind="ordinary", source=_SOURCE, split="validation")
def mixture(rng: np.random.Generator) -> Iterator[Case]:
    """Draw mixtures with diagonal covariances."""
    for m, d, k in ((30, 1, 2), (60, 2, 3), (100, 5, 6)):
        yield _mixture(rng, m, d, k)


def _hierarchy(rng: np.random.Generator, groups: int, each: int) -> Case:
    group = np.repeat(np.arange(groups), each)
    x = rng.standard_normal(groups * each)
    y = (rng.uniform(size=group.size) < sigmoid(rng.standard_normal(groups)[group] + x)) + 0.0

    def f(p: Any) -> Any:
        tau = np.exp(p["log_tau"])
        z = p["mu"] + tau * p["eta"][group] + p["slope"] * x
        data = np.sum(y * z - np.log(1 + np.exp(z)))
        prior = -np.sum(p["eta"] ** 2) / 2 - p["mu"] ** 2 / 50 - p["slope"] ** 2 / 8
        return data + prior - np.log(1 + tau**2 / 6.25) + p["log_tau"]

    def residual(p: Any) -> Any:
        z = p["mu"] + np.exp(p["log_tau"]) * p["eta"][group] + p["slope"] * x
        return y - sigmoid(z)

    def gradient(p: Any) -> Any:
        tau, r = np.exp(p["log_tau"]), residual(p)
        by_group = np.bincount(group, r, groups)
        return {
            "mu": np.sum(r) - p["mu"] / 25,
            "slope": r @ x - p["slope"] / 4,
            "log_tau": tau * (by_group @ p["eta"]) - 2 * tau**2 / (6.25 + tau**2) + 1,
            "eta": tau * by_group - p["eta"],
        }

    def no_jacobian(p: Any) -> Any:
        return {**gradient(p), "log_tau": gradient(p)["log_tau"] - 1}

    def by_tau(p: Any) -> Any:
        g = gradient(p)
        return {**g, "log_tau": (g["log_tau"] - 1) / np.exp(p["log_tau"]) + 1}

    def no_prior(p: Any) -> Any:
        g = gradient(p)
        return {**g, "eta": g["eta"] + p["eta"]}

    at = {
        "mu": float(rng.normal()),
        "slope": float(rng.normal()),
        "log_tau": float(rng.normal(0, 0.5)),
        "eta": rng.standard_normal(groups),
    }
    return analytic(
        f"{groups} groups of {each}",
        f,
        gradient,
        at,
        {
            "Jacobian of the logarithm": no_jacobian,
            "with respect to tau": by_tau,
            "prior of the effects": no_prior,
        },
    )


@family("hierarchical logistic log density", kind="ordinary", source=_SOURCE, split="validation")
def hierarchy(rng: np.random.Generator) -> Iterator[Case]:
    """Draw varying intercepts, not centred, with a half-Cauchy scale."""
    for groups, each in ((8, 5), (20, 10), (250, 4)):
        yield _hierarchy(rng, groups, each)


def _equilibrium(rng: np.random.Generator, species: int, elements: int) -> Case:
    A = rng.integers(0, 4, (elements, species)).astype(float)
    A[0] = np.maximum(A[0], 1)
    potential, stiffness = rng.uniform(-3, 0, species), 0.5
    amounts = A @ rng.uniform(0.5, 2, species)

    def f(u: Any) -> Any:
        n = np.exp(u)
        gibbs = np.sum(n * (potential + u - np.log(np.sum(n))))
        return gibbs + stiffness / 2 * np.sum((A @ n - amounts) ** 2)

    def outer(u: Any) -> Any:
        n = np.exp(u)
        return potential + u - np.log(np.sum(n)) + stiffness * A.T @ (A @ n - amounts)

    def gradient(u: Any) -> Any:
        return np.exp(u) * outer(u)

    def plus_one(u: Any) -> Any:
        return np.exp(u) * (outer(u) + 1)

    return analytic(
        f"{species} species, {elements} elements",
        f,
        gradient,
        rng.uniform(-1, 1, species),
        {"slope of the logarithm": outer, "total held fixed": plus_one},
    )


@family("chemical equilibrium", kind="ordinary", source=_SOURCE, split="validation")
def equilibrium(rng: np.random.Generator) -> Iterator[Case]:
    """Draw Gibbs energies of ideal gases with penalised element balances."""
    for species, elements in ((4, 2), (9, 3), (30, 5)):
        yield _equilibrium(rng, species, elements)


def _springs(rng: np.random.Generator, nodes: int, d: int) -> Case:
    at = 2 * rng.standard_normal((nodes, d))
    left = np.concatenate([np.arange(nodes - 1), rng.integers(0, nodes - 1, 2 * nodes)])
    right = np.concatenate([np.arange(1, nodes), np.full(2 * nodes, nodes - 1)])
    right[nodes - 1 :] = np.minimum(left[nodes - 1 :] + rng.integers(1, 6, 2 * nodes), nodes - 1)
    k, rest = rng.uniform(0.5, 2, left.size), rng.uniform(0.5, 1.5, left.size)
    load = 0.2 * rng.standard_normal((nodes, d))

    def f(r: Any) -> Any:
        length = np.sqrt(np.sum((r[left] - r[right]) ** 2, axis=1))
        return np.sum(k / 2 * (length - rest) ** 2) - np.sum(load * r)

    def tension(r: Any) -> Any:
        d = r[left] - r[right]
        length = np.sqrt(np.sum(d**2, axis=1))
        return (k * (1 - rest / length))[:, None] * d

    def gradient(r: Any) -> Any:
        g, t = -load.copy(), tension(r)
        np.add.at(g, left, t)
        np.add.at(g, right, -t)
        return g

    def same_sign(r: Any) -> Any:
        g, t = -load.copy(), tension(r)
        np.add.at(g, left, t)
        np.add.at(g, right, t)
        return g

    def no_load(r: Any) -> Any:
        return gradient(r) + load

    def no_rest(r: Any) -> Any:
        g, t = -load.copy(), k[:, None] * (r[left] - r[right])
        np.add.at(g, left, t)
        np.add.at(g, right, -t)
        return g

    mistakes = {
        "both ends pulled alike": same_sign,
        "load forgotten": no_load,
        "rest length forgotten": no_rest,
    }
    return analytic(f"{nodes} nodes in {d} dimensions", f, gradient, at, mistakes)


@family("spring network", kind="ordinary", source=_SOURCE, split="validation")
def springs(rng: np.random.Generator) -> Iterator[Case]:
    """Draw random networks of linear springs in large deformation."""
    for nodes, d in ((4, 2), (10, 3), (40, 2), (200, 3)):
        yield _springs(rng, nodes, d)


def _harmonics(theta: Any, phi: Any) -> tuple[Any, Any, Any]:
    """Return the nine lowest real spherical harmonics and their slopes, without norms."""
    s, c, sp, cp = np.sin(theta), np.cos(theta), np.sin(phi), np.cos(phi)
    s2, c2, sp2, cp2 = np.sin(2 * theta), np.cos(2 * theta), np.sin(2 * phi), np.cos(2 * phi)
    one, zero = np.ones_like(c), np.zeros_like(c)
    value = [one, c, s * cp, s * sp, 3 * c**2 - 1, s2 * cp, s2 * sp, s**2 * cp2, s**2 * sp2]
    polar = [zero, -s, c * cp, c * sp, -3 * s2, 2 * c2 * cp, 2 * c2 * sp, s2 * cp2, s2 * sp2]
    azimuth = [zero, zero, -s * sp, s * cp, zero, -s2 * sp, s2 * cp]
    azimuth += [-2 * s**2 * sp2, 2 * s**2 * cp2]
    return np.stack(value), np.stack(polar), np.stack(azimuth)


def _sphere(rng: np.random.Generator, m: int) -> Case:
    y = rng.standard_normal(m)
    prior = np.array([rng.uniform(0.3, 2.8, m), rng.uniform(0, 6, m)])

    def f(p: Any) -> Any:
        Y, _, _ = _harmonics(p["theta"], p["phi"])
        pull = np.sum((p["theta"] - prior[0]) ** 2) + np.sum((p["phi"] - prior[1]) ** 2)
        return np.sum((p["a"] @ Y - y) ** 2) / 2 + 2 * pull

    def gradient(p: Any) -> Any:
        Y, polar, azimuth = _harmonics(p["theta"], p["phi"])
        r = p["a"] @ Y - y
        return {
            "a": Y @ r,
            "theta": r * (p["a"] @ polar) + 4 * (p["theta"] - prior[0]),
            "phi": r * (p["a"] @ azimuth) + 4 * (p["phi"] - prior[1]),
        }

    def by_arc(p: Any) -> Any:
        _, _, azimuth = _harmonics(p["theta"], p["phi"])
        Y = _harmonics(p["theta"], p["phi"])[0]
        r = p["a"] @ Y - y
        arc = r * (p["a"] @ azimuth) / np.sin(p["theta"])
        return {**gradient(p), "phi": arc + 4 * (p["phi"] - prior[1])}

    def first_degree(p: Any) -> Any:
        g = gradient(p)
        return {**g, "a": np.where(np.arange(9) < 4, g["a"], 0)}

    at = {
        "a": rng.standard_normal(9),
        "theta": prior[0] + 0.1 * rng.standard_normal(m),
        "phi": prior[1] + 0.1 * rng.standard_normal(m),
    }
    mistakes = {"by arc length": by_arc, "second degree forgotten": first_degree}
    return analytic(f"{m} directions", f, gradient, at, mistakes)


@family("spherical harmonics fit", kind="ordinary", source=_SOURCE, split="validation")
def sphere(rng: np.random.Generator) -> Iterator[Case]:
    """Draw fits of a field on the sphere, with uncertain directions."""
    for m in (3, 10, 25):
        yield _sphere(rng, m)


def _laplace(u: Any) -> Any:
    """Return the five point Laplacian with zero boundary, times the square of the step."""
    inner = np.pad(u, 1)
    return inner[2:, 1:-1] + inner[:-2, 1:-1] + inner[1:-1, 2:] + inner[1:-1, :-2] - 4 * u


def _poisson(rng: np.random.Generator, side: int, residual: bool) -> Case:
    h = 1 / (side + 1)
    x, y = np.meshgrid(*[np.linspace(h, 1 - h, side)] * 2, indexing="ij")
    source = 10 * np.sin(3 * x) * np.cos(2 * y)
    waves = rng.standard_normal((3, 3))
    at = sum(
        waves[i, j] * np.sin((i + 1) * np.pi * x) * np.sin((j + 1) * np.pi * y)
        for i in range(3)
        for j in range(3)
    ) + 0.02 * rng.standard_normal((side, side))

    def rest(u: Any) -> Any:
        return -_laplace(u) / h**2 + u**3 - source

    def energy(u: Any) -> Any:
        across, along = np.diff(np.pad(u, 1), axis=0), np.diff(np.pad(u, 1), axis=1)
        return (np.sum(across**2) + np.sum(along**2)) / 2 + h**2 * np.sum(u**4 / 4 - source * u)

    def slope_energy(u: Any) -> Any:
        return h**2 * rest(u)

    def no_area(u: Any) -> Any:
        return -_laplace(u) + u**3 - source

    def edges(u: Any) -> Any:
        g = slope_energy(u).copy()
        g[0], g[-1], g[:, 0], g[:, -1] = 0, 0, 0, 0
        return g

    def squares(u: Any) -> Any:
        return h**4 * np.sum(rest(u) ** 2) / 2

    def slope_squares(u: Any) -> Any:
        r = rest(u)
        return h**4 * (-_laplace(r) / h**2 + 3 * u**2 * r)

    def linear(u: Any) -> Any:
        return -(h**2) * _laplace(rest(u))

    def cube(u: Any) -> Any:
        r = rest(u)
        return h**4 * (-_laplace(r) / h**2 + u**2 * r)

    if residual:
        mistakes = {"reaction not differentiated": linear, "factor of the cube": cube}
        return analytic(f"residual, {side} × {side}", squares, slope_squares, at, mistakes)
    mistakes = {"area of a cell": no_area, "zero on the outer ring": edges}
    return analytic(f"energy, {side} × {side}", energy, slope_energy, at, mistakes)


@family("nonlinear Poisson equation", kind="ordinary", source=_SOURCE, split="validation")
def poisson(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions on a grid: their energy, and the squared residual."""
    for side, residual in ((6, False), (23, False), (40, False), (8, True), (25, True)):
        yield _poisson(rng, side, residual)


def _burgers(rng: np.random.Generator, cells: int) -> Case:
    h, dt, viscosity = 1 / cells, 0.01, 0.02
    x = np.arange(cells) * h
    old = np.sin(2 * np.pi * x) + 0.3 * rng.standard_normal() * np.cos(6 * np.pi * x)
    at = 0.9 * old + 0.1 * rng.standard_normal() * np.sin(4 * np.pi * x + 1)

    def rest(u: Any) -> Any:
        ahead, behind = np.roll(u, -1), np.roll(u, 1)
        flux = (ahead**2 - behind**2) / (4 * h)
        return u - old + dt * (flux - viscosity * (ahead - 2 * u + behind) / h**2 * (20 * h) ** 2)

    def f(u: Any) -> Any:
        return np.sum(rest(u) ** 2) / 2

    def gradient(u: Any, sign: float = 1.0, turn: int = 1) -> Any:
        r = rest(u)
        flux = u * (np.roll(r, turn) - np.roll(r, -turn)) / (2 * h)
        spread = (np.roll(r, -1) - 2 * r + np.roll(r, 1)) / h**2 * (20 * h) ** 2
        return r + dt * (sign * flux - viscosity * spread)

    def not_transposed(u: Any) -> Any:
        return gradient(u, turn=-1)

    def frozen(u: Any) -> Any:
        return gradient(u, sign=0.5)

    mistakes = {"convection not transposed": not_transposed, "one factor frozen": frozen}
    return analytic(f"{cells} cells", f, gradient, at, mistakes)


@family("Burgers residual", kind="ordinary", source=_SOURCE, split="validation")
def burgers(rng: np.random.Generator) -> Iterator[Case]:
    """Draw one implicit step of Burgers' equation on a circle."""
    for cells in (20, 200, 1500):
        yield _burgers(rng, cells)


def _process(rng: np.random.Generator, m: int, d: int) -> Case:
    X = rng.uniform(-2, 2, (m, d))
    y = np.sin(X @ rng.standard_normal(d)) + 0.2 * rng.standard_normal(m)
    squares = (X[:, None] - X[None]) ** 2

    def kernel(p: Any) -> Any:
        return np.exp(2 * p["log_size"] - np.sum(squares * np.exp(-2 * p["log_lengths"]), -1) / 2)

    def f(p: Any) -> Any:
        K = kernel(p) + np.exp(2 * p["log_noise"]) * np.eye(m)
        half = np.log(np.linalg.det(K)) if np.iscomplexobj(K) else np.linalg.slogdet(K)[1]
        return (y @ np.linalg.solve(K, y) + half) / 2

    def inner(p: Any) -> tuple[Any, Any]:
        kept = kernel(p)
        inverse = np.linalg.inv(kept + np.exp(2 * p["log_noise"]) * np.eye(m))
        alpha = inverse @ y
        return kept, (inverse - np.outer(alpha, alpha)) / 2

    def gradient(p: Any) -> Any:
        kept, B = inner(p)
        scaled = np.einsum("ij,ij,ijk->k", B, kept, squares)
        return {
            "log_size": 2 * np.sum(B * kept),
            "log_noise": 2 * np.exp(2 * p["log_noise"]) * np.trace(B),
            "log_lengths": scaled * np.exp(-2 * p["log_lengths"]),
        }

    def not_squared(p: Any) -> Any:
        g = gradient(p)
        return {**g, "log_noise": g["log_noise"] / 2}

    def no_complexity(p: Any) -> Any:
        g = gradient(p)
        kept = kernel(p)
        alpha = np.linalg.solve(kept + np.exp(2 * p["log_noise"]) * np.eye(m), y)
        return {**g, "log_size": -(alpha @ kept @ alpha)}

    at = {
        "log_size": float(rng.normal(0, 0.3)),
        "log_noise": float(rng.normal(-1, 0.2)),
        "log_lengths": rng.normal(0.2, 0.3, d),
    }
    mistakes = {"noise, not its square": not_squared, "determinant forgotten": no_complexity}
    return analytic(f"{m} points in {d} dimensions", f, gradient, at, mistakes)


@family("Gaussian process evidence", kind="ordinary", source=_SOURCE, split="validation")
def process(rng: np.random.Generator) -> Iterator[Case]:
    """Draw negative log evidences of hyperparameters on a logarithmic scale."""
    for m, d in ((8, 1), (20, 3), (30, 10)):
        yield _process(rng, m, d)


def _chain(rng: np.random.Generator, states: int, symbols: int, length: int) -> Case:
    seen = rng.integers(symbols, size=length)

    def tables(p: Any) -> tuple[Any, Any, Any]:
        return softmax(p["start"], 0), softmax(p["move"], 1), softmax(p["emit"], 1)

    def forward(start: Any, move: Any, emit: Any) -> tuple[list[Any], list[Any]]:
        a = start * emit[:, seen[0]]
        scales = [np.sum(a)]
        states_at = [a / scales[0]]
        for symbol in seen[1:]:
            a = (states_at[-1] @ move) * emit[:, symbol]
            scales.append(np.sum(a))
            states_at.append(a / scales[-1])
        return states_at, scales

    def f(p: Any) -> Any:
        return np.sum(np.log(np.array(forward(*tables(p))[1])))

    def expected(p: Any) -> tuple[Array, Array, Array]:
        start, move, emit = tables(p)
        ahead, scales = forward(start, move, emit)
        behind = np.ones(states)
        at_time, pairs = np.zeros((length, states)), np.zeros((states, states))
        for t in range(length - 1, -1, -1):
            at_time[t] = ahead[t] * behind
            if t:
                weight = emit[:, seen[t]] * behind / scales[t]
                pairs += np.outer(ahead[t - 1], weight) * move
                behind = move @ weight
        emitted = np.zeros((states, symbols))
        np.add.at(emitted.T, seen, at_time)
        return at_time[0], pairs, emitted

    def gradient(p: Any) -> Any:
        start, move, emit = tables(p)
        first, pairs, emitted = expected(p)
        return {
            "start": first - start,
            "move": pairs - np.sum(pairs, axis=1, keepdims=True) * move,
            "emit": emitted - np.sum(emitted, axis=1, keepdims=True) * emit,
        }

    def free(p: Any) -> Any:
        return {**gradient(p), "move": expected(p)[1]}

    def columns(p: Any) -> Any:
        _, move, _ = tables(p)
        _, pairs, _ = expected(p)
        return {**gradient(p), "move": pairs - np.sum(pairs, axis=0) * move}

    at = {
        "start": rng.standard_normal(states),
        "move": rng.standard_normal((states, states)),
        "emit": rng.standard_normal((states, symbols)),
    }
    mistakes = {"rows not normalised": free, "sum over the wrong axis": columns}
    return analytic(f"{states} states, {length} symbols", f, gradient, at, mistakes)


@family("hidden Markov model", kind="ordinary", source=_SOURCE, split="validation")
def chain(rng: np.random.Generator) -> Iterator[Case]:
    """Draw log likelihoods by the scaled forward recursion."""
    for states, symbols, length in ((2, 3, 10), (3, 4, 25), (6, 5, 30)):
        yield _chain(rng, states, symbols, length)


def _planets(rng: np.random.Generator, bodies: int, steps: int) -> Case:
    mass, dt, soft = rng.uniform(1, 3, bodies), 0.15, 0.3
    target = rng.standard_normal((bodies, 2))

    def pull(r: Any) -> Any:
        d = r[None] - r[:, None]
        return np.sum(mass[None, :, None] * d / (np.sum(d**2, -1) + soft)[..., None] ** 1.5, axis=1)

    def pulled_back(r: Any, w: Any) -> Any:
        """Return the transposed Jacobian of the pull times w."""
        d = r[None] - r[:, None]
        q = np.sum(d**2, -1) + soft
        m = mass[None, :]
        e = (m / q**1.5)[..., None] * w[:, None]
        e = e - (3 * m * np.sum(w[:, None] * d, -1) / q**2.5)[..., None] * d
        return np.sum(e, axis=0) - np.sum(e, axis=1)

    def path(p: Any) -> tuple[list[Any], Any]:
        r, v = p["r"], p["v"]
        seen = []
        for _ in range(steps):
            r = r + dt * v
            seen.append(r)
            v = v + dt * pull(r)
        return seen, r + dt * v

    def f(p: Any) -> Any:
        return np.sum((path(p)[1] - target) ** 2) / 2

    def gradient(p: Any) -> Any:
        seen, last = path(p)
        br = last - target
        bv = dt * br
        for r in reversed(seen):
            br = br + dt * pulled_back(r, bv)
            bv = bv + dt * br
        return {"r": br, "v": bv}

    def straight(p: Any) -> Any:
        br = path(p)[1] - target
        return {"r": br, "v": (steps + 1) * dt * br}

    def stale(p: Any) -> Any:
        seen, last = path(p)
        br = last - target
        bv = dt * br
        for _ in seen:
            br = br + dt * pulled_back(seen[-1], bv)
            bv = bv + dt * br
        return {"r": br, "v": bv}

    at = {"r": 2 * rng.standard_normal((bodies, 2)), "v": 0.5 * rng.standard_normal((bodies, 2))}
    mistakes = {"forces held fixed": straight, "last state at every step": stale}
    return analytic(f"{bodies} bodies, {steps} steps", f, gradient, at, mistakes)


@family("adjoint of a leapfrog", kind="ordinary", source=_SOURCE, split="validation")
def planets(rng: np.random.Generator) -> Iterator[Case]:
    """Draw paths of softened gravitating bodies, and how far they miss a target."""
    for bodies, steps in ((2, 8), (4, 10), (10, 10)):
        yield _planets(rng, bodies, steps)


def _boltzmann(rng: np.random.Generator, visible: int, hidden: int, m: int) -> Case:
    X = (rng.uniform(size=(m, visible)) < 0.5).astype(float)
    every = ((np.arange(2**hidden)[:, None] >> np.arange(hidden)) & 1).astype(float)

    def f(p: Any) -> Any:
        data = X @ p["a"] + np.sum(np.log(1 + np.exp(X @ p["W"] + p["b"])), axis=1)
        alone = every @ p["b"] + np.sum(np.log(1 + np.exp(every @ p["W"].T + p["a"])), axis=1)
        return np.mean(data) - logsumexp(alone, 0)

    def phases(p: Any) -> Any:
        h = sigmoid(X @ p["W"] + p["b"])
        v = sigmoid(every @ p["W"].T + p["a"])
        alone = every @ p["b"] + np.sum(np.log(1 + np.exp(every @ p["W"].T + p["a"])), axis=1)
        return h, v, softmax(alone, 0)

    def gradient(p: Any) -> Any:
        h, v, weight = phases(p)
        return {
            "W": X.T @ h / m - (v * weight[:, None]).T @ every,
            "a": np.mean(X, axis=0) - weight @ v,
            "b": np.mean(h, axis=0) - weight @ every,
        }

    def data_only(p: Any) -> Any:
        h, _, _ = phases(p)
        return {**gradient(p), "W": X.T @ h / m}

    def swapped(p: Any) -> Any:
        h, v, weight = phases(p)
        model = (v * weight[:, None]).T @ every
        return {**gradient(p), "W": model - X.T @ h / m}

    at = {
        "W": 0.5 * rng.standard_normal((visible, hidden)),
        "a": 0.3 * rng.standard_normal(visible),
        "b": 0.3 * rng.standard_normal(hidden),
    }
    mistakes = {"negative phase forgotten": data_only, "phases swapped": swapped}
    return analytic(f"{visible} × {hidden}, {m} examples", f, gradient, at, mistakes)


@family("restricted Boltzmann machine", kind="ordinary", source=_SOURCE, split="validation")
def boltzmann(rng: np.random.Generator) -> Iterator[Case]:
    """Draw exact log likelihoods of few hidden units."""
    for visible, hidden, m in ((4, 2, 10), (8, 4, 20), (20, 6, 40)):
        yield _boltzmann(rng, visible, hidden, m)


def _sampled(rng: np.random.Generator, n: int, samples: int) -> Case:
    z = rng.standard_normal((samples, n))
    A, b = rng.standard_normal((n, n)) / np.sqrt(n), rng.standard_normal(n)

    def f(p: Any) -> Any:
        u = (p["mean"] + np.exp(p["log_scale"]) * z) @ A.T - b
        return np.mean(np.sum(np.log(1 + u**2), axis=1)) - np.sum(p["log_scale"])

    def gradient(p: Any) -> Any:
        u = (p["mean"] + np.exp(p["log_scale"]) * z) @ A.T - b
        d = 2 * u / (1 + u**2) @ A / samples
        by_scale = np.sum(d * z, axis=0) * np.exp(p["log_scale"]) - 1
        return {"mean": np.sum(d, axis=0), "log_scale": by_scale}

    def no_entropy(p: Any) -> Any:
        return {**gradient(p), "log_scale": gradient(p)["log_scale"] + 1}

    def detached(p: Any) -> Any:
        return {**gradient(p), "log_scale": np.full(n, -1.0)}

    at = {"mean": rng.standard_normal(n), "log_scale": rng.normal(-0.5, 0.3, n)}
    mistakes = {"entropy forgotten": no_entropy, "samples taken as constant": detached}
    return analytic(f"{n} dimensions, {samples} samples", f, gradient, at, mistakes)


@family("Monte Carlo with frozen samples", kind="ordinary", source=_SOURCE, split="validation")
def sampled(rng: np.random.Generator) -> Iterator[Case]:
    """Draw variational bounds over reparametrised samples."""
    for n, samples in ((3, 50), (10, 200), (40, 100)):
        yield _sampled(rng, n, samples)
