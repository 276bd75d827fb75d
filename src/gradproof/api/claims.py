"""Checks of claims about functions of several values, as checks of gradients."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict
from gradproof.api.report import Report
from gradproof.api.sparse import check_sparse, sparse_matrix
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding
from gradproof.problems import Problem
from gradproof.tree import flatten

if TYPE_CHECKING:
    from gradproof.engine.claimed import OutputsFound

_WRONG = "GP3", "GP4"  # codes of mistakes in gradients
_UNSOUND = {"GP101", "GP103", "GP104", "GP105", "GP107", "GP108", "GP208"}


def check_claim(
    problem: Problem,
    check: Callable[..., Report],
    seed: int,
    *,
    name: str = "output",
    budget: Any,
    **options: Any,
) -> Report:
    """Check a claim as the gradient of ⟨u, f⟩, and find the outputs that are wrong.

    `name` is what the values of f are called.
    """
    claim = problem.gradient
    if problem.terms is not None:
        raise InputError(
            f"terms: found {problem.terms!r} with a {type(claim).__name__}, expected None: the "
            "outputs of f are tested with cotangents"
        )
    # Imported with the first such check, as the engine is.
    from gradproof.engine.claimed import Claimed, OutputsFound
    from gradproof.frameworks.numpy_space import NumpySpace

    tree, values = flatten(problem.at, problem.root)
    space = NumpySpace(tree, values)
    asked = Claimed(problem, tree, space, seed, name)
    told: tuple[str, ...] = ()
    sparse = None if _is_shared_out(options) else sparse_matrix(problem, space.fresh)
    if sparse is not None:
        of_entries, told = check_sparse(
            asked.weighted(), sparse, asked.outputs, tree, values, seed, budget=budget, **options
        )
        if of_entries is not None:
            return of_entries
    asked_problem = asked.along_tangents() if asked.moves_along_tangents else asked.weighted()
    report = check(asked_problem, seed=seed, budget=budget, **options)
    outputs = asked.outputs.tree
    if outputs is None or any(cause.code in _UNSOUND for cause in report.causes):
        return report
    found = vars(report).copy()
    notes = [*report.notes, *told]
    if outputs.size > 1:
        notes.append(
            f"{asked.outputs.owner} has {outputs.size:,} outputs: they were "
            "tested together, with a random cotangent"
        )
    if asked.moves_along_tangents:
        notes.append(
            f"{asked.tree.size:,} components were moved along {asked.TANGENTS} random tangents, "
            "and none by itself: gp.VJP tells which is wrong"
        )
    with np.errstate(all="ignore"), asked.kept():
        unsound = asked.what_is_no_product()
        looks = outputs.size > 1 and report.culprits and not asked.moves_along_tangents
        looks = looks and not budget.is_spent
        singly = OutputsFound(report.culprits, outputs.size)
        if looks and not unsound:
            singly = asked.outputs_of(report)
    if unsound:
        guesses = [cause for cause in report.causes if cause.code != "GP399"]
        found |= failed_by(unsound, report, guesses)
    elif singly.unsound:
        found |= failed_by(singly.unsound, report, [])
    elif singly.causes and (singly.only_some or "GP399" in {one.code for one in report.causes}):
        # What ⟨u, f⟩ seems to be wrong by is a mixture of the outputs.
        others = (cause for cause in report.causes if not cause.code.startswith(_WRONG))
        found["causes"] = (*singly.causes, *others)
    if outputs.size > 1 and not asked.moves_along_tangents:
        found["causes"] = tuple(_of_columns(cause, singly) for cause in found["causes"])
    found["culprits"] = singly.culprits
    found["leaves"] = tuple(
        _with_worst(leaf, singly.culprits, singly.only_some) for leaf in report.leaves
    )
    found["notes"] = (*notes, *singly.told)
    found["evaluations"] += asked.evaluations
    found["gradient_calls"] += asked.calls
    return Report(**found)


def _is_shared_out(options: Mapping[str, Any]) -> bool:
    """Whether more is asked than a check of single entries knows to do."""
    return any(options.get(name) for name in ("self_test", "workers", "journal"))


def failed_by(
    cause: CauseFinding, report: Report, others: Sequence[CauseFinding]
) -> dict[str, Any]:
    """Return what a report says that fails by what the claim alone shows, whatever it said."""
    already = report.verdict is Verdict.FAIL
    return {
        "verdict": Verdict.FAIL,
        "headline": report.headline if already else cause.message,
        "causes": (cause, *others),
    }


def _of_columns(cause: CauseFinding, singly: "OutputsFound") -> CauseFinding:
    """Return what is said of single components in the words of a Jacobian."""
    from gradproof.judge.causes import CATALOGUE

    if cause.code != "GP412":
        return cause
    numbers = {"outputs": singly.outputs, "concerned": singly.concerned}
    return CATALOGUE["GP412"].finding(*cause.addresses, **cause.parameters, **numbers)


def _with_worst(
    leaf: LeafFinding, culprits: tuple[ComponentFinding, ...], only_some: bool
) -> LeafFinding:
    """Return a finding with its most wrong entry in the place of a sum over outputs.

    The sum has no ratio of its own where only some of the outputs are wrong.
    """
    entries = [one for one in culprits if one.path == leaf.path and one.output is not None]
    if leaf.worst is None or not entries:
        return leaf
    ratio = None if only_some else leaf.ratio
    return dataclasses.replace(leaf, worst=entries[0], ratio=ratio)
