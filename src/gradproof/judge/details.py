"""What pictures of a report are drawn from: every component, and the steps at some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from gradproof.judge.evidence import Evidence, Steps
from gradproof.judge.parts import ComponentFinding, Curve, TensorValues
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Leaf, Tree

MOST_CURVES = 8

T = TypeVar("T", bound=np.generic)


def curves_of(
    tree: Tree, evidence: Evidence, components: Sequence[ComponentFinding]
) -> tuple[Curve, ...]:
    """Return the tables of differences of the first components that have one."""
    places = [tree.place(one.path, one.index)[1] for one in components]
    found = [
        _curve(one, evidence.tables[place], evidence)
        for one, place in zip(components, places, strict=True)
        if place in evidence.tables
    ]
    return tuple(found[:MOST_CURVES])


def tensors_of(tree: Tree, evidence: Evidence) -> tuple[TensorValues, ...]:
    """Return what was claimed and measured, tensor by tensor; NaN where nothing was measured."""
    c, unit = evidence.components, evidence.unit
    unknown = np.zeros(c.value.size, dtype=bool) if evidence.fixed is None else evidence.fixed
    measured, bar = (np.where(unknown, np.nan, part * unit) for part in (c.value, c.bar))
    return tuple(
        TensorValues(
            address=tree.address(leaf),
            path=leaf.path,
            shape=leaf.shape,
            claimed=of_leaf(leaf, c.claim * unit),
            measured=of_leaf(leaf, measured),
            bar=of_leaf(leaf, bar),
        )
        for leaf in tree.leaves
    )


def of_leaf(leaf: Leaf, values: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return the part of a leaf of something of all components, in its shape."""
    return values[leaf.start : leaf.stop].reshape(leaf.shape)


def _curve(one: ComponentFinding, steps: Steps, evidence: Evidence) -> Curve:
    unit = evidence.unit

    def listed(values: FloatArray) -> tuple[float, ...]:
        return tuple(map(float, values * unit))

    return Curve(
        address=one.address,
        claimed=one.claimed,
        measured=one.measured,
        bar=one.bar,
        noise=evidence.noise,
        steps=tuple(map(float, steps.step)),
        plus=listed(steps.plus),
        minus=listed(steps.minus),
        chosen=steps.chosen,
    )
