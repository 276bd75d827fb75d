"""A linear layer, batch normalisation with gain and shift, tanh, and a linear head."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(18)
X = _rng.standard_normal((6, 3))
TARGET = _rng.standard_normal((6, 2))
M = len(X)
EPS = 0.05


def problem(rng: np.random.Generator) -> Arrays:
    """Draw a square layer of three units, its normalisation, and the head."""
    return {
        "W": rng.standard_normal((3, 3)),
        "gamma": 1 + 0.3 * rng.standard_normal(3),
        "beta": rng.standard_normal(3) * 0.3,
        "V": rng.standard_normal((3, 2)),
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array, Array]:
    z = X @ t["W"]
    centred = z - z.mean(axis=0)
    std = np.sqrt(np.mean(centred**2, axis=0) + EPS)
    hat = centred / std
    a = np.tanh(t["gamma"] * hat + t["beta"])
    return centred, std, hat, a, a @ t["V"]


def loss(t: Arrays) -> float:
    """Half the squared error, averaged over the batch."""
    *_, out = _forward(t)
    return float(np.sum((out - TARGET) ** 2) / (2 * M))


def gradient(t: Arrays) -> Arrays:
    """Through the head and through mean and variance of the batch."""
    centred, std, hat, a, out = _forward(t)
    dout = (out - TARGET) / M
    dV = a.T @ dout
    da = dout @ t["V"].T
    dy = da * (1 - a**2)
    dgamma = np.sum(dy * hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    dhat = dy * t["gamma"]
    dvar = np.sum(dhat * centred, axis=0) * -0.5 * std**-3
    dmean = np.sum(dhat, axis=0) * -1 / std
    dz = dhat / std + dvar * 2 * centred / M + dmean / M
    dW = X.T @ dz
    return {"W": dW, "gamma": dgamma, "beta": dbeta, "V": dV}
