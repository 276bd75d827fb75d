"""What the numbers allow to say about each component.

Evidence is asymmetric: a pass may rest on agreement at one or two steps that resolve the tolerance;
a fail needs two steps that agree with each other and contradict the claim; all else is
inconclusive, with its reason.
"""

import dataclasses
import enum

import numpy as np
import numpy.typing as npt

from gradproof.judge.kinks import Sides, claimed_side, sides
from gradproof.judge.tolerance import Limits
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.stages import BoolArray, CheapStages, Differences, Stage

_FLAT = 16.0  # standard deviations of noise: f does not visibly move
_NATURAL = 0.05  # of the natural scale: a step that should show an effect
_STATIONARY = 1e-6  # of how much f moves within the steps taken


class Outcome(enum.IntEnum):
    """The outcome for one component.

    `FLAT` passes because neither f nor the claim makes it move f visibly, `ONE_SIDED` because the
    claim is the slope on one side of a kink; `MISMATCH` contradicts the claim, and was not
    confirmed by a second step because others of its leaf were.
    """

    PASS = 0
    FLAT = 1
    ONE_SIDED = 2
    FAIL = 3
    MISMATCH = 4
    NOISE = 201
    KINK = 202
    PRECISION = 203
    DOMAIN_EDGE = 204
    TWO_SCALES = 205


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Components:
    """The measurement of every component, its bar in two parts, and the outcome.

    `left` and `right` are the one-sided slopes at the smaller of the two steps and `spread` is how
    far the derivatives at the two are apart, NaN where there were not two.
    """

    claim: FloatArray
    value: FloatArray
    truncation: FloatArray
    noise: FloatArray
    outcome: npt.NDArray[np.int16]
    left: FloatArray
    right: FloatArray
    spread: FloatArray

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


def judge_components(stages: CheapStages, limits: Limits) -> Components:
    """Turn what the stages measured into an outcome for every component."""
    claim = stages.question.claim
    value, truncation, noise = _single_differences(stages, limits)
    outcome = np.full(claim.size, Outcome.PASS, dtype=np.int16)
    outcome[stages.stage == Stage.UNCONFIRMED] = Outcome.MISMATCH
    outcome[(stages.stage == Stage.CENTRAL) & ~stages.agrees] = Outcome.DOMAIN_EDGE

    twice = np.isfinite(stages.second.value)
    if not np.any(twice | (stages.stage == Stage.SECOND)):
        nothing = np.full(claim.size, np.nan)
        return Components(claim, value, truncation, noise, outcome, nothing, nothing, nothing)
    found = sides(stages)
    for part, better in zip((value, truncation, noise), stages.extrapolated(), strict=True):
        part[twice] = better[twice]
    open_ = (stages.stage == Stage.SECOND) & ~stages.agrees
    if np.any(open_):
        judged = _judge_open(stages, limits, value, truncation, noise, found)
        slope, noise_of_slope = claimed_side(claim, found, limits)
        one_sided = open_ & np.isfinite(slope) & (judged != Outcome.FLAT)
        judged[one_sided] = Outcome.ONE_SIDED
        value[one_sided], noise[one_sided] = slope[one_sided], noise_of_slope[one_sided]
        truncation[one_sided] = 0.0
        outcome[open_] = judged[open_]
    _require_company(stages, outcome)
    left, right = found.left[0], found.right[0]
    slopes = [d.value for d in (stages.first, stages.second, stages.witness)]
    spread = np.fmax.reduce(slopes) - np.fmin.reduce(slopes)
    return Components(claim, value, truncation, noise, outcome, left, right, spread)


def _require_company(stages: CheapStages, outcome: npt.NDArray[np.int16]) -> None:
    """Take mismatches back where nothing of their leaf was confirmed to be wrong after all."""
    group = stages.question.group
    failed = np.unique(group[outcome == Outcome.FAIL])
    outcome[(outcome == Outcome.MISMATCH) & ~np.isin(group, failed)] = Outcome.TWO_SCALES


