"""A sum of losses, each of its own predictions: Huber, hinge, logistic, squared and divergence."""

import numpy as np
from benchmarks.backward.arrays import Arrays

_rng = np.random.default_rng(22)
Y = _rng.standard_normal((4, 3))
SIGN = np.where(_rng.standard_normal(12) > 0, 1.0, -1.0)
LABEL = (_rng.standard_normal(10) > 0).astype(float)
Q = _rng.dirichlet(np.ones(6), 2)
DELTA = 0.8


def problem(rng: np.random.Generator) -> Arrays:
    """Predictions for each of the losses; those of the divergence are positive."""
    return {
        "huber": Y + 1.2 * rng.standard_normal((4, 3)),
        "hinge": rng.standard_normal(12) * 2.5,
        "logit": rng.standard_normal(10),
        "mse": rng.standard_normal((4, 3)),
        "kl": 0.1 + rng.random((2, 6)),
        "logp": rng.standard_normal((2, 6)),
    }


def loss(t: Arrays) -> float:
    """Return the six losses, each averaged in its own way."""
    e = np.abs(t["huber"] - Y)
    huber = np.mean(np.where(e <= DELTA, e**2 / 2, DELTA * (e - DELTA / 2)))
    hinge = np.mean(np.maximum(0, 1 - SIGN * t["hinge"]) ** 2)
    logistic = np.mean(np.logaddexp(0, t["logit"]) - LABEL * t["logit"])
    mse = np.mean((t["mse"] - Y) ** 2)
    kl = np.sum(t["kl"] * np.log(t["kl"] / Q))
    norm = np.log(np.sum(np.exp(t["logp"]), axis=1, keepdims=True))
    cross = -np.sum(Q * (t["logp"] - norm)) / 2
    return float(huber + hinge + logistic + mse + kl + cross)


def gradient(t: Arrays) -> Arrays:
    """Return the six gradients, none of which knows of the others."""
    e = t["huber"] - Y
    huber = np.where(np.abs(e) <= DELTA, e, DELTA * np.sign(e)) / e.size
    margin = 1 - SIGN * t["hinge"]
    hinge = -2 * SIGN * margin * (margin > 0) / margin.size
    p = 1 / (1 + np.exp(-t["logit"]))
    logit = (p - LABEL) / LABEL.size
    mse = 2 * (t["mse"] - Y) / Y.size
    kl = np.log(t["kl"] / Q) + 1
    exp = np.exp(t["logp"])
    soft = exp / exp.sum(axis=1, keepdims=True)
    logp = (soft - Q) / 2
    return {"huber": huber, "hinge": hinge, "logit": logit, "mse": mse, "kl": kl, "logp": logp}
