"""Token and position embeddings, a mean over the words, and a linear classifier."""

import numpy as np
from benchmarks.backward.arrays import Array, Arrays

_rng = np.random.default_rng(21)
IDS = np.array([[0, 3, 3, 5], [6, 1, 0, 2], [4, 4, 4, 1], [2, 5, 6, 0], [3, 6, 1, 2]])
LABELS = np.array([0, 2, 1, 1, 2])
M, LENGTH = IDS.shape
VOCAB, DIM, CLASSES = 7, 4, 3


def problem(rng: np.random.Generator) -> Arrays:
    """Draw the tables of tokens and positions and the classifier."""
    return {
        "E": rng.standard_normal((VOCAB, DIM)),
        "P": rng.standard_normal((LENGTH, DIM)),
        "W": rng.standard_normal((DIM, CLASSES)),
        "b": rng.standard_normal(CLASSES) * 0.3,
    }


def _forward(t: Arrays) -> tuple[Array, Array, Array]:
    words = t["E"][IDS] * t["P"]
    bag = words.mean(axis=1)
    scores = bag @ t["W"] + t["b"]
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    return words, bag, exp / exp.sum(axis=1, keepdims=True)


def loss(t: Arrays) -> float:
    """Cross entropy averaged over the sentences."""
    *_, prob = _forward(t)
    return float(-np.mean(np.log(prob[np.arange(M), LABELS])))


def gradient(t: Arrays) -> Arrays:
    """Through the classifier, the mean, and the rows of the tables that were looked up."""
    _, bag, prob = _forward(t)
    dscores = prob.copy()
    dscores[np.arange(M), LABELS] -= 1
    dscores /= M
    dW = bag.T @ dscores
    db = dscores.sum(axis=0)
    dbag = dscores @ t["W"].T
    dwords = np.repeat(dbag[:, None, :] / LENGTH, LENGTH, axis=1)
    dE = np.zeros_like(t["E"])
    np.add.at(dE, IDS, dwords * t["P"])
    dP = (dwords * t["E"][IDS]).sum(axis=0)
    return {"E": dE, "P": dP, "W": dW, "b": db}
