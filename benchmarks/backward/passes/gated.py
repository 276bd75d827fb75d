"""RMS normalisation and a SwiGLU block, as language models have them."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(25)
TARGET = _rng.standard_normal((4, 3))
M, D = TARGET.shape
EPS = 0.05


def problem(rng: np.random.Generator) -> Arrays:
    """Four rows of three features, the gain, and the maps of gate, content and way back."""
    return {
        "x": rng.standard_normal((4, 3)),
        "g": 1 + 0.3 * rng.standard_normal(3),
        "Wg": rng.standard_normal((3, 5)) * 0.7,
        "Wu": rng.standard_normal((3, 5)) * 0.7,
        "Wd": rng.standard_normal((5, 3)) * 0.7,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array, Array]:
    inv = 1 / np.sqrt(np.mean(t["x"] ** 2, axis=1, keepdims=True) + EPS)
    n = t["x"] * inv * t["g"]
    gate, up = n @ t["Wg"], n @ t["Wu"]
    sig = 1 / (1 + np.exp(-gate))
    return inv, n, gate, up, sig


def loss(t: Arrays) -> float:
    """Half the squared error of the block with its skip, averaged over the rows."""
    _, _, gate, up, sig = _forward(t)
    out = t["x"] + (gate * sig * up) @ t["Wd"]
    return float(np.sum((out - TARGET) ** 2) / (2 * M))


def gradient(t: Arrays) -> Arrays:
    """Through the way back, the gate, the norm, and the skip."""
    inv, n, gate, up, sig = _forward(t)
    act = gate * sig
    dout = (t["x"] + (act * up) @ t["Wd"] - TARGET) / M
    dWd = (act * up).T @ dout
    dprod = dout @ t["Wd"].T
    dup = dprod * act
    dact = dprod * up
    dgate = dact * (sig + gate * sig * (1 - sig))
    dWg = n.T @ dgate
    dWu = n.T @ dup
    dn = dgate @ t["Wg"].T + dup @ t["Wu"].T
    dg = (dn * t["x"] * inv).sum(axis=0)
    dr = dn * t["g"]
    along = np.mean(dr * t["x"], axis=1, keepdims=True)
    dx = dr * inv - t["x"] * inv**3 * along
    dx += dout
    return {"x": dx, "g": dg, "Wg": dWg, "Wu": dWu, "Wd": dWd}
