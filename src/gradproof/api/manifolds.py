"""Checks of Riemannian gradients, as checks of gradients in the space around the manifold."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.api.claims import MISTAKES, failed_by
from gradproof.api.options import chosen_components
from gradproof.api.report import Report
from gradproof.judge.parts import CauseFinding, Curve
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Manifold, Problem
from gradproof.tree import flatten

if TYPE_CHECKING:
    from gradproof.engine.pullback import Pullback

_NOTE = "on a manifold: claimed and measured are slopes along the projections of the components"
_RTOL = 1e-6


def check_on_manifold(
    problem: Problem,
    manifold: Manifold,
    check: Callable[..., Report],
    seed: int,
    *,
    budget: Any,
    **options: Any,
) -> Report:
    """Check the slopes of a gradient along the tangent space, then that it is tangent itself."""
    # Imported with the first such check, as the engine is.
    from gradproof.engine.pullback import Pullback
    from gradproof.frameworks.numpy_space import NumpySpace

    tree, values = flatten(problem.at, problem.root)
    space = NumpySpace(tree, values)
    pullback = Pullback(problem, manifold, tree, space.x, space.types)
    v = pullback.require_sound(np.random.default_rng(seed))
    pulled = dataclasses.replace(
        problem,
        f=functools.wraps(problem.f)(functools.partial(pullback.f)),
        gradient=pullback.gradient,
        manifold=None,
    )
    report = check(pulled, seed=seed, budget=budget, **options)
    report = dataclasses.replace(report, notes=(*report.notes, _NOTE))
    measured = any(leaf.checked for leaf in report.leaves) or report.certificate is not None
    if pullback.claim is None or not measured or budget.is_spent:
        return report
    before, causes = budget.count, []
    if report.verdict is Verdict.FAIL and manifold.inner is not None:
        # Is it the gradient of the Euclidean metric? That is a check of its own.
        alone = {"workers": None, "journal": None, "self_test": False}
        other = pullback.in_euclidean_metric()
        if other is not None:
            asked = dataclasses.replace(pulled, gradient=other)
            if check(asked, seed=seed, budget=budget, **options | alone).passed:
                causes.append(_finding("GP602"))
    curve = pullback.along(v, report.noise, budget)
    chosen = chosen_components(tree, options["include"], options["exclude"])
    normal = pullback.claim - pullback.project(pullback.claim)
    normal = normal if chosen is None else np.where(chosen, normal, 0.0)
    not_tangent = _not_tangent(pullback, report, curve, normal, float(np.linalg.norm(v)))
    if not_tangent is not None:
        causes.append(not_tangent)
    found = vars(report).copy()
    if causes:
        known = [cause for cause in report.causes if not cause.code.startswith(MISTAKES)]
        others = known if causes[0].code == "GP602" else report.causes
        found |= failed_by(causes[0], report, [*causes[1:], *others])
    if budget.is_spent:
        found["notes"] = (*report.notes, budget.note)
        found["interrupted"] = budget.interrupted
    if curve is not None:
        found["curves"] = (*report.curves, curve)
    found["evaluations"] += budget.count - before
    return Report(**found)


def _not_tangent(
    pullback: Pullback, report: Report, curve: Curve | None, normal: FloatArray, unit: float
) -> CauseFinding | None:
    """Say by how much a gradient is not tangent, if that is more than its tolerance.

    Where f moves far more than a gradient says (at a minimum), its rounding is no normal part.
    `normal` is what of it is not tangent, `unit` the length of a unit tangent in the space around.
    """
    assert pullback.claim is not None
    length, off = float(np.linalg.norm(pullback.claim)), float(np.linalg.norm(normal))
    size = length
    if curve is not None:
        moved = np.abs([curve.plus, curve.minus]) / curve.steps
        size = max(size, unit * float(np.max(moved[np.isfinite(moved)], initial=0.0)))
    rtol = report.rtol if math.isfinite(report.rtol) else _RTOL
    if not off > rtol * size:
        return None
    tree = pullback.tree
    parts = [float(np.linalg.norm(normal[leaf.start : leaf.stop])) for leaf in tree.leaves]
    where = [
        tree.address(leaf)
        for leaf, part in zip(tree.leaves, parts, strict=True)
        if part > rtol * max(parts)
    ]
    return _finding("GP601", *where, off=off / length, tangent=report.verdict.value)


def _finding(code: str, *addresses: str, **parameters: Any) -> CauseFinding:
    from gradproof.judge.causes import CATALOGUE  # much text, for those who need it

    return CATALOGUE[code].finding(*addresses, **parameters)
