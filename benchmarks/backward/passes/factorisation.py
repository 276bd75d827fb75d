"""A matrix factorised into two square factors, with biases of rows and columns and a core."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(26)
R = _rng.standard_normal((5, 5))
SEEN = (_rng.random((5, 5)) < 0.6).astype(float)
COUNT = float(SEEN.sum())
LAM = 0.3


def problem(rng: np.random.Generator) -> Arrays:
    """Factors of users and items, their biases, and what lies between the factors."""
    return {
        "U": rng.standard_normal((5, 5)) * 0.5,
        "V": rng.standard_normal((5, 5)) * 0.5,
        "core": 1 + 0.3 * rng.standard_normal(5),
        "p": rng.standard_normal(5) * 0.3,
        "q": rng.standard_normal(5) * 0.3,
    }


def _forward(t: Arrays) -> Array:
    fit: Array = (t["U"] * t["core"]) @ t["V"].T + t["p"][:, None] + t["q"]
    return fit


def loss(t: Arrays) -> float:
    """Return the squared error of the seen entries, averaged, and a penalty of both factors."""
    miss = SEEN * (_forward(t) - R)
    penalty = np.sum(t["U"] ** 2) + np.sum(t["V"] ** 2)
    return float(np.sum(miss**2) / COUNT + LAM / 2 * penalty)


def gradient(t: Arrays) -> Arrays:
    """Return the miss of the seen entries, carried to all that explains them."""
    miss = 2 * SEEN * (_forward(t) - R) / COUNT
    dU = miss @ (t["V"] * t["core"])
    dU += LAM * t["U"]
    dV = miss.T @ (t["U"] * t["core"])
    dV += LAM * t["V"]
    dcore = np.sum(t["U"] * (miss @ t["V"]), axis=0)
    dp = np.sum(miss, axis=1)
    dq = np.sum(miss, axis=0)
    return {"U": dU, "V": dV, "core": dcore, "p": dp, "q": dq}
