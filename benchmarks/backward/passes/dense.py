"""Three dense layers with biases, a mean squared error and an L2 penalty of the weights."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(11)
X = _rng.standard_normal((7, 4))
Y = _rng.standard_normal((7, 3))
M = len(X)
LAM = 0.7


def problem(rng: np.random.Generator) -> Arrays:
    """Weights and biases of the layers 4-5-5-3."""
    return {
        "W1": rng.standard_normal((4, 5)) * 0.6,
        "b1": rng.standard_normal(5) * 0.3,
        "W2": rng.standard_normal((5, 5)) * 0.6,
        "b2": rng.standard_normal(5) * 0.3,
        "W3": rng.standard_normal((5, 3)) * 0.6,
        "b3": rng.standard_normal(3) * 0.3,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array]:
    A1 = np.tanh(X @ t["W1"] + t["b1"])
    A2 = 1 / (1 + np.exp(-(A1 @ t["W2"] + t["b2"])))
    return A1, A2, A2 @ t["W3"] + t["b3"]


def loss(t: Arrays) -> float:
    """Half the squared error, averaged over the batch, and the penalty."""
    _, _, out = _forward(t)
    penalty = sum(float(np.sum(t[key] ** 2)) for key in ("W1", "W2", "W3"))
    return float(np.sum((out - Y) ** 2)) / (2 * M) + LAM / (2 * M) * penalty


def gradient(t: Arrays) -> Arrays:
    """Backpropagation through the three layers."""
    A1, A2, out = _forward(t)
    dZ3 = (out - Y) / M
    dW3 = A2.T @ dZ3
    dW3 += LAM / M * t["W3"]
    db3 = dZ3.sum(axis=0)
    dA2 = dZ3 @ t["W3"].T
    dZ2 = dA2 * A2 * (1 - A2)
    dW2 = A1.T @ dZ2
    dW2 += LAM / M * t["W2"]
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ t["W2"].T
    dZ1 = dA1 * (1 - A1**2)
    dW1 = X.T @ dZ1
    dW1 += LAM / M * t["W1"]
    db1 = np.sum(dZ1, axis=0)
    return {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "W3": dW3, "b3": db3}
