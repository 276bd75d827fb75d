"""What a check is asked to do, understood before anything is evaluated."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.phrases import listed
from gradproof._base.validation import described, positive_number
from gradproof.judge.plan import Plan
from gradproof.numerics.protocol import BoolArray
from gradproof.tree import Tree, select, unmatched


def plan_and_rtol(
    plan: str | Plan, rtol: float | None, self_test: bool
) -> tuple[Plan, float | None]:
    """Return the plan and the tolerance, or raise if they or `self_test` are not understood."""
    plan = plan if isinstance(plan, Plan) else Plan(plan)
    if rtol is not None:
        rtol = positive_number(rtol, "rtol")
        if rtol >= 1:
            raise InputError(f"rtol: found {rtol}, expected a relative error below 1, such as 1e-5")
    if not isinstance(self_test, bool):
        raise InputError(f"self_test: found {described(self_test)}, expected True or False")
    if self_test and plan.where in ("leaves", "project"):
        raise InputError(
            f"self_test: found True with plan={plan.where!r}, expected it with plan='every': "
            "broken claims are checked component by component"
        )
    return plan, rtol


def chosen_leaves(
    tree: Tree, include: str | Sequence[str] | None, exclude: str | Sequence[str] | None
) -> list[bool] | None:
    """Return which leaves are checked; None where all are."""
    if include is None and exclude is None:
        return None
    patterns = {}
    for name, given in (("include", include), ("exclude", exclude)):
        wanted: list[Any] = [] if given is None else [given]
        if isinstance(given, (Sequence, Set)) and not isinstance(given, str):
            wanted = list(given)
        if not all(isinstance(one, str) for one in wanted):
            raise InputError(
                f"{name}: found {described(given)}, expected patterns of addresses, such as 'W*'"
            )
        lost = unmatched(tree, wanted)
        if lost:
            known = listed(map(tree.address, tree.leaves), len(tree.leaves))
            raise InputError(f"{name}: found {lost[0]!r}, which no leaf matches; there are {known}")
        patterns[name] = wanted
    leaves = select(tree, patterns["include"], patterns["exclude"])
    if not any(leaves):
        raise InputError("include, exclude: found patterns that leave nothing to check")
    return list(leaves)


def chosen_components(
    tree: Tree, include: str | Sequence[str] | None, exclude: str | Sequence[str] | None
) -> BoolArray | None:
    """Return which components are checked; None where all are."""
    leaves = chosen_leaves(tree, include, exclude)
    return None if leaves is None else np.repeat(leaves, [leaf.size for leaf in tree.leaves])
