"""A GRU over four steps with a matrix for each gate, read out at the last state."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(17)
STEPS, HID = 4, 3
TARGET = _rng.standard_normal(HID)
KEYS = ("Wz", "Uz", "bz", "Wr", "Ur", "br", "Wn", "Un", "bn")


def problem(rng: np.random.Generator) -> Arrays:
    """Draw inputs and the weights of update gate z, reset gate r and candidate n, all square."""
    t = {"x": rng.standard_normal((STEPS, HID))}
    for key in KEYS:
        t[key] = rng.standard_normal(HID if key[0] == "b" else (HID, HID)) * 0.7
    t["h0"] = rng.standard_normal(HID) * 0.5
    return t


def _sigmoid(v: Array) -> Array:
    value: Array = 1 / (1 + np.exp(-v))
    return value


def _forward(t: Arrays) -> tuple[list[Array], list[tuple[Array, Array, Array]]]:
    hs, gates = [t["h0"]], []
    for s in range(STEPS):
        x, h = t["x"][s], hs[s]
        z = _sigmoid(t["Wz"] @ x + t["Uz"] @ h + t["bz"])
        r = _sigmoid(t["Wr"] @ x + t["Ur"] @ h + t["br"])
        n = np.tanh(t["Wn"] @ x + t["Un"] @ (r * h) + t["bn"])
        hs.append((1 - z) * n + z * h)
        gates.append((z, r, n))
    return hs, gates


def loss(t: Arrays) -> float:
    """Half the squared distance of the last state from its target."""
    hs, _ = _forward(t)
    return float(np.sum((hs[-1] - TARGET) ** 2)) / 2


def gradient(t: Arrays) -> Arrays:
    """Backpropagation through time, gate by gate."""
    hs, gates = _forward(t)
    d = {key: np.zeros_like(value) for key, value in t.items()}
    dh = hs[-1] - TARGET
    for s in range(STEPS - 1, -1, -1):
        x, h = t["x"][s], hs[s]
        z, r, n = gates[s]
        dan = dh * (1 - z) * (1 - n**2)
        daz = dh * (h - n) * z * (1 - z)
        drh = t["Un"].T @ dan
        dar = drh * h * r * (1 - r)
        d["Wz"] += np.outer(daz, x)
        d["Uz"] += np.outer(daz, h)
        d["bz"] += daz
        d["Wr"] += np.outer(dar, x)
        d["Ur"] += np.outer(dar, h)
        d["br"] += dar
        d["Wn"] += np.outer(dan, x)
        d["Un"] += np.outer(dan, r * h)
        d["bn"] += dan
        d["x"][s] = t["Wz"].T @ daz + t["Wr"].T @ dar + t["Wn"].T @ dan
        dh = dh * z + drh * r + t["Uz"].T @ daz + t["Ur"].T @ dar
    d["h0"] = dh
    return d