def _single_differences(
    stages: CheapStages, limits: Limits
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value, truncation and noise of the lines that one difference answered.

    A single central difference does not show its own truncation: it is taken as that of a function
    whose derivatives are of the size of f' in the natural scale.
    """
    q, first = stages.question, stages.first
    forward = (stages.stage == Stage.FORWARD) & stages.agrees
    value = np.where(forward, stages.forward, first.value)
    noise = np.where(forward, stages.forward_noise, first.noise)
    of_central = (first.step / q.scale) ** 2 / 6 * limits.size
    return value, np.where(forward, stages.forward_truncation, of_central), noise


def _judge_open(
    stages: CheapStages,
    limits: Limits,
    value: FloatArray,
    truncation: FloatArray,
    noise: FloatArray,
    found: Sides,
) -> npt.NDArray[np.int16]:
    """Judge components that two steps did not show to agree."""
    q, first, second = stages.question, stages.first, stages.second
    rules = limits.policy
    bar = truncation + noise
    with np.errstate(all="ignore"):
        gap = np.abs(q.claim - value)
        apart = [np.abs(q.claim - d.value) > q.tolerance + d.noise for d in (first, second)]
        apart_by = np.abs(first.value - second.value)
        converged = apart_by <= 0.3 * gap + first.noise + second.noise
        beyond = gap > limits.beyond + rules.margin * bar
        defended = np.abs(stages.witness.value - q.claim) < 0.1 * gap
        contradicted = beyond & apart[0] & apart[1] & converged & ~defended

        left, right = found.left[0], found.right[0]
        pad = q.tolerance + found.noise[0]
        between = (q.claim >= np.minimum(left, right) - pad) & (
            q.claim <= np.maximum(left, right) + pad
        )
        kink = found.is_kink
        consistent = gap <= q.tolerance + bar  # with a bar that may be too wide to resolve
        invisible = _is_negligible(stages, limits) & (
            _is_invisible(first, stages) | _is_invisible(second, stages)
        )
        moved = np.fmax(_movement(first, stages), _movement(second, stages))
        stationary = np.fmax(np.abs(q.claim), bar) * q.scale <= _STATIONARY * moved
        resolved = bar <= rules.cap * limits.size

    outcome = np.full(q.lines, Outcome.PRECISION, dtype=np.int16)
    outcome[~consistent & (~converged | defended)] = Outcome.TWO_SCALES
    outcome[consistent & ~resolved] = Outcome.TWO_SCALES  # the bar is wide with truncation,
    outcome[consistent & ~resolved & (noise > truncation)] = Outcome.NOISE  # or with noise
    outcome[kink & ~consistent] = Outcome.KINK
    outcome[contradicted] = Outcome.FAIL
    outcome[kink & between] = Outcome.KINK
    outcome[consistent & (stationary | resolved)] = Outcome.PASS
    outcome[invisible] = Outcome.FLAT
    outcome[~np.isfinite(value)] = Outcome.DOMAIN_EDGE
    return outcome


def _is_negligible(stages: CheapStages, limits: Limits) -> BoolArray:
    """Whether a component is claimed to matter nothing beside others that do, and are visible."""
    q, rules = stages.question, limits.policy
    effect = limits.size * q.scale
    largest = float(np.max(effect, initial=0.0))
    hidden = _FLAT / _NATURAL * stages.noise_of_f  # the effect that an invisible one may have
    result: BoolArray = np.abs(q.claim) * q.scale <= rules.default * largest
    return result & (hidden <= rules.cap * largest)


def _is_invisible(difference: Differences, stages: CheapStages) -> BoolArray:
    """Whether neither f nor the claim shows an effect at a step that should show one."""
    q, noise = stages.question, stages.noise_of_f
    result: BoolArray = (
        (difference.step >= _NATURAL * q.scale)
        & (_movement(difference, stages) <= _FLAT * noise)
        & (np.abs(q.claim) * difference.step <= _FLAT * noise)
    )
    return result


def _movement(difference: Differences, stages: CheapStages) -> FloatArray:
    f0 = stages.value_at_zero
    moved: FloatArray = np.fmax(np.abs(difference.plus - f0), np.abs(difference.minus - f0))
    return moved
