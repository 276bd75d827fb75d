"""Bugs that were published: ``python -m benchmarks.diagnose.published``.

Mistakes in the gradients of well-known and less known projects, told in their public threads, each
made again in a few lines of our own. The exit code is 1 where place or cause are not named.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import gradproof as gp

Tensors = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Published:
    """A bug: where it was told, what it was, the problem, and what should be said of what."""

    thread: str
    mistake: str
    f: Callable[[Tensors], float]
    gradient: Callable[[Tensors], Tensors]
    at: Tensors
    code: str
    leaves: tuple[str, ...]
    facts: dict[str, float]


def softmax(z: Any) -> Any:
    """Return the probabilities of each row."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def published() -> Iterator[Published]:
    """Yield the bugs."""
    rng = np.random.default_rng(0)
    m, k = 12, 4
    X, labels = rng.standard_normal((m, 5)), rng.integers(0, k, m)
    Y = np.eye(k)[labels]

    def normal(t: Tensors) -> float:
        d = rng_data - t["mean"]
        _, log_determinant = np.linalg.slogdet(t["cov"])
        squares = np.sum(d * np.linalg.solve(t["cov"], d.T).T)
        return float(-0.5 * squares - 0.5 * len(d) * log_determinant)

    def normal_gradient(t: Tensors) -> Tensors:
        d = rng_data - t["mean"]
        inverse = np.linalg.inv(t["cov"])
        outer = d.T @ d
        cov = 0.5 * (inverse @ outer @ inverse - len(d) * inverse)
        return {"mean": inverse @ d.sum(axis=0), "cov": -cov}  # the sign

    rng_data = rng.standard_normal((9, 3))
    root = rng.standard_normal((3, 3))
    yield Published(
        "HIPS/autograd#412",
        "the sign of the covariance of a normal density",
        normal,
        normal_gradient,
        {"mean": rng.standard_normal(3), "cov": root @ root.T + np.eye(3)},
        "GP301",
        ("t['cov']",),
        {},
    )

    def hidden(t: Tensors) -> tuple[Any, Any]:
        h = np.tanh(X @ t["W1"] + t["b1"])
        return h, softmax(h @ t["W2"] + t["b2"])

    def loss(t: Tensors) -> float:
        return float(-np.mean(np.log(hidden(t)[1][np.arange(m), labels])))

    def backward(t: Tensors) -> Tensors:
        h, p = hidden(t)
        dz2 = (p - Y) / m
        dz1 = dz2 @ t["W2"].T * (1 - h**2)
        return {
            "W1": X.T @ dz1,
            "b1": dz1.sum(axis=0),
            "W2": h.T @ dz2,
            "b2": dz2.sum(axis=0),
        }

    network = {
        "W1": rng.standard_normal((5, 6)) / 2,
        "b1": rng.standard_normal(6) / 4,
        "W2": rng.standard_normal((6, k)) / 2,
        "b2": rng.standard_normal(k) / 4,
    }

    def mean_of_biases(t: Tensors) -> Tensors:
        g = backward(t)
        return g | {"b1": g["b1"] / m}  # np.mean for np.sum

    yield Published(
        "kvfrans/notes#5",
        "np.mean for np.sum in the gradient of a bias",
        loss,
        mean_of_biases,
        network,
        "GP302",
        ("t['b1']",),
        {"batch": m},
    )

    decay = 0.01

    def decayed(t: Tensors) -> float:
        return loss(t) + 0.5 * decay * sum(float(np.sum(t[name] ** 2)) for name in t)

    def subtracted(t: Tensors) -> Tensors:
        g = backward(t)
        return {name: g[name] - decay * t[name] for name in g}

    yield Published(
        "chainer/chainer#261",
        "the decay of the weights subtracted instead of added",
        decayed,
        subtracted,
        network,
        "GP401",
        tuple(f"t['{name}']" for name in network),
        {},
    )

    def averaged(t: Tensors) -> float:
        penalty = 0.5 * decay * sum(float(np.sum(t[name] ** 2)) for name in ("W1", "W2"))
        return loss(t) + penalty / m

    def not_averaged(t: Tensors) -> Tensors:
        g = {name: m * part for name, part in backward(t).items()}
        return g | {name: g[name] + decay * t[name] for name in ("W1", "W2")}

    yield Published(
        "dennybritz/nn-from-scratch#13",
        "a loss that is averaged over the batch, gradients that are not",
        averaged,
        not_averaged,
        network,
        "GP302",
        tuple(f"t['{name}']" for name in network),
        {"batch": m},
    )

    filters = rng.standard_normal((2, 3, 3, 3))  # of 3 channels, 3 × 3
    weights = rng.standard_normal((2, 4, 4))

    def convolved(t: Tensors) -> float:
        image, total = t["image"], 0.0
        for i in range(4):
            for j in range(4):
                out = np.tensordot(filters, image[:, i : i + 3, j : j + 3], 3)
                total += float(np.sum(weights[:, i, j] * np.tanh(out)))
        return total

    def one_channel(t: Tensors) -> Tensors:
        image = t["image"]
        g = np.zeros_like(image)
        for i in range(4):
            for j in range(4):
                out = np.tensordot(filters, image[:, i : i + 3, j : j + 3], 3)
                back = np.tensordot(weights[:, i, j] * (1 - np.tanh(out) ** 2), filters, 1)
                g[0, i : i + 3, j : j + 3] += back[0]  # the index of another loop, always 0
        return {"image": g}

    yield Published(
        "NervanaSystems/neon#111",
        "a convolution that writes to one channel, by the index of another loop",
        convolved,
        one_channel,
        {"image": rng.standard_normal((3, 6, 6))},
        "GP410",
        ("t['image']",),
        {},
    )

    target = rng.standard_normal((m, 3))

    def euclidean(t: Tensors) -> float:
        return float(np.sum((X @ t["W"] + t["b"] - target) ** 2)) / (2 * m)

    def twice(t: Tensors) -> Tensors:
        off = (X @ t["W"] + t["b"] - target) * 2 / m  # the ½ forgotten
        return {"W": X.T @ off, "b": off.sum(axis=0)}

    yield Published(
        "BVLC/caffe#6814",
        "every number off by exactly 2",
        euclidean,
        twice,
        {"W": rng.standard_normal((5, 3)), "b": rng.standard_normal(3)},
        "GP302",
        ("t['W']", "t['b']"),
        {},
    )


def main() -> int:
    """Print what is said of each, and return the exit code."""
    missed = False
    print("| thread | mistake | expected | named | where | message |")
    print("| --- | --- | --- | --- | --- | --- |")
    for one in published():
        report = gp.check(gp.Problem(one.f, one.gradient, one.at, facts=one.facts or None))
        named = [cause for cause in report.causes if cause.code == one.code]
        where = {address for cause in named for address in cause.addresses}
        missed |= report.verdict != "fail" or where != set(one.leaves)
        codes = ", ".join(sorted({cause.code for cause in report.causes}))
        message = named[0].message if named else report.headline
        print(
            f"| {one.thread} | {one.mistake} | {one.code} | {codes} | "
            f"{', '.join(sorted(where))} | {message} |"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
