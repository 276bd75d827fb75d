"""Logistic regression with an elastic net of the weights and a bias for each group."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(13)
X = _rng.standard_normal((9, 6))
Y = _rng.integers(0, 2, 9).astype(float)
M = len(X)
L1 = 0.15
L2 = 0.4


def problem(rng: np.random.Generator) -> Arrays:
    """Weights of six features, their common scale by feature, and the bias."""
    return {
        "w": rng.standard_normal(6),
        "s": 1 + 0.3 * rng.standard_normal(6),
        "b": rng.standard_normal(3) * 0.3,
    }


def _forward(t: Arrays) -> Array:
    score: Array = (X * t["s"]) @ t["w"] + np.repeat(t["b"], 3)
    return score


def loss(t: Arrays) -> float:
    """Mean of the logistic losses and both penalties; examples come in groups of three."""
    score = _forward(t)
    data = np.mean(np.logaddexp(0, score) - Y * score)
    return float(data + L1 * np.sum(np.abs(t["w"])) + L2 / 2 * np.sum(t["w"] ** 2))


def gradient(t: Arrays) -> Arrays:
    """Return the residual, carried to the weights, the scales and the bias of each group."""
    p = 1 / (1 + np.exp(-_forward(t)))
    r = (p - Y) / M
    dw = (X * t["s"]).T @ r
    dw += L2 * t["w"]
    dw += L1 * np.sign(t["w"])
    ds = (X.T @ r) * t["w"]
    db = r.reshape(3, 3).sum(axis=1)
    return {"w": dw, "s": ds, "b": db}
