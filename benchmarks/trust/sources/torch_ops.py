"""Operators of PyTorch with the samples of its own test suite, as cases.

`op_db` lists the operators of PyTorch, each with samples of its arguments. The claim is reverse
mode, the truth is forward mode in float64. The two have formulas of their own for most operators;
for elementwise ones PyTorch derives the forward formula from the backward one. Operators that have
no forward mode are not used.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import optree
from benchmarks.trust.case import Case, Split
from benchmarks.trust.truth import FloatArray, agrees, flat

Array = npt.NDArray[Any]
Points = Literal["generic", "sample", "edge", "grid", "close to a kink"]

# Not used: as_strided_scatter (its reverse mode is not the derivative), cholesky_solve (both modes
# give the ignored triangle a derivative), cholesky_inverse (its forward mode is wrong), and the
# variants of max_unpool whose indices collide (which value wins is not defined). logcumsumexp is
# not used with large differences, where its forward mode is wrong.
THEMES: dict[str, str] = {
    "unary": """sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh exp exp2 expm1 log log2
        log10 log1p sqrt rsqrt reciprocal square sigmoid logit sinc deg2rad rad2deg neg positive
        erf erfc""",
    "special": """erfinv lgamma digamma polygamma mvlgamma i0 special.i0e special.i1 special.i1e
        special.ndtr special.ndtri special.log_ndtr special.entr special.erfcx special.xlog1py
        special.polygamma xlogy erf erfc sinc logaddexp logaddexp2""",
    "binary": """add sub mul div.no_rounding_mode true_divide pow float_power atan2 hypot lerp
        addcmul addcdiv logaddexp logaddexp2 ldexp rsub __radd__ __rmul__ __rdiv__ __rpow__ __rsub__
        copysign masked.logaddexp""",
    "products": """addmm addmm.decomposed addmv addbmm baddbmm bmm mm mv addr matmul __rmatmul__
        einsum tensordot linalg.multi_dot linalg.matrix_power matrix_exp linalg.vecdot
        nn.functional.linear nn.functional.bilinear cross linalg.cross dot vdot inner outer kron
        linalg.vander""",
    "reductions": """sum mean nanmean nansum prod var var.unbiased std std.unbiased std_mean
        std_mean.unbiased var_mean var_mean.unbiased logsumexp cov corrcoef trapz trapezoid trace
        masked.sum masked.prod masked.mean masked.var masked.std masked.logsumexp""",
    "norms": """norm norm.fro norm.nuc linalg.norm linalg.matrix_norm linalg.vector_norm dist
        nn.functional.normalize masked.norm masked.normalize renorm nn.functional.pairwise_distance
        nn.functional.cosine_similarity""",
    "solving": """linalg.solve linalg.solve_ex linalg.inv linalg.inv_ex linalg.det linalg.slogdet
        logdet linalg.cholesky linalg.cholesky_ex lu lu_solve
        lu_unpack linalg.lu linalg.lu_factor linalg.lu_factor_ex linalg.lu_solve triangular_solve
        linalg.solve_triangular linalg.tensorinv linalg.tensorsolve linalg.householder_product""",
    "decompositions": """qr linalg.qr linalg.eigh linalg.eigvalsh svd linalg.svd linalg.svdvals
        linalg.cond linalg.pinv linalg.pinv.singular linalg.pinv.hermitian pinverse
        linalg.lstsq.grad_oriented norm.nuc""",
    "indexing": """gather take take_along_dim index_select index_add index_copy index_fill index_put
        __getitem__ masked_select masked_fill masked_scatter scatter scatter_add scatter_reduce.sum
        scatter_reduce.mean select_scatter slice_scatter diagonal_scatter
        _unsafe_masked_index _unsafe_masked_index_put_accumulate nn.functional.embedding where put
        repeat_interleave select narrow narrow_copy""",
    "shape": """permute permute_copy transpose transpose_copy T H mT mH t t_copy view view_copy
        view_as reshape reshape_as ravel flatten unflatten squeeze squeeze.multiple squeeze_copy
        unsqueeze unsqueeze_copy expand expand_as expand_copy broadcast_to broadcast_tensors repeat
        tile roll rot90 flip fliplr flipud movedim cat stack hstack vstack dstack column_stack chunk
        unsafe_chunk split split.list_args unsafe_split split_with_sizes split_with_sizes_copy
        tensor_split hsplit vsplit dsplit unbind unbind_copy unfold unfold_copy as_strided
        as_strided_copy diag diag_embed diagonal diagonal_copy linalg.diagonal diagflat tril triu
        block_diag combinations cartesian_prod meshgrid.variadic_tensors meshgrid.list_of_tensors
        atleast_1d atleast_2d atleast_3d sum_to_size slice clone contiguous alias_copy
        nn.functional.pixel_shuffle nn.functional.pixel_unshuffle nn.functional.channel_shuffle""",
    "convolution": """nn.functional.conv1d nn.functional.conv2d nn.functional.conv3d
        nn.functional.conv_transpose1d nn.functional.conv_transpose2d
        nn.functional.conv_transpose3d nn.functional.unfold""",
    "resampling": """nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.avg_pool3d
        nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool2d
        nn.functional.adaptive_avg_pool3d nn.functional.interpolate nn.functional.upsample_bilinear
        nn.functional.upsample_nearest _upsample_bilinear2d_aa nn.functional.pad constant_pad_nd
        nn.functional.max_unpool1d.grad nn.functional.max_unpool2d.grad
        nn.functional.max_unpool3d.grad""",
    "normalisation": """nn.functional.batch_norm nn.functional.batch_norm.without_cudnn
        nn.functional.layer_norm nn.functional.group_norm nn.functional.instance_norm
        nn.functional.rms_norm nn.functional.local_response_norm native_batch_norm native_group_norm
        _native_batch_norm_legit _batch_norm_with_update nn.functional.normalize""",
    "losses": """nn.functional.mse_loss nn.functional.cross_entropy nn.functional.nll_loss
        nn.functional.linear_cross_entropy nn.functional.binary_cross_entropy
        nn.functional.binary_cross_entropy_with_logits nn.functional.soft_margin_loss
        nn.functional.kl_div nn.functional.poisson_nll_loss nn.functional.gaussian_nll_loss
        nn.functional.multilabel_soft_margin_loss nn.functional.cosine_embedding_loss""",
    "activations": """softmax log_softmax nn.functional.softmin nn.functional.gelu
        nn.functional.silu nn.functional.mish nn.functional.softplus nn.functional.softsign
        nn.functional.tanhshrink nn.functional.logsigmoid sigmoid nn.functional.glu
        _softmax_backward_data masked.softmax masked.log_softmax masked.softmin
        nn.functional.multi_head_attention_forward torch.ops.aten._safe_softmax.default""",
    "cumulative": """cumsum cumprod logcumsumexp cumulative_trapezoid diff gradient masked.cumsum
        masked.cumprod trapz trapezoid""",
    "fourier": "fft.hfft fft.hfft2 fft.hfftn fft.irfft fft.irfft2 fft.irfftn fft.fftshift "
    "fft.ifftshift",
    "kinked": """abs nn.functional.relu nn.functional.leaky_relu nn.functional.prelu
        nn.functional.relu6 nn.functional.hardtanh nn.functional.hardswish nn.functional.hardsigmoid
        nn.functional.softshrink nn.functional.elu
        nn.functional.celu nn.functional.selu clamp clamp_min clamp_max max.binary min.binary
        maximum minimum fmax fmin nn.functional.l1_loss nn.functional.smooth_l1_loss
        nn.functional.huber_loss nn.functional.hinge_embedding_loss
        nn.functional.margin_ranking_loss nn.functional.triplet_margin_loss
        nn.functional.triplet_margin_with_distance_loss""",
    "ordering": """max.reduction_with_dim max.reduction_no_dim min.reduction_with_dim
        min.reduction_no_dim amax amin aminmax masked.amax masked.amin masked.median median
        nanmedian kthvalue topk sort msort quantile nanquantile cummax cummin scatter_reduce.amax
        scatter_reduce.amin norm.inf nn.functional.max_pool1d nn.functional.max_pool2d
        nn.functional.max_pool3d nn.functional.adaptive_max_pool1d
        nn.functional.adaptive_max_pool2d nn.functional.adaptive_max_pool3d""",
    "jumps": "frac fmod remainder __rmod__ mode nn.functional.hardshrink nn.functional.threshold",
    "staircases": """ceil floor trunc round round.decimals_0 sign sgn div.trunc_rounding
        div.floor_rounding angle zero_ fill nextafter""",
    "edges": """log log2 log10 log1p sqrt rsqrt reciprocal asin acos acosh atanh logit erfinv
        special.ndtri special.entr lgamma digamma polygamma special.polygamma""",
    "growing": """exp exp2 expm1 sinh cosh prod cumprod softmax log_softmax logsumexp
        sigmoid tanh erf erfc special.erfcx special.log_ndtr nn.functional.cross_entropy pow
        nn.functional.silu nn.functional.softplus nn.functional.poisson_nll_loss i0 special.i1
        matrix_exp nn.functional.mish nn.functional.binary_cross_entropy_with_logits addcdiv
        linalg.matrix_power __rpow__ mvlgamma logaddexp masked.prod masked.logsumexp""",
    "random": """nn.functional.dropout nn.functional.dropout2d nn.functional.dropout3d
        nn.functional.rrelu""",
}

# Where the values of a generic point are drawn from, if not from N(0, 1).
_INTERVALS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "reciprocal"), (0.3, 3.0)),
    **dict.fromkeys(("lgamma", "digamma", "polygamma", "special.polygamma"), (0.5, 4.0)),
    **dict.fromkeys(("asin", "acos", "atanh", "erfinv"), (-0.85, 0.85)),
    **dict.fromkeys(("logit", "special.ndtri", "special.entr"), (0.1, 0.9)),
    **dict.fromkeys(("pow", "float_power", "__rpow__", "xlogy", "special.xlog1py"), (0.4, 2.5)),
    **dict.fromkeys(("__rdiv__", "addcdiv", "div", "true_divide"), (0.4, 2.5)),
    "log1p": (-0.7, 2.0),
    "acosh": (1.2, 4.0),
    "tan": (-1.2, 1.2),
    "mvlgamma": (3.0, 6.0),
    "nn.functional.binary_cross_entropy": (0.1, 0.9),
    "nn.functional.gaussian_nll_loss": (0.4, 2.0),
    "nn.functional.poisson_nll_loss": (0.4, 2.0),
    "nn.functional.kl_div": (0.1, 1.0),
    "norm": (0.2, 2.0),
}
# Where the domain ends, and on which side it lies.
_EDGES: dict[str, tuple[tuple[float, float], ...]] = {
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "reciprocal"), ((0.0, 1.0),)),
    **dict.fromkeys(("lgamma", "digamma", "polygamma", "special.polygamma"), ((0.0, 1.0),)),
    **dict.fromkeys(("asin", "acos", "atanh", "erfinv"), ((-1.0, 1.0), (1.0, -1.0))),
    **dict.fromkeys(("logit", "special.ndtri"), ((0.0, 1.0), (1.0, -1.0))),
    "special.entr": ((0.0, 1.0),),
    "log1p": ((-1.0, 1.0),),
    "acosh": ((1.0, 1.0),),
}
# Themes whose samples have structure (definite, triangular, well conditioned): moved a little.
_KEPT = ("solving", "decompositions")
# The same for operators with arguments that have to stay in an interval.
_KEPT_TOO = ("cov", "quantile", "nanquantile")
# Operators that take the order of a norm.
_WITH_ORDER = ("norm", "normalize", "renorm", "dist", "pairwise_distance")
# The samples that have this many components are used, except for the families of large ones.
_SIZES = (1, 200)


_ALIASES = {
    "true_divide": "div",
    "divide": "div",
    "fmax": "max",
    "fmin": "max",
    "maximum": "max",
    "minimum": "max",
    "min": "max",
    "amin": "amax",
    "cummin": "cummax",
    "trapz": "trapezoid",
    "cumulative_trapezoid": "trapezoid",
    "pinverse": "pinv",
    "logdet": "slogdet",
    "vdot": "dot",
    "linear_cross_entropy": "cross_entropy",
    "nll_loss": "cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "constant_pad_nd": "pad",
    "mod": "remainder",
    "fmod": "remainder",
    "log10": "log",
    "msort": "sort",
    "sgn": "sign",
    "smooth_l1_loss": "huber_loss",
    "ifftshift": "fftshift",
    "lu_factor": "lu",
    "triangular": "triangular_solve",
    "xlog1py": "xlogy",
    "triplet_margin_with_distance_loss": "triplet_margin_loss",
    "triu": "tril",
    "pixel_unshuffle": "pixel_shuffle",
    "upsample_bilinear": "interpolate",
    "upsample_bilinear2d_aa": "interpolate",
    "upsample_nearest": "interpolate",
    "softmin": "softmax",
    "safe_softmax": "softmax",
    "softmax_backward_data": "softmax",
    "vector_norm": "norm",
    "matrix_norm": "norm",
    "logaddexp2": "logaddexp",
    "float_power": "pow",
    "eigvalsh": "eigh",
    "svdvals": "svd",
    "solve_triangular": "triangular_solve",
    "batch_norm_with_update": "batch_norm",
    **dict.fromkeys(("T", "H", "mT", "mH", "t"), "transpose"),
    **dict.fromkeys(("stack", "hstack", "vstack", "dstack", "column_stack"), "stack"),
    **dict.fromkeys(("hsplit", "vsplit", "dsplit", "tensor_split"), "split"),
}
# Chosen so that every theme that the tuning families use has operators there.
_SALT = "264"


def stem(name: str) -> str:
    """Return what an operator has in common with its aliases, copies and dimensions."""
    name = re.sub(r"^(nn\.functional|linalg|special|masked|fft|torch\.ops\.aten)\.", "", name)
    name = re.sub(r"^__r(\w+)__$", r"\1", name).removesuffix(".default").lstrip("_")
    name = re.sub(r"^(unsafe_|native_|nan(?!_))", "", name)
    name = re.sub(r"_(ex|copy|mean|legit|factor|unpack|solve|as|min|max|to|tensors)$", "", name)
    name = re.sub(r"^(flip|split|polygamma)(lr|ud|_with_sizes)$", r"\1", name)
    name = _ALIASES.get(name, name)
    return re.sub(r"(?<=fft)n$|\dd?$", "", name) or name


def split_of(name: str) -> Split:
    """Return the split that an operator belongs to, by a hash of its stem."""
    digest = hashlib.sha256(f"{_SALT} {stem(name)}".encode()).digest()
    return "tuning" if digest[0] % 3 == 0 else "validation"


@functools.cache
def _operators() -> dict[str, Any]:
    """Return the differentiable operators by their name and variant; the import takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db

    return {
        op.name + (f".{op.variant_test_name}" if op.variant_test_name else ""): op
        for op in op_db
        if op.supports_autograd and op.supports_forward_ad
    }


