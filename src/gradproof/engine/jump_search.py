"""Could jumps of f explain what looks wrong?"""

from __future__ import annotations

import contextlib

import numpy as np

from gradproof.engine.along import Along
from gradproof.judge.outcome import Outcome
from gradproof.judge.verdict import Components
from gradproof.numerics.jumps import JumpScan
from gradproof.numerics.protocol import BoolArray, FloatArray

_FROM_AFAR = RuntimeError  # what solvers raise that do not converge far away: the walk ends there
_SMALL_GAP = 0.1  # relative: larger ones are not what a stopped iteration leaves
_INSIDE = 0.25  # of the line: so far the bounds have to leave room on both sides
_SIDES_WITH = 0.3  # of the distance of two slopes: a third one is closer to one of them


class JumpSearch:
    """Walks along one line through the point as soon as there is something to explain.

    `height` is the largest jump found; `explained` says whether jumps have become the noise.
    """

    def __init__(self, along: Along, scale: FloatArray, rng: np.random.Generator) -> None:
        self._along, self._scale, self._rng = along, scale, rng
        self._scan: JumpScan | None = None
        self._walked = np.zeros_like(scale)
        self._across: bool | None = None
        self._wanted = 0.0
        self.explained = False

    @property
    def height(self) -> float:
        """The largest jump, 0 where none was looked for."""
        return 0.0 if self._scan is None else self._scan.height

    def explains(self, c: Components, size: FloatArray, noise: float) -> bool:
        """Whether jumps may explain a small difference, and are more than the known noise."""
        with np.errstate(invalid="ignore"):
            gap = np.abs(c.claim - c.value)
            small = np.isin(c.outcome, (Outcome.FAIL, Outcome.PRECISION, Outcome.TWO_SCALES))
            small &= gap <= _SMALL_GAP * size
        effect = (gap * self._scale)[small]
        if effect.size == 0:
            return False
        wanted = float(np.max(effect))
        if self._scan is None or wanted > max(self._wanted, self._scan.slope_error):
            self._wanted = wanted
            self._scan, self._across = self._walk(c, small, noise), None
        if self._scan.height / 2 <= noise or not np.any(effect <= self._scan.slope_error):
            return False
        if self._across is None:
            # What is plainly wrong is no matter of jumps, and must not hide what else is.
            too_far = gap * self._scale > self._scan.slope_error
            plain = np.isfinite(gap) & ((gap > _SMALL_GAP * size) | too_far)
            self._across = self._make_up_for_it(
                self._scan, np.where(plain, c.value, c.claim), noise
            )
        self.explained |= self._across
        return self._across

    def _walk(self, c: Components, small: BoolArray, noise: float) -> JumpScan:
        # The differences add up along this line.
        signs = np.where(small, np.sign(c.claim - c.value), 0.0)
        random = self._rng.choice([-1.0, 1.0], self._scale.size)
        reach = np.minimum(self._along.pilot.reach, self._along.evaluator.room / _INSIDE)
        self._walked = reach * np.where(signs == 0, random, signs)
        scan = JumpScan(
            value_at_zero=self._along.value,
            noise_of_f=noise,
            wanted=self._wanted,
            slope=float(np.abs(c.claim) @ reach),
            roundoff_of_offsets=self._along.roundoff_of_offsets,
        )
        with contextlib.suppress(_FROM_AFAR):
            self._along.evaluator.answer_directions(scan, [self._walked], exactly=True)
        return scan

    def cannot_explain(self, c: Components, size: FloatArray) -> BoolArray:
        """Return what is wrong by more than jumps may explain, once they have become the noise."""
        if self._scan is None or not self.explained:
            return np.zeros(size.size, dtype=bool)
        with np.errstate(invalid="ignore"):
            gap = np.abs(c.claim - c.value)
            too_far = (gap > _SMALL_GAP * size) & (gap * self._scale > self._scan.slope_error)
        result: BoolArray = (c.outcome == Outcome.FAIL) & too_far
        return result

    def never_explains(self, c: Components, size: FloatArray) -> BoolArray:
        """Return what is wrong by more than jumps are ever asked to explain."""
        with np.errstate(invalid="ignore"):
            far = np.abs(c.claim - c.value) > _SMALL_GAP * size
        result: BoolArray = self.cannot_explain(c, size) if self.explained else c.wrong & far
        return result

    def _make_up_for_it(self, scan: JumpScan, claim: FloatArray, noise: float) -> bool:
        """Whether the jumps may make up for the difference between the claim and the slope.

        They do not where, along the line that was walked, the slope across them is the one between
        them and not the claimed one, and the jumps are too low for the difference.
        """
        found = self._along.both_sides([self._walked], noise)
        (value,), (truncation,), (bar,) = found.take(found.best)
        off = abs(float(claim @ self._walked) - value)
        away = abs(scan.across - value) + truncation + bar
        sides_with_it = max(away, scan.bar) <= _SIDES_WITH * off
        return not (sides_with_it and off > scan.slope_error_nearby)
