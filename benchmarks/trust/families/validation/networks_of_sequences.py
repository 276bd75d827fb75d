"""Networks of sequences from scratch: LSTM, GRU, attention, embeddings, random fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources.networks import (
    Tree,
    glorot,
    network_case,
    one_hot,
    sigmoid,
    softmax,
)

_SOURCE = "networks from scratch"
_NEEDS = ("torch",)


# An LSTM over (time, examples, inputs); one matrix for the gates i, f, o and the candidate g.


def _lstm_forward(p: Tree, x: Any) -> tuple[list[Any], Any]:
    hidden = len(p["Wh"])
    h = np.zeros((x.shape[1], hidden), dtype=x.dtype) + 0 * p["b"][:hidden]
    c = h
    steps = []
    for t in range(len(x)):
        z = x[t] @ p["Wx"] + h @ p["Wh"] + p["b"]
        i, f, o = (sigmoid(z[:, k * hidden : (k + 1) * hidden]) for k in range(3))
        g = np.tanh(z[:, 3 * hidden :])
        before = c
        c = f * c + i * g
        steps.append((h, before, i, f, o, g, c))
        h = o * np.tanh(c)
    return steps, h


def _lstm_cost(p: Tree, x: Any, y: Any) -> Any:
    _, h = _lstm_forward(p, x)
    r = h @ p["w"] - y
    return 0.5 * np.mean(r**2)


def _lstm_backward(p: Tree, x: Any, y: Any, slip: str = "") -> Tree:
    steps, h = _lstm_forward(p, x)
    r = (h @ p["w"] - y) / len(y)
    grads = {key: np.zeros_like(value) for key, value in p.items()}
    grads["w"] = h.T @ r
    dh = np.outer(r, p["w"])
    dc = np.zeros_like(dh)
    for t in reversed(range(len(x))):
        h_before, c_before, i, f, o, g, c = steps[t]
        tanh_c = np.tanh(c)
        do = dh * (c if slip == "output gate: c, not tanh(c)" else tanh_c)
        through = dh * o * (1 - tanh_c**2)
        dc = through if slip == "cell of the next step not carried" else dc + through
        di, dg = dc * g, dc * i
        df = dc * (c if slip == "forget gate: new cell" else c_before)
        dz = np.hstack(
            [
                di * i * (1 - i),
                df * f * (1 - f),
                do * o * (1 - o),
                dg * (g * (1 - g) if slip == "candidate: slope of a sigmoid" else 1 - g**2),
            ]
        )
        grads["Wx"] += x[t].T @ dz
        grads["Wh"] += h_before.T @ dz
        if slip == "bias of the last step only":
            grads["b"] = dz.sum(axis=0)
        else:
            grads["b"] += dz.sum(axis=0)
        dh = dz @ p["Wh"].T
        if slip == "truncated to two steps" and t <= len(x) - 2:
            break
        dc = dc * (i if slip == "cell carried by the input gate" else f)
    return grads


def _lstm_twin(torch: Any, p: Tree, x: Any, y: Any) -> Any:
    hidden = p["Wh"].shape[0]
    h = c = torch.zeros(x.shape[1], hidden, dtype=x.dtype)
    for step in x.unbind(0):
        i, f, o, g = torch.addmm(p["b"], torch.cat([step, h], 1), torch.cat([p["Wx"], p["Wh"]]))[
            :, : 4 * hidden
        ].chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return ((h @ p["w"] - y) ** 2).mean() / 2


def _lstm_case(
    rng: np.random.Generator, inputs: int, hidden: int, steps: int, m: int, single: bool = False
) -> Case:
    b = 0.1 * rng.standard_normal(4 * hidden)
    b[hidden : 2 * hidden] += 1
    p = {
        "Wx": rng.standard_normal((inputs, 4 * hidden)) / np.sqrt(inputs),
        "Wh": rng.standard_normal((hidden, 4 * hidden)) / np.sqrt(hidden),
        "b": b,
        "w": rng.standard_normal(hidden) / np.sqrt(hidden),
    }
    x = rng.standard_normal((steps, m, inputs))
    return network_case(
        f"{inputs} inputs, {hidden} cells, {steps} steps",
        _lstm_cost,
        _lstm_backward,
        p,
        x,
        x[:, :, 0].sum(axis=0) / np.sqrt(steps),
        slips=(
            "output gate: c, not tanh(c)",
            "cell of the next step not carried",
            "forget gate: new cell",
            "candidate: slope of a sigmoid",
            "bias of the last step only",
            "truncated to two steps",
        ),
        twin=_lstm_twin,
        single=single,
    )


@family("network, LSTM", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _lstm(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, steps, m in ((1, 2, 5, 3), (2, 4, 8, 4), (3, 6, 10, 8), (5, 12, 6, 8)):
        yield _lstm_case(rng, inputs, hidden, steps, m)


@family(
    "network, LSTM in float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _lstm_single(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, steps, m in ((1, 3, 6, 4), (3, 6, 8, 8)):
        yield _lstm_case(rng, inputs, hidden, steps, m, single=True)


# A GRU that labels every step.


def _gru_forward(p: Tree, x: Any) -> list[Any]:
    h = np.zeros(len(p["bz"])) + 0 * p["bz"]
    steps = []
    for xt in x:
        z = sigmoid(p["Wz"] @ xt + p["Uz"] @ h + p["bz"])
        r = sigmoid(p["Wr"] @ xt + p["Ur"] @ h + p["br"])
        n = np.tanh(p["Wn"] @ xt + p["Un"] @ (r * h) + p["bn"])
        new = (1 - z) * n + z * h
        steps.append((h, z, r, n, new))
        h = new
    return steps


def _gru_cost(p: Tree, x: Any, labels: Any) -> Any:
    total = 0.0
    for (*_, h), label in zip(_gru_forward(p, x), labels, strict=True):
        scores = p["V"] @ h + p["c"]
        top = np.max(scores)
        total = total + top + np.log(np.sum(np.exp(scores - top))) - scores[label]
    return total / len(x)


def _gru_backward(p: Tree, x: Any, labels: Any, slip: str = "") -> Tree:
    grads = {key: np.zeros_like(value) for key, value in p.items()}
    dh = np.zeros(len(p["bz"]))
    steps = _gru_forward(p, x)
    for t in reversed(range(len(x))):
        before, z, r, n, h = steps[t]
        d = softmax(p["V"] @ h + p["c"])
        d[labels[t]] -= 1
        d /= len(x)
        grads["V"] += np.outer(d, h)
        grads["c"] += d
        dh = dh + p["V"].T @ d
        dn = dh * (1 - z) * (1 - n**2)
        dz = dh * (n - before if slip == "update gate: sign" else before - n) * z * (1 - z)
        drh = p["Un"].T @ dn
        dr = drh * (r if slip == "reset gate: times r, not h" else before) * r * (1 - r)
        grads["Wn"] += np.outer(dn, x[t])
        grads["Un"] += np.outer(dn, before if slip == "reset forgotten in dUn" else r * before)
        grads["bn"] += dn
        for gate, part in (("z", dz), ("r", dr)):
            grads[f"W{gate}"] += np.outer(part, x[t])
            grads[f"U{gate}"] += np.outer(part, before)
            grads[f"b{gate}"] += part
        carried = dh * ((1 - z) if slip == "carried by 1 - z" else z)
        inner = drh if slip == "reset forgotten on the way to h" else drh * r
        gates = p["Uz"].T @ dz + p["Ur"].T @ dr
        dh = carried + inner + (0 if slip == "gates do not reach back" else gates)
    return grads


def _gru_twin(torch: Any, p: Tree, x: Any, labels: Any) -> Any:
    h = torch.zeros(p["bz"].shape[0], dtype=x.dtype)
    scores = []
    for xt in x.unbind(0):
        z = torch.sigmoid(p["bz"] + xt @ p["Wz"].T + h @ p["Uz"].T)
        r = torch.sigmoid(p["br"] + xt @ p["Wr"].T + h @ p["Ur"].T)
        n = torch.tanh(p["bn"] + xt @ p["Wn"].T + (r * h) @ p["Un"].T)
        h = torch.lerp(n, h, z)
        scores.append(h @ p["V"].T + p["c"])
    return torch.nn.functional.cross_entropy(torch.stack(scores), labels)


@family("network, GRU tagger", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _gru(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, classes, steps in ((2, 3, 2, 6), (3, 5, 3, 10), (4, 10, 4, 8)):
        p = {"V": glorot(rng, classes, hidden), "c": 0.1 * rng.standard_normal(classes)}
        for gate in "zrn":
            p[f"W{gate}"] = rng.standard_normal((hidden, inputs)) / np.sqrt(inputs)
            p[f"U{gate}"] = rng.standard_normal((hidden, hidden)) / np.sqrt(hidden)
            p[f"b{gate}"] = 0.1 * rng.standard_normal(hidden)
        yield network_case(
            f"{inputs} inputs, {hidden} units, {steps} steps",
            _gru_cost,
            _gru_backward,
            p,
            rng.standard_normal((steps, inputs)),
            rng.integers(classes, size=steps),
            slips=(
                "update gate: sign",
                "reset gate: times r, not h",
                "reset forgotten in dUn",
                "carried by 1 - z",
                "reset forgotten on the way to h",
                "gates do not reach back",
            ),
            twin=_gru_twin,
        )


# Self attention with several heads, and a mean over the sequence.


def _split_heads(a: Any, heads: int) -> Any:
    n, length, width = a.shape
    return a.reshape(n, length, heads, width // heads).transpose(0, 2, 1, 3)


def _merge_heads(a: Any) -> Any:
    n, heads, length, size = a.shape
    return a.transpose(0, 2, 1, 3).reshape(n, length, heads * size)


def _attention_layers(p: Tree, x: Any, heads: int, causal: bool) -> tuple[Any, ...]:
    q, k, v = (_split_heads(x @ p[name], heads) for name in ("Wq", "Wk", "Wv"))
    scores = q @ k.transpose(0, 1, 3, 2) / q.shape[-1] ** 0.5
    if causal:
        length = x.shape[1]
        scores = np.where(np.tril(np.ones((length, length), dtype=bool)), scores, -1e9)
    weights = softmax(scores)
    merged = _merge_heads(weights @ v)
    out = x + merged @ p["Wo"]
    return q, k, v, weights, merged, out, np.tanh(out)


def _attention_cost(p: Tree, x: Any, y: Any, heads: int, causal: bool) -> Any:
    pooled = _attention_layers(p, x, heads, causal)[-1].mean(axis=1)
    margin = y * (pooled @ p["w"])
    return np.mean(np.log1p(np.exp(-margin)))


def _attention_backward(p: Tree, x: Any, y: Any, heads: int, causal: bool, slip: str = "") -> Tree:
    q, k, v, weights, merged, _, activation = _attention_layers(p, x, heads, causal)
    pooled = activation.mean(axis=1)
    d = -y * sigmoid(-y * (pooled @ p["w"])) / len(y)
    length = 1 if slip == "mean over the sequence forgotten" else x.shape[1]
    dout = (np.outer(d, p["w"]) / length)[:, None, :] * (1 - activation**2)
    dheads = _split_heads(dout @ p["Wo"].T, heads)
    dweights = dheads @ v.transpose(0, 1, 3, 2)
    dv = weights.transpose(0, 1, 3, 2) @ dheads
    if slip == "weights not transposed in dv":
        dv = weights @ dheads
    axis = -2 if slip == "softmax: sum over the queries" else -1
    dscores = weights * (dweights - (dweights * weights).sum(axis=axis, keepdims=True))
    if slip == "softmax: diagonal only":
        dscores = dweights * weights * (1 - weights)
    if slip != "scale forgotten":
        dscores = dscores / q.shape[-1] ** 0.5
    dq, dk = dscores @ k, dscores.transpose(0, 1, 3, 2) @ q
    if slip == "scores not transposed in dk":
        dk = dscores @ q
    merged_wrongly = slip == "heads merged without transposition"
    dv = dv.reshape(x.shape) if merged_wrongly else _merge_heads(dv)
    flat = x.reshape(-1, x.shape[-1])
    return {
        "Wq": flat.T @ _merge_heads(dq).reshape(flat.shape),
        "Wk": flat.T @ _merge_heads(dk).reshape(flat.shape),
        "Wv": flat.T @ dv.reshape(flat.shape),
        "Wo": merged.reshape(flat.shape).T @ dout.reshape(flat.shape),
        "w": pooled.T @ d,
    }


def _attention_twin(torch: Any, p: Tree, x: Any, y: Any, heads: int, causal: bool) -> Any:
    q, k, v = (torch.stack((x @ p[name]).chunk(heads, -1), 1) for name in ("Wq", "Wk", "Wv"))
    scores = torch.einsum("nhid,nhjd->nhij", q, k) / q.shape[-1] ** 0.5
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -torch.inf)
    mixed = torch.cat((scores.softmax(-1) @ v).unbind(1), -1)
    pooled = torch.tanh(x + mixed @ p["Wo"]).mean(1)
    return torch.nn.functional.soft_margin_loss(pooled @ p["w"], y)


def _attention_case(
    rng: np.random.Generator,
    width: int,
    heads: int,
    length: int,
    m: int,
    causal: bool,
    single: bool = False,
) -> Case:
    p = {
        name: rng.standard_normal((width, width)) / np.sqrt(width)
        for name in ("Wq", "Wk", "Wv", "Wo")
    }
    p["w"] = rng.standard_normal(width) / np.sqrt(width)
    return network_case(
        f"width {width}, {heads} heads, length {length}" + (", causal" if causal else ""),
        _attention_cost,
        _attention_backward,
        p,
        rng.standard_normal((m, length, width)),
        rng.choice([-1.0, 1.0], size=m),
        heads,
        causal,
        slips=(
            "mean over the sequence forgotten",
            "weights not transposed in dv",
            "softmax: diagonal only",
            "scale forgotten",
            "scores not transposed in dk",
            "heads merged without transposition",
        ),
        twin=_attention_twin,
        single=single,
    )


@family(
    "network, self attention", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _attention(rng: np.random.Generator) -> Iterator[Case]:
    for width, heads, length, m, causal in (
        (4, 2, 3, 2, False),
        (6, 3, 5, 3, False),
        (8, 2, 6, 4, True),
        (16, 4, 5, 2, False),
    ):
        yield _attention_case(rng, width, heads, length, m, causal)


@family(
    "network, self attention in float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _attention_single(rng: np.random.Generator) -> Iterator[Case]:
    for width, heads, length, m in ((4, 2, 4, 3), (8, 2, 6, 4)):
        yield _attention_case(rng, width, heads, length, m, causal=False, single=True)


# A text classifier: the mean of word vectors, a hidden layer; padding is word 0.


def _text_layers(p: Tree, words: Any) -> tuple[Any, ...]:
    mask = (words > 0)[:, :, None]
    count = mask.sum(axis=1)
    mean = (p["E"][words] * mask).sum(axis=1) / count
    h = np.tanh(mean @ p["W"] + p["b"])
    return mask, count, mean, h, h @ p["V"]


def _text_cost(p: Tree, words: Any, labels: Any) -> Any:
    *_, scores = _text_layers(p, words)
    probabilities = softmax(scores)
    return -np.mean(np.log(probabilities[np.arange(len(labels)), labels]))


def _text_backward(p: Tree, words: Any, labels: Any, slip: str = "") -> Tree:
    mask, count, mean, h, scores = _text_layers(p, words)
    d = (softmax(scores) - one_hot(labels, scores.shape[1])) / len(labels)
    dz = (d @ p["V"].T) * (1 - h**2)
    dmean = dz @ p["W"].T
    if slip == "mean over the padded length":
        each = dmean[:, None, :] / words.shape[1] * mask
    elif slip == "sum for mean":
        each = dmean[:, None, :] * mask
    elif slip == "padding gets a gradient":
        each = (dmean / count)[:, None, :] * np.ones(mask.shape)
    else:
        each = (dmean / count)[:, None, :] * mask
    dE = np.zeros_like(p["E"])
    if slip == "repeated words counted once":
        dE[words] += each
    else:
        np.add.at(dE, words, each)
    return {
        "E": dE,
        "W": mean.T @ dz,
        "b": dz.sum(axis=0),
        "V": h.T @ (d * len(labels) if slip == "1/m forgotten in dV" else d),
    }


def _text_twin(torch: Any, p: Tree, words: Any, labels: Any) -> Any:
    means = torch.stack([p["E"][line[line > 0]].mean(0) for line in words.unbind(0)])
    scores = torch.tanh(means @ p["W"] + p["b"]) @ p["V"]
    return torch.nn.functional.cross_entropy(scores, labels)


@family(
    "network, bag of word vectors",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _text(rng: np.random.Generator) -> Iterator[Case]:
    for vocabulary, size, length, m in ((6, 2, 5, 4), (15, 3, 8, 10), (200, 8, 12, 20)):
        words = rng.integers(1, vocabulary, size=(m, length))
        lengths = rng.integers(2, length + 1, size=m)
        words[np.arange(length) >= lengths[:, None]] = 0
        words[0, :2] = 1
        p = {
            "E": 0.5 * rng.standard_normal((vocabulary, size)),
            "W": glorot(rng, size, 4),
            "b": 0.1 * rng.standard_normal(4),
            "V": glorot(rng, 4, 3),
        }
        yield network_case(
            f"{vocabulary} words of size {size}, {m} texts",
            _text_cost,
            _text_backward,
            p,
            words,
            rng.integers(3, size=m),
            slips=(
                "mean over the padded length",
                "sum for mean",
                "padding gets a gradient",
                "repeated words counted once",
                "1/m forgotten in dV",
            ),
            twin=_text_twin,
        )


# Skip-gram with negative sampling.


def _skip_gram_cost(p: Tree, centers: Any, contexts: Any, negatives: Any) -> Any:
    v = p["center"][centers]
    positive = np.sum(p["context"][contexts] * v, axis=1)
    negative = np.einsum("nkd,nd->nk", p["context"][negatives], v)
    return (np.sum(np.log1p(np.exp(-positive))) + np.sum(np.log1p(np.exp(negative)))) / len(centers)


def _skip_gram_backward(
    p: Tree, centers: Any, contexts: Any, negatives: Any, slip: str = ""
) -> Tree:
    v, u, un = p["center"][centers], p["context"][contexts], p["context"][negatives]
    n = len(centers)
    positive = (sigmoid(np.sum(u * v, axis=1)) - 1)[:, None] / n
    scores = np.einsum("nkd,nd->nk", un, v)
    negative = sigmoid(scores)[:, :, None] / n
    if slip == "negatives: 1 - sigmoid":
        negative = (1 - sigmoid(scores))[:, :, None] / n
    dcenter, dcontext = np.zeros_like(p["center"]), np.zeros_like(p["context"])
    if slip == "negatives do not move the center":
        np.add.at(dcenter, centers, positive * u)
    else:
        np.add.at(dcenter, centers, positive * u + (negative * un).sum(axis=1))
    if slip == "context with itself":
        np.add.at(dcontext, contexts, positive * u)
    else:
        np.add.at(dcontext, contexts, positive * v)
    if slip == "repeated negatives counted once":
        dcontext[negatives] += negative * v[:, None, :]
    elif slip == "only the first negative":
        np.add.at(dcontext, negatives[:, 0], negative[:, 0] * v)
    else:
        np.add.at(dcontext, negatives, negative * v[:, None, :])
    return {"center": dcenter, "context": dcontext}


def _skip_gram_twin(torch: Any, p: Tree, centers: Any, contexts: Any, negatives: Any) -> Any:
    logsigmoid = torch.nn.functional.logsigmoid
    scores = p["center"] @ p["context"].T
    positive = logsigmoid(scores[centers, contexts])
    negative = logsigmoid(-scores[centers[:, None], negatives]).sum(1)
    return -(positive + negative).mean()


@family("network, skip-gram", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _skip_gram(rng: np.random.Generator) -> Iterator[Case]:
    for vocabulary, size, pairs, k in ((5, 2, 6, 2), (12, 4, 20, 5), (60, 8, 150, 5)):
        chances = 1 / np.arange(1, vocabulary + 1)
        chances /= chances.sum()
        draws = rng.choice(vocabulary, p=chances, size=(pairs, k + 2))
        yield network_case(
            f"{vocabulary} words of size {size}, {pairs} pairs",
            _skip_gram_cost,
            _skip_gram_backward,
            {
                "center": rng.standard_normal((vocabulary, size)),
                "context": 0.5 * rng.standard_normal((vocabulary, size)),
            },
            draws[:, 0],
            draws[:, 1],
            draws[:, 2:],
            slips=(
                "negatives: 1 - sigmoid",
                "negatives do not move the center",
                "context with itself",
                "repeated negatives counted once",
                "only the first negative",
            ),
            twin=_skip_gram_twin,
        )


# A linear chain: the log-likelihood of tags, by the forward and the backward algorithm.


def _lse(a: Any, axis: int) -> Any:
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(a - top), axis=axis))


def _forward_algorithm(emissions: Any, p: Tree) -> list[Any]:
    alphas = [p["start"] + emissions[0]]
    for e in emissions[1:]:
        alphas.append(_lse(alphas[-1][:, None] + p["T"], 0) + e)
    return alphas


def _crf_cost(p: Tree, x: Any, tags: Any) -> Any:
    emissions = x @ p["W"]
    log_z = _lse(_forward_algorithm(emissions, p)[-1] + p["end"], 0)
    score = p["start"][tags[0]] + p["end"][tags[-1]]
    score = score + emissions[np.arange(len(tags)), tags].sum() + p["T"][tags[:-1], tags[1:]].sum()
    return log_z - score


def _crf_backward(p: Tree, x: Any, tags: Any, slip: str = "") -> Tree:
    emissions = x @ p["W"]
    alphas = _forward_algorithm(emissions, p)
    log_z = _lse(alphas[-1] + p["end"], 0)
    betas = [np.zeros_like(p["end"]) if slip == "end forgotten in the last beta" else p["end"]]
    for e in emissions[:0:-1]:
        message = p["T"].T if slip == "transitions transposed backwards" else p["T"]
        betas.insert(0, _lse(message + (e + betas[0])[None, :], 1))
    unary = np.array([np.exp(a + b - log_z) for a, b in zip(alphas, betas, strict=True)])
    if slip == "emission counted twice":
        unary = np.array(
            [np.exp(a + b + e - log_z) for a, b, e in zip(alphas, betas, emissions, strict=True)]
        )
    dT = np.zeros_like(p["T"])
    for t in range(1, len(tags)):
        here = t - 1 if slip == "emission of the step before" else t
        joint = alphas[t - 1][:, None] + p["T"] + (emissions[here] + betas[t])[None, :] - log_z
        dT += np.exp(joint)
    demissions = unary.copy()
    demissions[np.arange(len(tags)), tags] -= 1
    if slip == "repeated transitions counted once":
        dT[tags[:-1], tags[1:]] -= 1
    else:
        np.add.at(dT, (tags[:-1], tags[1:]), -1)
    return {"W": x.T @ demissions, "T": dT, "start": demissions[0], "end": demissions[-1]}


def _crf_twin(torch: Any, p: Tree, x: Any, tags: Any) -> Any:
    emissions = x @ p["W"]
    classes = len(p["start"])
    length = len(tags)
    paths = torch.cartesian_prod(*[torch.arange(classes)] * length)
    scores = p["start"][paths[:, 0]] + p["end"][paths[:, -1]]
    for t in range(length):
        scores = scores + emissions[t][paths[:, t]]
    for t in range(1, length):
        scores = scores + p["T"][paths[:, t - 1], paths[:, t]]
    number = 0
    for tag in tags.tolist():
        number = number * classes + tag
    return scores.logsumexp(0) - scores[number]


@family(
    "network, linear-chain CRF", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _crf(rng: np.random.Generator) -> Iterator[Case]:
    for features, classes, length in ((2, 2, 5), (3, 3, 6), (6, 4, 5)):
        tags = rng.integers(classes, size=length)
        tags[:3] = tags[0]
        yield network_case(
            f"{features} features, {classes} tags, length {length}",
            _crf_cost,
            _crf_backward,
            {
                "W": rng.standard_normal((features, classes)),
                "T": rng.standard_normal((classes, classes)),
                "start": rng.standard_normal(classes),
                "end": rng.standard_normal(classes),
            },
            rng.standard_normal((length, features)),
            tags,
            slips=(
                "end forgotten in the last beta",
                "transitions transposed backwards",
                "emission counted twice",
                "emission of the step before",
                "repeated transitions counted once",
            ),
            twin=_crf_twin,
        )


# A policy that is trained by REINFORCE on fixed episodes, with a bonus for its entropy.


def _policy_cost(p: Tree, states: Any, actions: Any, returns: Any, bonus: float) -> Any:
    h = np.tanh(states @ p["W1"] + p["b1"])
    scores = h @ p["W2"] + p["b2"]
    log_pi = scores - _lse(scores, 1)[:, None]
    entropy = -np.sum(np.exp(log_pi) * log_pi, axis=1)
    chosen = log_pi[np.arange(len(actions)), actions]
    return -np.mean(chosen * returns + bonus * entropy)


def _policy_backward(
    p: Tree, states: Any, actions: Any, returns: Any, bonus: float, slip: str = ""
) -> Tree:
    h = np.tanh(states @ p["W1"] + p["b1"])
    scores = h @ p["W2"] + p["b2"]
    log_pi = scores - _lse(scores, 1)[:, None]
    pi = np.exp(log_pi)
    chosen = one_hot(actions, scores.shape[1]) - pi
    if slip == "softmax forgotten in log pi":
        chosen = one_hot(actions, scores.shape[1])
    if slip == "returns averaged":
        returns = np.full_like(returns, returns.mean())
    entropy = -np.sum(pi * log_pi, axis=1, keepdims=True)
    dentropy = -pi * (log_pi + entropy)
    if slip == "entropy: slope of p log p only":
        dentropy = -pi * (log_pi + 1)
    if slip == "entropy forgotten":
        dentropy = 0 * dentropy
    if slip == "entropy: sign":
        dentropy = -dentropy
    d = -(chosen * returns[:, None] + bonus * dentropy) / len(actions)
    dz = (d @ p["W2"].T) * (1 - h**2)
    return {
        "W1": states.T @ dz,
        "b1": dz.sum(axis=0),
        "W2": h.T @ d,
        "b2": d.sum(axis=0),
    }


def _policy_twin(torch: Any, p: Tree, states: Any, actions: Any, returns: Any, bonus: float) -> Any:
    scores = torch.tanh(states @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    pi = scores.softmax(1)
    chosen = torch.log((pi * torch.nn.functional.one_hot(actions, pi.shape[1])).sum(1))
    return -(chosen * returns).mean() - bonus * torch.special.entr(pi).sum(1).mean()


@family(
    "network, policy gradient", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _policy(rng: np.random.Generator) -> Iterator[Case]:
    for inputs, hidden, choices, m, bonus in ((2, 3, 2, 10, 0.1), (4, 8, 3, 40, 0.5)):
        returns = np.cumsum(rng.standard_normal(m))[::-1].copy()
        yield network_case(
            f"{inputs} states, {choices} actions, {m} steps",
            _policy_cost,
            _policy_backward,
            {
                "W1": glorot(rng, inputs, hidden),
                "b1": 0.1 * rng.standard_normal(hidden),
                "W2": glorot(rng, hidden, choices),
                "b2": 0.1 * rng.standard_normal(choices),
            },
            rng.standard_normal((m, inputs)),
            rng.integers(choices, size=m),
            returns,
            bonus,
            slips=(
                "softmax forgotten in log pi",
                "returns averaged",
                "entropy: slope of p log p only",
                "entropy forgotten",
                "entropy: sign",
            ),
            twin=_policy_twin,
        )
