"""The check itself."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.signatures import note_arguments, require_arguments
from gradproof._base.validation import described, positive_number, whole_number
from gradproof.api.asides import with_asides
from gradproof.api.complexes import of_complex_parameters
from gradproof.api.exchanged import note_if_exchanged
from gradproof.api.frameworks import as_problem_of_arrays, quietly, sharded_by
from gradproof.api.in_pieces import is_in_pieces, searched
from gradproof.api.mark import is_marked
from gradproof.api.options import chosen_components, plan_and_rtol
from gradproof.api.report import Report
from gradproof.api.sharded import check_sharded
from gradproof.judge.plan import Plan
from gradproof.judge.report import Record
from gradproof.numerics.protocol import BoolArray
from gradproof.problems import Autodiff, Claim, Limit, Limited, Problem, SecondClaim, flat_bounds
from gradproof.tree import Tree, flatten

if TYPE_CHECKING:
    from gradproof.engine.budget import Budget
    from gradproof.engine.journal import Journal
    from gradproof.engine.workers import Workers
    from gradproof.frameworks.numpy_space import NumpySpace

_EVERY = 1_000  # components, up to which all are measured


class _Missing:
    def __repr__(self) -> str:
        return "…"


MISSING: Any = _Missing()


def check(
    f: Callable[[Any], Any] | Problem,
    gradient: Any = MISSING,
    at: Any = MISSING,
    *,
    plan: str | Plan = "auto",
    rtol: float | None = None,
    budget: int | str | None = None,
    seed: int = 0,
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    progress: Callable[[int, int], object] | bool | None = None,
    self_test: bool = False,
    executor: Any = None,
    timeout: float | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    r"""Check whether a gradient is the derivative of a function at a point.

    Parameters
    ----------
    f : callable or Problem
        The function, called as ``f(at)`` with one argument; returns one real number, or several
        (or complex ones) with a `VJP`, `JVP` or `Jacobian`. Or the whole problem, in the place of
        the first three arguments.
    gradient : callable, array_like, pytree, True, VJP, JVP or Jacobian
        What is claimed: a function of `at`, or the values, in the structure of `at` (keys
        ``d<name>`` are read as ``<name>``); ``True`` where `f` returns ``(value, gradient)``.
    at : number, array or pytree of them
        The point: NumPy arrays and numbers in dicts, lists, tuples, named tuples, dataclasses.
        Integers are taken as floats, complex numbers as their real and imaginary parts, with claims
        in the convention of ``gp.Problem(..., wirtinger=)``. Never changed; what is sharded over
        ranks is moved in place, and put back bit for bit.
    plan : {"auto", "every", "leaves", "project"} or Plan
        Where to look; a :class:`Plan` says more than its name does. ``"every"`` component;
        ``"leaves"``, one random direction through each leaf; ``"project"``, eight random directions
        over everything, and the leaves if these do not agree. What is wrong along a direction is
        searched for rows, columns, blocks and components.
        Directions cost a few dozen evaluations whatever the number of components, and see errors
        of a leaf or of the whole, not small ones in a single component: ``report.certificate``
        says what they prove. ``"auto"`` is ``"every"`` up to 1,000 components, with a self-test,
        and where components lie on their bounds; else ``"project"``, and always where parameters
        are sharded, of which ``"every"`` component cannot be moved.
    rtol : float, optional
        The relative error that is still right. By default 1e-6 in float64, and with parameters in
        float32 1e-4 where `f` can be evaluated in float64, else 1e-2; more (up to 1e-2, and 2e-2
        in float32) where the noise of `f` allows no less. A value given here is never raised.
    budget : int or str, optional
        What may be spent: so many evaluations, or a time such as ``"30s"``, ``"5min"``, ``"1h"``,
        after which nothing more is begun. What was not decided by then is inconclusive (GP206), and
        the report says what was. Ctrl-C ends a check in the same way; a second one at once.
    seed : int, default 0
        Seed of the random numbers: the same seed repeats the check.
    include, exclude : str or sequence of str, optional
        Patterns of the leaves that are checked, and of those that are not: ``"params['W*']"``, or
        the keys of the path, ``"layers.0.*"``. ``*`` stands for any characters, ``?`` for one.
        Leaves that are not checked are left out of the verdict, and the report says so.
    progress : bool or callable, optional
        True shows a bar, in a terminal and in a notebook, once a check takes long, and elsewhere a
        line now and then. A function is called as ``progress(done, total)`` instead, now and then
        during long stretches.
    self_test : bool, default False
        Break the claim on purpose in several ways afterwards, and check it again: the report says
        which would have been caught (``report.controls``).
    executor : Executor, joblib.Parallel, dask.distributed.Client or ray, optional
        Who evaluates `f` where that takes long: an executor of `concurrent.futures`, or one like
        it (`mpi4py.futures`, loky), a ``joblib.Parallel``, a client of Dask, or the module ``ray``.
        `f` and the point are sent to each worker once, by cloudpickle, and the worker evaluates `f`
        at the point twice, which is not counted. The report is that of a check in one process; a
        note says where workers have another `f`, and everything was evaluated here. A worker that
        ends costs the evaluations that it was at; where workers end whenever f is evaluated at one
        point, f counts as not defined there. A Hessian without a gradient is measured here.
    timeout : float, optional
        Seconds that one evaluation of `f` by a worker of `executor` may take. One that takes longer
        is ended, if need be with the process of the worker, `f` counts as not defined at its point,
        and a note says so. All but the looks at the point is then left to workers. In threads, and
        in workers of Dask, nobody can end anything: the check ends there, with what is known. The
        gradient has no limit: it is called by this process, where nothing can be ended for sure.
    journal : str or path, optional
        A file in which every evaluation is kept within a tenth of a second. Where a run ended
        before its time, killed or not, the same call goes on where it was, and evaluates `f` anew
        at the point only; the report is that of a run without an end. A journal of another check is
        refused, and so is one whose `f` was another at the point; delete it when `f` changes.

    Returns
    -------
    Report
        The verdict with its evidence; true where the check passed. A wrong gradient is a report,
        not an exception.

    Raises
    ------
    InputError
        If an argument cannot be understood; a `JournalError` where the journal is of no use. What
        `f` raises at the point itself surfaces unchanged, and displaced all but ArithmeticError and
        ValueError do, with a note of where.

    See Also
    --------
    assert_gradient : The same, as an assertion.
    differentiate : The numerical gradient itself.

    Notes
    -----
    Costs about 25 evaluations and one to two for every component, 41 where it is wrong (of a leaf
    that is wrong throughout eight are confirmed so, and of the others five are spent at most); a
    self-test costs 50 to 1,000 for each of up to nine broken claims. ``plan="project"`` costs about
    30; where the gradient is wrong 200 to 1,000 more, and about ten for each wrong component.
    A difference is taken at the smallest step h that resolves the tolerance,
    :math:`h = 2\kappa\sigma / (\sqrt 2\,r\,|g_i|)` with the noise σ of f (measured), κ = 4 and the
    relative tolerance r. Source of the noise estimate: Moré & Wild, *SIAM J. Sci. Comput.* 33
    (2011) 1292–1314.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> def f(params):
    ...     return np.sum(params["w"] ** 2) + 3 * params["b"]
    >>> def gradient(params):
    ...     return {"w": 2 * params["w"], "b": 2.0}
    >>> report = gp.check(f, gradient, {"w": np.array([1.0, -2.0]), "b": 0.5})
    >>> report.headline
    '1 of 2 tensors is wrong'
    >>> culprit = report.culprits[0]
    >>> culprit.address, culprit.claimed, round(culprit.measured, 6)
    ("params['b']", 2.0, 3.0)
    """
    problem = _problem(f, gradient, at)
    options: dict[str, Any] = {
        "plan": plan,
        "rtol": rtol,
        "budget": budget,
        "include": include,
        "exclude": exclude,
        "self_test": self_test,
        "executor": executor,
        "timeout": timeout,
        "journal": journal,
    }
    seed = whole_number(seed, "seed", at_least=0)
    with _told(progress) as update:
        try:
            return _check_anything(problem, seed, options | {"progress": update})
        except InputError as error:
            note_if_exchanged(problem, error)
            raise
        except TypeError as error:
            functions = {
                "f": problem.f,
                "gradient": problem.gradient,
                "reference": problem.reference,
            }
            for name, function in functions.items():
                if callable(function) and not isinstance(function, Autodiff):
                    note_arguments(error, function, name, f"{name}(at)", (problem.at,))
            if isinstance(problem.at, (tuple, list)):  # whose parts f may have been waiting for
                error.add_note(
                    "gradproof: f is called with one argument, f(at); for several write "
                    "lambda t: f(*t)"
                )
            raise


@contextmanager
def _told(
    progress: Callable[[int, int], object] | bool | None,
) -> Iterator[Callable[[int, int], object] | None]:
    """Yield what a check calls as it goes: of the user's, or what draws a bar, or nothing."""
    if progress is True:
        from gradproof.render.progress import long_check

        with long_check() as update:
            yield update
    elif progress is None or progress is False:
        yield None
    elif callable(progress):
        require_arguments(progress, "progress", "progress(done, total)", ("done", "total"))
        yield progress
    else:
        raise InputError(
            f"progress: found {described(progress)}, expected True or a function of (done, total)"
        )


