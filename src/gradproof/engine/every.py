"""Measure every component, a run of them after the other.

What is known of a component while it is measured takes some 400 bytes; what is kept of it, a tenth.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof.engine.along import Along
from gradproof.engine.escalation import Common, Escalation, in_common, notes_on
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.preflight import Preflight
from gradproof.engine.restriction import Restriction, pilot_of
from gradproof.engine.setting import Setting, prepare
from gradproof.engine.subgradients import doubt_subgradients
from gradproof.judge.evidence import Evidence, Steps
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Asked
from gradproof.judge.verdict import Components
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.tree import Tree

_MANY = 64  # components: batches of them are worth a try
_RUN = 1 << 15  # components: each run of a leaf has samples of its own, so that few would cost more


def measure_every(
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    *,
    rtol: float | None,
    rng: np.random.Generator,
    places: IntArray | None = None,
) -> Evidence:
    """Measure every component, or those at some places, as far as its question needs it."""
    setting = prepare(tree, evaluator, found, rtol=rtol, rng=rng)
    if isinstance(setting, Evidence):
        return setting
    count = tree.size if places is None else places.size
    if count >= _MANY:
        said = evaluator.use_batches(setting.scales.scale, setting.pilot.noise, rng, todo=count)
        found.notes.extend([said] if said else [])
    if count == tree.size:
        places = None
    return _Runs(evaluator, found, setting, rng, places).evidence()


class _Runs:
    """Some components, or all of them, that are measured run by run.

    What one run teaches of the noise of f holds for those that follow.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        found: Preflight,
        setting: Setting,
        rng: np.random.Generator,
        places: IntArray | None,
    ) -> None:
        self._evaluator, self._found, self._setting = evaluator, found, setting
        self._rng, self._places = rng, places
        everything = slice(None) if places is None else places
        self._part = evaluator if places is None else Restriction(evaluator, places)
        self._pilot = setting.pilot if places is None else pilot_of(setting.pilot, places)
        rounding = setting.rounding
        claim = setting.claim[everything]
        self._asked = Asked(
            setting.scales if places is None else setting.scales.take(places),
            claim,
            setting.rules,
            np.full_like(claim, setting.rules.default),
            found.roundoff_of_claim,
            None if rounding is None else rounding[everything],
        )

    def evidence(self) -> Evidence:
        """Measure them, and return all that is known then."""
        asked, setting = self._asked, self._setting
        size = asked.claim.size
        if size <= _RUN:
            whole = self._escalate(self._part, slice(None), None)
            self._found.notes.extend(whole.notes)
            asked.relative[:] = whole.limits.question.relative
            components, tables = whole.components, whole.tables
            noise, margin = whole.noise, whole.margin
        else:
            along = Along(self._part, self._pilot, setting.value)
            common = in_common(along, asked.scaling, asked.claim, setting.rules, self._rng)
            components, tables = self._one_after_the_other(common)
            noise, margin = self._pilot.noise, common.margin
            self._doubt_subgradients(components, along)
        return Evidence(
            self._part.x,
            components,
            asked,
            noise / setting.factor,
            1 / setting.factor,
            margin,
            stationary=setting.stationary,
            tables=tables,
        )

    def _escalate(
        self, evaluator: Evaluator | Restriction, run: slice, common: Common | None
    ) -> Escalation:
        asked, setting = self._asked, self._setting
        rounding = asked.rounding_of_claim
        return Escalation(
            evaluator,
            asked.scaling.take(run),
            asked.claim[run],
            setting.rules,
            pilot_of(self._pilot, run),
            value=setting.value,
            roundoff_of_claim=self._found.roundoff_of_claim,
            rounding_of_claim=None if rounding is None else rounding[run],
            rng=self._rng,
            common=common,
        )

    def _one_after_the_other(self, common: Common) -> tuple[Components, dict[int, Steps]]:
        claim = self._asked.claim
        kept = _Kept(claim)
        tables: dict[int, Steps] = {}
        jump, by_complex_steps = 0.0, 0
        for start in range(0, claim.size, _RUN):
            run = slice(start, min(start + _RUN, claim.size))
            self._evaluator.beside = start, claim.size - run.stop
            places = np.arange(start, run.stop) if self._places is None else self._places[run]
            found = self._escalate(Restriction(self._evaluator, places), run, common)
            kept.put(run, found.components)
            self._asked.relative[run] = found.limits.question.relative
            tables |= {start + line: steps for line, steps in found.tables.items()}
            jump, by_complex_steps = found.jump or jump, by_complex_steps + found.by_complex_steps
            self._pilot = dataclasses.replace(self._pilot, noise=found.noise)
        self._evaluator.beside = 0, 0
        self._found.notes.extend(notes_on(jump, by_complex_steps, claim.size))
        return kept.components, tables

    def _doubt_subgradients(self, components: Components, along: Along) -> None:
        """Look at kinks of several runs along directions through all of them."""
        outcome = components.outcome
        if np.any((outcome == Outcome.SUBGRADIENT) | (outcome == Outcome.ONE_SIDED)):
            with self._evaluator.budget.ending():
                doubt_subgradients(
                    components,
                    self._asked.limits_of(slice(None)).question.tolerance,
                    self._asked.scaling.scale,
                    along,
                    noise=self._pilot.noise,
                    rng=self._rng,
                )


class _Kept:
    """What was found so far; room for what second looks alone tell is made once there is one."""

    _OF_SECOND_LOOKS = "left", "right", "spread", "possible"

    def __init__(self, claim: FloatArray) -> None:
        value, truncation, noise = np.empty((3, claim.size))
        outcome = np.empty(claim.size, dtype=np.int16)
        nothing = np.broadcast_to(np.nan, claim.size)
        self.components = Components(claim, value, truncation, noise, outcome, *[nothing] * 4)

    def put(self, run: slice, found: Components) -> None:
        """Keep what was found in a run."""
        of_second_looks = [vars(found)[name] for name in self._OF_SECOND_LOOKS]
        kept = self.components
        if not (kept.left.flags.writeable or np.all(np.isnan(of_second_looks))):
            rooms = np.full((4, kept.claim.size), np.nan)
            kept = dataclasses.replace(kept, **dict(zip(self._OF_SECOND_LOOKS, rooms, strict=True)))
            self.components = kept
        for name, part in vars(kept).items():
            if part.flags.writeable:
                part[run] = vars(found)[name]