def names(theme: str, split: Split) -> list[str]:
    """Return the operators of a theme that belong to a split, with their variants."""
    wanted = THEMES[theme].split()
    return [
        name
        for name, op in _operators().items()
        if (name in wanted or op.name in wanted) and split_of(op.name) == split
    ]


@functools.lru_cache(maxsize=64)
def _samples(name: str) -> list[Any]:
    import torch

    state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            op = _operators()[name]
            return list(op.sample_inputs("cpu", torch.float64, requires_grad=True))
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)  # noqa: NPY002


class _Unusable(Exception):
    """Says why a sample is not used."""


def _is_tensor(leaf: Any) -> bool:
    import torch

    return isinstance(leaf, torch.Tensor)


@dataclasses.dataclass
class _Call:
    """An operator with one sample of its arguments, as a function of what it is differentiated by.

    `leaves` are all arguments; those of `places[i]` are replaced by the i-th tensor.
    """

    op: Any
    structure: Any
    leaves: list[Any]
    places: list[list[int]]
    finish: Callable[[Any], Any] | None
    kept: list[int] = dataclasses.field(default_factory=list)
    cotangents: list[Any] = dataclasses.field(default_factory=list)

    def outputs(self, tensors: Sequence[Any]) -> list[Any]:
        """Return all outputs that are tensors."""
        leaves = [leaf.clone() if _is_tensor(leaf) else leaf for leaf in self.leaves]
        for tensor, places in zip(tensors, self.places, strict=True):
            for place in places:
                leaves[place] = tensor
        arguments: Any = optree.tree_unflatten(self.structure, leaves)
        value, positional, named = arguments
        out = self.op.gradcheck_wrapper(self.op.get_op(), value, *positional, **named)
        if self.finish is not None:
            out = self.finish(out)
        found: list[Any] = optree.tree_leaves(out, namespace="")
        return [leaf for leaf in found if _is_tensor(leaf)]

    def value(self, tensors: Sequence[Any]) -> Any:
        """Return the sum of the outputs times their cotangents, as a tensor."""
        outputs = self.outputs(tensors)
        terms = [
            (outputs[place] * cotangent).sum()
            for place, cotangent in zip(self.kept, self.cotangents, strict=True)
        ]
        return functools.reduce(lambda a, b: a + b, terms)

    def gradient(
        self, tensors: Sequence[Any], cotangents: Sequence[Any] | None = None
    ) -> list[Array]:
        """Return the derivatives by all tensors, by reverse mode."""
        import torch

        leaves = [tensor.requires_grad_() for tensor in tensors]
        outputs = self.outputs(leaves)
        parts = torch.autograd.grad(
            [outputs[place] for place in self.kept],
            leaves,
            list(self.cotangents if cotangents is None else cotangents),
            allow_unused=True,
        )
        return [
            (torch.zeros_like(leaf) if part is None else part).detach().numpy(force=True).copy()
            for leaf, part in zip(leaves, parts, strict=True)
        ]

    def forward(self, tensors: Sequence[Any]) -> FloatArray:
        """Return the derivatives by all tensors behind each other, by forward mode."""
        import torch
        from torch.autograd import forward_ad as forward

        forward_ad: Any = forward

        slopes = []
        for i, tensor in enumerate(tensors):
            tangent = torch.zeros_like(tensor)
            for place in np.ndindex(tuple(tensor.shape)):
                tangent[place] = 1.0
                with forward_ad.dual_level():
                    dual = forward_ad.make_dual(tensor, tangent.clone())
                    moved = [*tensors[:i], dual, *tensors[i + 1 :]]
                    slope = forward_ad.unpack_dual(self.value(moved)).tangent
                    slopes.append(0.0 if slope is None else float(slope))
                tangent[place] = 0.0
        return np.array(slopes, dtype=np.float64)


