"""A check from end to end: preflight, pilot, differences, verdict, record."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof._base.outcomes import Verdict
from gradproof.engine.bounded import fixed_components, note_on, within
from gradproof.engine.controls import broken_claims
from gradproof.engine.escalation import Escalation
from gradproof.engine.evaluation import Evaluator, Progress
from gradproof.engine.movement import (
    WIDEST,
    is_stationary,
    largest_movement,
    movement_of_leaves,
    react,
)
from gradproof.engine.part import Part, pilot_of, scales_of
from gradproof.engine.pilot import fly
from gradproof.engine.preflight import Preflight, preflight, value_of
from gradproof.engine.promotion import promote
from gradproof.engine.randomness import Randomness
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.evidence import Evidence
from gradproof.judge.findings import Price, unmeasured, write_record
from gradproof.judge.outcome import Outcome
from gradproof.judge.report import ControlFinding, Record
from gradproof.judge.tolerance import Policy, Scaling, limits, policy, scaling
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Problem, Space
from gradproof.tree import Tree

_MOST_IN_A_CONTROL = 32  # components
_NOTHING = 0.1  # of the noise of one value: a claimed effect that no value of f can show


def run_check(
    problem: Problem,
    tree: Tree,
    space: Space,
    *,
    plan: str,
    rtol: float | None,
    seed: int,
    progress: Progress | None,
    self_test: bool,
) -> Record:
    """Check a problem, and leave the parameters bit for bit as they were."""
    started = time.perf_counter()
    randomness = Randomness(problem.reseed)
    evaluator = Evaluator(
        value_of(problem), space, progress, randomness=randomness, terms=problem.terms
    )
    # Our own arithmetic is silent; the user's has what the user set.
    with np.errstate(all="ignore"), randomness.kept():
        return _run(
            problem, tree, evaluator, started, plan=plan, rtol=rtol, seed=seed, self_test=self_test
        )


def _run(
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    started: float,
    *,
    plan: str,
    rtol: float | None,
    seed: int,
    self_test: bool,
) -> Record:
    rng = np.random.default_rng(seed)

    def price(found: Preflight) -> Price:
        seconds = time.perf_counter() - started
        return Price(evaluator.count, found.gradient_calls, seconds, plan, seed)

    try:
        space = evaluator.space
        found, evidence = _attempt(problem, tree, evaluator, rtol=rtol, rng=rng)
        # An f that draws random numbers rarely, or only away from the point: all of it again.
        while evidence is not None and evaluator.repeat_random_numbers():
            evaluator.begin(space)
            calls = found.gradient_calls
            found, evidence = _attempt(problem, tree, evaluator, rtol=rtol, rng=rng)
            found.gradient_calls += calls
        if evidence is None:
            return unmeasured(
                tree, found.verdict, found.value_of_f, found.causes, found.notes, price(found)
            )
        controls = _test_itself(tree, evaluator, found, rtol=rtol, rng=rng) if self_test else []
        return write_record(
            tree,
            evidence,
            value=found.value_of_f,
            rtol_given=rtol is not None,
            ending=found.verdict,
            causes=found.causes,
            facts=problem.facts or {},
            notes=found.notes,
            controls=controls,
            price=price(found),
        )
    finally:
        evaluator.space.restore()


def _attempt(
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    *,
    rtol: float | None,
    rng: np.random.Generator,
) -> tuple[Preflight, Evidence | None]:
    """Measure once, if the question is sound."""
    found = preflight(problem, tree, evaluator)
    if found.verdict is None and problem.promote == "auto":
        promote(found, problem, tree, evaluator, rng)
    if found.verdict is not None or found.claim is None or tree.size == 0:
        return found, None
    fixed = fixed_components(evaluator.space)
    if fixed is not None:
        found.notes.append(note_on(fixed, tree))
        found.claim = np.where(fixed, 0.0, found.claim)
        if np.all(fixed):
            return found, None
    evaluator.randomness.look()
    evidence = _measure(tree, evaluator, found, rtol=rtol, rng=rng)
    _compare_with_the_start(found, evaluator)
    return found, dataclasses.replace(evidence, fixed=fixed)


def _measure(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    *,
    rtol: float | None,
    rng: np.random.Generator,
    places: IntArray | None = None,
) -> Evidence:
    """Measure every component, or those at some places, as far as its question needs it."""
    evaluator.factor = factor = _power_of_two(found.value)
    assert found.claim is not None
    rounding = found.rounding_of_claim
    claim, value = found.claim * factor, found.value * factor
    scales = within(scaling(tree, evaluator.space.x, claim), evaluator.space)
    reaction = react(evaluator, scales, claim, value, rng)
    if reaction.by_identity:
        found.notes.append("f remembers its argument by identity: it got a fresh copy every time")
    if not reaction.as_claimed:
        found.causes.append(CATALOGUE["GP107"].finding())
        noise = evaluator.rounding
        rules = policy(rtol, low_precision=False)
        return _flat_evidence(evaluator.x, scales, claim, rules, noise, factor)
    if evaluator.space.was_written:
        found.causes.append(CATALOGUE["GP102"].finding())
    pilot = fly(
        evaluator,
        scales,
        claim,
        value=value,
        spread=found.spread * factor,
        roundoff_of_claim=found.roundoff_of_claim,
        rng=rng,
    )
    promoted = found.promoted and pilot.roundoff <= UNIT_ROUNDOFF_64
    rules = policy(rtol, low_precision=pilot.low_precision, promoted=promoted)
    if not np.any(np.abs(claim) * scales.scale > _NOTHING * pilot.noise):
        moved = largest_movement(evaluator, scales, value, pilot.noise, rng)
        if moved == 0:
            found.notes.append(
                "f does not visibly depend on its argument, as claimed: "
                "it moved along none of a few random directions"
            )
            return _flat_evidence(evaluator.x, scales, claim, rules, pilot.noise, factor)
        effect = np.full_like(claim, moved / math.sqrt(claim.size))
        scales = dataclasses.replace(scales, effect=effect)
    elif is_stationary(scales, claim, reaction.movement):
        movement = movement_of_leaves(evaluator, tree, scales, value, pilot.noise, rng)
        scales = dataclasses.replace(scales, movement=movement)
    if places is None:
        places = np.arange(claim.size)
    measured = Escalation(
        Part(evaluator, places) if places.size < claim.size else evaluator,
        scales_of(scales, places),
        claim[places],
        rules,
        pilot_of(pilot, places),
        value=value,
        roundoff_of_claim=found.roundoff_of_claim,
        rounding_of_claim=None if rounding is None else rounding[places] * factor,
        rng=rng,
    )
    found.notes.extend(measured.notes)
    return Evidence(
        evaluator.x[places],
        measured.components,
        measured.limits,
        measured.noise / factor,
        1 / factor,
        measured.margin,
    )


def _test_itself(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    *,
    rtol: float | None,
    rng: np.random.Generator,
) -> list[ControlFinding]:
    """Break the claim on purpose in several ways, and see which of them the check catches.

    Of those that concern many components, some are looked at.
    """
    assert found.claim is not None
    scale = scaling(tree, evaluator.x, found.claim).scale
    controls = []
    for control in broken_claims(tree, evaluator.x, found.claim, scale, rng):
        places = control.places
        if places.size > _MOST_IN_A_CONTROL:
            places = np.sort(rng.choice(places, _MOST_IN_A_CONTROL, replace=False))
        again = dataclasses.replace(found, claim=control.claim, causes=[], notes=[])
        components = _measure(tree, evaluator, again, rtol=rtol, rng=rng, places=places).components
        if np.any(components.wrong):
            verdict = Verdict.FAIL
        else:
            undecided = np.any(components.undecided)
            verdict = Verdict.INCONCLUSIVE if undecided else Verdict.PASS
        controls.append(ControlFinding(control.name, control.addresses, verdict))
    return controls


def _power_of_two(value: float) -> float:
    """Return the factor that keeps squares of very large and very small values in range."""
    if value == 0 or 1e-100 < abs(value) < 1e100:
        return 1.0
    return 2.0 ** -max(-1000, min(1000, math.frexp(value)[1]))


def _flat_evidence(
    x: FloatArray,
    scales: Scaling,
    claim: FloatArray,
    rules: Policy,
    noise: float,
    factor: float,
) -> Evidence:
    """Return what is known where f moves along no direction: every derivative is 0."""
    zero = np.zeros_like(claim)
    bar = 8 * noise / (WIDEST * scales.scale)
    # Seen along directions, not component by component: a mismatch, but no single culprit.
    outcome = np.where(np.abs(claim) <= bar, Outcome.FLAT, Outcome.MISMATCH).astype(np.int16)
    nothing = np.full_like(claim, np.nan)
    components = Components(claim, zero, zero, bar, outcome, *[nothing] * 4)
    bounds = limits(
        scales,
        claim,
        rules,
        noise=noise,
        roundoff_of_claim=0.0,
        roundoff_of_x=zero,
    )
    return Evidence(x, components, bounds, noise / factor, 1 / factor, rules.margin)


def _compare_with_the_start(found: Preflight, evaluator: Evaluator) -> None:
    """Evaluate once more at the point: an f with a memory of its own has moved on."""
    evaluator.factor = 1.0
    evaluator.space.restore()
    again = evaluator.at_point()
    allowed = max(100 * evaluator.roundoff * abs(found.value), 4 * found.spread)
    if not abs(again - found.value) <= allowed:
        spread = abs(again - found.value) / max(abs(found.value), abs(again))
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP101"].finding(spread=spread))
