"""Checks of sparse Jacobians: the pattern, and by colours every entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gradproof._base.validation import described
from gradproof.api.options import chosen_components, plan_and_rtol
from gradproof.api.report import Report
from gradproof.judge.plan import Plan
from gradproof.problems import Jacobian, Problem, flat_bounds
from gradproof.problems.jacobians import rows_of
from gradproof.problems.sparsity import Entries, is_sparse
from gradproof.tree import Mismatch, Tree

if TYPE_CHECKING:
    from gradproof.engine.budget import Budget
    from gradproof.problems.outputs import Outputs


def check_sparse(
    problem: Problem,
    matrix: Any,
    outputs: Outputs,
    tree: Tree,
    values: list[Any],
    seed: int,
    *,
    budget: Budget,
    plan: str | Plan,
    rtol: float | None,
    include: str | Sequence[str] | None,
    exclude: str | Sequence[str] | None,
    progress: Callable[[int, int], object] | None,
    **_: Any,
) -> tuple[Report | None, tuple[str, ...]]:
    """Check a sparse `matrix`; `problem` is that of ⟨u, f⟩.

    None where that problem has to be checked as it is; what is to be said then is returned, too.
    """
    # Imported with the first such check, as the engine is.
    from gradproof.engine.sparse import run_sparse
    from gradproof.frameworks.numpy_space import NumpySpace

    plan, rtol = plan_and_rtol(plan, rtol, self_test=False)

    def entries_at(at: Any) -> Entries | Mismatch:
        found = matrix(at) if callable(matrix) else matrix
        if not is_sparse(found):  # elsewhere it is: the check of ⟨u, f⟩ takes both
            return Mismatch(tree.root, described(found), "a sparse matrix")
        assert outputs.tree is not None
        rows = rows_of(found, at, outputs.tree, tree)
        return rows if isinstance(rows, Mismatch) else Entries.of(found)

    bounds = None if problem.bounds is None else flat_bounds(problem.bounds, tree)
    record, told = run_sparse(
        problem,
        outputs,
        tree,
        NumpySpace(tree, values, bounds),
        entries_at,
        where=plan.where,
        chosen=chosen_components(tree, include, exclude),
        rtol=rtol,
        seed=seed,
        progress=progress,
        budget=budget,
    )
    return None if record is None else Report(**vars(record)), told


def sparse_matrix(problem: Problem, at: Callable[[], Any]) -> Any:
    """Return the sparse matrix of a claim, or the function that returns it; None if it is none.

    A function is called once, to see what it returns.
    """
    claim = problem.gradient
    if not isinstance(claim, Jacobian):
        return None
    matrix = claim.matrix
    if is_sparse(matrix):
        return matrix
    if not callable(matrix) or hasattr(matrix, "rmatvec"):
        return None
    return matrix if is_sparse(matrix(at())) else None
