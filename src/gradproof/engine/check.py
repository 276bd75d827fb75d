"""A check from end to end: preflight, pilot, differences, verdict, record."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof._base.version import __version__
from gradproof.engine.bounded import fixed_components, note_on
from gradproof.engine.budget import Budget
from gradproof.engine.controls import broken_claims
from gradproof.engine.elsewhere import claims_elsewhere
from gradproof.engine.evaluation import Evaluator, Progress
from gradproof.engine.every import measure_every
from gradproof.engine.movement import BY_IDENTITY, remembers_leaves
from gradproof.engine.preflight import Preflight, preflight, stop_where_not_finite, value_of
from gradproof.engine.projecting import project
from gradproof.engine.promotion import promote
from gradproof.engine.randomness import Randomness
from gradproof.engine.setting import Setting, prepare
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.diagnosis import is_unexplained
from gradproof.judge.elsewhere import Elsewhere
from gradproof.judge.evidence import Evidence, Probed
from gradproof.judge.findings import write_record
from gradproof.judge.outcome import Outcome
from gradproof.judge.parts import ControlFinding
from gradproof.judge.plan import Plan
from gradproof.judge.probed import write_probed
from gradproof.judge.report import Price, Record
from gradproof.judge.tolerance import scaling
from gradproof.judge.unmeasured import unmeasured
from gradproof.numerics.protocol import BoolArray, FloatArray
from gradproof.problems import Problem, Space
from gradproof.tree import Tree

if TYPE_CHECKING:
    from gradproof.engine.journal import Journal
    from gradproof.engine.workers import Workers

_MOST_IN_A_CONTROL = 32  # components
# Above a threshold, glibc's malloc gives memory back at once, and takes it anew page by page; it
# grows to the largest block that was freed. Page faults would cost as much as our arithmetic.
_KEPT_BY_MALLOC = 1 << 24  # bytes


def run_check(
    problem: Problem,
    tree: Tree,
    space: Space,
    *,
    plan: Plan,
    chosen: BoolArray | None,
    rtol: float | None,
    seed: int,
    progress: Progress | None,
    budget: Budget,
    self_test: bool,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> Record:
    """Check a problem, and leave the parameters bit for bit as they were."""
    started = time.perf_counter()
    np.empty(_KEPT_BY_MALLOC, dtype=np.uint8)
    randomness = Randomness(problem.reseed, others=workers.draws_from if workers else ())
    evaluator = Evaluator(
        value_of(problem),
        space,
        progress,
        randomness=randomness,
        terms=problem.terms,
        budget=budget,
        workers=workers,
        journal=journal,
    )
    errors = np.geterr()
    try:
        # Our own arithmetic is silent; the user's has what the user set.
        with np.errstate(all="ignore"), randomness.kept():
            return _run(
                problem,
                tree,
                evaluator,
                started,
                plan=plan,
                chosen=chosen,
                rtol=rtol,
                seed=seed,
                self_test=self_test,
            )
    except KeyboardInterrupt:  # maybe just before NumPy put back what it is silent about
        np.seterr(**errors)
        raise


def _run(
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    started: float,
    *,
    plan: Plan,
    chosen: BoolArray | None,
    rtol: float | None,
    seed: int,
    self_test: bool,
) -> Record:
    rng = np.random.default_rng(seed)

    def price(found: Preflight) -> Price:
        seconds = time.perf_counter() - started
        return Price(
            evaluator.count,
            found.gradient_calls,
            seconds,
            plan.where,
            seed,
            evaluator.budget.interrupted,
        )

    try:
        space = evaluator.space
        measure = functools.partial(
            _evidence,
            problem=problem,
            tree=tree,
            evaluator=evaluator,
            plan=plan,
            chosen=chosen,
            rtol=rtol,
            seed=seed,
            rng=rng,
        )
        attempt = functools.partial(attempt_at, evaluator.budget, measure)
        found, evidence = attempt()
        # An f that draws random numbers rarely, or only away from the point: all of it again.
        while evidence is not None and evaluator.repeat_random_numbers():
            evaluator.begin(space)
            calls = found.gradient_calls
            found, evidence = attempt()
            found.gradient_calls += calls
        if evidence is not None and _remembers(tree, evaluator, found, evidence, rng):
            met = evaluator.space  # alive: no copy takes the place of what f remembers
            evaluator.begin(space)
            space.use_fresh_copies(keep=True)
            calls = found.gradient_calls
            found, evidence = attempt()
            found.gradient_calls += calls
            found.notes.append(BY_IDENTITY)
            del met
        controls = []
        if self_test and isinstance(evidence, Evidence):
            sound = ~evidence.components.wrong
            sound &= True if evidence.fixed is None else ~evidence.fixed
            with evaluator.budget.ending():
                controls = _test_itself(tree, evaluator, found, sound, rtol=rtol, rng=rng)
        found.notes.extend(evaluator.notes_on_helpers)
        if evaluator.budget.is_spent:
            found.notes.append(evaluator.budget.note)
        if evidence is None:
            return unmeasured(
                tree, found.verdict, found.value_of_f, found.causes, found.notes, price(found)
            )

        def write(elsewhere: Elsewhere | None = None) -> Record:
            known: dict[str, Any] = {
                "value": found.value_of_f,
                "rtol_given": rtol is not None,
                "ending": found.verdict,
                "causes": found.causes,
                "facts": problem.facts or {},
                "notes": found.notes,
                "price": price(found),
                "elsewhere": elsewhere,
            }
            if isinstance(evidence, Probed):
                return write_probed(tree, evidence, **known)
            return write_record(tree, evidence, controls=controls, **known)

        record = write()
        if is_unexplained(record) and not evaluator.budget.is_spent:
            scale = evidence.scale * np.ones_like(evaluator.x)
            elsewhere = claims_elsewhere(problem, tree, evaluator, found, scale, rng)
            record = record if elsewhere is None else write(elsewhere)
        return record
    finally:
        evaluator.space.restore()


def attempt_at(
    budget: Budget, measure: Callable[[Preflight], Evidence | Probed | None]
) -> tuple[Preflight, Evidence | Probed | None]:
    """Measure once, as far as the budget goes."""
    found, evidence = Preflight(), None
    with budget.ending():
        evidence = measure(found)
    if evidence is None and budget.is_spent:
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP206"].finding())
    return found, evidence


def _evidence(
    found: Preflight,
    *,
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    plan: Plan,
    chosen: BoolArray | None,
    rtol: float | None,
    seed: int,
    rng: np.random.Generator,
) -> Evidence | Probed | None:
    """Return what was measured, if the question is sound."""
    evaluator.try_elsewhere()
    preflight(found, problem, tree, evaluator)
    if found.verdict is None and found.claim is not None:
        facts = _facts(problem, tree, evaluator.space, found.claim)
        options = {"seed": seed, "plan": plan, "rtol": rtol, "include or exclude": chosen}
        evaluator.begin_journal(facts | options, found.spread)
    if found.verdict is None and problem.promote == "auto":
        promote(found, problem, tree, evaluator, rng)
    if found.verdict is not None or found.claim is None or tree.size == 0:
        return None
    fixed = fixed_components(evaluator.space)
    if fixed is not None:
        found.notes.append(note_on(fixed, tree))
        found.claim = np.where(fixed, 0.0, found.claim)
        if np.all(fixed):
            return None
    evaluator.randomness.look()
    if plan.where == "every":
        places = None if chosen is None else np.flatnonzero(chosen)
        evidence = measure_every(tree, evaluator, found, rtol=rtol, rng=rng, places=places)
        if places is not None and evidence.x.size < tree.size:
            evidence = evidence.among(places, evaluator.x, found.claim / evidence.unit)
    else:
        setting = prepare(tree, evaluator, found, rtol=rtol, rng=rng)
        if isinstance(setting, Setting):
            probed = project(
                tree, evaluator, found, setting, plan=plan, chosen=chosen, seed=seed, rng=rng
            )
            compare_with_the_start(found, evaluator)
            return probed
        evidence = setting
    compare_with_the_start(found, evaluator)
    if chosen is not None:
        fixed = ~chosen if fixed is None else fixed | ~chosen
    return dataclasses.replace(evidence, fixed=fixed)


def _facts(problem: Problem, tree: Tree, space: Space, claim: FloatArray) -> dict[str, object]:
    """Return what evaluations depend on, beside f and the options of a check."""
    return {
        "version of gradproof": __version__,
        "tree": [(tree.address(leaf), leaf.shape) for leaf in tree.leaves],
        "dtype": space.types,
        "point": space.x,
        "claim": claim,
        "lower bound": space.lower,
        "upper bound": space.upper,
        "terms": problem.terms,
        "promote": problem.promote,
    }


def _remembers(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    evidence: Evidence | Probed,
    rng: np.random.Generator,
) -> bool:
    """Whether leaves stood still only because f remembers its argument by identity."""
    still = evidence.still(tree)
    if not still:
        return False
    with evaluator.budget.ending():
        return remembers_leaves(
            evaluator,
            tree,
            still,
            evidence.scale,
            value=found.value,
            noise=evidence.noise,
            rng=rng,
        )
    if isinstance(evidence, Evidence):  # nobody knows
        outcome = evidence.components.outcome
        for number in still:
            part = slice(tree.leaves[number].start, tree.leaves[number].stop)
            outcome[part] = np.where(
                evidence.components.wrong[part], Outcome.BUDGET_SPENT, outcome[part]
            )
    return False


def _test_itself(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    sound: BoolArray,
    *,
    rtol: float | None,
    rng: np.random.Generator,
) -> list[ControlFinding]:
    """Break the claim on purpose in several ways, and see which of them the check catches.

    What is broken is `sound`: checked, and not wrong as it is. Where that concerns many components,
    some are looked at.
    """
    assert found.claim is not None
    scale = scaling(tree, evaluator.x, found.claim, found.value).scale
    controls = []
    if not np.any(sound):
        found.notes.append("self-test: no component is right as it is, so none was broken")
    for control in broken_claims(tree, evaluator.x, found.claim, scale, rng, among=sound):
        places = control.places
        if places.size > _MOST_IN_A_CONTROL:
            places = np.sort(rng.choice(places, _MOST_IN_A_CONTROL, replace=False))
        again = dataclasses.replace(found, claim=control.claim, causes=[], notes=[])
        components = measure_every(
            tree, evaluator, again, rtol=rtol, rng=rng, places=places
        ).components
        if np.any(components.wrong):
            verdict = Verdict.FAIL
        else:
            undecided = np.any(components.undecided)
            verdict = Verdict.INCONCLUSIVE if undecided else Verdict.PASS
        controls.append(ControlFinding(control.name, control.addresses, verdict))
    return controls


def compare_with_the_start(found: Preflight, evaluator: Evaluator) -> None:
    """Evaluate once more at the point: an f with a memory of its own has moved on."""
    evaluator.factor = 1.0
    told = any(cause.code == "GP102" for cause in found.causes)
    if evaluator.space.was_written and not told:  # where single components were moved
        found.causes.append(CATALOGUE["GP102"].finding())
    evaluator.space.restore()
    again = evaluator.at_point(to_end_with=True)
    if not np.isfinite(again):
        stop_where_not_finite(found, [found.value, again], evaluator.value_of_f)
        return
    allowed = max(100 * evaluator.roundoff * abs(found.value), 4 * found.spread)
    if not abs(again - found.value) <= allowed:
        spread = abs(again - found.value) / max(abs(found.value), abs(again))
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP101"].finding(spread=spread))
