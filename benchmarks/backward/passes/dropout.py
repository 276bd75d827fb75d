"""Inverted dropout with fixed masks on inputs and hidden units, ReLU, and logistic losses."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(24)
KEEP = 0.7
DROP_X = (_rng.random((6, 4)) < KEEP).astype(float)
DROP_H = (_rng.random((6, 5)) < KEEP).astype(float)
Y = _rng.integers(0, 2, (6, 3)).astype(float)
M = len(Y)


def problem(rng: np.random.Generator) -> Arrays:
    """Draw the inputs themselves, a hidden layer 4-5 and an output layer 5-3."""
    return {
        "x": rng.standard_normal((6, 4)),
        "W1": rng.standard_normal((4, 5)),
        "b1": rng.standard_normal(5) * 0.3,
        "W2": rng.standard_normal((5, 3)),
        "b2": rng.standard_normal(3) * 0.3,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array]:
    xd = t["x"] * DROP_X / KEEP
    z = xd @ t["W1"] + t["b1"]
    hd = np.maximum(z, 0) * DROP_H / KEEP
    return xd, z, hd, hd @ t["W2"] + t["b2"]


def loss(t: Arrays) -> float:
    """Logistic losses of the three outputs, averaged over the batch."""
    *_, s = _forward(t)
    return float(np.sum(np.logaddexp(0, s) - Y * s) / M)


def gradient(t: Arrays) -> Arrays:
    """Through both masks, each with its 1/keep."""
    xd, z, hd, s = _forward(t)
    ds = (1 / (1 + np.exp(-s)) - Y) / M
    dW2 = hd.T @ ds
    db2 = ds.sum(axis=0)
    dhd = ds @ t["W2"].T
    dh = dhd * DROP_H / KEEP
    dz = dh * (z > 0)
    dW1 = xd.T @ dz
    db1 = dz.sum(axis=0)
    dxd = dz @ t["W1"].T
    dx = dxd * DROP_X / KEEP
    return {"x": dx, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
