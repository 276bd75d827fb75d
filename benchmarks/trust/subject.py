"""The checker that the bench is about, used as its users do."""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import Any

import numpy as np
from benchmarks.trust.case import Case

import gradproof as gp

NAME = "gradproof"


@dataclasses.dataclass(frozen=True)
class LeafCount:
    """What a report says about one leaf: its verdict, and how many components were what."""

    path: tuple[Any, ...]
    verdict: str
    checked: int
    wrong: int
    undecided: int
    unseen: int
    relative_to_others: int
    resolution: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """A report in numbers; the verdict is ``error`` where the check itself raised."""

    verdict: str
    evaluations: int
    resolution: float
    leaves: tuple[LeafCount, ...]
    headline: str


def report(case: Case, claim: Any, seed: int) -> gp.Report:
    """Check a claim, values or a function of the point, for the gradient of a case.

    Every component is measured, whatever their number: verdicts are counted by component.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        problem = gp.Problem(case.f, claim, case.at, **case.options)
        return gp.check(problem, plan="every", seed=seed)


def judge(case: Case, claim: Any, seed: int) -> Answer:
    """Return the report in numbers."""
    try:
        found = report(case, claim, seed)
    except Exception as error:
        return Answer("error", 0, math.inf, (), f"{type(error).__name__}: {error}")
    leaves = tuple(
        LeafCount(
            leaf.path,
            str(leaf.verdict),
            leaf.checked,
            leaf.wrong,
            leaf.undecided,
            leaf.unseen,
            leaf.relative_to_others,
            leaf.resolution,
        )
        for leaf in found.leaves
    )
    return Answer(str(found.verdict), found.evaluations, found.resolution, leaves, found.headline)
