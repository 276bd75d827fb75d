"""An LSTM over four steps; the gates stand side by side as i, f, o, g."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(16)
STEPS, BATCH, IN, HID = 4, 2, 2, 3
TARGET = _rng.standard_normal((STEPS, BATCH, HID))


def problem(rng: np.random.Generator) -> Arrays:
    """Draw inputs, the weights of input and state, the biases, and the first states."""
    return {
        "x": rng.standard_normal((STEPS, BATCH, IN)),
        "Wx": rng.standard_normal((IN, 4 * HID)) * 0.7,
        "Wh": rng.standard_normal((HID, 4 * HID)) * 0.7,
        "b": rng.standard_normal(4 * HID) * 0.3,
        "h0": rng.standard_normal((BATCH, HID)) * 0.5,
        "c0": rng.standard_normal((BATCH, HID)) * 0.5,
    }


def _sigmoid(z: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-z))
    return value


def _forward(t: Arrays) -> tuple[list[Array], list[Array], list[list[Array]]]:
    hs, cs, gates = [t["h0"]], [t["c0"]], []
    for s in range(STEPS):
        z = t["x"][s] @ t["Wx"] + hs[s] @ t["Wh"] + t["b"]
        zi, zf, zo, zg = np.split(z, 4, axis=1)
        one = [_sigmoid(zi), _sigmoid(zf), _sigmoid(zo), np.tanh(zg)]
        cs.append(one[1] * cs[s] + one[0] * one[3])
        hs.append(one[2] * np.tanh(cs[s + 1]))
        gates.append(one)
    return hs, cs, gates


def loss(t: Arrays) -> float:
    """Half the squared error of all the hidden states, averaged over the batch."""
    hs, _, _ = _forward(t)
    return float(np.sum((np.stack(hs[1:]) - TARGET) ** 2) / (2 * BATCH))


def gradient(t: Arrays) -> Arrays:
    """Backpropagation through time."""
    hs, cs, gates = _forward(t)
    d = {key: np.zeros_like(value) for key, value in t.items()}
    dh_next = np.zeros((BATCH, HID))
    dc_next = np.zeros((BATCH, HID))
    for s in reversed(range(STEPS)):
        i, f, o, g = gates[s]
        tc = np.tanh(cs[s + 1])
        dh = (hs[s + 1] - TARGET[s]) / BATCH + dh_next
        dc = dh * o * (1 - tc**2) + dc_next
        dzi = dc * g * i * (1 - i)
        dzf = dc * cs[s] * f * (1 - f)
        dzo = dh * tc * o * (1 - o)
        dzg = dc * i * (1 - g**2)
        dz = np.concatenate([dzi, dzf, dzo, dzg], axis=1)
        d["Wx"] += t["x"][s].T @ dz
        d["Wh"] += hs[s].T @ dz
        d["b"] += dz.sum(axis=0)
        d["x"][s] = dz @ t["Wx"].T
        dh_next = dz @ t["Wh"].T
        dc_next = dc * f
    d["h0"] = dh_next
    d["c0"] = dc_next
    return d