def _check_anything(problem: Problem, seed: int, options: dict[str, Any]) -> Report:
    """Check a problem of arrays, of a framework, in shards, or against a reference."""
    framework = sharded_by(problem.at)
    if framework is not None:
        return check_sharded(framework, problem, seed, **options)
    if problem.reference is not None:
        from gradproof.api.references import check_reference

        return check_reference(problem, problem.reference, seed, options)
    from gradproof.engine.budget import budget_of  # with the first check, as the engine

    options["budget"] = budget_of(options["budget"])
    with as_problem_of_arrays(problem, seed) as (problem, aside), _helped(options) as limit:
        if limit is not None:
            problem = dataclasses.replace(problem, f=Limited(problem.f, limit))
        problem = of_complex_parameters(problem, quietly(problem))
        report = _check(problem, seed=seed, **options)
    return with_asides(report, aside.unreached(), aside.notes())


@contextmanager
def _helped(options: dict[str, Any]) -> Iterator[Limit | None]:
    """Put workers and an open journal in the place of what the user named; yield the timeout."""
    executor, path, seconds = (options.pop(name) for name in ("executor", "journal", "timeout"))
    limit = None if seconds is None else Limit(positive_number(seconds, "timeout"))
    if limit is not None and executor is None:
        raise InputError(
            f"timeout: found {described(seconds)} without an executor, expected executor= of "
            "processes, such as ProcessPoolExecutor(): what hangs in this one cannot be ended"
        )
    with ExitStack() as stack:
        if executor is not None:
            from gradproof.engine.executors import engine_of
            from gradproof.engine.workers import Workers

            engine = engine_of(executor)
            stack.callback(engine.close)
            options["workers"] = Workers(engine, limit)
        if path is not None:
            from gradproof.engine.journal import Journal

            options["journal"] = stack.enter_context(Journal(path))
        yield limit


