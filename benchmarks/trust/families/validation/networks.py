"""Feedforward networks from scratch: dense, convolutional, normalised, with dropout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.networks import (
    Array,
    Tree,
    distance_to_kinks,
    glorot,
    network_case,
    one_hot,
    sigmoid,
    softmax,
)

_SOURCE = "networks from scratch"
_NEEDS = ("torch",)


# A deep network in the style of the course: one example a column, gradients dW1, db1, and so on.


def _linear_activation_forward(A_prev: Any, W: Any, b: Any, activation: str) -> tuple[Any, Any]:
    Z = np.dot(W, A_prev) + b
    A = sigmoid(Z) if activation == "sigmoid" else np.tanh(Z)
    return A, (A_prev, W, b, A)


def _model_forward(X: Any, parameters: Tree) -> tuple[Any, list[Any]]:
    caches = []
    A = X
    L = len(parameters) // 2
    for layer in range(1, L + 1):
        activation = "sigmoid" if layer == L else "tanh"
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        A, cache = _linear_activation_forward(A, W, b, activation)
        caches.append(cache)
    return A, caches


def course_cost(parameters: Tree, X: Any, Y: Any, lambd: float) -> Any:
    """Return the cross-entropy and the penalty of the weights."""
    AL, _ = _model_forward(X, parameters)
    m = Y.shape[1]
    logprobs = -Y * np.log(AL) - (1 - Y) * np.log(1 - AL)
    penalty = sum(np.sum(np.square(W)) for key, W in parameters.items() if key.startswith("W"))
    return np.sum(logprobs) / m + lambd / (2 * m) * penalty


def course_backward(parameters: Tree, X: Any, Y: Any, lambd: float, slip: str = "") -> Tree:
    """Return dW1, db1, and so on."""
    AL, caches = _model_forward(X, parameters)
    m = 1 if slip == "1/m forgotten in dW" else Y.shape[1]
    grads = {}
    dZ = AL - Y
    for layer in range(len(caches), 0, -1):
        A_prev, W, _, _ = caches[layer - 1]
        dW = np.dot(dZ, A_prev.T) / m
        if slip == "penalty without 1/m":
            dW += lambd * W
        elif slip != "penalty forgotten":
            dW += lambd / m * W
        grads[f"dW{layer}"] = dW
        db = np.sum(dZ, axis=1, keepdims=True) / Y.shape[1]
        if slip == "bias summed over units":
            db = np.full_like(db, np.sum(dZ) / Y.shape[1])
        if slip == "penalty on the bias":
            db += lambd / Y.shape[1] * parameters[f"b{layer}"]
        grads[f"db{layer}"] = db
        dA = np.dot(W.T, dZ)
        if layer > 1:
            A = caches[layer - 1 if slip == "slope of the layer above" else layer - 2][3]
            slope = 1 - (A if slip == "tanh not squared" else np.square(A))
            if slip == "slope of a sigmoid":
                slope = A * (1 - A)
            dZ = dA * slope if slope.shape == dA.shape else dA * (1 - np.square(A_prev))
    return grads


def _course_twin(torch: Any, p: Tree, X: Any, Y: Any, lambd: float) -> Any:
    a = X.T
    layers = len(p) // 2
    for layer in range(1, layers):
        a = torch.tanh(torch.nn.functional.linear(a, p[f"W{layer}"], p[f"b{layer}"].squeeze(1)))
    logits = torch.nn.functional.linear(a, p[f"W{layers}"], p[f"b{layers}"].squeeze(1))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, Y.T)
    weights = sum((p[f"W{layer}"] ** 2).sum() for layer in range(1, layers + 1))
    return loss + lambd / (2 * Y.shape[1]) * weights


def course_network(rng: np.random.Generator, dims: Sequence[int], m: int) -> tuple[Tree, Any, Any]:
    """Draw parameters, inputs and labels."""
    parameters = {}
    for layer in range(1, len(dims)):
        parameters[f"W{layer}"] = rng.standard_normal((dims[layer], dims[layer - 1])) / np.sqrt(
            dims[layer - 1]
        )
        parameters[f"b{layer}"] = 0.1 * rng.standard_normal((dims[layer], 1))
    X = rng.standard_normal((dims[0], m))
    Y = (np.sin(X[:1]) + X[1:2] + 0.3 * rng.standard_normal((1, m)) > 0).astype(np.float64)
    return parameters, X, Y


_COURSE_SLIPS = (
    "1/m forgotten in dW",
    "penalty forgotten",
    "penalty without 1/m",
    "penalty on the bias",
    "tanh not squared",
    "slope of a sigmoid",
)


@family(
    "network, deep and L2-regularised",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _course(rng: np.random.Generator) -> Iterator[Case]:
    for dims, m, lambd in (
        ((2, 3, 1), 8, 0.5),
        ((4, 5, 3, 1), 20, 0.1),
        ((6, 5, 5, 5, 1), 30, 1.0),
        ((10, 8, 8, 1), 50, 0.7),
        ((30, 16, 16, 1), 40, 0.1),
    ):
        parameters, X, Y = course_network(rng, dims, m)
        slips = [*_COURSE_SLIPS]
        if dims == (6, 5, 5, 5, 1):
            slips += ["slope of the layer above", "bias summed over units"]
        yield network_case(
            f"{'-'.join(map(str, dims))}, {m} examples",
            course_cost,
            course_backward,
            parameters,
            X,
            Y,
            lambd,
            slips=slips,
            twin=_course_twin,
        )


@family("network, wide", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _wide(rng: np.random.Generator) -> Iterator[Case]:
    for dims, m, lambd in (((40, 12, 1), 30, 0.1), ((64, 24, 8, 1), 30, 0.5)):
        parameters, X, Y = course_network(rng, dims, m)
        yield network_case(
            f"{'-'.join(map(str, dims))}, {m} examples",
            course_cost,
            course_backward,
            parameters,
            X,
            Y,
            lambd,
            slips=("1/m forgotten in dW", "penalty without 1/m", "tanh not squared"),
            twin=_course_twin,
        )


@family(
    "network, deep, in float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _course_single(rng: np.random.Generator) -> Iterator[Case]:
    for dims, m, lambd in (
        ((2, 3, 1), 10, 0.5),
        ((5, 6, 4, 1), 25, 0.1),
        ((12, 10, 10, 1), 40, 1.0),
    ):
        parameters, X, Y = course_network(rng, dims, m)
        yield network_case(
            f"{'-'.join(map(str, dims))}, {m} examples",
            course_cost,
            course_backward,
            parameters,
            X,
            Y,
            lambd,
            slips=_COURSE_SLIPS,
            twin=_course_twin,
            single=True,
        )


@family(
    "network on raw features", kind="badly scaled", source=_SOURCE, split="validation", needs=_NEEDS
)
def _raw(rng: np.random.Generator) -> Iterator[Case]:
    """Age, income and a rate, not standardised; the weights make up for it."""
    for hidden, m in ((3, 30), (6, 60), (10, 60)):
        parameters, X, Y = course_network(rng, (4, hidden, 1), m)
        units = np.array([[10.0], [2e4], [3e-3], [1e6]])
        means = np.array([[45.0], [4e4], [1e-2], [5e6]])
        parameters["W1"] = parameters["W1"] / units.T
        parameters["b1"] = parameters["b1"] - parameters["W1"] @ means
        yield network_case(
            f"{hidden} hidden units, {m} people",
            course_cost,
            course_backward,
            parameters,
            means + units * X,
            Y,
            0.01,
            slips=("1/m forgotten in dW", "slope of a sigmoid", "penalty on the bias"),
            twin=_course_twin,
        )


@family("network, saturated", kind="flat", source=_SOURCE, split="validation", needs=_NEEDS)
def _saturated(rng: np.random.Generator) -> Iterator[Case]:
    """Weights several times too large: most units are at the ends of tanh."""
    for dims, m, factor in (((3, 4, 1), 12, 6.0), ((5, 8, 4, 1), 20, 4.0), ((8, 8, 8, 1), 20, 8.0)):
        parameters, X, Y = course_network(rng, dims, m)
        parameters = {
            key: factor * value if key[0] == "W" and key != f"W{len(dims) - 1}" else value
            for key, value in parameters.items()
        }
        yield network_case(
            f"{'-'.join(map(str, dims))}, weights times {factor:g}",
            course_cost,
            course_backward,
            parameters,
            X,
            Y,
            0.0,
            slips=("1/m forgotten in dW", "slope of a sigmoid"),
            twin=_course_twin,
        )


@family("network, weights of zero", kind="flat", source=_SOURCE, split="validation", needs=_NEEDS)
def _zero_weights(rng: np.random.Generator) -> Iterator[Case]:
    """Initialise with zeros: only the last bias has a gradient, and with it perhaps the W."""
    for dims, m in (((3, 4, 1), 12), ((4, 5, 3, 1), 20)):
        parameters, X, Y = course_network(rng, dims, m)
        parameters = {key: np.zeros_like(value) for key, value in parameters.items()}
        yield network_case(
            f"{'-'.join(map(str, dims))}, {m} examples",
            course_cost,
            course_backward,
            parameters,
            X,
            Y,
            0.1,
            twin=_course_twin,
        )


# Dropout with fixed masks, one example a row.


def _dropout_cost(p: Tree, X: Any, y: Any, masks: Any, keep: float) -> Any:
    a1 = np.tanh(X @ p["W1"] + p["b1"]) * masks[0] / keep
    a2 = sigmoid(a1 @ p["W2"] + p["b2"]) * masks[1] / keep
    r = a2 @ p["w3"] - y
    return 0.5 * np.mean(r**2)


def _dropout_backward(p: Tree, X: Any, y: Any, masks: Any, keep: float, slip: str = "") -> Tree:
    h1 = np.tanh(X @ p["W1"] + p["b1"])
    a1 = h1 * masks[0] / keep
    h2 = sigmoid(a1 @ p["W2"] + p["b2"])
    a2 = h2 * masks[1] / keep
    r = (a2 @ p["w3"] - y) / len(y)
    da2 = np.outer(r, p["w3"])
    scale = 1.0 if slip == "not divided by keep" else 1 / keep
    dh2 = da2 * masks[1] * scale
    if slip == "mask of the first layer twice":
        dh2 = da2 * masks[0] * scale
    active = a2 if slip == "slope of the dropped units" else h2
    dz2 = dh2 * active * (1 - active)
    da1 = dz2 @ p["W2"].T
    dz1 = (da1 if slip == "first mask forgotten" else da1 * masks[0] * scale) * (1 - h1**2)
    below = h1 if slip == "activations before dropout" else a1
    return {
        "W1": X.T @ dz1,
        "b1": dz1.sum(axis=0),
        "W2": below.T @ dz2,
        "b2": dz2.sum(axis=0),
        "w3": a2.T @ r,
    }


def _dropout_twin(torch: Any, p: Tree, X: Any, y: Any, masks: Any, keep: float) -> Any:
    a1 = (X @ p["W1"] + p["b1"]).tanh().where(masks[0] > 0, 0.0) / keep
    a2 = (a1 @ p["W2"] + p["b2"]).sigmoid().where(masks[1] > 0, 0.0) / keep
    return torch.nn.functional.mse_loss(a2 @ p["w3"], y) / 2


@family(
    "network with dropout, masks fixed",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _dropout(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m, keep in ((3, 5, 8, 0.8), (5, 6, 20, 0.5), (8, 12, 32, 0.9)):
        p = {
            "W1": glorot(rng, inputs, hidden),
            "b1": 0.1 * rng.standard_normal(hidden),
            "W2": glorot(rng, hidden, hidden),
            "b2": 0.1 * rng.standard_normal(hidden),
            "w3": rng.standard_normal(hidden) / np.sqrt(hidden),
        }
        X = rng.standard_normal((m, inputs))
        masks = (rng.uniform(size=(2, m, hidden)) < keep).astype(np.float64)
        yield network_case(
            f"{inputs}-{hidden}-{hidden}-1, {keep:.0%} kept",
            _dropout_cost,
            _dropout_backward,
            p,
            X,
            np.cos(X[:, 0]) + 0.1 * rng.standard_normal(m),
            masks,
            keep,
            slips=(
                "not divided by keep",
                "mask of the first layer twice",
                "slope of the dropped units",
                "first mask forgotten",
                "activations before dropout",
            ),
            twin=_dropout_twin,
        )


# A classifier with rectified units, one example a row.


def _relu_layers(p: Tree, X: Any) -> tuple[Any, ...]:
    z1 = X @ p["W1"] + p["b1"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ p["W2"] + p["b2"]
    a2 = np.maximum(z2, 0)
    return z1, a1, z2, a2, a2 @ p["W3"] + p["b3"]


def _relu_cost(p: Tree, X: Any, labels: Any) -> Any:
    *_, scores = _relu_layers(p, X)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_probs[np.arange(len(labels)), labels].mean()


def _relu_backward(p: Tree, X: Any, labels: Any, slip: str = "") -> Tree:
    z1, a1, z2, a2, scores = _relu_layers(p, X)
    d = softmax(scores)
    d[np.arange(len(labels)), labels] -= 1
    d /= len(labels)
    if slip == "label subtracted after the mean":
        d = softmax(scores) / len(labels)
        d[np.arange(len(labels)), labels] -= 1
    da2 = d @ p["W3"].T
    dz2 = np.where((da2 if slip == "slope by the sign of dA" else z2) > 0, da2, 0)
    da1 = dz2 @ p["W2"].T
    dz1 = np.where(z1 > 0, da1, 0)
    if slip == "slope of the first relu forgotten":
        dz1 = da1
    if slip == "slope 1 - a²":
        dz1 = da1 * (1 - a1**2)
    return {
        "W1": X.T @ dz1,
        "b1": dz1.sum(axis=0),
        "W2": (z1 if slip == "z for a in dW2" else a1).T @ dz2,
        "b2": dz2.sum(axis=0),
        "W3": a2.T @ d,
        "b3": d.sum(axis=0),
    }


def _relu_twin(torch: Any, p: Tree, X: Any, labels: Any) -> Any:
    a1 = torch.relu(X @ p["W1"] + p["b1"])
    a2 = torch.relu(a1 @ p["W2"] + p["b2"])
    return torch.nn.functional.cross_entropy(a2 @ p["W3"] + p["b3"], labels)


def _relu_network(
    rng: np.random.Generator, X: Array, hidden: int, classes: int, bias: float
) -> Tree:
    def layer(rows: int, columns: int) -> Array:
        return np.asarray(rng.standard_normal((rows, columns)) * np.sqrt(2 / rows))

    return {
        "W1": layer(X.shape[1], hidden),
        "b1": bias * rng.standard_normal(hidden),
        "W2": layer(hidden, hidden),
        "b2": bias * rng.standard_normal(hidden),
        "W3": layer(hidden, classes),
        "b3": bias * rng.standard_normal(classes),
    }


_RELU_SLIPS = (
    "label subtracted after the mean",
    "slope by the sign of dA",
    "slope of the first relu forgotten",
    "slope 1 - a²",
    "z for a in dW2",
)


@family(
    "network with relu, away from its kinks",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _relu(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, classes, m in ((3, 4, 2, 6), (4, 6, 3, 12), (6, 10, 3, 16), (2, 20, 3, 10)):
        while True:
            X = rng.standard_normal((m, inputs))
            p = _relu_network(rng, X, hidden, classes, 0.1)
            z1, _, z2, *_ = _relu_layers(p, X)
            if distance_to_kinks(z1, z2) > 1e-4:
                break
        yield network_case(
            f"{inputs}-{hidden}-{hidden}-{classes}, {m} examples",
            _relu_cost,
            _relu_backward,
            p,
            X,
            rng.integers(classes, size=m),
            slips=_RELU_SLIPS,
            twin=_relu_twin,
        )


@family(
    "network with relu, among kinks", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS
)
def _relu_kinks(rng: np.random.Generator) -> Iterator[Case]:
    """Many units and examples: some pre-activation is nearly 0."""
    for inputs, hidden, classes, m in ((5, 12, 3, 100), (10, 20, 4, 80), (4, 8, 2, 300)):
        while True:
            X = rng.standard_normal((m, inputs))
            p = _relu_network(rng, X, hidden, classes, 0.1)
            z1, _, z2, *_ = _relu_layers(p, X)
            if distance_to_kinks(z1, z2) < 1e-3:
                break
        yield network_case(
            f"{inputs}-{hidden}-{hidden}-{classes}, {m} examples",
            _relu_cost,
            _relu_backward,
            p,
            X,
            rng.integers(classes, size=m),
            slips=_RELU_SLIPS,
            twin=_relu_twin,
        )


@family(
    "network with relu on digits, biases of zero",
    kind="kink",
    source=_SOURCE,
    split="validation",
    needs=("torch", "sklearn"),
)
def _relu_digits(rng: np.random.Generator) -> Iterator[Case]:
    """Initialise as usual; one blank image leaves the first layer at its kinks."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for hidden, m, blank in ((5, 12, False), (8, 12, True)):
        chosen = rng.permutation(len(digits.target))[:m]
        X = digits.data[chosen] / 16
        if blank:
            X[0] = 0
        p = _relu_network(rng, X, hidden, 10, 0.0)
        yield network_case(
            f"64-{hidden}-{hidden}-10, {m} images" + (", one blank" if blank else ""),
            _relu_cost,
            _relu_backward,
            p,
            X,
            digits.target[chosen].astype(np.int64),
            slips=_RELU_SLIPS,
            twin=_relu_twin,
        )


