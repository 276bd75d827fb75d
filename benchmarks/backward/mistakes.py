"""All the mistakes, as data."""

from benchmarks.backward.lists import (
    attention,
    batch_norm,
    classifier,
    convolution,
    dense,
    dropout,
    embedding,
    factorisation,
    gated,
    gru,
    layer_norm,
    logistic,
    losses,
    lstm,
    pooling,
    residual,
)
from benchmarks.backward.mistake import Mistake

__all__ = ["MISTAKES", "Mistake"]

#: Every mistake of every pass.
MISTAKES: tuple[Mistake, ...] = (
    *attention.MISTAKES,
    *batch_norm.MISTAKES,
    *classifier.MISTAKES,
    *convolution.MISTAKES,
    *dense.MISTAKES,
    *dropout.MISTAKES,
    *embedding.MISTAKES,
    *factorisation.MISTAKES,
    *gated.MISTAKES,
    *gru.MISTAKES,
    *layer_norm.MISTAKES,
    *logistic.MISTAKES,
    *losses.MISTAKES,
    *lstm.MISTAKES,
    *pooling.MISTAKES,
    *residual.MISTAKES,
)
