"""Checks of claims about functions of several values, as checks of gradients."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict
from gradproof.api.options import chosen_components
from gradproof.api.report import Report
from gradproof.api.sparse import check_sparse, sparse_matrix
from gradproof.judge.parts import CauseFinding, ComponentFinding, LeafFinding
from gradproof.problems import Problem, flat_bounds
from gradproof.tree import flatten

if TYPE_CHECKING:
    from gradproof.engine.outputs_found import OutputsFound

MISTAKES = "GP3", "GP4"  # codes of mistakes in gradients
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
    from gradproof.engine.claimed import Claimed
    from gradproof.engine.outputs_found import OutputsFound, SingleOutputs
    from gradproof.frameworks.numpy_space import NumpySpace
    from gradproof.judge.causes import CATALOGUE

    tree, values = flatten(problem.at, problem.root)
    bounds = None if problem.bounds is None else flat_bounds(problem.bounds, tree)
    space = NumpySpace(tree, values, bounds)
    asked = Claimed(problem, tree, space, seed, name)
    told: tuple[str, ...] = ()
    sparse = None if _is_shared_out(options) else sparse_matrix(problem, space.fresh)
    if sparse is not None:
        of_entries, told = check_sparse(
            asked.weighted(), sparse, asked.outputs, tree, values, seed, budget=budget, **options
        )
        if of_entries is not None:
            return of_entries
    if asked.moves_along_tangents:
        # The names that they are patterns of are those of the components, and of no tangent.
        patterns = {name: options.get(name) for name in ("include", "exclude")}
        chosen = chosen_components(tree, **patterns)
        asked_problem = asked.along_tangents(chosen)
        options |= dict.fromkeys(patterns)
    else:
        asked_problem = asked.weighted()
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
        of = "" if asked.moved == tree.size else f" of {tree.size:,}"
        notes.append(
            f"{asked.moved:,}{of} components were moved along {asked.TANGENTS} random tangents, "
            "and none by itself: gp.VJP tells which is wrong"
        )
    unsound, is_product = None, not asked.may_be_no_product
    singly = OutputsFound(report.culprits, outputs.size)
    before, was_spent = budget.count, budget.is_spent
    if not was_spent:
        looks = outputs.size > 1 and report.culprits and not asked.moves_along_tangents
        with np.errstate(all="ignore"), asked.kept():
            with budget.ending():
                unsound = asked.what_is_no_product()
                is_product = True
            if looks and is_product and not unsound:
                singly = SingleOutputs(asked, report, budget).look()
        if budget.is_spent:
            notes.append(budget.note)
            found["interrupted"] = budget.interrupted
    if unsound:
        guesses = [cause for cause in report.causes if cause.code != "GP399"]
        found |= failed_by(unsound, report, guesses)
    elif report.passed and not is_product:  # nobody looked: it may be right for one vector only
        cause = CATALOGUE["GP206"].finding()
        found |= {
            "verdict": Verdict.INCONCLUSIVE,
            "headline": cause.message,
            "causes": (*report.causes, cause),
        }
    elif singly.unsound:
        found |= failed_by(singly.unsound, report, [])
    elif singly.causes and (singly.only_some or "GP399" in {one.code for one in report.causes}):
        # What ⟨u, f⟩ seems to be wrong by is a mixture of the outputs.
        others = (cause for cause in report.causes if not cause.code.startswith(MISTAKES))
        found["causes"] = (*singly.causes, *others)
    if outputs.size > 1 and not asked.moves_along_tangents:
        found["causes"] = tuple(_of_columns(cause, singly) for cause in found["causes"])
    found["culprits"] = singly.culprits
    found["leaves"] = tuple(
        _with_worst(leaf, singly.culprits, singly.only_some) for leaf in report.leaves
    )
    found["notes"] = (*notes, *singly.told)
    found["evaluations"] += budget.count - before
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
