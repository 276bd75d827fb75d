"""As accurate as the arithmetic allows? A gradient in low precision, against one in float64."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from gradproof._base.outcomes import Verdict, overall
from gradproof._base.phrases import counted
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.diagnosis import diagnose
from gradproof.judge.factors import uniform_ratio
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding
from gradproof.judge.report import MOST_CULPRITS, Price, Record, versions
from gradproof.judge.suspect import Suspect, signs_of
from gradproof.numerics.protocol import BoolArray, FloatArray
from gradproof.numerics.scales import natural_scales
from gradproof.tree import Leaf, Tree

_TIMES = 8.0  # the error of the plain function, at the component or typically
_ROUNDINGS = 8.0
_STANDS_OUT = 8.0  # times the median: what counts for a typical one at most
_PRECISION = 0.05  # of a gradient: errors up to here may be those of arithmetic


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Gradients:
    """The gradient of f, of the reference in the arithmetic of f, and of the reference in float64.

    As vectors; `roundoffs` are the unit roundoffs of the leaves.
    """

    claim: FloatArray
    plain: FloatArray
    truth: FloatArray
    roundoffs: tuple[float, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class _Leaf:
    """One leaf: by how much the claim is off, what is allowed, and the errors beside that.

    `open_` are components that the reference has no finite number for in the arithmetic of f.
    """

    leaf: Leaf
    off: FloatArray
    allowed: FloatArray
    open_: BoolArray
    times: float
    size: float

    @property
    def wrong(self) -> BoolArray:
        result: BoolArray = ~(self.off <= self.allowed) & ~self.open_
        return result

    @property
    def undecided(self) -> BoolArray:
        result: BoolArray = ~(self.off <= self.allowed) & self.open_
        return result

    @property
    def is_inaccurate(self) -> bool:
        """Whether what is wrong may be the arithmetic of f, and no formula."""
        return bool(np.any(self.wrong)) and _rms(self.off) <= _PRECISION * self.size


def judge_accuracy(
    tree: Tree,
    found: Gradients,
    x: FloatArray,
    *,
    value: float,
    facts: Mapping[str, float],
    notes: Sequence[str],
    price: Price,
) -> Record:
    """Judge every component by the error that the plain function has in the same arithmetic.

    Allowed are eight times that error, of the component or of a typical one of its leaf, and eight
    roundings of both.
    """
    leaves = [_measure(leaf, found, k) for k, leaf in enumerate(tree.leaves)]
    findings = tuple(_finding(tree, one, found) for one in leaves)
    verdict = overall({one.verdict for one in findings})
    causes = _causes(tree, leaves, findings, found, x, facts)
    typical = [one.bar for one in findings if math.isfinite(one.bar)]
    return Record(
        verdict=verdict,
        headline=_headline(verdict, leaves),
        **vars(price),
        rtol=max(typical, default=float("nan")),
        resolution=max(typical, default=float("inf")),
        value=value,
        noise=float("nan"),
        leaves=findings,
        culprits=_culprits(tree, leaves, found, x),
        patterns=(),
        causes=tuple(causes),
        notes=tuple(notes),
        controls=(),
        certificate=None,
        versions=versions(),
    )


def _rms(values: FloatArray) -> float:
    """Return the root mean square of what is finite."""
    values = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def _typical(values: FloatArray) -> float:
    """Return a typical size: a few that stand out far do not count."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return min(_rms(values), _STANDS_OUT * float(np.median(sizes))) if sizes.size else 0.0


def _measure(leaf: Leaf, found: Gradients, number: int) -> _Leaf:
    part = slice(leaf.start, leaf.stop)
    truth, u = found.truth[part], found.roundoffs[number]
    with np.errstate(invalid="ignore"):
        off, plain = (np.abs(one[part] - truth) for one in (found.claim, found.plain))
    open_ = ~np.isfinite(plain)
    typical, size = _typical(plain), _typical(truth)
    compared = _TIMES * np.maximum(np.where(open_, 0.0, plain), typical)
    allowed = np.nan_to_num(compared + _ROUNDINGS * u * (np.abs(truth) + size), posinf=0.0)
    least = max(typical, u * size)
    error = _rms(off[~open_])
    times = error / least if least > 0 else math.inf if error else 0.0
    return _Leaf(leaf, off, allowed, open_, times, size)


