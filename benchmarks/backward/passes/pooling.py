"""Max pooling, average pooling over what is left, and a linear layer with a squared error."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(15)
TARGET = _rng.standard_normal((3, 3))
N, C, S = 3, 2, 2


def problem(rng: np.random.Generator) -> Arrays:
    """Feature maps 4 by 2 of two channels, a gain by channel, and the head."""
    return {
        "x": rng.standard_normal((3, 2, 4, 2)),
        "g": 1 + 0.3 * rng.standard_normal((2, 2, 1)),
        "V": rng.standard_normal((2, 3)),
        "c": rng.standard_normal(3) * 0.3,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array]:
    blocks = t["x"].reshape(N, C, 2, S, 1, S)
    top = blocks.max(axis=(3, 5))
    scaled = top * t["g"]
    pooled = scaled.mean(axis=(2, 3))
    return blocks, top, pooled, pooled @ t["V"] + t["c"]


def loss(t: Arrays) -> float:
    """Half the squared error, averaged over the examples."""
    *_, out = _forward(t)
    return float(np.sum((out - TARGET) ** 2) / (2 * N))


def gradient(t: Arrays) -> Arrays:
    """Through the head, the mean, the gain and the places of the maxima."""
    blocks, top, pooled, out = _forward(t)
    dout = (out - TARGET) / N
    dV = pooled.T @ dout
    dc = dout.sum(axis=0)
    dpooled = dout @ t["V"].T
    dscaled = np.broadcast_to(dpooled[:, :, None, None] / 2, top.shape)
    dg = (dscaled * top).sum(axis=0)
    dtop = dscaled * t["g"]
    mask = blocks == top[:, :, :, None, :, None]
    dblocks = mask * dtop[:, :, :, None, :, None]
    dx = dblocks.reshape(t["x"].shape)
    return {"x": dx, "g": dg, "V": dV, "c": dc}
