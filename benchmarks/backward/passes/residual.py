"""A residual block of two layers between an input map and a head."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(23)
X = _rng.standard_normal((5, 3))
TARGET = _rng.standard_normal((5, 2))
M = len(X)


def problem(rng: np.random.Generator) -> Arrays:
    """Draw the input map 3-4, the block 4-6-4 with biases, a skip gain, and the head 4-2."""
    return {
        "W0": rng.standard_normal((3, 4)) * 0.7,
        "W1": rng.standard_normal((4, 6)) * 0.7,
        "b1": rng.standard_normal(6) * 0.3,
        "W2": rng.standard_normal((6, 4)) * 0.7,
        "b2": rng.standard_normal(4) * 0.3,
        "skip": 1 + 0.3 * rng.standard_normal(4),
        "V": rng.standard_normal((4, 2)),
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array]:
    h = X @ t["W0"]
    a = np.logaddexp(0, h @ t["W1"] + t["b1"])
    y = h * t["skip"] + a @ t["W2"] + t["b2"]
    return h, a, y, y @ t["V"]


def loss(t: Arrays) -> float:
    """Half the squared error, averaged over the batch."""
    *_, out = _forward(t)
    return float(np.sum((out - TARGET) ** 2) / (2 * M))


def gradient(t: Arrays) -> Arrays:
    """Along the branch and along the skip."""
    h, a, y, out = _forward(t)
    dout = (out - TARGET) / M
    dV = y.T @ dout
    dy = dout @ t["V"].T
    dskip = (dy * h).sum(axis=0)
    db2 = dy.sum(axis=0)
    dW2 = a.T @ dy
    da = dy @ t["W2"].T
    dz = da * (1 - np.exp(-a))
    db1 = dz.sum(axis=0)
    dW1 = h.T @ dz
    dh = dz @ t["W1"].T
    dh += dy * t["skip"]
    dW0 = X.T @ dh
    return {"W0": dW0, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "skip": dskip, "V": dV}
