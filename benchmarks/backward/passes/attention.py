"""Causal self-attention with two heads, an output map and a squared error."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(20)
T, D, HEADS = 4, 6, 2
K = D // HEADS
TARGET = _rng.standard_normal((T, D))
CAUSAL = np.tril(np.ones((T, T)))
SCALE = 1 / np.sqrt(K)


def problem(rng: np.random.Generator) -> Arrays:
    """Four tokens of six features and the square maps of query, key, value and output."""
    t = {"x": rng.standard_normal((T, D))}
    for key in ("Wq", "Wk", "Wv", "Wo"):
        t[key] = rng.standard_normal((D, D)) * 0.5
    t["bo"] = rng.standard_normal(D) * 0.3
    return t


def _split(a: Array) -> Array:
    return a.reshape(T, HEADS, K).transpose(1, 0, 2)


def _merge(a: Array) -> Array:
    return a.transpose(1, 0, 2).reshape(T, D)


def _forward(t: Arrays) -> tuple[Array, Array, Array, Array, Array, Array]:
    q, k, v = (_split(t["x"] @ t[key]) for key in ("Wq", "Wk", "Wv"))
    scores = np.where(CAUSAL > 0, q @ k.transpose(0, 2, 1) * SCALE, -1e30)
    exp = np.exp(scores - scores.max(axis=2, keepdims=True))
    P = exp / exp.sum(axis=2, keepdims=True)
    mixed = _merge(P @ v)
    return q, k, v, P, mixed, mixed @ t["Wo"] + t["bo"]


def loss(t: Arrays) -> float:
    """Half the squared error, averaged over the tokens."""
    *_, out = _forward(t)
    return float(np.sum((out - TARGET) ** 2) / (2 * T))


def gradient(t: Arrays) -> Arrays:
    """Through the output map, the mixing, the softmax and the three maps of the tokens."""
    q, k, v, P, mixed, out = _forward(t)
    dout = (out - TARGET) / T
    dWo = mixed.T @ dout
    dbo = dout.sum(axis=0)
    dmixed = _split(dout @ t["Wo"].T)
    dP = dmixed @ v.transpose(0, 2, 1)
    dv = P.transpose(0, 2, 1) @ dmixed
    dS = P * (dP - (dP * P).sum(axis=2, keepdims=True))
    dq = dS @ k * SCALE
    dk = dS.transpose(0, 2, 1) @ q * SCALE
    dq, dk, dv = _merge(dq), _merge(dk), _merge(dv)
    dWq = t["x"].T @ dq
    dWk = t["x"].T @ dk
    dWv = t["x"].T @ dv
    dx = dq @ t["Wq"].T
    dx += dk @ t["Wk"].T
    dx += dv @ t["Wv"].T
    return {"x": dx, "Wq": dWq, "Wk": dWk, "Wv": dWv, "Wo": dWo, "bo": dbo}
