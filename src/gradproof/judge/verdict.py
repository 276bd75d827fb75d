"""What the cheap differences allow to say about each component, and where a table is needed.

Evidence is asymmetric: a pass may rest on agreement at one or two steps that resolve the tolerance;
a fail needs a table of steps (`escalated.py`); all else is inconclusive, with its reason.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from gradproof.judge.escalated import FLAT, Judgement
from gradproof.judge.kinks import Sides, claimed_side, sides
from gradproof.judge.outcome import Outcome
from gradproof.judge.tolerance import Limits
from gradproof.numerics.answers import Answers, Stage
from gradproof.numerics.differences import Differences
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray

_NATURAL = 0.05  # of the natural scale: a step that should show an effect


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Components:
    """The measurement of every component, its bar in two parts, and the outcome.

    `left` and `right` are the one-sided slopes, `spread` how far derivatives at different steps are
    apart, and `possible` the largest error that the measurements of an undecided component leave
    room for; NaN where one or two differences settled the question.
    """

    claim: FloatArray
    value: FloatArray
    truncation: FloatArray
    noise: FloatArray
    outcome: npt.NDArray[np.int16]
    left: FloatArray
    right: FloatArray
    spread: FloatArray
    possible: FloatArray

    @property
    def bar(self) -> FloatArray:
        """The whole error bar."""
        return self.truncation + self.noise

    @property
    def wrong(self) -> BoolArray:
        """Where the claim is contradicted."""
        result: BoolArray = (self.outcome == Outcome.FAIL) | (self.outcome == Outcome.MISMATCH)
        return result

    @property
    def undecided(self) -> BoolArray:
        """Where the measurements allow neither a pass nor a fail."""
        result: BoolArray = self.outcome > Outcome.MISMATCH
        return result

    def put(self, place: int, found: Judgement) -> None:
        """Take over what a table showed about one component."""
        self.value[place], self.truncation[place] = found.value, found.truncation
        self.noise[place], self.outcome[place] = found.noise, found.outcome
        self.left[place], self.right[place] = found.left, found.right
        self.spread[place], self.possible[place] = found.spread, found.possible

    def take(self, places: IntArray | slice) -> Components:
        """Return what is known of some components."""
        return Components(**{name: part[places] for name, part in vars(self).items()})

    def put_all(self, places: IntArray | slice, found: Components) -> None:
        """Take over what was found about some components."""
        for name, part in vars(self).items():
            part[places] = vars(found)[name]


def judge_cheaply(
    answers: Answers, limits: Limits, largest_effect: float
) -> tuple[Components, IntArray]:
    """Judge what one or two differences settle; return the components that need a table, too.

    `largest_effect` is that of the component, of all, that moves f most.
    """
    q = answers.question
    n = q.lines
    value, truncation, noise = _single_differences(answers, limits)
    outcome = np.full(n, Outcome.PASS, dtype=np.int16)
    outcome[answers.stage == Stage.UNCONFIRMED] = Outcome.MISMATCH
    open_ = (answers.stage >= Stage.CENTRAL) & (answers.stage <= Stage.SECOND) & ~answers.agrees
    left, right, spread, possible = np.full((4, n), np.nan)
    if not np.any(open_ | np.isfinite(answers.second.value)):
        found = Components(
            q.claim, value, truncation, noise, outcome, left, right, spread, possible
        )
        return found, np.flatnonzero(open_)

    twice = np.isfinite(answers.second.value)
    for part, better in zip((value, truncation, noise), answers.extrapolated(), strict=True):
        part[twice] = better[twice]
    at_sides = sides(answers)
    invisible = open_ & _is_negligible(answers, limits, largest_effect)
    invisible &= _is_invisible(answers.first, answers) | _is_invisible(answers.second, answers)
    outcome[invisible] = Outcome.FLAT
    slope, noise_of_slope = claimed_side(q.claim, at_sides, limits)
    one_sided = open_ & ~invisible & np.isfinite(slope) & ~_may_be_stairs(answers)
    outcome[one_sided] = Outcome.ONE_SIDED
    value[one_sided], noise[one_sided] = slope[one_sided], noise_of_slope[one_sided]
    truncation[one_sided] = 0.0
    open_ &= ~invisible & ~one_sided
    outcome[open_] = _without_a_table(answers, value, truncation + noise)[open_]
    left[twice], right[twice] = at_sides.left[0][twice], at_sides.right[0][twice]
    spread[twice] = np.abs(answers.first.value - answers.second.value)[twice]
    possible[open_] = _possible(q.claim, value, truncation + noise, at_sides)[open_]
    found = Components(q.claim, value, truncation, noise, outcome, left, right, spread, possible)
    return found, np.flatnonzero(open_)


def _without_a_table(answers: Answers, value: FloatArray, bar: FloatArray) -> npt.NDArray[np.int16]:
    """Return what has to be said of open components for which no table is made."""
    q = answers.question
    with np.errstate(invalid="ignore"):
        consistent = np.abs(q.claim - value) <= q.tolerance + bar
    outcome = np.where(consistent, Outcome.NOISE, Outcome.TWO_SCALES)
    return np.where(np.isfinite(value), outcome, Outcome.DOMAIN_EDGE).astype(np.int16)


def _possible(claim: FloatArray, value: FloatArray, bar: FloatArray, found: Sides) -> FloatArray:
    sideways = np.fmax(np.abs(claim - found.left[0]), np.abs(claim - found.right[0]))
    result: FloatArray = np.fmax(np.abs(claim - value) + bar, sideways)
    return np.where(np.isfinite(value), result, np.inf)


def without_company(answers: Answers, components: Components) -> IntArray:
    """Return mismatches in leaves of which nothing was confirmed to be wrong."""
    group, outcome = answers.question.group, components.outcome
    confirmed = np.unique(group[outcome == Outcome.FAIL])
    return np.flatnonzero((outcome == Outcome.MISMATCH) & ~np.isin(group, confirmed))


def require_company(answers: Answers, components: Components) -> None:
    """Take mismatches back where nothing of their leaf was confirmed to be wrong after all."""
    alone = without_company(answers, components)
    components.outcome[alone] = Outcome.TWO_SCALES
    components.possible[alone] = np.inf


def misled(answers: Answers, components: Components) -> IntArray:
    """Return what agreed at small steps in leaves for most of which tables say that these mislead.

    Where a part of f is computed in lower precision than the rest, or hardly more than its noise
    shows at small steps, these agree with no right claim, and with wrong ones by chance.
    """
    q, first = answers.question, answers.first
    with np.errstate(invalid="ignore"):
        off = np.abs(first.value - components.value) > q.tolerance + first.noise + components.bar
    off &= (components.outcome == Outcome.PASS) & ~answers.agrees
    groups = int(q.group.max(initial=0)) + 1
    most = 2 * np.bincount(q.group[off], minlength=groups) > np.bincount(q.group, minlength=groups)
    return np.flatnonzero(most[q.group] & answers.agrees)


def _single_differences(
    answers: Answers, limits: Limits
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value, truncation and noise of the lines that one difference answered.

    A single central difference does not show its own truncation: it is taken as that of a function
    whose derivatives are of the size of f' in the natural scale.
    """
    q, first = answers.question, answers.first
    forward = (answers.stage == Stage.FORWARD) & answers.agrees
    value = np.where(forward, answers.forward, first.value)
    noise = np.where(forward, answers.forward_noise, first.noise)
    of_central = (first.step / q.scale) ** 2 / 6 * limits.size
    return value, np.where(forward, answers.forward_truncation, of_central), noise


