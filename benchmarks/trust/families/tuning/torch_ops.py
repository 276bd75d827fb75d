"""Operators of PyTorch with the samples of its own test suite."""

from collections.abc import Iterator

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources import torch_ops

_SOURCE = "PyTorch, torch.testing._internal.common_methods_invocations.op_db"
_NEEDS = ("torch", "expecttest")


@family("torch ops: plain functions", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _elementwise(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions of one to three tensors, elementwise."""
    return torch_ops.draw(("unary", "special", "binary"), "tuning", rng)


@family("torch ops: matrices", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _matrices(rng: np.random.Generator) -> Iterator[Case]:
    """Draw products, linear systems, decompositions and norms."""
    return torch_ops.draw(("products", "solving", "decompositions", "norms"), "tuning", rng)


@family("torch ops: arrangement", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _arrangement(rng: np.random.Generator) -> Iterator[Case]:
    """Draw indexing, shapes, reductions, running sums and Fourier transforms."""
    return torch_ops.draw(
        ("indexing", "shape", "reductions", "cumulative", "fourier"), "tuning", rng
    )


@family("torch ops: layers", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _layers(rng: np.random.Generator) -> Iterator[Case]:
    """Draw what networks are made of."""
    return torch_ops.draw(
        ("convolution", "resampling", "normalisation", "losses", "activations"), "tuning", rng
    )


@family("torch ops: many numbers", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _large(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth operators of 201 to 800 numbers."""
    return torch_ops.draw(
        ("unary", "binary", "products", "reductions", "indexing", "convolution", "resampling"),
        "tuning",
        rng,
        count=8,
        sizes=(201, 800),
    )


@family("torch ops: pieces", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _kinked(rng: np.random.Generator) -> Iterator[Case]:
    """Draw generic points of functions that are smooth in pieces."""
    return torch_ops.draw(("kinked", "ordering", "jumps"), "tuning", rng, smooth=False)


@family("torch ops: kinks within 1e-3", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _close(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points at 1e-9 to 1e-3 from a kink."""
    return torch_ops.draw(
        ("kinked", "ordering"), "tuning", rng, smooth=False, points="close to a kink", count=12
    )


@family("torch ops: zeros and ties", kind="kink", source=_SOURCE, split="tuning", needs=_NEEDS)
def _grid(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points whose values are multiples of a half, with zeros and ties."""
    return torch_ops.draw(
        ("kinked", "ordering"), "tuning", rng, smooth=False, points="grid", count=12
    )


@family("torch ops: constant in pieces", kind="flat", source=_SOURCE, split="tuning", needs=_NEEDS)
def _staircases(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions that are constant in pieces; all derivatives are 0."""
    return torch_ops.draw(("staircases",), "tuning", rng, smooth=False, flat_too=True, count=8)


@family(
    "torch ops: near the edge", kind="domain edge", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _edges(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points, some of their values at 1e-7 to 1e-2 from an edge of the domain."""
    return torch_ops.draw(("edges",), "tuning", rng, smooth=False, points="edge", count=12)


@family(
    "torch ops: steep and flat at once",
    kind="badly scaled",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _growing(rng: np.random.Generator) -> Iterator[Case]:
    """Draw samples as they are, with derivatives that differ by more than a factor of 1e5."""
    return torch_ops.draw(
        ("growing",),
        "tuning",
        rng,
        smooth=False,
        points="sample",
        spread=100000.0,
        sizes=(1, 400),
        count=12,
    )


@family(
    "torch ops: plain functions, float32",
    kind="float32",
    source=_SOURCE,
    split="tuning",
    needs=_NEEDS,
)
def _elementwise_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions of one to three tensors, elementwise."""
    return torch_ops.draw(("unary", "special", "binary"), "tuning", rng, float32=True)


@family(
    "torch ops: matrices, float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS
)
def _matrices_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw products, linear systems, decompositions, norms and reductions."""
    return torch_ops.draw(
        ("products", "solving", "decompositions", "norms", "reductions"),
        "tuning",
        rng,
        float32=True,
    )


@family("torch ops: layers, float32", kind="float32", source=_SOURCE, split="tuning", needs=_NEEDS)
def _layers_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw what networks are made of."""
    return torch_ops.draw(
        ("convolution", "resampling", "normalisation", "losses", "activations", "indexing"),
        "tuning",
        rng,
        float32=True,
    )


@family("torch ops: random slopes", kind="random", source=_SOURCE, split="tuning", needs=_NEEDS)
def _random(rng: np.random.Generator) -> Iterator[Case]:
    """Draw leaky relu with random slopes, the same ones in f and its gradient."""
    return torch_ops.draw_random(rng, "tuning", count=4)