def _check(
    problem: Problem,
    *,
    seed: int,
    plan: str | Plan = "auto",
    rtol: float | None = None,
    budget: "Budget",
    include: str | Sequence[str] | None = None,
    exclude: str | Sequence[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    self_test: bool = False,
    workers: "Workers | None" = None,
    journal: "Journal | None" = None,
) -> Report:
    """Check a problem of arrays."""
    # What is made into another problem first is checked by this function, with all of these.
    options: dict[str, Any] = {
        "plan": plan,
        "rtol": rtol,
        "budget": budget,
        "include": include,
        "exclude": exclude,
        "progress": progress,
        "self_test": self_test,
        "workers": workers,
        "journal": journal,
    }
    if isinstance(problem.gradient, (Claim, SecondClaim)):
        from gradproof.api.claims import check_claim
        from gradproof.api.hessians import check_hessian

        of_claim = check_claim if isinstance(problem.gradient, Claim) else check_hessian
        return of_claim(
            problem,
            _check,
            seed,
            **options,
        )
    if problem.manifold is not None:
        from gradproof.api.manifolds import check_on_manifold

        return check_on_manifold(
            problem,
            problem.manifold,
            _check,
            seed,
            **options,
        )
    plan, rtol = plan_and_rtol(plan, rtol, self_test)
    tree, values = flatten(problem.at, problem.root)
    if not values:
        raise InputError(f"at: found {described(problem.at)}, expected numbers or arrays")
    chosen = chosen_components(tree, include, exclude)
    bounds = None if problem.bounds is None else flat_bounds(problem.bounds, tree)

    # Imported with the first check, not with gradproof: most of its modules are the engine's.
    from gradproof.engine.check import run_check
    from gradproof.frameworks.numpy_space import NumpySpace

    def whole() -> Record:
        space = NumpySpace(tree, values, bounds)
        return run_check(
            problem,
            tree,
            space,
            plan=_automatic(plan, tree, space, chosen, self_test),
            chosen=chosen,
            rtol=rtol,
            seed=seed,
            progress=progress,
            budget=budget,
            self_test=self_test,
            workers=workers,
            journal=journal,
        )

    directions = _of_many(plan, tree, chosen, self_test)
    shared_out = workers is not None or journal is not None
    if shared_out or not is_in_pieces(problem, tree, values, directions):
        return Report(**vars(whole()))
    from gradproof.engine.streamed import run_streamed
    from gradproof.frameworks.array_field import ArrayField

    record = run_streamed(
        problem,
        ArrayField(tree, values),
        plan=directions,
        chosen=[
            chosen is None or bool(np.all(chosen[leaf.start : leaf.stop])) for leaf in tree.leaves
        ],
        rtol=rtol,
        seed=seed,
        progress=progress,
        budget=budget,
    )
    return Report(**vars(searched(record, whole, tree, directions, budget)))


def _of_many(plan: Plan, tree: Tree, chosen: BoolArray | None, self_test: bool) -> Plan:
    """Return the plan, chosen where it is to be chosen and there are no bounds."""
    if plan.where != "auto":
        return plan
    count = tree.size if chosen is None else int(np.sum(chosen))
    every = count <= _EVERY or self_test
    return Plan("every") if every else dataclasses.replace(plan, where="project")


def _automatic(
    plan: Plan,
    tree: Tree,
    space: "NumpySpace",
    chosen: BoolArray | None,
    self_test: bool,
) -> Plan:
    """Return the plan; bounds that the point lies on are looked at component by component."""
    on_a_bound = plan.where == "auto" and space.is_on_a_bound
    return Plan("every") if on_a_bound else _of_many(plan, tree, chosen, self_test)


def _problem(f: Any, gradient: Any, at: Any) -> Problem:
    if isinstance(f, Problem):
        if gradient is not MISSING or at is not MISSING:
            raise InputError("f: found a Problem, which brings its own gradient and point")
        return f
    if is_marked(f):
        name = getattr(f, "__name__", "problem")
        raise InputError(
            f"f: found the function {name}(), which gp.problem marks, expected the problem that it "
            f"returns; call it: check({name}())"
        )
    missing = [name for name, v in (("gradient", gradient), ("at", at)) if v is MISSING]
    if missing:
        raise InputError(f"{' and '.join(missing)}: missing; call check(f, gradient, at)")
    return Problem(f, gradient, at)