def _is_negligible(answers: Answers, limits: Limits, largest: float) -> BoolArray:
    """Whether a component is claimed to matter nothing beside others that do, and are visible."""
    q, rules = answers.question, limits.policy
    hidden = FLAT / _NATURAL * answers.noise_of_f  # the effect that an invisible one may have
    result: BoolArray = np.abs(q.claim) * q.scale <= rules.default * largest
    return result & (hidden <= rules.cap * largest)


def _is_invisible(difference: Differences, answers: Answers) -> BoolArray:
    """Whether neither f nor the claim shows an effect at a step that should show one."""
    q, noise = answers.question, answers.noise_of_f
    result: BoolArray = (
        (difference.step >= _NATURAL * q.scale)
        & (_movement(difference, answers) <= FLAT * noise)
        & (np.abs(q.claim) * difference.step <= FLAT * noise)
    )
    return result


def _may_be_stairs(answers: Answers) -> BoolArray:
    """Whether f stands still on one side, as claimed, and climbs to both at the other step."""
    still, climbs = np.zeros((2, answers.question.lines), dtype=bool)
    for difference in (answers.first, answers.second):
        up, down = (side - answers.value_at_zero for side in (difference.plus, difference.minus))
        still |= (up == 0) | (down == 0)
        climbs |= up * down < 0
    result: BoolArray = (answers.question.claim == 0) & still & climbs
    return result


def _movement(difference: Differences, answers: Answers) -> FloatArray:
    f0 = answers.value_at_zero
    moved: FloatArray = np.fmax(np.abs(difference.plus - f0), np.abs(difference.minus - f0))
    return moved
