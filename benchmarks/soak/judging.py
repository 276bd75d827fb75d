"""Whether a verdict is wrong, by what the report itself says that it could have seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.soak.draws import Draw
from benchmarks.trust.mutations import (
    below_rounding,
    between_slopes,
    error_beside_others,
    stated_error,
)
from benchmarks.trust.trees import Structure

import gradproof as gp

#: How many times as large as in a single component an error in several has to be.
BEYOND = 10.0


def complaint(one: Draw, report: gp.Report) -> str | None:
    """Return what is wrong about a verdict, or None."""
    if one.mistake is None:
        return "right, called wrong" if report.verdict == "fail" else None
    if report.verdict == "pass":
        return _missed(one, report)
    called = {leaf.path for leaf in report.leaves if leaf.verdict == "fail"}
    return "right tensor, called wrong" if called & _right_leaves(one) else None


def _right_leaves(one: Draw) -> set[tuple[object, ...]]:
    """Return the paths of the tensors that are claimed as they should be."""
    structure = Structure(one.right)
    pairs = zip(structure.leaves_of(one.claim), structure.leaves_of(one.right), strict=True)
    return {
        path
        for path, (claim, right) in zip(structure.paths, pairs, strict=True)
        if np.array_equal(claim, right)
    }


def _missed(one: Draw, report: gp.Report) -> str | None:
    """Say whether an error was passed that is larger than what would have been seen."""
    f = _repeating(one.f)
    if one.function.has_kinks and between_slopes(f, one.claim, one.right, one.at):
        return None  # neither right nor wrong
    roundoff = float(np.finfo(one.shape.dtype).eps) / 2
    if below_rounding(f, one.claim, one.right, one.at, roundoff):
        return None
    if report.certificate is None:
        return _beyond_components(one, report)
    return _beyond_certificate(one, report.certificate)


def _repeating(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return f with the same random numbers at every call, and none drawn behind it."""
    state = np.random.get_state()  # noqa: NPY002

    def repeated(at: Any) -> Any:
        try:
            return f(at)
        finally:
            np.random.set_state(state)  # noqa: NPY002

    return repeated


def _beyond_components(one: Draw, report: gp.Report) -> str | None:
    """Compare the worst component of each tensor with the resolution of that tensor."""
    unseen = {leaf.path for leaf in report.leaves if leaf.unseen == leaf.checked}
    beside = [leaf for leaf in report.leaves if leaf.relative_to_others]
    for leaf in report.leaves:
        if leaf.path in unseen or leaf in beside or not leaf.checked or leaf.undecided:
            continue
        others = {other.path for other in report.leaves if other is not leaf}
        error = stated_error(one.claim, one.truth, others)
        if error > leaf.resolution:
            return f"passed, {leaf.address} is off by {error:.1e}, visible {leaf.resolution:.1e}"
    for leaf in beside:
        error = error_beside_others(one.claim, one.truth, one.at, leaf.path)
        if error > leaf.resolution:
            return f"passed, {leaf.address} is off by {error:.1e} beside the other tensors"
    return None


def _beyond_certificate(one: Draw, certificate: gp.Certificate) -> str | None:
    """Compare components with what would have been seen in one alone, and norms with bounds.

    How far components were moved is not known here; but whatever it was, the norm of the error is
    at least the smallest relative error of a component times the norm of the claim. Along eight
    directions errors of several components do not cancel.
    """
    structure = Structure(one.truth)
    claims, truths = structure.leaves_of(one.claim), structure.leaves_of(one.truth)
    known = {leaf.path: leaf for leaf in certificate.leaves}
    whole = math.inf
    for path, claim, truth in zip(structure.paths, claims, truths, strict=True):
        claim = claim.astype(np.float64)
        error = np.abs(claim - truth)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.nan_to_num(error / np.abs(claim), nan=0.0, posinf=np.inf)
        least = float(np.min(relative, initial=math.inf))
        whole = min(whole, least)
        leaf = known.get(path)
        if leaf is None:
            continue
        if leaf.bound is not None and least > leaf.bound:
            return f"passed, {leaf.address} is off by {least:.1e}, bound {leaf.bound:.1e}"
        typical = math.sqrt(np.mean(np.square(claim)))
        largest = float(np.max(error, initial=0.0))
        if leaf.bound is None and typical and largest > BEYOND * leaf.single * typical:
            return f"passed, {leaf.address} is off by {largest / typical:.1e} in a component"
    if whole > certificate.bound:
        return f"passed, off by {whole:.1e}, bound {certificate.bound:.1e}"
    return None
