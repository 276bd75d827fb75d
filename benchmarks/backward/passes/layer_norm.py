"""Layer normalisation of inputs that are themselves differentiated, with a weighted sum."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(19)
WEIGHT = _rng.standard_normal((5, 6))
D = WEIGHT.shape[1]
EPS = 0.05


def problem(rng: np.random.Generator) -> Arrays:
    """Five rows of six features, gain, shift, and a square map after them."""
    return {
        "x": rng.standard_normal((5, 6)),
        "gain": 1 + 0.3 * rng.standard_normal(6),
        "shift": rng.standard_normal(6) * 0.3,
        "A": rng.standard_normal((6, 6)) * 0.5,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array]:
    mu = t["x"].mean(axis=1, keepdims=True)
    inv = 1 / np.sqrt(t["x"].var(axis=1, keepdims=True) + EPS)
    hat = (t["x"] - mu) * inv
    y = hat * t["gain"] + t["shift"]
    return inv, hat, y, np.sin(y @ t["A"])


def loss(t: Arrays) -> float:
    """Return a weighted sum of the sines of the mapped features."""
    *_, out = _forward(t)
    return float(np.sum(WEIGHT * out))


def gradient(t: Arrays) -> Arrays:
    """Through the map, the gain and the statistics of each row."""
    inv, hat, y, _ = _forward(t)
    du = WEIGHT * np.cos(y @ t["A"])
    dA = y.T @ du
    dy = du @ t["A"].T
    dgain = (dy * hat).sum(axis=0)
    dshift = dy.sum(axis=0)
    dhat = dy * t["gain"]
    total = dhat.sum(axis=1, keepdims=True)
    along = (dhat * hat).sum(axis=1, keepdims=True)
    dx = inv / D * (D * dhat - total - hat * along)
    return {"x": dx, "gain": dgain, "shift": dshift, "A": dA}