@family(
    "network with relu, in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _relu_single(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, classes, m in ((3, 5, 3, 10), (8, 10, 4, 16)):
        while True:
            X = rng.standard_normal((m, inputs))
            p = _relu_network(rng, X, hidden, classes, 0.1)
            z1, _, z2, *_ = _relu_layers(p, X)
            if distance_to_kinks(z1, z2) > 1e-3:
                break
        yield network_case(
            f"{inputs}-{hidden}-{hidden}-{classes}, {m} examples",
            _relu_cost,
            _relu_backward,
            p,
            X,
            rng.integers(classes, size=m),
            slips=_RELU_SLIPS,
            twin=_relu_twin,
            single=True,
        )


# Convolution by im2col: images are (examples, channels, height, width).


def _im2col(x: Any, size: int, pad: int) -> Any:
    """Return all patches as rows of (examples, height, width, channels * size * size)."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    n, c, h, w = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * size * size)


def _col2im(cols: Any, shape: tuple[int, ...], size: int, pad: int, slip: str = "") -> Any:
    """Add patches up to images again."""
    n, c, h, w = shape
    rows, columns = h + 2 * pad - size + 1, w + 2 * pad - size + 1
    cols = cols.reshape(n, rows, columns, c, size, size)
    x = np.zeros((n, c, h + 2 * pad, w + 2 * pad), dtype=cols.dtype)
    for i in range(size):
        for j in range(size):
            part = cols[:, :, :, :, i, j].transpose(0, 3, 1, 2)
            if slip == "patches assigned, not added":
                x[:, :, i : i + rows, j : j + columns] = part
            else:
                x[:, :, i : i + rows, j : j + columns] += part
    first = 0 if slip == "padding cut off at the wrong side" else pad
    return x[:, :, first : first + h, first : first + w]


def _conv(x: Any, K: Any, b: Any, pad: int) -> tuple[Any, Any]:
    cols = _im2col(x, K.shape[-1], pad)
    out = cols @ K.reshape(len(K), -1).T + b
    return out.transpose(0, 3, 1, 2), cols


def _conv_backward(d: Any, cols: Any, K: Any) -> tuple[Any, Any, Any]:
    d = d.transpose(0, 2, 3, 1)
    dK = np.tensordot(d, cols, axes=((0, 1, 2), (0, 1, 2))).reshape(K.shape)
    return dK, d.sum(axis=(0, 1, 2)), d @ K.reshape(len(K), -1)


def _pool(x: Any) -> Any:
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2)


def _cnn_layers(p: Tree, x: Any, pooling: str) -> tuple[Any, ...]:
    z1, cols1 = _conv(x, p["K1"], p["b1"], 1)
    a1 = np.tanh(z1)
    windows = _pool(a1)
    pooled = windows.mean(axis=(3, 5)) if pooling == "average" else windows.max(axis=(3, 5))
    z2, cols2 = _conv(pooled, p["K2"], p["b2"], 1)
    a2 = np.tanh(z2)
    flat = a2.reshape(len(x), -1)
    return cols1, a1, windows, pooled, cols2, a2, flat, flat @ p["W"] + p["b"]


def _cnn_cost(p: Tree, x: Any, labels: Any, pooling: str) -> Any:
    scores = _cnn_layers(p, x, pooling)[-1]
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_probs[np.arange(len(labels)), labels].mean()


def _cnn_backward(p: Tree, x: Any, labels: Any, pooling: str, slip: str = "") -> Tree:
    cols1, a1, windows, pooled, cols2, a2, flat, scores = _cnn_layers(p, x, pooling)
    d = (softmax(scores) - one_hot(labels, scores.shape[1]).astype(scores.dtype)) / len(labels)
    da2 = (d @ p["W"].T).reshape(a2.shape)
    dz2 = da2 * (1 - a2**2)
    dK2, db2, dcols = _conv_backward(dz2, cols2, p["K2"])
    if slip == "kernel flipped on the way back":
        dcols = dz2.transpose(0, 2, 3, 1) @ p["K2"][:, :, ::-1, ::-1].reshape(len(p["K2"]), -1)
    dpooled = _col2im(dcols, pooled.shape, p["K2"].shape[-1], 1, slip)
    spread = np.broadcast_to(dpooled[:, :, :, None, :, None], windows.shape)
    if pooling == "average":
        dwindows = spread / 4
        if slip == "average: not divided by 4":
            dwindows = spread
    else:
        mask = windows == windows.max(axis=(3, 5), keepdims=True)
        if slip == "maximum: whole window":
            mask = np.ones_like(mask)
        if slip == "maximum: first of the window":
            mask = np.zeros_like(mask)
            mask[:, :, :, 0, :, 0] = True
        dwindows = spread * mask
    da1 = dwindows.reshape(a1.shape)
    if slip == "pooled axes mixed up":
        da1 = dwindows.transpose(0, 1, 2, 4, 3, 5).reshape(a1.shape)
    dz1 = da1 if slip == "slope of the first layer forgotten" else da1 * (1 - a1**2)
    dK1, db1, _ = _conv_backward(dz1, cols1, p["K1"])
    if slip == "bias averaged over the places":
        db1 = dz1.mean(axis=(2, 3)).sum(axis=0)
    return {
        "K1": dK1,
        "b1": db1,
        "K2": dK2,
        "b2": db2,
        "W": flat.T @ d,
        "b": d.sum(axis=0),
    }


def _cnn_twin(torch: Any, p: Tree, x: Any, labels: Any, pooling: str) -> Any:
    F = torch.nn.functional
    a = torch.tanh(F.conv2d(x, p["K1"], p["b1"], padding=1))
    n, c, h, w = a.shape
    windows = a.unfold(2, 2, 2).unfold(3, 2, 2).reshape(n, c, h // 2, w // 2, 4)
    a = windows.mean(-1) if pooling == "average" else windows.amax(-1)
    a = torch.tanh(F.conv2d(a, p["K2"], p["b2"], padding=1))
    return F.cross_entropy(a.flatten(1) @ p["W"] + p["b"], labels)


def _cnn_case(
    rng: np.random.Generator,
    channels: tuple[int, int, int],
    side: int,
    m: int,
    pooling: str,
    single: bool = False,
) -> Case:
    c0, c1, c2 = channels
    features = c2 * (side // 2) ** 2

    def kernel(out: int, into: int) -> Array:
        return np.asarray(rng.standard_normal((out, into, 3, 3)) / np.sqrt(9 * into))

    while True:
        p = {
            "K1": kernel(c1, c0),
            "b1": 0.1 * rng.standard_normal(c1),
            "K2": kernel(c2, c1),
            "b2": 0.1 * rng.standard_normal(c2),
            "W": glorot(rng, features, 3),
            "b": 0.1 * rng.standard_normal(3),
        }
        x = rng.standard_normal((m, c0, side, side))
        windows = _cnn_layers(p, x, pooling)[2]
        ordered = np.sort(windows.transpose(0, 1, 2, 4, 3, 5).reshape(-1, 4), axis=1)
        if pooling == "average" or np.min(ordered[:, 3] - ordered[:, 2]) > 1e-4:
            break
    pool_slips = (
        ("average: not divided by 4",)
        if pooling == "average"
        else ("maximum: whole window", "maximum: first of the window")
    )
    return network_case(
        f"{c0}-{c1}-{c2} channels, {m} images of {side} × {side}",
        _cnn_cost,
        _cnn_backward,
        p,
        x,
        rng.integers(3, size=m),
        pooling,
        slips=(
            "kernel flipped on the way back",
            "patches assigned, not added",
            "padding cut off at the wrong side",
            "pooled axes mixed up",
            "bias averaged over the places",
            *pool_slips,
        ),
        twin=_cnn_twin,
        single=single,
    )


@family(
    "network, convolution and average pooling",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _cnn_average(rng: np.random.Generator) -> Iterator[Case]:
    for channels, side, m in (((1, 2, 2), 4, 3), ((2, 3, 2), 6, 2), ((3, 4, 6), 6, 2)):
        yield _cnn_case(rng, channels, side, m, "average")


@family(
    "network, convolution and max pooling",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _cnn_maximum(rng: np.random.Generator) -> Iterator[Case]:
    for channels, side, m in (((1, 2, 2), 4, 2), ((1, 2, 3), 4, 3), ((2, 2, 2), 6, 1)):
        yield _cnn_case(rng, channels, side, m, "maximum")


@family(
    "network, convolution in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _cnn_single(rng: np.random.Generator) -> Iterator[Case]:
    for channels, side, m in (((1, 2, 2), 4, 3), ((2, 2, 3), 6, 2)):
        yield _cnn_case(rng, channels, side, m, "average", single=True)


# Batch normalisation in training mode.


def _batch_norm_layers(p: Tree, X: Any, eps: float) -> tuple[Any, ...]:
    z = X @ p["W1"]
    mean, var = z.mean(axis=0), z.var(axis=0)
    inv = 1 / np.sqrt(var + eps)
    xhat = (z - mean) * inv
    a = np.tanh(p["gamma"] * xhat + p["beta"])
    return z, inv, xhat, a, a @ p["W2"] + p["b2"]


def _batch_norm_cost(p: Tree, X: Any, Y: Any, eps: float) -> Any:
    *_, out = _batch_norm_layers(p, X, eps)
    return np.sum((out - Y) ** 2) / (2 * len(X))


def _batch_norm_backward(p: Tree, X: Any, Y: Any, eps: float, slip: str = "") -> Tree:
    z, inv, xhat, a, out = _batch_norm_layers(p, X, eps)
    m = len(X)
    d = (out - Y) / m
    dy = (d @ p["W2"].T) * (1 - a**2)
    dxhat = dy if slip == "gamma forgotten" else dy * p["gamma"]
    dvar = np.sum(dxhat * (z - z.mean(axis=0)), axis=0) * -0.5 * inv**3
    if slip == "variance: power of -1/2, not of -3/2":
        dvar = np.sum(dxhat * (z - z.mean(axis=0)), axis=0) * -0.5 * inv
    dmean = np.sum(dxhat * -inv, axis=0)
    if slip == "path through the variance forgotten":
        dvar = np.zeros_like(dvar)
    if slip == "path through the mean forgotten":
        dmean = np.zeros_like(dmean)
    dz = dxhat * inv + dvar * 2 * (z - z.mean(axis=0)) / m + dmean / m
    if slip == "variance of m - 1":
        dz = dxhat * inv + dvar * 2 * (z - z.mean(axis=0)) / (m - 1) + dmean / m
    if slip == "statistics taken for constants":
        dz = dxhat * inv
    return {
        "W1": X.T @ dz,
        "gamma": np.sum(dy * (z if slip == "dgamma of z, not of xhat" else xhat), axis=0),
        "beta": dy.sum(axis=0),
        "W2": a.T @ d,
        "b2": d.sum(axis=0),
    }


def _batch_norm_twin(torch: Any, p: Tree, X: Any, Y: Any, eps: float) -> Any:
    z = X @ p["W1"]
    centred = z - z.mean(0)
    hat = centred / torch.sqrt(centred.square().mean(0) + eps)
    out = torch.tanh(hat * p["gamma"] + p["beta"]) @ p["W2"] + p["b2"]
    return (out - Y).square().sum(1).mean() / 2


def _batch_norm_case(
    rng: np.random.Generator, inputs: int, hidden: int, m: int, single: bool = False
) -> Case:
    X = rng.standard_normal((m, inputs)) * rng.uniform(0.5, 2, inputs) + rng.standard_normal(inputs)
    p = {
        "W1": glorot(rng, inputs, hidden),
        "gamma": 1 + 0.2 * rng.standard_normal(hidden),
        "beta": 0.2 * rng.standard_normal(hidden),
        "W2": glorot(rng, hidden, 2),
        "b2": 0.1 * rng.standard_normal(2),
    }
    return network_case(
        f"{inputs}-{hidden}-2, batch of {m}",
        _batch_norm_cost,
        _batch_norm_backward,
        p,
        X,
        np.stack([np.sin(X[:, 0]), X[:, 0] * X[:, -1]], axis=1),
        1e-5,
        slips=(
            "gamma forgotten",
            "variance: power of -1/2, not of -3/2",
            "path through the variance forgotten",
            "variance of m - 1",
            "statistics taken for constants",
            "dgamma of z, not of xhat",
        ),
        twin=_batch_norm_twin,
        single=single,
    )


@family(
    "network, batch normalisation",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _batch_norm(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m in ((3, 4, 8), (5, 6, 16), (10, 8, 32), (20, 12, 64)):
        yield _batch_norm_case(rng, inputs, hidden, m)


@family(
    "network, batch normalisation in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _batch_norm_single(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m in ((3, 4, 10), (8, 6, 32)):
        yield _batch_norm_case(rng, inputs, hidden, m, single=True)


# A residual block: layer normalisation, a gated unit of two matrices, and the way around it.

_C = np.sqrt(2 / np.pi)


def _gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(_C * (x + 0.044715 * x**3)))


def _block_layers(p: Tree, x: Any, eps: float) -> tuple[Any, ...]:
    centred = x - x.mean(axis=-1, keepdims=True)
    inv = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    xhat = centred * inv
    normed = xhat * p["g"] + p["c"]
    u = normed @ p["U"] + p["bu"]
    h = _gelu(u)
    return inv, xhat, normed, u, h, x + h @ p["V"] + p["bv"]


def _block_cost(p: Tree, x: Any, target: Any, eps: float) -> Any:
    first = x @ p["E"]
    out = _block_layers(p, first, eps)[-1]
    return np.mean((out - target) ** 2)


def _block_backward(p: Tree, x: Any, target: Any, eps: float, slip: str = "") -> Tree:
    first = x @ p["E"]
    inv, xhat, normed, u, h, out = _block_layers(p, first, eps)
    d = 2 * (out - target) / target.size
    dh = d @ p["V"].T
    t = np.tanh(_C * (u + 0.044715 * u**3))
    inner = _C * (1 + 3 * 0.044715 * u**2)
    if slip == "gelu: inner derivative without its 3":
        inner = _C * (1 + 0.044715 * u**2)
    slope = 0.5 * (1 + t) + 0.5 * u * (1 - t**2) * inner
    if slip == "gelu: second term forgotten":
        slope = 0.5 * (1 + t)
    du = dh * slope
    dnormed = du @ p["U"].T
    dxhat = dnormed * p["g"]
    dx = inv * (
        dxhat
        - dxhat.mean(axis=-1, keepdims=True)
        - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True)
    )
    if slip == "normalised over the batch":
        dx = inv * (
            dxhat
            - dxhat.mean(axis=0, keepdims=True)
            - xhat * (dxhat * xhat).mean(axis=0, keepdims=True)
        )
    if slip == "path through the deviation forgotten":
        dx = inv * (dxhat - dxhat.mean(axis=-1, keepdims=True))
    dfirst = dx if slip == "way around forgotten" else d + dx
    return {
        "E": x.T @ dfirst,
        "g": (dnormed * xhat).sum(axis=0),
        "c": dnormed.sum(axis=0),
        "U": (xhat if slip == "input of U before its scale" else normed).T @ du,
        "bu": du.sum(axis=0),
        "V": h.T @ d,
        "bv": d.sum(axis=0),
    }


def _block_twin(torch: Any, p: Tree, x: Any, target: Any, eps: float) -> Any:
    first = x @ p["E"]
    deviation = first - first.mean(1, keepdim=True)
    hat = deviation / (deviation.square().mean(1, keepdim=True) + eps).sqrt()
    h = torch.nn.functional.gelu((hat * p["g"] + p["c"]) @ p["U"] + p["bu"], approximate="tanh")
    return torch.nn.functional.mse_loss(first + h @ p["V"] + p["bv"], target)


@family(
    "network, residual block with layer normalisation",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _block(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, width, hidden, m in ((3, 4, 6, 5), (5, 8, 12, 10), (12, 16, 40, 10)):
        p = {
            "E": glorot(rng, inputs, width),
            "g": 1 + 0.2 * rng.standard_normal(width),
            "c": 0.2 * rng.standard_normal(width),
            "U": glorot(rng, width, hidden),
            "bu": 0.1 * rng.standard_normal(hidden),
            "V": glorot(rng, hidden, width),
            "bv": 0.1 * rng.standard_normal(width),
        }
        yield network_case(
            f"{inputs}-{width}, {hidden} hidden, {m} examples",
            _block_cost,
            _block_backward,
            p,
            rng.standard_normal((m, inputs)),
            rng.standard_normal((m, width)),
            1e-5,
            slips=(
                "gelu: inner derivative without its 3",
                "gelu: second term forgotten",
                "normalised over the batch",
                "path through the deviation forgotten",
                "way around forgotten",
                "input of U before its scale",
            ),
            twin=_block_twin,
        )
