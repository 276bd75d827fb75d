"""Latent variables and similarities, with gradients from scratch: VAE, Kalman filter, contrasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.networks import Tree, glorot, network_case, sigmoid, softmax

_SOURCE = "networks from scratch"
_NEEDS = ("torch",)


# A variational autoencoder of binary images; the noise is drawn once.


def _vae_layers(p: Tree, x: Any, noise: Any) -> tuple[Any, ...]:
    h = np.tanh(x @ p["We"] + p["be"])
    mu, logvar = h @ p["Wm"] + p["bm"], h @ p["Ws"] + p["bs"]
    sd = np.exp(0.5 * logvar)
    z = mu + sd * noise
    g = np.tanh(z @ p["Wd"] + p["bd"])
    return h, mu, logvar, sd, z, g, g @ p["Wx"] + p["bx"]


def _vae_cost(p: Tree, x: Any, noise: Any) -> Any:
    _, mu, logvar, _, _, _, logits = _vae_layers(p, x, noise)
    reconstruction = np.sum(np.logaddexp(0, logits) - x * logits)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return (reconstruction + kl) / len(x)


def _vae_backward(p: Tree, x: Any, noise: Any, slip: str = "") -> Tree:
    h, mu, logvar, sd, z, g, logits = _vae_layers(p, x, noise)
    d = (sigmoid(logits) - x) / len(x)
    dg = d @ p["Wx"].T * (1 - g**2)
    dz = dg @ p["Wd"].T
    dmu = dz + (0 if slip == "KL without mu" else mu / len(x))
    dlogvar = dz * noise * sd * (1 if slip == "1/2 of the deviation forgotten" else 0.5)
    if slip == "noise does not reach the variance":
        dlogvar = np.zeros_like(dlogvar)
    if slip == "variance for deviation":
        dlogvar = dz * noise * sd**2 * 0.5
    if slip != "KL without variance":
        dlogvar = dlogvar + 0.5 * (np.exp(logvar) - 1) / len(x)
    if slip == "KL summed, not averaged":
        dmu = dz + mu
    dh = (dmu @ p["Wm"].T + dlogvar @ p["Ws"].T) * (1 - h**2)
    return {
        "We": x.T @ dh,
        "be": dh.sum(axis=0),
        "Wm": h.T @ dmu,
        "bm": dmu.sum(axis=0),
        "Ws": h.T @ dlogvar,
        "bs": dlogvar.sum(axis=0),
        "Wd": (mu if slip == "mean for the sample in dWd" else z).T @ dg,
        "bd": dg.sum(axis=0),
        "Wx": g.T @ d,
        "bx": d.sum(axis=0),
    }


def _vae_twin(torch: Any, p: Tree, x: Any, noise: Any) -> Any:
    h = torch.tanh(x @ p["We"] + p["be"])
    mu = h @ p["Wm"] + p["bm"]
    posterior = torch.distributions.Normal(
        mu, torch.exp((h @ p["Ws"] + p["bs"]) / 2), validate_args=False
    )
    z = mu + noise * posterior.scale
    logits = torch.tanh(z @ p["Wd"] + p["bd"]) @ p["Wx"] + p["bx"]
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    prior = torch.distributions.Normal(torch.zeros_like(mu), 1.0, validate_args=False)
    return (bce + torch.distributions.kl_divergence(posterior, prior).sum()) / len(x)


def _vae_case(
    rng: np.random.Generator, pixels: int, hidden: int, latent: int, m: int, single: bool = False
) -> Case:
    p = {
        "We": glorot(rng, pixels, hidden),
        "Wm": glorot(rng, hidden, latent),
        "Ws": glorot(rng, hidden, latent),
        "Wd": glorot(rng, latent, hidden),
        "Wx": glorot(rng, hidden, pixels),
    }
    for name, size in (("e", hidden), ("m", latent), ("s", latent), ("d", hidden), ("x", pixels)):
        p[f"b{name}"] = 0.1 * rng.standard_normal(size)
    return network_case(
        f"{pixels}-{hidden}-{latent}, {m} images",
        _vae_cost,
        _vae_backward,
        p,
        (rng.uniform(size=(m, pixels)) < 0.4).astype(np.float64),
        rng.standard_normal((m, latent)),
        slips=(
            "KL without mu",
            "1/2 of the deviation forgotten",
            "noise does not reach the variance",
            "variance for deviation",
            "KL summed, not averaged",
            "mean for the sample in dWd",
        ),
        twin=_vae_twin,
        single=single,
    )


@family(
    "network, variational autoencoder",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _vae(rng: np.random.Generator) -> Iterator[Case]:
    for pixels, hidden, latent, m in ((4, 3, 2, 5), (9, 6, 2, 10), (36, 12, 4, 10)):
        yield _vae_case(rng, pixels, hidden, latent, m)


@family(
    "network, variational autoencoder in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _vae_single(rng: np.random.Generator) -> Iterator[Case]:
    for pixels, hidden, latent, m in ((6, 4, 2, 6), (16, 8, 3, 10)):
        yield _vae_case(rng, pixels, hidden, latent, m, single=True)


# An autoregressive state seen with noise: the Kalman filter, and its derivatives step by step.
# Parameters are phi, log q and log r.


def _kalman_cost(theta: Any, y: Any) -> Any:
    phi, q, r = theta[0], np.exp(theta[1]), np.exp(theta[2])
    a, P = 0.0, 10.0
    total = 0.0
    for value in y:
        v, F = value - a, P + r
        total = total + 0.5 * (np.log(2 * np.pi * F) + v**2 / F)
        gain = P / F
        a, P = phi * (a + gain * v), phi**2 * P * (1 - gain) + q
    return total


def _kalman_backward(theta: Any, y: Any, slip: str = "") -> Any:
    phi, q, r = theta[0], np.exp(theta[1]), np.exp(theta[2])
    dphi = np.array([1.0, 0.0, 0.0])
    dq = np.array([0.0, 1.0 if slip == "derivative to q, not to log q" else q, 0.0])
    dr = np.array([0.0, 0.0, r])
    a, P = 0.0, 10.0
    da, dP = np.zeros(3), np.zeros(3)
    total = np.zeros(3)
    for value in y:
        v, F = value - a, P + r
        dv, dF = -da, dP + dr
        if slip == "innovation does not move":
            dv = np.zeros(3)
        total += 0.5 * (dF / F + 2 * v * dv / F - v**2 * dF / F**2)
        if slip == "log determinant forgotten":
            total -= 0.5 * dF / F
        gain = P / F
        dgain = dP / F - P * dF / F**2
        if slip == "gain taken for a constant":
            dgain = np.zeros(3)
        state = a + gain * v
        dstate = da + dgain * v + gain * dv
        a, da = phi * state, dphi * state + phi * dstate
        dP_new = phi**2 * (dP * (1 - gain) - P * dgain) + dq
        if slip != "phi forgotten in the variance":
            dP_new = dP_new + 2 * phi * dphi * P * (1 - gain)
        P, dP = phi**2 * P * (1 - gain) + q, dP_new
    return total


@family("Kalman filter, gradient by hand", kind="ordinary", source=_SOURCE, split="validation")
def _kalman(rng: np.random.Generator) -> Iterator[Case]:
    for steps, phi, q, r in ((20, 0.7, 0.5, 0.3), (60, 0.95, 0.1, 1.0), (100, -0.4, 1.0, 0.2)):
        x = 0.0
        y = np.empty(steps)
        for t in range(steps):
            x = phi * x + np.sqrt(q) * rng.standard_normal()
            y[t] = x + np.sqrt(r) * rng.standard_normal()
        yield network_case(
            f"{steps} steps, phi = {phi:g}",
            _kalman_cost,
            _kalman_backward,
            np.array([phi, np.log(q), np.log(r)]) + 0.2 * rng.standard_normal(3),
            y,
            slips=(
                "derivative to q, not to log q",
                "innovation does not move",
                "log determinant forgotten",
                "gain taken for a constant",
                "phi forgotten in the variance",
            ),
        )


# Two views of every example, contrasted with all others (InfoNCE) on the unit sphere.


def _contrast_layers(p: Tree, one: Any, two: Any) -> tuple[Any, ...]:
    u, v = one @ p["W"], two @ p["V"]
    nu = np.sqrt(np.sum(u**2, axis=1, keepdims=True))
    nv = np.sqrt(np.sum(v**2, axis=1, keepdims=True))
    return u / nu, v / nv, nu, nv, (u / nu) @ (v / nv).T


def _log_softmax(a: Any, axis: int) -> Any:
    top = a.max(axis=axis, keepdims=True)
    return a - top - np.log(np.exp(a - top).sum(axis=axis, keepdims=True))


def _contrast_cost(p: Tree, one: Any, two: Any) -> Any:
    *_, similarity = _contrast_layers(p, one, two)
    logits = similarity * np.exp(p["log_scale"])
    rows, columns = _log_softmax(logits, 1), _log_softmax(logits, 0)
    return -(np.trace(rows) + np.trace(columns)) / (2 * len(one))


def _contrast_backward(p: Tree, one: Any, two: Any, slip: str = "") -> Tree:
    u, v, nu, nv, similarity = _contrast_layers(p, one, two)
    scale = np.exp(p["log_scale"])
    logits = similarity * scale
    eye = np.eye(len(one), dtype=one.dtype)
    d = (softmax(logits, 1) - eye + softmax(logits, 0) - eye) / (2 * len(one))
    if slip == "images to texts only":
        d = (softmax(logits, 1) - eye) / len(one)
    dscale = np.sum(d * similarity) * (1 if slip == "scale, not its logarithm" else scale)
    dsim = d if slip == "scale forgotten" else d * scale
    du = dsim @ v
    dv = (dsim if slip == "similarity not transposed" else dsim.T) @ u
    if slip == "normalisation taken for a constant":
        du, dv = du / nu, dv / nv
    elif slip == "norm forgotten in the projection":
        du = du - u * np.sum(u * du, axis=1, keepdims=True)
        dv = dv - v * np.sum(v * dv, axis=1, keepdims=True)
    else:
        du = (du - u * np.sum(u * du, axis=1, keepdims=True)) / nu
        dv = (dv - v * np.sum(v * dv, axis=1, keepdims=True)) / nv
    return {"W": one.T @ du, "V": two.T @ dv, "log_scale": np.asarray(dscale)}


def _contrast_twin(torch: Any, p: Tree, one: Any, two: Any) -> Any:
    F = torch.nn.functional
    u, v = one @ p["W"], two @ p["V"]
    u = u / torch.linalg.vector_norm(u, dim=1, keepdim=True)
    v = v / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    logits = p["log_scale"].exp() * torch.einsum("id,jd->ij", u, v)
    numbers = torch.arange(len(one))
    return (F.cross_entropy(logits, numbers) + F.cross_entropy(logits.T, numbers)) / 2


def _contrast_case(
    rng: np.random.Generator, sizes: tuple[int, int, int], m: int, single: bool = False
) -> Case:
    first, second, width = sizes
    one = rng.standard_normal((m, first))
    return network_case(
        f"{first} and {second} to {width}, {m} pairs",
        _contrast_cost,
        _contrast_backward,
        {
            "W": glorot(rng, first, width),
            "V": glorot(rng, second, width),
            "log_scale": np.asarray(np.log(rng.uniform(3, 10))),
        },
        one,
        one @ rng.standard_normal((first, second)) / np.sqrt(first)
        + 0.3 * rng.standard_normal((m, second)),
        slips=(
            "images to texts only",
            "scale, not its logarithm",
            "scale forgotten",
            "similarity not transposed",
            "normalisation taken for a constant",
            "norm forgotten in the projection",
        ),
        twin=_contrast_twin,
        single=single,
    )


@family(
    "network, contrastive loss", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _contrast(rng: np.random.Generator) -> Iterator[Case]:
    for sizes, m in (((3, 4, 2), 4), ((6, 5, 4), 10), ((16, 12, 8), 24)):
        yield _contrast_case(rng, sizes, m)


@family(
    "network, contrastive loss in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _contrast_single(rng: np.random.Generator) -> Iterator[Case]:
    for sizes, m in (((4, 4, 3), 6), ((10, 8, 4), 16)):
        yield _contrast_case(rng, sizes, m, single=True)


# Triplets with a margin: a hinge for each, some of them inactive.


def _triplet_terms(p: Tree, a: Any, b: Any, c: Any, margin: float) -> tuple[Any, ...]:
    fa, fb, fc = (np.tanh(x @ p["W"] + p["b"]) for x in (a, b, c))
    slack = np.sum((fa - fb) ** 2, axis=1) - np.sum((fa - fc) ** 2, axis=1) + margin
    return fa, fb, fc, slack


def _triplet_cost(p: Tree, a: Any, b: Any, c: Any, margin: float) -> Any:
    *_, slack = _triplet_terms(p, a, b, c, margin)
    return np.mean(np.maximum(slack, 0))


def _triplet_backward(p: Tree, a: Any, b: Any, c: Any, margin: float, slip: str = "") -> Tree:
    fa, fb, fc, slack = _triplet_terms(p, a, b, c, margin)
    active = (slack > 0)[:, None] / len(a)
    if slip == "inactive triplets counted":
        active = np.ones((len(a), 1)) / len(a)
    if slip == "mean over the active ones":
        active = (slack > 0)[:, None] / max(1, np.sum(slack > 0))
    da, db, dc = 2 * active * (fc - fb), 2 * active * (fb - fa), 2 * active * (fa - fc)
    if slip == "anchor: negative forgotten":
        da = 2 * active * (fa - fb)
    if slip == "anchor taken for a constant":
        da = 0 * da
    parts = [(a, da * (1 - fa**2)), (b, db * (1 - fb**2)), (c, dc * (1 - fc**2))]
    if slip == "shared weights: last branch only":
        parts = parts[2:]
    return {
        "W": np.sum([x.T @ d for x, d in parts], axis=0),
        "b": np.sum([d.sum(axis=0) for _, d in parts], axis=0),
    }


def _triplet_twin(torch: Any, p: Tree, a: Any, b: Any, c: Any, margin: float) -> Any:
    fa, fb, fc = (torch.tanh(x @ p["W"] + p["b"]) for x in (a, b, c))
    near, far = (fa - fb).square().sum(1), (fa - fc).square().sum(1)
    return torch.relu(near - far + margin).mean()


def _triplet_case(
    rng: np.random.Generator, inputs: int, size: int, m: int, margin: float, shift: float | None
) -> Case:
    """Return triplets; `shift` is the slack of the first one, or generic."""
    while True:
        p = {"W": glorot(rng, inputs, size), "b": 0.1 * rng.standard_normal(size)}
        a = rng.standard_normal((m, inputs))
        b = a + 0.7 * rng.standard_normal((m, inputs))
        c = rng.standard_normal((m, inputs))
        slack = _triplet_terms(p, a, b, c, margin)[-1]
        if shift is not None:
            margin = float(margin - slack[0] + shift)
            break
        if np.min(np.abs(slack)) > 1e-3 and 0 < np.sum(slack > 0) < m:
            break
    return network_case(
        f"{inputs} to {size}, {m} triplets",
        _triplet_cost,
        _triplet_backward,
        p,
        a,
        b,
        c,
        margin,
        slips=(
            "inactive triplets counted",
            "mean over the active ones",
            "anchor: negative forgotten",
            "anchor taken for a constant",
            "shared weights: last branch only",
        ),
        twin=_triplet_twin,
    )


@family("network, triplet loss", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _triplet(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, size, m in ((3, 2, 10), (6, 4, 20), (20, 12, 20)):
        yield _triplet_case(rng, inputs, size, m, 0.5, None)


@family(
    "network, triplet loss at its margin",
    kind="kink",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _triplet_kink(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, size, m, shift in ((3, 2, 8, 1e-5), (5, 3, 15, -1e-6), (4, 4, 12, 1e-8)):
        yield _triplet_case(rng, inputs, size, m, 0.5, shift)


# A mixture density network: weights, means and deviations of normals from one hidden layer.


def _mixture_layers(p: Tree, x: Any, y: Any) -> tuple[Any, ...]:
    h = np.tanh(x @ p["W"] + p["b"])
    scores, mu, log_sd = h @ p["Wa"] + p["ba"], h @ p["Wm"] + p["bm"], h @ p["Ws"] + p["bs"]
    t = (y[:, None] - mu) / np.exp(log_sd)
    joint = _log_softmax(scores, 1) - 0.5 * t**2 - log_sd - 0.5 * np.log(2 * np.pi)
    return h, scores, log_sd, t, joint


def _mixture_cost(p: Tree, x: Any, y: Any) -> Any:
    *_, joint = _mixture_layers(p, x, y)
    top = joint.max(axis=1)
    return -np.mean(top + np.log(np.sum(np.exp(joint - top[:, None]), axis=1)))


def _mixture_backward(p: Tree, x: Any, y: Any, slip: str = "") -> Tree:
    h, scores, log_sd, t, joint = _mixture_layers(p, x, y)
    gamma = softmax(softmax(scores) if slip == "prior for posterior" else joint) / len(x)
    prior = softmax(scores) / len(x)
    if slip == "softmax of the weights forgotten":
        prior = 0 * prior
    dscores = prior - gamma
    dmu = -gamma * t if slip == "mean: deviation forgotten" else -gamma * t / np.exp(log_sd)
    dlog_sd = gamma * (1 - t**2)
    if slip == "normalising constant forgotten":
        dlog_sd = -gamma * t**2
    if slip == "deviation, not its logarithm":
        dlog_sd = dlog_sd / np.exp(log_sd)
    dh = dscores @ p["Wa"].T + dmu @ p["Wm"].T + dlog_sd @ p["Ws"].T
    if slip == "weights do not reach the hidden layer":
        dh = dmu @ p["Wm"].T + dlog_sd @ p["Ws"].T
    dz = dh * (1 - h**2)
    return {
        "W": x.T @ dz,
        "b": dz.sum(axis=0),
        "Wa": h.T @ dscores,
        "ba": dscores.sum(axis=0),
        "Wm": h.T @ dmu,
        "bm": dmu.sum(axis=0),
        "Ws": h.T @ dlog_sd,
        "bs": dlog_sd.sum(axis=0),
    }


def _mixture_twin(torch: Any, p: Tree, x: Any, y: Any) -> Any:
    h = torch.tanh(x @ p["W"] + p["b"])
    normals = torch.distributions.Normal(
        h @ p["Wm"] + p["bm"], torch.exp(h @ p["Ws"] + p["bs"]), validate_args=False
    )
    weights = (h @ p["Wa"] + p["ba"]).log_softmax(1)
    return -(weights + normals.log_prob(y[:, None])).logsumexp(1).mean()


@family(
    "network, mixture density", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _mixture(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, parts, m in ((1, 3, 2, 10), (2, 5, 3, 30), (8, 20, 4, 40)):
        p = {"W": glorot(rng, inputs, hidden), "b": 0.3 * rng.standard_normal(hidden)}
        for key in "ams":
            p[f"W{key}"] = glorot(rng, hidden, parts)
            p[f"b{key}"] = 0.5 * rng.standard_normal(parts)
        x = rng.standard_normal((m, inputs))
        y = rng.choice([-1.0, 1.0], size=m) * np.abs(x[:, 0]) + 0.2 * rng.standard_normal(m)
        yield network_case(
            f"{inputs}-{hidden}, {parts} normals",
            _mixture_cost,
            _mixture_backward,
            p,
            x,
            y,
            slips=(
                "prior for posterior",
                "softmax of the weights forgotten",
                "mean: deviation forgotten",
                "normalising constant forgotten",
                "deviation, not its logarithm",
                "weights do not reach the hidden layer",
            ),
            twin=_mixture_twin,
        )


# Radial basis functions with centers and widths that are learnt.


def _radial_cost(p: Tree, x: Any, y: Any) -> Any:
    square = np.sum((x[:, None, :] - p["centers"][None]) ** 2, axis=2)
    phi = np.exp(-square / (2 * np.exp(2 * p["log_widths"])))
    return 0.5 * np.mean((phi @ p["w"] - y) ** 2)


def _radial_backward(p: Tree, x: Any, y: Any, slip: str = "") -> Tree:
    difference = x[:, None, :] - p["centers"][None]
    square = np.sum(difference**2, axis=2)
    variance = np.exp(2 * p["log_widths"])
    phi = np.exp(-square / (2 * variance))
    r = (phi @ p["w"] - y) / len(y)
    dphi = np.outer(r, p["w"])
    pull = dphi if slip == "exponential not differentiated" else dphi * phi
    dcenters = np.sum((pull / variance)[:, :, None] * difference, axis=0)
    if slip == "sign of the distance":
        dcenters = -dcenters
    if slip == "width for variance":
        dcenters = np.sum((pull / np.sqrt(variance))[:, :, None] * difference, axis=0)
    dwidths = np.sum(pull * square / variance, axis=0)
    if slip == "logarithm of the width: 2 forgotten":
        dwidths = dwidths / 2
    return {"centers": dcenters, "log_widths": dwidths, "w": phi.T @ r}


@family("network, radial basis functions", kind="ordinary", source=_SOURCE, split="validation")
def _radial(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, units, m in ((1, 3, 10), (2, 6, 25), (3, 20, 60)):
        x = rng.uniform(-2, 2, (m, inputs))
        yield network_case(
            f"{inputs} inputs, {units} units",
            _radial_cost,
            _radial_backward,
            {
                "centers": rng.uniform(-2, 2, (units, inputs)),
                "log_widths": 0.3 * rng.standard_normal(units),
                "w": rng.standard_normal(units),
            },
            x,
            np.sin(2 * x).sum(axis=1) + 0.1 * rng.standard_normal(m),
            slips=(
                "exponential not differentiated",
                "sign of the distance",
                "width for variance",
                "logarithm of the width: 2 forgotten",
            ),
        )
