"""A softmax classifier with one hidden layer, examples in columns as courses write it."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(12)
X = _rng.standard_normal((3, 8))
LABELS = _rng.integers(0, 4, 8)
Y = np.eye(4)[LABELS].T
M = X.shape[1]


def problem(rng: np.random.Generator) -> Arrays:
    """Weights (out, in) and biases (out, 1) of the layers 3-6-4."""
    return {
        "W1": rng.standard_normal((6, 3)),
        "b1": rng.standard_normal((6, 1)) * 0.3,
        "W2": rng.standard_normal((4, 6)),
        "b2": rng.standard_normal((4, 1)) * 0.3,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array]:
    Z1 = t["W1"] @ X + t["b1"]
    A1 = np.maximum(Z1, 0)
    scores = t["W2"] @ A1 + t["b2"]
    exp = np.exp(scores - scores.max(axis=0, keepdims=True))
    return Z1, A1, exp / exp.sum(axis=0, keepdims=True)


def loss(t: Arrays) -> float:
    """Cross entropy averaged over the batch."""
    _, _, P = _forward(t)
    return float(-np.mean(np.log(P[LABELS, np.arange(M)])))


def gradient(t: Arrays) -> Arrays:
    """Backpropagation through softmax, ReLU and both layers."""
    Z1, A1, P = _forward(t)
    dZ2 = P - Y
    dW2 = dZ2 @ A1.T / M
    db2 = np.sum(dZ2, axis=1, keepdims=True) / M
    dA1 = t["W2"].T @ dZ2
    dZ1 = dA1 * (Z1 > 0)
    dW1 = 1 / M * dZ1 @ X.T
    db1 = 1 / M * dZ1.sum(axis=1, keepdims=True)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