def _tensors(at: Sequence[Array]) -> list[Any]:
    import torch

    return [torch.tensor(part) for part in at]


def _prepare(name: str, sample: Any) -> tuple[_Call, list[Array]]:
    """Take a sample apart: into the call, and the values that it is differentiated by."""
    import torch

    arguments: Any = (sample.input, sample.args, sample.kwargs)
    leaves, structure = optree.tree_flatten(arguments, none_is_leaf=True, namespace="")
    places: dict[int, list[int]] = collections.defaultdict(list)
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, torch.dtype) and leaf.is_floating_point and leaf != torch.float64:
            raise _Unusable("computes in another precision")
        if not _is_tensor(leaf):
            continue
        if leaf.is_complex() or leaf.layout != torch.strided:
            raise _Unusable("complex or sparse argument")
        if leaf.requires_grad:
            places[id(leaf)].append(i)
    values = [leaves[found[0]].detach().numpy().copy() for found in places.values()]
    rest = [leaf.detach().clone() if _is_tensor(leaf) else leaf for leaf in leaves]
    call = _Call(
        op=_operators()[name],
        structure=structure,
        leaves=rest,
        places=list(places.values()),
        finish=sample.output_process_fn_grad,
    )
    return call, values


def _generic(
    name: str, values: list[Array], rng: np.random.Generator, *, kept: bool, sizes: tuple[int, int]
) -> list[Array]:
    """Return values of the same shapes inside the domain, as a user might have them."""
    op = _operators()[name]
    if kept or op.name in _KEPT_TOO:
        return [
            v + 0.05 * rng.standard_normal(v.shape) * (np.abs(v) + 0.1 * (v != 0)) for v in values
        ]
    from torch.testing._internal.opinfo.core import UnaryUfuncInfo

    shapes = [v.shape for v in values]
    if isinstance(op, UnaryUfuncInfo) and len(shapes) == 1:
        low, high = max(3, sizes[0]), min(60, sizes[1])
        if low < high:
            size = int(np.exp(rng.uniform(np.log(low), np.log(high))))
        else:
            size = int(rng.integers(*sizes))
        shapes = [(size,) if rng.random() < 0.5 else (max(1, size // 4), 4)]
    interval = _INTERVALS.get(op.name)
    if interval is not None:
        return [np.asarray(rng.uniform(*interval, shape)) for shape in shapes]
    return [np.asarray(rng.standard_normal(shape)) for shape in shapes]


def _edge(name: str, values: list[Array], rng: np.random.Generator) -> list[Array]:
    """Return generic values, some of them at 1e-7 to 1e-2 from an edge of the domain."""
    at = _generic(name, values, rng, kept=False, sizes=_SIZES)
    edges = _EDGES[_operators()[name].name]
    for part in at:
        chosen = rng.random(part.shape) < 0.25
        chosen.flat[rng.integers(part.size)] = True
        for place in np.argwhere(chosen):
            edge, side = edges[rng.integers(len(edges))]
            part[tuple(place)] = edge + side * 10.0 ** rng.uniform(-7, -2)
    return at


def _kink_between(
    call: _Call, first: list[Array], second: list[Array], distance: float
) -> list[Array]:
    """Return a point at a distance before a kink on the line between two points."""

    def along(t: float) -> list[Array]:
        return [np.asarray(a + t * (b - a)) for a, b in zip(first, second, strict=True)]

    def slopes(t: float) -> FloatArray:
        return flat(call.gradient(_tensors(along(t))))

    low, high = 0.0, 1.0
    before, after = slopes(low), slopes(high)
    for _ in range(50):
        middle = 0.5 * (low + high)
        between = slopes(middle)
        if np.linalg.norm(between - before) >= np.linalg.norm(after - between):
            high, after = middle, between
        else:
            low, before = middle, between
    if np.linalg.norm(after - before) < 1e-3 * np.linalg.norm(before):
        raise _Unusable("no kink found")
    return along(max(0.0, low - distance))


def _is_smooth(call: _Call, at: list[Array], rng: np.random.Generator) -> bool:
    """Whether no kink shows within 2e-3 of the point, relative to the values of its leaf."""
    here = flat(call.gradient(_tensors(at)))
    scales = [2e-3 * (np.abs(a) + np.sqrt(np.mean(a**2))) for a in at]
    for _ in range(4):
        moves = [np.asarray(s * rng.choice((-1.0, 1.0), s.shape)) for s in scales]
        sides = [
            flat(
                call.gradient(
                    _tensors([np.asarray(a + t * m) for a, m in zip(at, moves, strict=True)])
                )
            )
            for t in (-1.0, 1.0)
        ]
        bend = np.abs(sides[0] + sides[1] - 2 * here)
        if not np.all(bend <= 0.02 * (np.abs(here) + np.sqrt(np.mean(here**2)))):
            return False
    return True


def _has_kinked_norm(call: _Call) -> bool:
    """Whether the sample asks for a norm with kinks everywhere (0, 1, inf and their negatives)."""
    arguments: Any = optree.tree_unflatten(call.structure, call.leaves)
    _, positional, named = arguments
    order: Any = named.get("p", named.get("ord", positional[0] if positional else None))
    if _is_tensor(order):  # a second point; the order follows
        order = named.get("p", positional[1] if len(positional) > 1 else None)
    if isinstance(order, tuple | list):
        order = None
    numeric = isinstance(order, int | float) and not isinstance(order, bool)
    return numeric and (abs(order) in (0, 1, np.inf) or order < 0)


def _in_precision(call: _Call, dtype: Any, *, rounded: bool = False) -> _Call:
    """Return the call with all constants in a precision, perhaps rounded to float32 on the way."""
    import torch

    def convert(leaf: Any) -> Any:
        if isinstance(leaf, torch.dtype):
            raise _Unusable("names a precision")
        if not _is_tensor(leaf) or not leaf.is_floating_point():
            return leaf
        return (leaf.to(torch.float32) if rounded else leaf).to(dtype)

    return dataclasses.replace(
        call,
        leaves=[convert(leaf) for leaf in call.leaves],
        cotangents=[convert(cotangent) for cotangent in call.cotangents],
    )


def _draw_one(
    name: str,
    sample: Any,
    rng: np.random.Generator,
    *,
    points: Points,
    float32: bool,
    smooth: bool,
    kept: bool,
    sizes: tuple[int, int],
) -> tuple[_Call, list[Array], Callable[[], FloatArray]]:
    import torch

    call, values = _prepare(name, sample)
    if not values:
        raise _Unusable("nothing to differentiate by")
    if points == "sample":
        at = values
    elif points == "edge":
        at = _edge(name, values, rng)
    elif points == "grid":
        at = [np.asarray(rng.integers(-4, 5, v.shape) / 2.0) for v in values]
    else:
        at = _generic(name, values, rng, kept=kept, sizes=sizes)
    if not sizes[0] <= sum(part.size for part in at) <= sizes[1]:
        raise _Unusable("size")
    if smooth and stem(call.op.name) in _WITH_ORDER and _has_kinked_norm(call):
        raise _Unusable("norm with kinks")
    try:
        outputs = call.outputs([tensor.requires_grad_() for tensor in _tensors(at)])
    except (RuntimeError, ValueError) as error:
        raise _Unusable("the operator refuses these values") from error
    if any(output.is_complex() or output.layout != torch.strided for output in outputs):
        raise _Unusable("complex or sparse output")
    call.kept = [i for i, o in enumerate(outputs) if o.is_floating_point() and o.requires_grad]
    if not call.kept:
        raise _Unusable("no differentiable output")
    if any(outputs[i].dtype != torch.float64 for i in call.kept):
        raise _Unusable("computes in another precision")
    call.cotangents = [
        torch.tensor(rng.standard_normal(tuple(outputs[i].shape))) for i in call.kept
    ]
    if points == "close to a kink":
        other = _generic(name, values, rng, kept=kept, sizes=sizes)
        if any(a.shape != b.shape for a, b in zip(at, other, strict=True)):
            other = [np.asarray(rng.permutation(a.ravel()).reshape(a.shape) + 0.3) for a in at]
        at = _kink_between(call, at, other, 10.0 ** rng.uniform(-9, -3))
    if smooth and not _is_smooth(call, at, rng):
        raise _Unusable("kink or pole near the point")
    if not float32:
        exact = call
    else:
        at = [part.astype(np.float32) for part in at]
        exact = _in_precision(call, torch.float64, rounded=True)
        call = _in_precision(call, torch.float32)
        outputs = call.outputs([tensor.requires_grad_() for tensor in _tensors(at)])
        if any(outputs[i].dtype != torch.float32 for i in call.kept):
            raise _Unusable("computes in another precision")

    def truth() -> FloatArray:
        return exact.forward(_tensors([part.astype(np.float64) for part in at]))

    return call, at, functools.cache(truth)


def _check(
    call: _Call, at: list[Array], truth: Callable[[], FloatArray], *, float32: bool, flat_too: bool
) -> None:
    """Raise `_Unusable` where the value, the claim or the truth is not what a case needs."""
    value = float(call.value(_tensors(at)))
    if not np.isfinite(value):
        raise _Unusable("f is not finite")
    if float(call.value(_tensors(at))) != value:
        raise _Unusable("f is random")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call.value(_tensors(at))
    if seen:
        raise _Unusable("f warns")
    claim = call.gradient(_tensors(at))
    try:
        right = truth()
    except (RuntimeError, NotImplementedError) as error:
        raise _Unusable("no forward mode") from error
    if not np.all(np.isfinite(right)):
        raise _Unusable("the derivative is not finite")
    if not flat_too and not np.any(right):
        raise _Unusable("the derivative is 0")
    if not agrees(claim, right, roundoff=2.0**-24 if float32 else 2.0**-53):
        raise _Unusable("reverse and forward mode do not agree")


def _jacobian(call: _Call, at: list[Array]) -> FloatArray:
    """Return the derivatives of the only output by the first tensor, a row for each output."""
    import torch

    rows = []
    for i in range(call.cotangents[0].numel()):
        unit = torch.zeros_like(call.cotangents[0])
        unit.view(-1)[i] = 1.0
        rows.append(call.gradient(_tensors(at), [unit])[0].ravel())
    return np.array(rows)


def _mistakes(call: _Call, at: list[Array]) -> dict[str, Callable[[Any], list[Array]]]:
    """Return what people get wrong in a backward pass, as far as it makes sense for this call."""
    found: dict[str, Callable[[Any], list[Array]]] = {}
    sizes = [cotangent.numel() for cotangent in call.cotangents]

    def right(x: Any) -> list[Array]:
        return call.gradient(_tensors(x))

    def first_by(x: Any, change: Callable[[FloatArray, FloatArray], FloatArray]) -> list[Array]:
        parts = right(x)
        cotangent = call.cotangents[0].numpy().ravel()
        changed = change(_jacobian(call, x), cotangent)
        return [changed.reshape(parts[0].shape).astype(parts[0].dtype), *parts[1:]]

    def one_changed(place: int, change: Callable[[Array], Array]) -> Callable[[Any], list[Array]]:
        def mistaken(x: Any) -> list[Array]:
            parts = right(x)
            parts[place] = change(parts[place]).copy()
            return parts

        return mistaken

    if len(call.kept) == 1 and sizes[0] <= 200:
        if tuple(call.cotangents[0].shape) == at[0].shape and at[0].size > 1:
            found["slope forgotten: the cotangent passed through"] = lambda x: [
                call.cotangents[0].numpy().copy(),
                *right(x)[1:],
            ]
            found["diagonal of the Jacobian only"] = lambda x: first_by(
                x, lambda jacobian, cotangent: np.diag(jacobian) * cotangent
            )
        if sizes[0] == at[0].size > 1:
            found["Jacobian not transposed"] = lambda x: first_by(
                x, lambda jacobian, cotangent: jacobian @ cotangent
            )
        found["overwritten where it should be added up"] = lambda x: first_by(x, _overwritten)
    if len(call.kept) > 1:

        def without_last(x: Any) -> list[Array]:
            cotangents = [*call.cotangents[:-1], 0 * call.cotangents[-1]]
            return call.gradient(_tensors(x), cotangents)

        found["last output forgotten"] = without_last

    def stale(x: Any) -> list[Array]:
        return right([np.asarray(0.98 * part).astype(part.dtype) for part in x])

    found["values of the previous step"] = stale
    for i, part in enumerate(at):
        if len(at) > 1:
            found[f"argument {i} detached"] = one_changed(i, np.zeros_like)
        if part.ndim == 2 and part.shape[0] == part.shape[1] > 1:
            found[f"argument {i} transposed"] = one_changed(i, lambda g: g.T)
        if part.ndim >= 3 and part.shape[-1] > 1 and "conv" in call.op.name and i > 0:
            found["kernel flipped"] = one_changed(i, lambda g: g[..., ::-1])
        if len(at) > 1 and 1 < part.size < max(sizes) and max(sizes) % part.size == 0:
            found[f"argument {i}: mean over what was broadcast"] = one_changed(
                i, lambda g: (g * (g.size / max(sizes))).astype(g.dtype)
            )
        if part.ndim >= 1 and part.shape[0] > 2:
            found[f"argument {i}: last row left out"] = one_changed(
                i, lambda g: np.concatenate([g[:-1], np.zeros_like(g[-1:])])
            )
    return found


def _overwritten(jacobian: FloatArray, cotangent: FloatArray) -> FloatArray:
    """Return the gradient of ``g[i] = …`` in place of ``g[i] += …``: the last output wins."""
    result = np.zeros(jacobian.shape[1])
    for row, weight in zip(jacobian, cotangent, strict=True):
        reached = row != 0
        result[reached] = row[reached] * weight
    return result


def _is_wrong(claim: Sequence[Array], right: Sequence[Array]) -> bool:
    errors = [
        np.linalg.norm(np.ravel(c - r)) / np.linalg.norm(np.ravel(r))
        for c, r in zip(claim, right, strict=True)
        if np.any(r)
    ]
    return bool(errors) and bool(np.all(np.isfinite(errors))) and bool(max(errors) >= 1e-3)


def _some_mistakes(
    call: _Call, at: list[Array], rng: np.random.Generator
) -> dict[str, Callable[[Any], list[Array]]]:
    right = call.gradient(_tensors(at))
    found = _mistakes(call, at)
    order = [list(found)[i] for i in rng.permutation(len(found))]
    wanted = int(rng.integers(1, 5))
    result: dict[str, Callable[[Any], list[Array]]] = {}
    for name in order:
        if len(result) < wanted and _is_wrong(found[name](at), right):
            result[name] = found[name]
    return result


def _case(
    name: str,
    call: _Call,
    at: list[Array],
    truth: Callable[[], FloatArray],
    mistakes: dict[str, Callable[[Any], list[Array]]],
) -> Case:
    import torch

    single = at[0].dtype == np.float32

    def f(x: Any) -> Any:
        try:
            with torch.no_grad():
                value = call.value(_tensors(x)).item()
        except RuntimeError as error:  # outside its domain, as torch says it
            raise ValueError(str(error)) from error
        return np.float32(value) if single else float(value)

    return Case(
        name=name,
        f=f,
        gradient=lambda x: call.gradient(_tensors(x)),
        at=at,
        truth=truth,
        mistakes=mistakes,
    )


def draw(
    themes: Sequence[str],
    split: Split,
    rng: np.random.Generator,
    *,
    count: int = 25,
    float32: bool = False,
    points: Points = "generic",
    smooth: bool = True,
    flat_too: bool = False,
    spread: float = 0.0,
    sizes: tuple[int, int] = _SIZES,
    dropped: collections.Counter[str] | None = None,
) -> Iterator[Case]:
    """Draw cases from the operators of some themes.

    Parameters
    ----------
    themes, split
        The operators to draw from.
    rng
        What chooses operators, samples, values and cotangents.
    count
        At most so many cases, and at most three from one operator.
    float32
        Compute in float32 in place of float64.
    points
        The values: drawn anew, those of the sample, near an edge of the domain, multiples of a
        half, or next to a kink.
    smooth
        Leave out points with a kink or a pole nearby.
    flat_too
        Also use points where all derivatives are 0.
    spread
        Use only points whose largest derivative is so many times the smallest.
    sizes
        The fewest and the most components.
    dropped
        Counts what was not used, by reason and operator.
    """
    operators = [(name, theme in _KEPT) for theme in themes for name in names(theme, split)]
    operators = list(dict(operators).items())
    found = 0
    for _ in range(3):
        for i in rng.permutation(len(operators)):
            name, kept = operators[i]
            samples = _samples(name)
            for _attempt in range(3):
                if found == count:
                    return
                chosen = samples[rng.integers(len(samples))]
                try:
                    call, at, truth = _draw_one(
                        name,
                        chosen,
                        rng,
                        points=points,
                        float32=float32,
                        smooth=smooth,
                        kept=kept,
                        sizes=sizes,
                    )
                    _check(call, at, truth, float32=float32, flat_too=flat_too)
                    seen = np.abs(truth()[truth() != 0])
                    if spread and not seen.max() > spread * seen.min():
                        raise _Unusable("derivatives of one size")
                except _Unusable as reason:
                    if dropped is not None:
                        dropped[f"{reason}: {name}"] += 1
                    continue
                mistakes = _some_mistakes(call, at, rng) if rng.random() < 1 / 3 else {}
                found += 1
                yield _case(f"{name} {found}", call, at, truth, mistakes)
                break


def draw_random(rng: np.random.Generator, split: Split, *, count: int = 8) -> Iterator[Case]:
    """Draw functions with new random numbers at each call, the same ones in f and its gradient."""
    import torch

    operators = names("random", split)
    for i in range(count):
        name = operators[i % len(operators)]
        op = _operators()[name].get_op()
        dimensions = {"nn.functional.dropout2d": 4, "nn.functional.dropout3d": 5}.get(name, 2)
        shape = (3, 4, 2, 2, 2)[:dimensions]
        at = [rng.standard_normal(shape)]
        cotangent = rng.standard_normal(shape)
        rate = float(rng.uniform(0.1, 0.6))
        if name == "nn.functional.rrelu":
            named = {"lower": 0.5 * rate, "upper": rate, "training": True}
        else:
            named = {"p": rate, "training": True}

        def f(x: Any, op: Any = op, c: Array = cotangent, named: Any = named) -> float:
            return float((op(torch.tensor(x[0]), **named) * torch.tensor(c)).sum())

        def gradient(x: Any, op: Any = op, c: Array = cotangent, named: Any = named) -> list[Array]:
            leaf = torch.tensor(x[0], requires_grad=True)
            (op(leaf, **named) * torch.tensor(c)).sum().backward()
            return [np.asarray(leaf.grad)]

        yield Case(f"{name} {i + 1}", f, gradient, at)
