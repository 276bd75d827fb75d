"""Kinks: where the slopes left and right of the point differ, however small the step."""

import dataclasses

import numpy as np

from gradproof.judge.tolerance import Limits
from gradproof.numerics.answers import Answers
from gradproof.numerics.protocol import BoolArray, FloatArray

_VISIBLE = 4.0  # bars that the two sides must be apart


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Sides:
    """One-sided slopes of every line at two steps, the smaller first; NaN where none was taken.

    `noise` is that of a one-sided slope, twice that of a central difference at the same step: the
    value at the point takes part, and the base is half as long.
    """

    left: tuple[FloatArray, FloatArray]
    right: tuple[FloatArray, FloatArray]
    noise: tuple[FloatArray, FloatArray]
    step: tuple[FloatArray, FloatArray]

    @property
    def jump(self) -> tuple[FloatArray, FloatArray]:
        """How far the two sides are apart at each step."""
        return (
            np.abs(self.right[0] - self.left[0]),
            np.abs(self.right[1] - self.left[1]),
        )

    @property
    def is_kink(self) -> BoolArray:
        """Whether the sides stay apart when the step shrinks; those of a smooth f close up."""
        near, wide = self.jump
        with np.errstate(invalid="ignore", divide="ignore"):
            stays = near > np.sqrt(self.step[0] / self.step[1]) * wide
            result: BoolArray = stays & (near > _VISIBLE / 2 * np.fmax(*self.noise))
        return result


def sides(answers: Answers) -> Sides:
    """Return the one-sided slopes that the two central differences contain."""
    first, second = answers.first, answers.second
    swap = (second.step < first.step) | ~np.isfinite(first.step)

    def by_step(of_first: FloatArray, of_second: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.where(swap, of_second, of_first), np.where(swap, of_first, of_second)

    left, right = (
        by_step(*pair)
        for pair in zip(
            first.one_sided(answers.value_at_zero),
            second.one_sided(answers.value_at_zero),
            strict=True,
        )
    )
    return Sides(
        left, right, by_step(2 * first.noise, 2 * second.noise), by_step(first.step, second.step)
    )


def claimed_side(claim: FloatArray, found: Sides, limits: Limits) -> tuple[FloatArray, FloatArray]:
    """Return the slope and noise of the side whose slope is the claim; NaN where there is none.

    At a kink the slope at the nearer step counts. Beside one, the nearer step may already reach
    across: then both steps have to agree with the claim on the side that is smooth, one of them has
    to resolve it, and the two sides have to be apart beyond noise.
    """
    tolerance, allowed = limits.question.tolerance, limits.policy.cap * limits.size
    slope, noise = np.full((2, claim.size), np.nan)
    with np.errstate(invalid="ignore"):
        apart = (found.jump[0] > _VISIBLE * found.noise[0]) | (
            found.jump[1] > _VISIBLE * found.noise[1]
        )
        near_resolves, wide_resolves = (tolerance + bar <= allowed for bar in found.noise)
        for near, wide in (found.left, found.right):
            near_agrees = np.abs(claim - near) <= tolerance + found.noise[0]
            wide_agrees = np.abs(claim - wide) <= tolerance + found.noise[1]
            at_kink = found.is_kink & near_agrees & near_resolves
            beside = apart & near_agrees & wide_agrees & wide_resolves
            slope = np.where(at_kink, near, np.where(beside, wide, slope))
            noise = np.where(at_kink, found.noise[0], np.where(beside, found.noise[1], noise))
    return slope, noise
