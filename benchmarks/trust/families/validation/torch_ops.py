"""Operators of PyTorch with the samples of its own test suite."""

from collections.abc import Iterator

import numpy as np
from benchmarks.trust.case import Case, family
from benchmarks.trust.sources import torch_ops

_SOURCE = "PyTorch, torch.testing._internal.common_methods_invocations.op_db"
_NEEDS = ("torch", "expecttest")


@family("torch ops: elementwise", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _unary(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions of one variable, elementwise."""
    return torch_ops.draw(("unary",), "validation", rng)


@family(
    "torch ops: special functions",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _special(rng: np.random.Generator) -> Iterator[Case]:
    """Draw special functions inside their domains."""
    return torch_ops.draw(("special",), "validation", rng)


@family("torch ops: arithmetic", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _binary(rng: np.random.Generator) -> Iterator[Case]:
    """Draw arithmetic of two or three tensors, with broadcasting."""
    return torch_ops.draw(("binary",), "validation", rng)


@family("torch ops: products", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _products(rng: np.random.Generator) -> Iterator[Case]:
    """Draw products of vectors, matrices and batches of them."""
    return torch_ops.draw(("products",), "validation", rng)


@family("torch ops: reductions", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _reductions(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums, products, means, variances and integrals."""
    return torch_ops.draw(("reductions",), "validation", rng)


@family("torch ops: norms", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _norms(rng: np.random.Generator) -> Iterator[Case]:
    """Draw norms without kinks, distances and normalisation by them."""
    return torch_ops.draw(("norms",), "validation", rng)


@family(
    "torch ops: linear systems", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _solving(rng: np.random.Generator) -> Iterator[Case]:
    """Draw solutions, inverses, determinants and triangular factors."""
    return torch_ops.draw(("solving",), "validation", rng)


@family(
    "torch ops: decompositions", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _decompositions(rng: np.random.Generator) -> Iterator[Case]:
    """Draw spectral and orthogonal decompositions of generic matrices."""
    return torch_ops.draw(("decompositions",), "validation", rng)


@family("torch ops: indexing", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _indexing(rng: np.random.Generator) -> Iterator[Case]:
    """Draw gathering, scattering and masking."""
    return torch_ops.draw(("indexing",), "validation", rng)


@family("torch ops: shapes", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _shape(rng: np.random.Generator) -> Iterator[Case]:
    """Draw permutations, copies and joins."""
    return torch_ops.draw(("shape",), "validation", rng)


@family("torch ops: convolution", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _convolution(rng: np.random.Generator) -> Iterator[Case]:
    """Draw convolutions and what is used like them."""
    return torch_ops.draw(("convolution",), "validation", rng, count=12)


@family("torch ops: resampling", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _resampling(rng: np.random.Generator) -> Iterator[Case]:
    """Draw mean pooling, interpolation and padding."""
    return torch_ops.draw(("resampling",), "validation", rng)


@family(
    "torch ops: normalisation", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _normalisation(rng: np.random.Generator) -> Iterator[Case]:
    """Draw normalisation of batches, layers and groups."""
    return torch_ops.draw(("normalisation",), "validation", rng)


# Once missed in validation; `replacements.py` has others.
@family("torch ops: losses", kind="ordinary", source=_SOURCE, split="tuning", needs=_NEEDS)
def _losses(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth losses, with and without weights."""
    return torch_ops.draw(("losses",), "validation", rng)


@family("torch ops: activations", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS)
def _activations(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth activations, softmax and attention."""
    return torch_ops.draw(("activations",), "validation", rng)


@family(
    "torch ops: running sums", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _cumulative(rng: np.random.Generator) -> Iterator[Case]:
    """Draw cumulative sums and products, differences and integrals."""
    return torch_ops.draw(("cumulative",), "validation", rng)


@family(
    "torch ops: Fourier transforms",
    kind="ordinary",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _fourier(rng: np.random.Generator) -> Iterator[Case]:
    """Draw Fourier transforms that take and give real numbers."""
    return torch_ops.draw(("fourier",), "validation", rng, count=12)


@family(
    "torch ops: large samples", kind="ordinary", source=_SOURCE, split="validation", needs=_NEEDS
)
def _large(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth operators of 201 to 800 numbers."""
    return torch_ops.draw(
        (
            "binary",
            "products",
            "reductions",
            "norms",
            "indexing",
            "convolution",
            "resampling",
            "normalisation",
            "losses",
            "activations",
            "unary",
        ),
        "validation",
        rng,
        count=12,
        sizes=(201, 800),
    )


@family("torch ops: kinks nearby", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS)
def _kinked(rng: np.random.Generator) -> Iterator[Case]:
    """Draw generic points of functions that are smooth in pieces."""
    return torch_ops.draw(("kinked",), "validation", rng, smooth=False)


@family(
    "torch ops: order statistics", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS
)
def _ordering(rng: np.random.Generator) -> Iterator[Case]:
    """Draw generic points of maxima, medians, sorting and maximum pooling."""
    return torch_ops.draw(("ordering",), "validation", rng, smooth=False)


@family("torch ops: kinks close by", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS)
def _close(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points at 1e-9 to 1e-3 from a kink."""
    return torch_ops.draw(
        ("kinked", "ordering"), "validation", rng, smooth=False, points="close to a kink"
    )


@family(
    "torch ops: kinks at the point", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS
)
def _grid(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points whose values are multiples of a half, with zeros and ties."""
    return torch_ops.draw(("kinked", "ordering"), "validation", rng, smooth=False, points="grid")


@family("torch ops: jumps", kind="kink", source=_SOURCE, split="validation", needs=_NEEDS)
def _jumps(rng: np.random.Generator) -> Iterator[Case]:
    """Draw generic points of functions with jumps."""
    return torch_ops.draw(("jumps",), "validation", rng, smooth=False, count=15)


@family("torch ops: staircases", kind="flat", source=_SOURCE, split="validation", needs=_NEEDS)
def _staircases(rng: np.random.Generator) -> Iterator[Case]:
    """Draw functions that are constant in pieces; all derivatives are 0."""
    return torch_ops.draw(("staircases",), "validation", rng, smooth=False, flat_too=True, count=15)


@family(
    "torch ops: edges of domains",
    kind="domain edge",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _edges(rng: np.random.Generator) -> Iterator[Case]:
    """Draw points, some of their values at 1e-7 to 1e-2 from an edge of the domain."""
    return torch_ops.draw(("edges",), "validation", rng, smooth=False, points="edge")


@family(
    "torch ops: derivatives of many sizes",
    kind="badly scaled",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _growing(rng: np.random.Generator) -> Iterator[Case]:
    """Draw samples as they are, with derivatives that differ by more than a factor of 1e5."""
    return torch_ops.draw(
        ("growing",),
        "validation",
        rng,
        smooth=False,
        points="sample",
        spread=100000.0,
        sizes=(1, 400),
    )


@family(
    "torch ops: elementwise, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _unary_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth functions of one variable, elementwise."""
    return torch_ops.draw(("unary",), "validation", rng, float32=True)


@family(
    "torch ops: special functions, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _special_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw special functions inside their domains."""
    return torch_ops.draw(("special",), "validation", rng, float32=True)


@family(
    "torch ops: arithmetic, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _binary_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw arithmetic of two or three tensors, with broadcasting."""
    return torch_ops.draw(("binary",), "validation", rng, float32=True)


@family(
    "torch ops: products, float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _products_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw products of vectors, matrices and batches of them."""
    return torch_ops.draw(("products",), "validation", rng, float32=True)


@family(
    "torch ops: reductions and running sums, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _reductions_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw sums, means, variances, running sums and differences."""
    return torch_ops.draw(("reductions", "cumulative"), "validation", rng, float32=True)


@family(
    "torch ops: norms, float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _norms_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw norms without kinks, distances and normalisation by them."""
    return torch_ops.draw(("norms",), "validation", rng, float32=True)


@family(
    "torch ops: linear algebra, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _solving_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw linear systems, inverses, determinants and decompositions."""
    return torch_ops.draw(("solving", "decompositions"), "validation", rng, float32=True)


@family(
    "torch ops: indexing and shapes, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _indexing_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw gathering, scattering, permutations and joins."""
    return torch_ops.draw(("indexing", "shape"), "validation", rng, float32=True)


@family(
    "torch ops: convolution and resampling, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _convolution_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw convolutions, mean pooling, interpolation and padding."""
    return torch_ops.draw(("convolution", "resampling"), "validation", rng, float32=True)


@family(
    "torch ops: normalisation, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _normalisation_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw normalisation of batches, layers and groups."""
    return torch_ops.draw(("normalisation",), "validation", rng, float32=True)


@family(
    "torch ops: losses, float32", kind="float32", source=_SOURCE, split="validation", needs=_NEEDS
)
def _losses_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth losses, with and without weights."""
    return torch_ops.draw(("losses",), "validation", rng, float32=True)


@family(
    "torch ops: activations, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _activations_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth activations, softmax and attention."""
    return torch_ops.draw(("activations",), "validation", rng, float32=True)


@family(
    "torch ops: large samples, float32",
    kind="float32",
    source=_SOURCE,
    split="validation",
    needs=_NEEDS,
)
def _large_float32(rng: np.random.Generator) -> Iterator[Case]:
    """Draw smooth operators of 201 to 800 numbers."""
    return torch_ops.draw(
        (
            "binary",
            "products",
            "reductions",
            "norms",
            "indexing",
            "convolution",
            "resampling",
            "normalisation",
            "losses",
            "activations",
            "unary",
        ),
        "validation",
        rng,
        float32=True,
        count=12,
        sizes=(201, 800),
    )


@family("torch ops: dropout", kind="random", source=_SOURCE, split="validation", needs=_NEEDS)
def _random(rng: np.random.Generator) -> Iterator[Case]:
    """Draw dropout with the same mask in f and its gradient."""
    return torch_ops.draw_random(rng, "validation")
