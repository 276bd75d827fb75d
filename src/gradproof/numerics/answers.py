"""What one or two differences of each line say of its question, and whether they answer it."""

from __future__ import annotations

import enum

import numpy as np

from gradproof.numerics.differences import Differences
from gradproof.numerics.protocol import BoolArray, FloatArray, IntArray
from gradproof.numerics.question import Question

_TRUNCATION_STEP = 0.02  # of the natural scale: up to here one central difference stands alone
TINY_STEP = 1e-3  # of the natural scale
_APART = 0.1  # of the size of a slope: what the sides of a kink differ by, and those of a smooth f
# at tiny steps do not


class Stage(enum.IntEnum):
    """How far a line had to go; 0 before anything is known of it."""

    FORWARD = 1
    CENTRAL = 2
    SECOND = 3
    UNCONFIRMED = 4


class Answers:
    """The differences of many lines, and which of them agree with the claim.

    `forward` are one-sided differences, with the bars of their noise and truncation, `first` and
    `second` central ones at two steps; NaN where none was taken. `stage` says which of them is the
    last that was judged, and `agrees` whether it agrees with the claim and resolves what it has to.
    """

    def __init__(self, question: Question, *, value_at_zero: float, noise_of_f: float) -> None:
        q = self.question = question
        n = q.lines
        self.value_at_zero = value_at_zero
        self.noise_of_f = noise_of_f
        self.stage = np.zeros(n, dtype=np.int8)
        self.agrees = np.zeros(n, dtype=bool)
        self.forward, self.forward_noise, self.forward_truncation = np.full((3, n), np.nan)
        self.first, self.second = Differences(n), Differences(n)
        self._on_stairs = np.zeros(n, dtype=bool)
        self._size = q.resolution / q.relative
        self._alone = np.minimum(_TRUNCATION_STEP, np.sqrt(q.relative)) * q.scale

    def confirmed_wrong(self, lines: IntArray) -> BoolArray:
        """Whether two steps agree that the claim is plainly off.

        That much suffices in a group in which others are wrong and none is right.
        """
        q = self.question
        with np.errstate(all="ignore"):
            gap = np.abs(q.claim - self.first.value)
            converged = np.abs(self.first.value - self.second.value) <= 0.1 * gap
        result: BoolArray = self._plainly_off(lines) & converged[lines]
        return result

    def extrapolated(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return Richardson's value of the two steps, its truncation bar and its noise bar.

        R = (r² D_small − D_large) / (r² − 1), r the ratio of the steps, without the h² term of the
        error. Richardson, Phil. Trans. R. Soc. A 226 (1927) 299–361.
        """
        first, second = self.first, self.second
        swap = second.step > first.step
        large = np.where(swap, second.value, first.value)
        small = np.where(swap, first.value, second.value)
        noise_large = np.where(swap, second.noise, first.noise)
        noise_small = np.where(swap, first.noise, second.noise)
        with np.errstate(all="ignore"):
            squared = np.where(swap, second.step / first.step, first.step / second.step) ** 2
            value = (squared * small - large) / (squared - 1)
            noise = (squared * noise_small + noise_large) / (squared - 1)
            truncation = 0.15 * np.abs(value - small)
        return value, truncation, noise

    def put(self, lines: IntArray, other: Answers) -> None:
        """Take over what was found about some lines, and what was asked of them."""
        asked = {name: part.copy() for name, part in vars(self.question).items()}
        for name, part in asked.items():
            part[lines] = vars(other.question)[name]
        self.question = Question(**asked)
        self._size[lines] = other._size
        self.forward[lines], self.forward_noise[lines] = other.forward, other.forward_noise
        self.forward_truncation[lines] = other.forward_truncation
        self.stage[lines], self.agrees[lines] = other.stage, other.agrees
        self.first.put(lines, other.first)
        self.second.put(lines, other.second)

    def _answers(self, lines: IntArray, value: FloatArray, noise: FloatArray) -> BoolArray:
        """Whether a measurement agrees with the claim and resolves what it has to."""
        q = self.question
        with np.errstate(invalid="ignore"):
            agrees = np.abs(q.claim - value)[lines] <= (q.tolerance + noise)[lines]
            resolved = (noise <= q.resolution)[lines]
        both: BoolArray = agrees & resolved
        return both

    def _accept(self, lines: IntArray, agrees: BoolArray, stage: Stage) -> None:
        self.agrees[lines] = agrees & ~self._on_stairs[lines]
        self.stage[lines] = stage

    def _judge_first(self, lines: IntArray) -> None:
        agrees = self._answers(lines, self.first.value, self.first.noise)
        alone = self.first.step[lines] <= 1.25 * self._alone[lines]
        self._accept(lines, agrees & alone & ~self._at_a_kink(lines), Stage.CENTRAL)

    def _judge_second(self, lines: IntArray) -> None:
        q, first, second = self.question, self.first, self.second
        tolerance = q.tolerance[lines]
        near = np.abs(q.claim - first.value)[lines] <= 2 * tolerance + first.noise[lines]
        near_too = np.abs(q.claim - second.value)[lines] <= 2 * tolerance + second.noise[lines]
        by_second = self._answers(lines, second.value, second.noise) & (
            (second.step[lines] <= self._alone[lines]) | near
        )
        by_first = self._answers(lines, first.value, first.noise) & near_too
        value, truncation, noise = self.extrapolated()
        by_both = self._answers(lines, value, truncation + noise)
        agrees = (by_second | by_first | by_both) & ~self._at_a_kink(lines)
        self._accept(lines, agrees, Stage.SECOND)

    def _at_a_kink(self, lines: IntArray) -> BoolArray:
        """Whether the sides differ at a tiny step: the mean of both is no derivative."""
        q = self.question
        left, right = self.first.one_sided(self.value_at_zero)
        with np.errstate(invalid="ignore"):
            apart = np.abs(right - left) > _APART * self._size + 2 * self.first.noise
            tiny = self.first.step <= TINY_STEP * q.scale
        result: BoolArray = (apart & tiny)[lines]
        return result

    def _plainly_off(self, lines: IntArray) -> BoolArray:
        """Whether the first difference contradicts the claim by far, and so does either side."""
        q, first = self.question, self.first
        claim = q.claim[lines]
        left, right = (claim - side[lines] for side in first.one_sided(self.value_at_zero))
        with np.errstate(all="ignore"):
            gap = claim - first.value[lines]
            far = np.abs(gap) > 10 * (q.tolerance + first.noise)[lines]
            # Half of the gap at least on both sides: no kink between them excuses the claim.
            result: BoolArray = far & (left / gap > 0.5) & (right / gap > 0.5)
        return result
