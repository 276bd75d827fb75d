"""Wrong gradients made from a right one, and how wrong they are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Container, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.trust.trees import Array, Structure
from benchmarks.trust.truth import agrees

IntArray = npt.NDArray[np.intp]

_PENALTY = 0.1
_FEW_ROUNDINGS = 30.0


def mutations(
    right: Any,
    at: Any,
    rng: np.random.Generator,
    *,
    gradient: Callable[[Any], Any] | None = None,
) -> Iterator[tuple[str, Any]]:
    """Yield wrong gradients as (name, claim), in the structure and dtypes of the right one.

    `gradient` computes the gradient elsewhere, for stale ones. A name is ``what: where``; leaves
    are numbered in the order of optree, components within the flattened leaf. What is the same as
    the right claim (up to a few roundoffs), not finite, or there already is left out.
    """
    structure = Structure(at)
    kept = structure.leaves_of(right)
    truth = structure.vector(right).astype(np.float64)
    roundoff = 2.0**-53 if truth.dtype == structure.vector(right).dtype else 2.0**-40
    seen: set[bytes] = set()
    with np.errstate(all="ignore"):
        for name, leaves in _candidates(kept, structure, rng, gradient):
            leaves = [
                np.asarray(leaf, dtype=own.dtype).reshape(own.shape)
                for leaf, own in zip(leaves, kept, strict=True)
            ]
            vector = np.concatenate([leaf.ravel() for leaf in leaves])
            if (
                not np.all(np.isfinite(vector))
                or agrees(vector, truth, roundoff=roundoff)
                or vector.tobytes() in seen
            ):
                continue
            seen.add(vector.tobytes())
            yield name, structure.tree(leaves)


def leaf_error(claim: Any, right: Any) -> tuple[float, npt.NDArray[np.intp]]:
    """Return the error of the worst leaf, and the numbers of the components that differ.

    The error of a leaf is ||claim - right|| / ||right||; where the right one is zero it is relative
    to the whole gradient, and infinite if that is zero too. It is infinite for numbers that are not
    finite.
    """
    structure = Structure(right)
    claims, rights = structure.leaves_of(claim), structure.leaves_of(right)
    whole = _norm(np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in rights]))
    worst, places, start = 0.0, [], 0
    for mine, theirs in zip(claims, rights, strict=True):
        error = (mine.astype(np.float64) - theirs.astype(np.float64)).ravel()
        places.append(start + np.flatnonzero(error != 0))
        start += error.size
        if not np.all(np.isfinite(error)):
            worst = np.inf
        elif np.any(error):
            size = _norm(theirs) or whole
            worst = max(worst, _norm(error) / size if size else np.inf)
    return worst, np.concatenate(places)


def stated_error(claim: Any, right: Any, apart: Container[tuple[Any, ...]] = ()) -> float:
    """Return the error in the sense of a report's resolution: that of the worst component.

    It is relative to the component, or to a typical one of its leaf (its root mean square) where
    that is larger; where the leaf is zero to a typical one of the whole gradient. Leaves that the
    report does not see, or compares with others, are left out.
    """
    structure = Structure(right)
    claims, rights = structure.leaves_of(claim), structure.leaves_of(right)
    whole = _rms(np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in rights]))
    worst = 0.0
    for path, mine, theirs in zip(structure.paths, claims, rights, strict=True):
        if path in apart:
            continue
        theirs = theirs.astype(np.float64)
        error = np.abs(mine.astype(np.float64) - theirs)
        if not np.all(np.isfinite(error)):
            return np.inf
        if np.any(error):
            size = np.maximum(np.abs(theirs), _rms(theirs) or whole)
            worst = max(worst, float(np.max(error / size)) if np.all(size) else np.inf)
    return worst


def error_beside_others(claim: Any, right: Any, at: Any, path: tuple[Any, ...]) -> float:
    """Return the error of a leaf that is claimed to be 0, beside what the other leaves do to f.

    What a component does is its derivative times its size (or a typical one of its leaf): the
    largest error of the leaf, relative to a typical component of the whole gradient.
    """
    structure = Structure(at)
    sizes = [np.maximum(np.abs(leaf), _rms(leaf)) for leaf in structure.leaves]
    scales = [np.where(size > 0, size, 1.0) for size in sizes]
    pairs = zip(structure.leaves_of(right), scales, strict=True)
    effects = np.concatenate([np.abs(leaf * scale).ravel() for leaf, scale in pairs])
    if not np.any(effects):
        return math.inf
    typical = min(_rms(effects), float(np.median(effects[effects > 0])))
    number = structure.paths.index(path)
    error = structure.leaves_of(claim)[number] - structure.leaves_of(right)[number]
    return float(np.max(np.abs(error) * scales[number])) / typical


def between_slopes(f: Callable[[Any], Any], claim: Any, right: Any, at: Any) -> bool:
    """Whether f has a kink where a claim differs, and the claim lies between the slopes there.

    Such a claim is neither right nor wrong.
    """
    structure = Structure(at)
    claims = structure.vector(claim).astype(np.float64)
    places = np.flatnonzero(claims != structure.vector(right).astype(np.float64))
    for i, low, high in _sides(f, structure, structure.vector(at), places):
        jump = high - low
        if not jump > 1e-3 * max(abs(low), abs(high)):
            return False
        if not low - 1e-3 * jump <= claims[i] <= high + 1e-3 * jump:
            return False
    return len(places) > 0


def outside_of_slopes(f: Callable[[Any], Any], claim: Any, at: Any) -> int | None:
    """Return a component whose claim is plainly outside of the slopes of its two sides, if any.

    What a framework returns at a kink need not lie between them: where terms of different sign
    have kinks at one point, it chooses for each of them.
    """
    structure = Structure(at)
    claims = structure.vector(claim).astype(np.float64)
    size = _rms(claims)
    for i, low, high in _sides(f, structure, structure.vector(at), np.arange(claims.size)):
        room = 1e-2 * max(abs(low), abs(high), size)
        if not low - room <= claims[i] <= high + room:
            return i
    return None


def _sides(
    f: Callable[[Any], Any], structure: Structure, x: Array, places: IntArray
) -> Iterator[tuple[int, float, float]]:
    """Yield components with the lower and the higher slope of their two sides.

    Plain differences at a millionth of the size of the component (a hundredth of the leaf's at
    least; a thousandth in float32).
    """
    share = 1e-3 if structure.dtype == np.float32 else 1e-6
    sizes = np.concatenate(
        [np.maximum(np.abs(x[where]), 1e-2 * _rms(x[where])) for where in structure.slices]
    )
    steps = share * np.where(sizes > 0, sizes, 1.0)
    value = float(f(structure.point(x)))
    for i in places.tolist():
        slopes = []
        for side in (-1, 1):
            moved = x.copy()
            moved[i] += side * steps[i]
            change = float(f(structure.point(moved))) - value
            slopes.append(change / (float(moved[i]) - float(x[i])))
        yield i, min(slopes), max(slopes)


def below_rounding(
    f: Callable[[Any], Any], claim: Any, right: Any, at: Any, roundoff: float
) -> bool:
    """Whether a claim is wrong by less than f can show, whatever is done.

    Where every component is moved by its whole size, or a typical one of its leaf, all errors
    together change f by a few roundings of its value.
    """
    structure = Structure(at)
    x = np.abs(structure.vector(at).astype(np.float64))
    error = structure.vector(claim).astype(np.float64) - structure.vector(right)
    sizes = np.concatenate(
        [np.maximum(x[where], _rms(x[where]) or 1.0) for where in structure.slices]
    )
    return bool(np.sum(np.abs(error) * sizes) < _FEW_ROUNDINGS * roundoff * abs(float(f(at))))


def _candidates(
    kept: list[Array],
    structure: Structure,
    rng: np.random.Generator,
    gradient: Callable[[Any], Any] | None,
) -> Iterator[tuple[str, list[Array]]]:
    right = [leaf.astype(np.float64) for leaf in kept]
    at = [leaf.astype(np.float64) for leaf in structure.leaves]
    moved = [] if gradient is None else list(_stale(gradient, structure, at, rng))
    yield from moved
    usual = _rms(np.concatenate([leaf.ravel() for leaf in right])) or (
        _rms(np.concatenate([leaf.ravel() for leaf in moved[-1][1]])) if moved else 1.0
    )
    yield from _everywhere(right, at)
    yield from _leaves(right, usual, rng)
    yield from _components(right, usual, rng)
    yield from _layouts(right, rng)


def _stale(
    gradient: Callable[[Any], Any],
    structure: Structure,
    at: list[Array],
    rng: np.random.Generator,
) -> Iterator[tuple[str, list[Array]]]:
    for share in (0.01, 0.1):
        leaves = [
            leaf + share * np.maximum(np.abs(leaf), 0.3 * _rms(leaf)) * rng.standard_normal(shape)
            for leaf, shape in zip(at, structure.shapes, strict=True)
        ]
        vector = np.concatenate([leaf.ravel() for leaf in leaves])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                elsewhere = structure.leaves_of(gradient(structure.point(vector)))
        except Exception:  # such as a point outside of the domain, whatever that raises
            continue
        yield f"stale: moved by {share:.0%}", [leaf.astype(np.float64) for leaf in elsewhere]


def _everywhere(right: list[Array], at: list[Array]) -> Iterator[tuple[str, list[Array]]]:
    yield "sign: all", [-leaf for leaf in right]
    for factor in (1.0001, 1.01, 1.5, 2.0):
        yield f"factor {factor:g}: all", [factor * leaf for leaf in right]
    pairs = list(zip(right, at, strict=True))
    yield "penalty missing: all", [leaf - _PENALTY * x for leaf, x in pairs]
    yield "penalty doubled: all", [leaf + _PENALTY * x for leaf, x in pairs]
    yield "absolute value: all", [np.abs(leaf) for leaf in right]
    limit = float(np.median(np.abs(np.concatenate([leaf.ravel() for leaf in right]))))
    yield "clipped: all", [np.clip(leaf, -limit, limit) for leaf in right]


def _leaves(
    right: list[Array], usual: float, rng: np.random.Generator
) -> Iterator[tuple[str, list[Array]]]:
    filled = [k for k, leaf in enumerate(right) if np.any(leaf)]
    sides = [side for leaf in right for side in leaf.shape if side > 1] or [10]

    def one(what: str, change: Callable[[Array], Array]) -> tuple[str, list[Array]]:
        k = int(rng.choice(filled))
        return f"{what}: leaf {k}", _with(right, k, change(right[k]))

    if filled:
        yield one("sign", lambda leaf: -leaf)
        for factor in (1.0001, 1.01, 1.5, 2.0):
            yield one(f"factor {factor:g}", lambda leaf, factor=factor: factor * leaf)  # type: ignore[misc]
        yield one("zero", np.zeros_like)
        count = int(rng.choice(sides))
        yield one(f"mean for sum: of {count}", lambda leaf: leaf / count)
    k = int(rng.integers(len(right)))
    size = _rms(right[k]) or usual
    yield f"constant offset: leaf {k}", _with(right, k, right[k] + 0.1 * size)
    matrices = [k for k in filled if right[k].ndim >= 2 and right[k].shape[0] > 1]
    if matrices:
        k = int(rng.choice(matrices))
        row = int(rng.choice(np.flatnonzero(np.any(right[k], axis=tuple(range(1, right[k].ndim))))))
        changed = right[k].copy()
        changed[row] = 0
        yield f"zero row: {row} of leaf {k}", _with(right, k, changed)


def _components(
    right: list[Array], usual: float, rng: np.random.Generator
) -> Iterator[tuple[str, list[Array]]]:
    filled = [k for k, leaf in enumerate(right) if np.any(leaf)]
    changes: list[tuple[str, float]] = [
        ("component x 1.001", 1.001),
        ("component x 1.5", 1.5),
        ("component's sign", -1.0),
        ("component zero", 0.0),
    ]
    for size, share in (("large", 1.0), ("median", 0.5), ("small", 0.0)):
        for what, factor in changes if filled else []:
            k = int(rng.choice(filled))
            order = np.argsort(np.abs(right[k]).ravel(), kind="stable")
            order = order[right[k].ravel()[order] != 0]
            i = int(order[round(share * (len(order) - 1))])
            changed = right[k].ravel().copy()
            changed[i] *= factor
            yield f"{what}, {size}: {i} of leaf {k}", _with(right, k, changed)
    k = int(rng.integers(len(right)))
    i = int(rng.integers(max(1, right[k].size)))
    if right[k].size:
        changed = right[k].ravel().copy()
        changed[i] += rng.choice([-1e-3, 1e-3]) * (_rms(right[k]) or usual)
        yield f"component + 1e-3: {i} of leaf {k}", _with(right, k, changed)


def _layouts(right: list[Array], rng: np.random.Generator) -> Iterator[tuple[str, list[Array]]]:
    for k in rng.permutation(len(right))[:4]:
        leaf = right[k]
        side = round(np.sqrt(leaf.size))
        if leaf.ndim == 2 and len(set(leaf.shape)) == 1:
            yield f"transposed: leaf {k}", _with(right, k, leaf.T)
        elif leaf.ndim == 2:
            yield f"memory order: leaf {k}", _with(right, k, leaf.T.reshape(leaf.shape))
        elif leaf.ndim == 1 and side > 1 and side * side == leaf.size:
            yield f"transposed: leaf {k}", _with(right, k, leaf.reshape(side, side).T)
        if leaf.ndim:
            axis = int(rng.integers(leaf.ndim))
            yield f"shifted: leaf {k}, axis {axis}", _with(right, k, np.roll(leaf, 1, axis))
            yield f"reversed: leaf {k}, axis {axis}", _with(right, k, np.flip(leaf, axis))
        if leaf.size > 1:
            i = int(rng.integers(leaf.size - 1))
            changed = leaf.ravel().copy()
            changed[[i, i + 1]] = changed[[i + 1, i]]
            yield f"swapped components: {i} of leaf {k}", _with(right, k, changed)
    twins = [
        (j, k)
        for j, first in enumerate(right)
        for k, second in enumerate(right[j + 1 :], j + 1)
        if first.shape == second.shape
    ]
    if twins:
        j, k = twins[int(rng.integers(len(twins)))]
        yield f"swapped leaves: {j} and {k}", _with(_with(right, j, right[k]), k, right[j])


def _with(right: list[Array], k: int, leaf: Array) -> list[Array]:
    return [leaf if j == k else other for j, other in enumerate(right)]


def _norm(values: Array) -> float:
    """Return the Euclidean norm, without overflow or underflow of the squares."""
    largest = float(np.max(np.abs(values), initial=0.0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.linalg.norm(np.ravel(values).astype(np.float64) / largest))


def _rms(values: Array) -> float:
    return _norm(values) / math.sqrt(max(1, values.size))
