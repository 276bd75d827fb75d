"""What the numbers allow to say about each component.

Evidence is asymmetric: a pass may rest on agreement at one or two steps that resolve the tolerance;
a fail needs two steps that agree with each other and contradict the claim; all else is
inconclusive, with its reason.
"""

import dataclasses
import enum

import numpy as np
import numpy.typing as npt

from gradproof.judge.tolerance import Limits
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.stages import BoolArray, CheapStages, Differences, Stage

_FLAT = 16.0  # standard deviations of noise: f does not visibly move
_STATIONARY = 1e-6  # of how much f moves within the steps taken


class Outcome(enum.IntEnum):
    """The outcome for one component.

    `FLAT` passes because neither f nor the claim makes it move f visibly; `MISMATCH` contradicts
    the claim, and was not confirmed by a second step because others of its leaf were.
    """

    PASS = 0
    FLAT = 1
    FAIL = 2
    MISMATCH = 3
    NOISE = 201
    KINK = 202
    PRECISION = 203
    DOMAIN_EDGE = 204
    TWO_SCALES = 205


@dataclasses.dataclass(frozen=True)
class Components:
    """The measurement of every component, its bar in two parts, and the outcome.

    `left` and `right` are the one-sided slopes at the smaller of the two steps, NaN where there
    were not two.
    """

    claim: FloatArray
    value: FloatArray
    truncation: FloatArray
    noise: FloatArray
    outcome: npt.NDArray[np.int16]
    left: FloatArray
    right: FloatArray

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
    q = stages.question
    n = q.lines
    value, truncation, noise = _single_differences(stages, limits)
    outcome = np.full(n, Outcome.PASS, dtype=np.int16)
    left, right = np.full((2, n), np.nan)

    unconfirmed = (stages.stage == Stage.UNCONFIRMED) & ~stages.agrees
    outcome[unconfirmed] = Outcome.MISMATCH

    twice = np.flatnonzero(np.isfinite(stages.second.value) | (stages.stage == Stage.SECOND))
    if twice.size:
        both = stages.extrapolated()
        value[twice], truncation[twice], noise[twice] = (part[twice] for part in both)
        left[twice], right[twice] = (part[twice] for part in _one_sided(stages))
    open_ = np.flatnonzero((stages.stage == Stage.SECOND) & ~stages.agrees)
    if open_.size:
        outcome[open_] = _judge_open(stages, limits, value, truncation + noise, left, right)[open_]
    outcome[(stages.stage == Stage.CENTRAL) & ~stages.agrees] = Outcome.DOMAIN_EDGE
    return Components(q.claim, value, truncation, noise, outcome, left, right)


def _single_differences(
    stages: CheapStages, limits: Limits
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value, truncation and noise of the lines that one difference answered.

    A single central difference does not show its own truncation: it is taken as that of a function
    whose derivatives are of the size of f' in the natural scale.
    """
    q, first = stages.question, stages.first
    forward = stages.stage == Stage.FORWARD
    forward &= stages.agrees
    value = np.where(forward, stages.forward, first.value)
    noise = np.where(forward, stages.forward_noise, first.noise)
    of_central = (first.step / q.scale) ** 2 / 6 * limits.size
    return value, np.where(forward, stages.forward_truncation, of_central), noise


def _one_sided(stages: CheapStages) -> tuple[FloatArray, FloatArray]:
    first, second = stages.first, stages.second
    nearer = np.where(second.step < first.step, True, False) | ~np.isfinite(first.step)
    plus = np.where(nearer, second.plus, first.plus)
    minus = np.where(nearer, second.minus, first.minus)
    step = np.where(nearer, second.step, first.step)
    f0 = stages.value_at_zero
    with np.errstate(all="ignore"):
        return (f0 - minus) / step, (plus - f0) / step


def _judge_open(
    stages: CheapStages,
    limits: Limits,
    value: FloatArray,
    bar: FloatArray,
    left: FloatArray,
    right: FloatArray,
) -> npt.NDArray[np.int16]:
    """Judge components that two steps did not show to agree."""
    q, first, second = stages.question, stages.first, stages.second
    rules = limits.policy
    with np.errstate(all="ignore"):
        gap = np.abs(q.claim - value)
        apart = [np.abs(q.claim - d.value) > q.tolerance + d.noise for d in (first, second)]
        converged = np.abs(first.value - second.value) <= 0.3 * gap
        beyond = gap > limits.beyond + rules.margin * bar
        contradicted = beyond & apart[0] & apart[1] & converged

        kink = _kink(stages, left, right)
        lowest, highest = np.minimum(left, right), np.maximum(left, right)
        pad = q.tolerance + 2 * np.fmin(first.noise, second.noise)
        within_kink = kink & (q.claim >= lowest - pad) & (q.claim <= highest + pad)

        moved = np.fmax(_movement(first, stages), _movement(second, stages))
        widest = np.fmax(first.step, second.step)
        consistent = gap <= q.tolerance + bar  # with a bar that may be too wide to resolve
        invisible = (moved <= _FLAT * stages.noise_of_f) & (
            np.abs(q.claim) * widest <= _FLAT * stages.noise_of_f
        )
        stationary = np.fmax(np.abs(q.claim), bar) * q.scale <= _STATIONARY * moved
        resolved = bar <= rules.cap * limits.size

    outcome = np.full(q.lines, Outcome.PRECISION, dtype=np.int16)
    outcome[~consistent & ~converged] = Outcome.TWO_SCALES
    outcome[consistent & ~resolved] = Outcome.NOISE
    outcome[kink & ~consistent] = Outcome.KINK
    outcome[contradicted & ~within_kink] = Outcome.FAIL
    outcome[within_kink] = Outcome.KINK
    outcome[consistent & stationary] = Outcome.PASS
    outcome[consistent & invisible] = Outcome.FLAT
    outcome[~np.isfinite(value)] = Outcome.DOMAIN_EDGE
    return outcome


def _movement(difference: Differences, stages: CheapStages) -> FloatArray:
    f0 = stages.value_at_zero
    moved: FloatArray = np.fmax(np.abs(difference.plus - f0), np.abs(difference.minus - f0))
    return moved


def _kink(stages: CheapStages, left: FloatArray, right: FloatArray) -> BoolArray:
    """Whether the one-sided slopes stay apart when the step shrinks; smooth ones close up."""
    first, second = stages.first, stages.second
    f0 = stages.value_at_zero
    with np.errstate(all="ignore"):
        jumps = [np.abs(d.plus + d.minus - 2 * f0) / d.step for d in (first, second)]
        nearer = second.step < first.step
        small = np.where(nearer, jumps[1], jumps[0])
        large = np.where(nearer, jumps[0], jumps[1])
        ratio = np.where(nearer, second.step / first.step, first.step / second.step)
        visible = small > 4 * np.fmax(first.noise, second.noise)
        result: BoolArray = visible & (small > np.sqrt(ratio) * large)
    return result