def _finding(tree: Tree, one: _Leaf, found: Gradients) -> LeafFinding:
    part = slice(one.leaf.start, one.leaf.stop)
    claim, truth = found.claim[part], found.truth[part]
    wrong, undecided = int(np.sum(one.wrong)), int(np.sum(one.undecided))
    typical = np.maximum(np.abs(truth), one.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        off, bar = one.off / typical, one.allowed / typical
    widest = float(np.max(bar[np.isfinite(bar)], initial=0.0))
    worst = None
    if wrong:
        beyond = np.where(one.wrong, np.nan_to_num(one.off - one.allowed, nan=np.inf), -np.inf)
        worst = _component(tree, one, found, int(np.argmax(beyond)))
    return LeafFinding(
        address=tree.address(one.leaf),
        path=one.leaf.path,
        shape=one.leaf.own_shape,
        verdict=Verdict.FAIL if wrong else Verdict.INCONCLUSIVE if undecided else Verdict.PASS,
        discrepancy=float(np.max(off[np.isfinite(off)], initial=0.0)),
        bar=widest,
        resolution=widest,
        checked=truth.size,
        wrong=wrong,
        undecided=undecided,
        relative_to_itself=truth.size - wrong - undecided,
        relative_to_leaf=0,
        relative_to_others=0,
        unseen=0,
        reason=None,
        ratio=uniform_ratio(claim, truth, one.allowed) if wrong else None,
        worst=worst,
    )


def _component(tree: Tree, one: _Leaf, found: Gradients, place: int) -> ComponentFinding:
    index = tuple(int(i) for i in np.unravel_index(place, one.leaf.shape)) if one.leaf.shape else ()
    allowed = float(one.allowed[place])
    return ComponentFinding(
        address=tree.address(one.leaf, index),
        path=one.leaf.path,
        index=index,
        claimed=float(found.claim[one.leaf.start + place]),
        measured=float(found.truth[one.leaf.start + place]),
        bar=allowed,
        truncation=0.0,
        noise=allowed,
        visible=allowed,
    )


def _culprits(
    tree: Tree, leaves: Sequence[_Leaf], found: Gradients, x: FloatArray
) -> tuple[ComponentFinding, ...]:
    ranked: list[tuple[float, _Leaf, int]] = []
    for one in leaves:
        effect = one.off * _scales(one.leaf, found, x)
        places = np.flatnonzero(one.wrong).tolist()
        ranked += [(float(effect[place]), one, place) for place in places]
    ranked.sort(key=lambda item: -item[0])
    return tuple(_component(tree, one, found, at) for _, one, at in ranked[:MOST_CULPRITS])


def _scales(leaf: Leaf, found: Gradients, x: FloatArray) -> FloatArray:
    part = slice(leaf.start, leaf.stop)
    return natural_scales(x[part], found.truth[part])


def _causes(
    tree: Tree,
    leaves: Sequence[_Leaf],
    findings: Sequence[LeafFinding],
    found: Gradients,
    x: FloatArray,
    facts: Mapping[str, float],
) -> list[CauseFinding]:
    """Return what explains the leaves: the precision of the arithmetic, or a mistake."""
    inaccurate = [one for one in leaves if one.is_inaccurate]
    causes = []
    if inaccurate:
        addresses = [tree.address(one.leaf) for one in inaccurate]
        times = max(one.times for one in inaccurate)
        causes.append(CATALOGUE["GP503"].finding(*addresses, times=times))
    wrong = [one for one in leaves if np.any(one.wrong) and not one.is_inaccurate]
    claims = {
        tree.address(one.leaf): found.claim[one.leaf.start : one.leaf.stop].reshape(one.leaf.shape)
        for one in leaves
    }
    blamed = {tree.address(one.leaf) for one in leaves if np.any(one.wrong)}
    suspects = []
    for one in wrong:
        part, shape = slice(one.leaf.start, one.leaf.stop), one.leaf.shape
        address = tree.address(one.leaf)
        suspects.append(
            Suspect(
                address=address,
                claim=claims[address],
                x=x[part].reshape(shape),
                measured=np.where(one.open_, np.nan, found.truth[part]).reshape(shape),
                room=one.allowed.reshape(shape),
                rounding=np.zeros(shape),  # `allowed` is relative to the truth
                weight=_scales(one.leaf, found, x).reshape(shape),
                right={k: claim for k, claim in claims.items() if k not in blamed},
                wrong_too={k: claims[k] for k in blamed if k != address},
                facts=facts,
                signs=signs_of(one.leaf),
            )
        )
    return causes + (diagnose(suspects, findings) if suspects else [])


def _headline(verdict: Verdict, leaves: Sequence[_Leaf]) -> str:
    times = max((one.times for one in leaves), default=0.0)
    if verdict is Verdict.PASS:
        return f"as accurate as the reference in the same arithmetic: {times:.2g} times its error"
    if verdict is Verdict.INCONCLUSIVE:
        count = sum(int(np.sum(one.undecided)) for one in leaves)
        size = sum(one.off.size for one in leaves)
        return (
            f"{count:,} of {counted(size, 'component')} undecided: the reference is not finite "
            "there in the arithmetic of f"
        )
    wrong = sum(bool(np.any(one.wrong)) for one in leaves)
    are = "is" if wrong == 1 else "are"
    return (
        f"{wrong} of {counted(len(leaves), 'tensor')} {are} off by more than the arithmetic "
        f"explains: {times:.2g} times the error of the reference"
    )
