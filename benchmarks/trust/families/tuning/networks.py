"""The textbook network of gradproof, and first networks and factorisations from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.networks import Tree, glorot, network_case, one_hot, sigmoid, softmax

from gradproof.textbook import network

_SOURCE = "networks from scratch"
_NEEDS = ("torch",)


# The network of `gradproof.textbook`; the mistakes are wrong calls of its parts.


def _textbook_cost(p: Tree, X: Any, Y: Any, hidden: str, lambd: float, keep: float) -> Any:
    return network.forward_prop_cost(X, p, Y, hidden, lambd=lambd, keep_prob=keep, seed=3)


def _textbook_backward(
    p: Tree, X: Any, Y: Any, hidden: str, lambd: float, keep: float, slip: str = ""
) -> Tree:
    seed = 4 if slip == "masks of another pass" else 3
    keep = 1.0 if slip == "dropout forgotten" else keep
    AL, caches = network.L_model_forward(X, p, hidden, keep_prob=keep, seed=seed)
    if slip == "activation of another network":
        hidden = "sigmoid" if hidden == "tanh" else "tanh"
    lambd = 0.0 if slip == "penalty forgotten" else lambd
    if slip == "weights of the layer below for dA":
        caches = [
            cache._replace(W=caches[k - 1].W)
            if k and cache.W.shape == caches[k - 1].W.shape
            else cache
            for k, cache in enumerate(caches)
        ]
    if slip == "mask already in the activation":
        caches = [
            cache if cache.mask is None else cache._replace(A=cache.A * cache.mask)
            for cache in caches
        ]
    grads = network.L_model_backward(AL, Y, caches, hidden, lambd=lambd)
    m = X.shape[1] if slip == "1/m twice" else 1
    return {key: value / m for key, value in grads.items() if not key.startswith("dA")}


def _textbook_twin(
    torch: Any, p: Tree, X: Any, Y: Any, hidden: str, lambd: float, keep: float
) -> Any:
    rng = np.random.default_rng(3)
    a = X
    layers = len(p) // 2
    for layer in range(1, layers + 1):
        z = p[f"W{layer}"] @ a + p[f"b{layer}"]
        if layer < layers:
            a = getattr(torch, hidden)(z)
            if keep < 1:
                a = a * torch.from_numpy(rng.random(tuple(a.shape)) < keep) / keep
    loss = torch.nn.functional.softplus(-(2 * Y - 1) * z).mean()
    weights = sum(p[f"W{layer}"].square().sum() for layer in range(1, layers + 1))
    return loss + lambd * weights / (2 * X.shape[1])


def _textbook_case(
    rng: np.random.Generator,
    dims: Sequence[int],
    m: int,
    hidden: str,
    lambd: float = 0.0,
    keep: float = 1.0,
    slips: Sequence[str] = (),
) -> Case:
    p = network.initialize_parameters(dims, seed=int(rng.integers(1000)))
    for key, value in p.items():
        if key[0] == "b":
            value += 0.1 * rng.standard_normal(value.shape)
    X = rng.standard_normal((dims[0], m))
    return network_case(
        f"{'-'.join(map(str, dims))}, {hidden}, {m} examples",
        _textbook_cost,
        _textbook_backward,
        p,
        X,
        (X.sum(axis=0, keepdims=True) + rng.standard_normal((1, m)) > 0).astype(np.float64),
        hidden,
        lambd,
        keep,
        slips=slips,
        twin=_textbook_twin,
    )


@family("textbook network", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _textbook(rng: np.random.Generator) -> Iterator[Case]:
    usual = ("activation of another network", "1/m twice")
    penalised = (*usual, "penalty forgotten")
    yield _textbook_case(rng, (2, 3, 1), 6, "tanh", slips=usual)
    yield _textbook_case(rng, (4, 5, 5, 1), 15, "sigmoid", 0.7, slips=penalised)
    yield _textbook_case(
        rng,
        (5, 5, 5, 5, 1),
        10,
        "tanh",
        0.1,
        slips=(*penalised, "weights of the layer below for dA"),
    )
    yield _textbook_case(rng, (80, 5, 5, 1), 20, "tanh", 0.1, slips=penalised)


@family(
    "textbook network with dropout", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _textbook_dropout(rng: np.random.Generator) -> Iterator[Case]:
    slips = ("masks of another pass", "dropout forgotten", "mask already in the activation")
    yield _textbook_case(rng, (3, 6, 1), 8, "tanh", keep=0.7, slips=slips)
    yield _textbook_case(rng, (4, 8, 6, 1), 20, "sigmoid", 0.3, keep=0.5, slips=slips)


@family("textbook network with relu", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _textbook_relu(rng: np.random.Generator) -> Iterator[Case]:
    slips = ("activation of another network", "1/m twice")
    yield _textbook_case(rng, (3, 4, 1), 50, "relu", slips=slips)
    yield _textbook_case(rng, (6, 8, 8, 1), 100, "relu", slips=slips)
    yield _textbook_case(rng, (20, 16, 8, 1), 200, "relu", slips=slips)


# Softmax regression: one example a row.


def _softmax_cost(p: Tree, X: Any, labels: Any, penalty: float) -> Any:
    scores = X @ p["W"] + p["b"]
    scores = scores - scores.max(axis=1, keepdims=True)
    log_likelihood = scores[np.arange(len(X)), labels] - np.log(np.exp(scores).sum(axis=1))
    return -np.mean(log_likelihood) + 0.5 * penalty * np.sum(p["W"] ** 2)


def _softmax_backward(p: Tree, X: Any, labels: Any, penalty: float, slip: str = "") -> Tree:
    axis = 0 if slip == "softmax along the examples" else 1
    d = softmax(X @ p["W"] + p["b"], axis)
    d[np.arange(len(X)), labels] -= 1
    d /= len(X)
    db = d.sum(axis=0)
    if slip == "1/m forgotten in db":
        db = db * len(X)
    strength = {"penalty: 1/2 twice": 0.5, "penalty forgotten": 0.0}.get(slip, 1.0) * penalty
    return {"W": X.T @ d + strength * p["W"], "b": db}


def _softmax_twin(torch: Any, p: Tree, X: Any, labels: Any, penalty: float) -> Any:
    loss = torch.nn.functional.cross_entropy(X @ p["W"] + p["b"], labels)
    return loss + penalty * p["W"].square().sum() / 2


def _softmax_case(
    rng: np.random.Generator, features: int, classes: int, m: int, single: bool
) -> Case:
    return network_case(
        f"{features} features, {classes} classes, {m} examples",
        _softmax_cost,
        _softmax_backward,
        {
            "W": 0.5 * rng.standard_normal((features, classes)),
            "b": 0.1 * rng.standard_normal(classes),
        },
        rng.standard_normal((m, features)),
        rng.integers(classes, size=m),
        0.1,
        slips=(
            "softmax along the examples",
            "1/m forgotten in db",
            "penalty: 1/2 twice",
            "penalty forgotten",
        ),
        twin=_softmax_twin,
        single=single,
    )


@family(
    "from scratch: softmax regression",
    kind="ordinary",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _softmax(rng: np.random.Generator) -> Iterator[Case]:
    for features, classes, m in ((2, 3, 10), (6, 4, 40), (30, 10, 60)):
        yield _softmax_case(rng, features, classes, m, single=False)


@family(
    "from scratch: softmax regression in float32",
    kind="float32",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _softmax_single(rng: np.random.Generator) -> Iterator[Case]:
    for features, classes, m in ((3, 3, 12), (10, 5, 50)):
        yield _softmax_case(rng, features, classes, m, single=True)


# A vanilla recurrent network that predicts the next character.


def _rnn_forward(p: Tree, inputs: Any) -> list[Any]:
    h = np.zeros((len(p["Whh"]), 1)) + 0 * p["bh"]
    states = [h]
    for c in inputs:
        h = np.tanh(p["Wxh"][:, c : c + 1] + p["Whh"] @ h + p["bh"])
        states.append(h)
    return states


def _rnn_cost(p: Tree, inputs: Any, targets: Any) -> Any:
    states = _rnn_forward(p, inputs)
    loss = 0.0
    for h, target in zip(states[1:], targets, strict=True):
        y = p["Why"] @ h + p["by"]
        probabilities = np.exp(y) / np.sum(np.exp(y))
        loss = loss - np.log(probabilities[target, 0])
    return loss


def _rnn_backward(p: Tree, inputs: Any, targets: Any, slip: str = "") -> Tree:
    states = _rnn_forward(p, inputs)
    grads = {f"d{key}": np.zeros_like(value) for key, value in p.items()}
    dhnext = np.zeros_like(states[0])
    for t in reversed(range(len(inputs))):
        h = states[t + 1]
        dy = softmax(p["Why"] @ h + p["by"], axis=0)
        dy[targets[t]] -= 1
        grads["dWhy"] += dy @ h.T
        grads["dby"] += dy
        dh = p["Why"].T @ dy + (0 if slip == "state of the next step forgotten" else dhnext)
        slope = 1 - (states[t] if slip == "slope at the state before" else h) ** 2
        draw = slope * dh
        grads["dbh"] += draw
        grads["dWxh"][:, inputs[t]] += draw[:, 0]
        grads["dWhh"] += draw @ (h if slip == "new state in dWhh" else states[t]).T
        if slip == "Whh not transposed":
            dhnext = p["Whh"] @ draw
        else:
            dhnext = p["Whh"].T @ (dh if slip == "slope not carried back" else draw)
    if slip == "clipped":
        grads = {key: np.clip(value, -1, 1) for key, value in grads.items()}
    return grads


@family("vanilla RNN of characters", kind="ordinary", source=_SOURCE, split="tuning")
def _rnn(rng: np.random.Generator) -> Iterator[Case]:
    for letters, hidden, text in ((3, 3, 6), (6, 6, 10), (8, 12, 14)):
        line = rng.integers(letters, size=text + 1)
        yield network_case(
            f"{letters} letters, {hidden} units, {text} characters",
            _rnn_cost,
            _rnn_backward,
            {
                "Wxh": rng.standard_normal((hidden, letters)),
                "Whh": rng.standard_normal((hidden, hidden)) / np.sqrt(hidden),
                "Why": rng.standard_normal((letters, hidden)),
                "bh": 0.1 * rng.standard_normal((hidden, 1)),
                "by": 0.1 * rng.standard_normal((letters, 1)),
            },
            line[:-1],
            line[1:],
            slips=(
                "state of the next step forgotten",
                "slope at the state before",
                "new state in dWhh",
                "Whh not transposed",
                "slope not carried back",
                "clipped",
            ),
        )


# Ratings as products of factors, with biases of rows and columns.


def _factors_cost(p: Tree, rows: Any, columns: Any, ratings: Any, penalty: float) -> Any:
    guess = p["mean"] + p["bu"][rows] + p["bi"][columns]
    guess = guess + np.sum(p["U"][rows] * p["V"][columns], axis=1)
    size = np.sum(p["U"] ** 2) + np.sum(p["V"] ** 2) + np.sum(p["bu"] ** 2) + np.sum(p["bi"] ** 2)
    return 0.5 * np.sum((guess - ratings) ** 2) + 0.5 * penalty * size


def _factors_backward(
    p: Tree, rows: Any, columns: Any, ratings: Any, penalty: float, slip: str = ""
) -> Tree:
    u, v = p["U"][rows], p["V"][columns]
    r = p["mean"] + p["bu"][rows] + p["bi"][columns] + np.sum(u * v, axis=1) - ratings
    dU, dV = penalty * p["U"], penalty * p["V"]
    if slip == "repeated rows counted once":
        dU[rows] += r[:, None] * v
    elif slip == "row with itself":
        np.add.at(dU, rows, r[:, None] * u)
    else:
        np.add.at(dU, rows, r[:, None] * v)
    np.add.at(dV, columns, r[:, None] * u)
    dbu = np.bincount(rows, r, len(p["bu"])) + penalty * p["bu"]
    dbi = np.bincount(columns, r, len(p["bi"])) + penalty * p["bi"]
    if slip == "penalty of the biases forgotten":
        dbu = dbu - penalty * p["bu"]
    if slip == "mean of the residuals":
        dbi = np.bincount(columns, r, len(p["bi"])) / np.maximum(
            1, np.bincount(columns, minlength=len(p["bi"]))
        )
    return {"U": dU, "V": dV, "bu": dbu, "bi": dbi, "mean": np.asarray(np.sum(r))}


@family("from scratch: matrix factorisation", kind="ordinary", source=_SOURCE, split="tuning")
def _factors(rng: np.random.Generator) -> Iterator[Case]:
    for people, films, rank, count in ((4, 5, 2, 14), (10, 8, 3, 50), (60, 40, 5, 800)):
        rows, columns = rng.integers(people, size=count), rng.integers(films, size=count)
        yield network_case(
            f"{people} × {films}, rank {rank}",
            _factors_cost,
            _factors_backward,
            {
                "U": rng.standard_normal((people, rank)),
                "V": rng.standard_normal((films, rank)),
                "bu": 0.3 * rng.standard_normal(people),
                "bi": 0.3 * rng.standard_normal(films),
                "mean": np.asarray(3.5 + 0.1 * rng.standard_normal()),
            },
            rows,
            columns,
            rng.integers(1, 6, size=count).astype(np.float64),
            0.1,
            slips=(
                "repeated rows counted once",
                "row with itself",
                "penalty of the biases forgotten",
                "mean of the residuals",
            ),
        )


# A sparse autoencoder with tied weights: the penalty is a divergence of the mean activation.


def _sparse_cost(p: Tree, X: Any, rho: float, beta: float) -> Any:
    h = sigmoid(X @ p["W"] + p["b"])
    rhat = h.mean(axis=0)
    kl = np.sum(rho * np.log(rho / rhat) + (1 - rho) * np.log((1 - rho) / (1 - rhat)))
    return 0.5 * np.sum((h @ p["W"].T + p["c"] - X) ** 2) / len(X) + beta * kl


def _sparse_backward(p: Tree, X: Any, rho: float, beta: float, slip: str = "") -> Tree:
    h = sigmoid(X @ p["W"] + p["b"])
    rhat = h.mean(axis=0)
    d = (h @ p["W"].T + p["c"] - X) / len(X)
    sparsity = beta * (-rho / rhat + (1 - rho) / (1 - rhat)) / len(X)
    if slip == "sparsity without 1/m":
        sparsity = sparsity * len(X)
    if slip == "sparsity forgotten":
        sparsity = 0 * sparsity
    dh = d @ p["W"] + sparsity
    dz = dh if slip == "slope of the sigmoid forgotten" else dh * h * (1 - h)
    dW = X.T @ dz + d.T @ h
    if slip == "tied weights: decoder forgotten":
        dW = X.T @ dz
    if slip == "tied weights: encoder forgotten":
        dW = d.T @ h
    return {"W": dW, "b": dz.sum(axis=0), "c": d.sum(axis=0)}


@family("sparse autoencoder, tied weights", kind="ordinary", source=_SOURCE, split="tuning")
def _sparse(rng: np.random.Generator) -> Iterator[Case]:
    for pixels, hidden, m in ((4, 3, 8), (9, 5, 20), (64, 16, 30)):
        yield network_case(
            f"{pixels} pixels, {hidden} units",
            _sparse_cost,
            _sparse_backward,
            {
                "W": glorot(rng, pixels, hidden),
                "b": 0.1 * rng.standard_normal(hidden),
                "c": 0.1 * rng.standard_normal(pixels),
            },
            rng.uniform(0.1, 0.9, (m, pixels)),
            0.1,
            0.5,
            slips=(
                "sparsity without 1/m",
                "sparsity forgotten",
                "slope of the sigmoid forgotten",
                "tied weights: decoder forgotten",
                "tied weights: encoder forgotten",
            ),
        )


# Two layers with swish and hinge losses of one against the rest, in float32 and at the hinge.


def _hinge_cost(p: Tree, X: Any, labels: Any) -> Any:
    z = X @ p["W"] + p["b"]
    scores = (z * sigmoid(z)) @ p["V"]
    slack = scores - scores[np.arange(len(X)), labels][:, None] + 1
    slack[np.arange(len(X)), labels] = 0
    return np.maximum(slack, 0).sum() / len(X)


def _hinge_backward(p: Tree, X: Any, labels: Any, slip: str = "") -> Tree:
    z = X @ p["W"] + p["b"]
    s = sigmoid(z)
    a = z * s
    scores = a @ p["V"]
    slack = scores - scores[np.arange(len(X)), labels][:, None] + 1
    d = (slack > 0).astype(scores.dtype)
    d[np.arange(len(X)), labels] = 0
    count = d.sum(axis=1)
    d[np.arange(len(X)), labels] = -1 if slip == "own class: -1 for all" else -count
    if slip == "own class forgotten":
        d[np.arange(len(X)), labels] = 0
    d /= len(X)
    slope = s + z * s * (1 - s)
    if slip == "swish: slope of the sigmoid only":
        slope = s * (1 - s)
    if slip == "swish: second term forgotten":
        slope = s
    dz = d @ p["V"].T * slope
    return {"W": X.T @ dz, "b": dz.sum(axis=0), "V": a.T @ d}


def _hinge_twin(torch: Any, p: Tree, X: Any, labels: Any) -> Any:
    scores = torch.nn.functional.silu(X @ p["W"] + p["b"]) @ p["V"]
    own = scores.gather(1, labels[:, None])
    others = 1 - torch.nn.functional.one_hot(labels, scores.shape[1])
    return (torch.relu(scores - own + 1) * others).sum(1).mean()


def _hinge_case(
    rng: np.random.Generator, inputs: int, hidden: int, m: int, single: bool, gap: float | None
) -> Case:
    """Return a case; one slack of the first example is `gap`, or all are generic."""
    X, labels = rng.standard_normal((m, inputs)), rng.integers(3, size=m)
    p = {
        "W": glorot(rng, inputs, hidden),
        "b": 0.1 * rng.standard_normal(hidden),
        "V": glorot(rng, hidden, 3),
    }
    if gap is not None:
        z = X @ p["W"] + p["b"]
        scores = (z * sigmoid(z))[0] @ p["V"]
        other = (labels[0] + 1) % 3
        p["V"] = p["V"] / (scores[labels[0]] - scores[other]) * (1 - gap)
    return network_case(
        f"{inputs}-{hidden}-3, {m} examples",
        _hinge_cost,
        _hinge_backward,
        p,
        X,
        labels,
        slips=(
            "own class: -1 for all",
            "own class forgotten",
            "swish: slope of the sigmoid only",
            "swish: second term forgotten",
        ),
        twin=_hinge_twin,
        single=single,
    )


@family("hinge loss at its kink", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _hinge(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m, gap in ((3, 3, 8, 1e-4), (4, 6, 15, 1e-6), (6, 8, 20, 1e-9)):
        yield _hinge_case(rng, inputs, hidden, m, False, gap)


@family("hinge loss in float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS)
def _hinge_single(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m in ((3, 4, 6), (6, 8, 10)):
        yield _hinge_case(rng, inputs, hidden, m, True, None)


# Three layers with smoothed labels, wider than the others.


def _smooth_cost(p: Tree, X: Any, labels: Any, smoothing: float) -> Any:
    scores = np.tanh(np.tanh(X @ p["W1"]) @ p["W2"]) @ p["W3"]
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    target = (1 - smoothing) * one_hot(labels, scores.shape[1]) + smoothing / scores.shape[1]
    return -np.sum(target * log_p) / len(X)


def _smooth_backward(p: Tree, X: Any, labels: Any, smoothing: float, slip: str = "") -> Tree:
    a1 = np.tanh(X @ p["W1"])
    a2 = np.tanh(a1 @ p["W2"])
    scores = a2 @ p["W3"]
    target = (1 - smoothing) * one_hot(labels, scores.shape[1]) + smoothing / scores.shape[1]
    if slip == "smoothing forgotten":
        target = one_hot(labels, scores.shape[1])
    d = (softmax(scores) - target) / len(X)
    d2 = d @ p["W3"].T * (1 - a2**2)
    d1 = d2 @ p["W2"].T * (1 - (a2[:, : a1.shape[1]] if slip == "slope of a2" else a1) ** 2)
    return {
        "W1": X.T @ d1,
        "W2": (X[:, :1] * a1 if slip == "stale variable in dW2" else a1).T @ d2,
        "W3": a2.T @ d,
    }


@family("network with label smoothing, wide", kind="ordinary", source=_SOURCE, split="tuning")
def _smooth(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, m in ((8, 12, 20), (40, 20, 30)):
        yield network_case(
            f"{inputs}-{hidden}-{hidden}-5, {m} examples",
            _smooth_cost,
            _smooth_backward,
            {
                "W1": glorot(rng, inputs, hidden),
                "W2": glorot(rng, hidden, hidden),
                "W3": glorot(rng, hidden, 5),
            },
            rng.standard_normal((m, inputs)),
            rng.integers(5, size=m),
            0.1,
            slips=("smoothing forgotten", "slope of a2", "stale variable in dW2"),
        )
