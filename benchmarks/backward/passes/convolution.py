"""A two-dimensional convolution with a bias, a leaky ReLU and a squared error."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(14)
TARGET = _rng.standard_normal((2, 3, 3, 3))
N, F, H, W = TARGET.shape
KH, KW = 2, 2
SLOPE = 0.2


def problem(rng: np.random.Generator) -> Arrays:
    """Two images of one channel, 4 by 4, three kernels of 2 by 2, and their biases."""
    return {
        "x": rng.standard_normal((2, 1, 4, 4)),
        "K": rng.standard_normal((3, 1, 2, 2)),
        "b": rng.standard_normal(3) * 0.3,
    }


def _forward(t: Arrays) -> Array:
    out = np.zeros(TARGET.shape)
    for i in range(KH):
        for j in range(KW):
            patch = t["x"][:, :, i : i + H, j : j + W]
            out += np.einsum("nchw,fc->nfhw", patch, t["K"][:, :, i, j])
    return out + t["b"][None, :, None, None]


def loss(t: Arrays) -> float:
    """Half the squared error of the activations, averaged over the images."""
    z = _forward(t)
    a = np.where(z > 0, z, SLOPE * z)
    return float(np.sum((a - TARGET) ** 2) / (2 * N))


def gradient(t: Arrays) -> Arrays:
    """Return the gradient of the images, the kernels and the biases, offset by offset."""
    z = _forward(t)
    da = (np.where(z > 0, z, SLOPE * z) - TARGET) / N
    dz = da * np.where(z > 0, 1, SLOPE)
    dx = np.zeros_like(t["x"])
    dK = np.zeros_like(t["K"])
    for p in range(KH):
        for q in range(KW):
            window = t["x"][:, :, p : p + H, q : q + W]
            dK[:, :, p, q] = np.einsum("nfhw,nchw->fc", dz, window)
            share = np.einsum("nfhw,fc->nchw", dz, t["K"][:, :, p, q])
            dx[:, :, p : p + H, q : q + W] += share
    db = dz.sum(axis=(0, 2, 3))
    return {"x": dx, "K": dK, "b": db}
