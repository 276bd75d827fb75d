"""Parameters that are checked in pieces: which are, and what follows where a gradient is wrong."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.judge.plan import Plan
from gradproof.judge.report import Record
from gradproof.problems import Problem
from gradproof.tree import Tree

if TYPE_CHECKING:
    from gradproof.engine.budget import Budget

MANY = 1 << 22  # components, from which on copies in float64 cost more than directions made anew
_BYTES_OF_A_COMPONENT = 150  # where all is kept
_OF_FREE_MEMORY = 0.5
_NO_ROOM = (
    "single components were not searched, which takes about {} GiB: check a part of the "
    "parameters by include=, or a smaller model"
)


def is_in_pieces(problem: Problem, tree: Tree, values: Sequence[Any], plan: Plan) -> bool:
    """Whether arrays of this process are checked in pieces: very many, or in a file."""
    if plan.where not in ("project", "leaves") or problem.bounds is not None:
        return False
    if tree.is_complex:
        return False
    if any(isinstance(value, np.memmap) for value in values):
        return True
    # In float64 far more is seen: what may be promoted is, where there is room.
    promotes = problem.promote == "auto" and any(map(_is_short, values))
    return tree.size >= MANY and not (promotes and _has_room(tree))


def searched(
    record: Record, whole: Callable[[], Record], tree: Tree, plan: Plan, budget: Budget
) -> Record:
    """Return what `whole` finds, which checks arrays and searches, where pieces were wrong."""
    if record.verdict is not Verdict.FAIL or not plan.search or budget.is_spent:
        return record
    if not _has_room(tree):
        needed = _BYTES_OF_A_COMPONENT * tree.size
        note = _NO_ROOM.format(max(1, round(needed / 2**30)))
        return dataclasses.replace(record, notes=(*record.notes, note))
    found = whole()
    return dataclasses.replace(
        found,
        gradient_calls=record.gradient_calls + found.gradient_calls,
        seconds=record.seconds + found.seconds,
    )


def _is_short(value: Any) -> bool:
    """Whether numbers have fewer digits than those of float64."""
    return getattr(getattr(value, "dtype", None), "itemsize", 8) < np.dtype(np.float64).itemsize


def _has_room(tree: Tree) -> bool:
    """Whether all that is as long as the parameters fits into memory at once."""
    return _BYTES_OF_A_COMPONENT * tree.size <= _OF_FREE_MEMORY * _free_memory()


def _free_memory() -> float:
    """Return how many bytes are free, infinity where the system does not tell."""
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return np.inf
