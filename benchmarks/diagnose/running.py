"""Checking the mutations of one family, in a module of its own for other processes to find."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from benchmarks.diagnose.naming import Named, kind_of
from benchmarks.trust import subject
from benchmarks.trust.case import Case, Family, Split, families
from benchmarks.trust.mutations import leaf_error
from benchmarks.trust.running import (
    Wrong,
    draw,
    dtype_of,
    right_gradient,
    unverified,
    wrong_gradients,
)
from benchmarks.trust.trees import Structure

_LARGEST = 1000
_LEAST = 4  # components of each leaf that is wrong, and visibly off in three of them


def run(name: str, plan: tuple[Split, int, int]) -> list[Named]:
    """Check mutations of one family, at most so many of each case."""
    split, seed, most = plan
    (family,) = (one for one in families(split) if one.name == name)
    found: list[Named] = []
    for case in draw(family, seed):
        if Structure(case.at).size > _LARGEST or dtype_of(family, case) != "float64":
            continue
        if unverified(family, case) is None:
            found += _of_case(family, case, seed, most)
    return found


def _of_case(family: Family, case: Case, seed: int, most: int) -> Iterator[Named]:
    right = right_gradient(case)
    for wrong in wrong_gradients(family, case, right, seed, most):
        if wrong.mutation.startswith("mistake: "):
            continue
        answer = subject.report(case, wrong.values, seed)
        yield Named(
            address=f"{family.name}::{case.name}::{wrong.mutation}",
            kind=kind_of(wrong.mutation),
            verdict=answer.verdict.value,
            # What could not be decided is no mistake.
            codes=tuple(cause.code for cause in answer.causes if cause.code >= "GP3"),
            tellable=_is_tellable(case, right, wrong),
            true=_true_of(case, right, wrong),
        )


def _true_of(case: Case, right: object, wrong: Wrong) -> frozenset[str]:
    """Return which of zero, sign and factor are exactly what happened to some leaf."""
    structure = Structure(case.at)
    was, now = structure.vector(right), structure.vector(wrong.values)
    codes = set()
    for where in structure.slices:
        before, after = was[where], now[where]
        if np.array_equal(before, after):
            continue
        if not np.any(after):
            codes.add("GP409")
        elif np.array_equal(before, -after):
            codes.add("GP301")
        elif np.any(before):
            largest = np.argmax(np.abs(before))
            factor = after[largest] / before[largest]
            if np.allclose(after, factor * before, rtol=1e-6, atol=0):
                codes.add("GP302")
    return frozenset(codes)


def _is_tellable(case: Case, right: object, wrong: Wrong) -> bool:
    """Whether every leaf that differs has some components, and differs in enough of them."""
    structure = Structure(case.at)
    _, places = leaf_error(wrong.values, right)
    touched = np.zeros(structure.size, dtype=bool)
    touched[places] = True
    for where, shape in zip(structure.slices, structure.shapes, strict=True):
        size = int(np.prod(shape))
        if np.any(touched[where]) and size < _LEAST:
            return False
    return True
