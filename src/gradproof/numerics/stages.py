"""The cheap stages: one difference after the other, until the question is answered.

0. *Claims of 0* ask whether f moves at all when the component moves far: one evaluation.
1. *Forward*, one evaluation, where its truncation is known to be below the tolerance: beforehand,
   or from a sample of the group that is measured both ways.
2. *Central*, two evaluations, at the smallest step that resolves the tolerance; where one side did
   not suffice, the other side is all it costs.
3. *Central again* at a second step, and Richardson's extrapolation of the two.

The step is not the one that minimises the error but the smallest one whose noise stays below what
has to be resolved: truncation is then negligible for nearly every function, kinks rarely lie within
the step, and one difference settles the question.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from gradproof.numerics.answers import TINY_STEP, Answers, Stage
from gradproof.numerics.differences import Differences
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import Block, BoolArray, FloatArray, IntArray
from gradproof.numerics.question import Question, sample_of_groups

_AS_A_PARABOLA = 8.0  # times the movement of a parabola
_LARGEST_STEP = 0.1  # in units of the natural scale
_WIDEST_STEP = 0.3
_NARROW = 3e-3  # stairs of this width are finer than f is meant to vary
_WIDER = 16.0
_WEIGHT_OF_ONE_SIDE = 3.6  # times the noise of a central difference of the same step
_SHRINKINGS = 2
_SHRINK = 64.0
_CONFIRMATIONS = 64
_MOVED = 8.0  # times the bar of a one-sided difference: by so much f moves visibly
_SHOWN = 0.25  # of a slope that f shows far from the point: what has to be resolved at the point
_LOST = 0.75  # of a sample: a group with so many wrong lines and no right one is given up
_SHARED = 1.01  # times the step that was asked for: more is no rounding
_TRIALS = 16  # lines of a group measured both ways
_MOSTLY = 0.5  # of them have to be answered by one side; else the shorter step of two is worth more
_BEYOND_TRIALS = 2.0  # times the largest truncation of those: that of the others


class CheapStages(Answers):
    """Answer a question about many lines at once, most of them by one or two evaluations each.

    Two central differences take four, and a claim of 0 up to four more: one far from the point, and
    three between there and the step. With `both_sides` both are taken where one side answers, so
    that a kink at the point is noticed; in a sample that was measured both ways one is then taken
    again. So a line takes nine at most, and more only where f is not finite at a step: then one
    side is looked at alone, or shorter steps are tried.
    """

    def __init__(
        self,
        question: Question,
        *,
        value_at_zero: float,
        noise_of_f: float,
        default_relative: float,
        both_sides: bool = False,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(question, value_at_zero=value_at_zero, noise_of_f=noise_of_f)
        n = question.lines
        self._both_sides = both_sides
        self._ahead, self._offset_ahead = np.full((2, n), np.nan)
        # Of claims of 0, where f moves far out.
        self._far, self._far_slope = np.full((2, n), np.nan)

        # A random factor, so that no structure of f can hide between the steps of all lines.
        self._jitter = rng.uniform(0.8, 1.25, n)
        self._choose_steps()

        self._pending = self._stages(default_relative, rng)
        self._block: Block | None = next(self._pending, None)

    def _choose_steps(self) -> None:
        """Take the smallest step that resolves what has to be resolved, for every line."""
        q = self.question
        with np.errstate(divide="ignore"):
            wanted = 2 * KAPPA * self.noise_of_f / (math.sqrt(2) * q.resolution)
        self._wanted = np.where(q.resolution > 0, wanted, np.inf)
        self._step = np.clip(self._wanted, q.smallest_step, _LARGEST_STEP * q.scale) * self._jitter

    # The stages are a generator of blocks over whole arrays: one step of it asks for as many
    # evaluations as there are undecided lines.
    def ask(self) -> Block | None:
        """Return the next points, or None when there is nothing left to ask."""
        return self._block

    def tell(self, values: FloatArray, offsets: FloatArray) -> None:
        """Take the values of the last block, and the offsets as floating point realised them."""
        self._told = values, offsets
        self._block = next(self._pending, None)

    def _stages(self, default_relative: float, rng: np.random.Generator) -> Iterator[Block]:
        yield from self._look_far(np.flatnonzero(self.question.claim == 0))
        q = self.question
        short = default_relative * q.scale
        known = np.flatnonzero((self._wanted <= short) & ~self.agrees)
        yield from self._forward(known, self._step / q.scale)
        hopeful = (self._wanted > short) & (2 * self._step <= self._alone) & ~self.agrees
        yield from self._forward_after_trial(np.flatnonzero(hopeful), default_relative, rng)
        if self._both_sides:
            yield from self._other_side(np.flatnonzero(np.isfinite(self._ahead) & self.agrees))
        yield from self._look_between()
        rest = np.flatnonzero(~self.agrees & (self.stage < Stage.CENTRAL))
        yield from self._other_side(rest[np.isfinite(self._ahead[rest])])
        both = rest[~np.isfinite(self._ahead[rest])]
        if both.size:
            yield from self._central(self.first, both, self._step, shrinkings=0)
            self._judge_first(both)
            yield from self._look_between()
        edge = rest[~np.isfinite(self.first.value[rest])]
        yield from self._from_one_side(edge)
        edge = edge[~self.agrees[edge]]
        if edge.size:
            yield from self._central(self.first, edge, self._step / _SHRINK)
            self._judge_first(edge)
        rest = np.flatnonzero(~self.agrees & np.isfinite(self.first.value))
        if rest.size:
            steps = self._second_steps(rest)
            some, others = sample_of_groups(rest, q.group[rest], _CONFIRMATIONS, rng)
            yield from self._look_again(some, steps)
            # Where nearly all of the sample is wrong and none is right, the others would only cost.
            groups = int(q.group.max()) + 1
            wrong = np.bincount(q.group[some], self.confirmed_wrong(some), minlength=groups)
            right = np.bincount(q.group[some], self.agrees[some], minlength=groups)
            sampled = np.bincount(q.group[some], minlength=groups)
            lost = (wrong >= _LOST * sampled) & (right == 0)
            certain = lost[q.group[others]] & self._plainly_off(others)
            self.stage[others[certain]] = Stage.UNCONFIRMED
            yield from self._look_again(others[~certain], steps)

    def _look_far(self, lines: IntArray) -> Iterator[Block]:
        """Ask once far from the point, where a component is claimed not to matter.

        Where f stands still, nothing resolves the claim better. Where it moves, the slope that it
        shows there is what has to be told from 0 at the point: a component may be claimed not to
        matter beside others that matter far more.
        """
        if lines.size == 0:
            return
        q = self.question
        yield Block(lines, _LARGEST_STEP * q.scale[lines] * self._jitter[lines])
        values, offsets = self._told
        self.forward_truncation[lines] = 0.0
        self.forward[lines] = (values - self.value_at_zero) / offsets
        self.forward_noise[lines] = KAPPA * self.noise_of_f * math.sqrt(2) / np.abs(offsets)
        self._accept(lines, self._answers(lines, self.forward, self.forward_noise), Stage.FORWARD)
        with np.errstate(invalid="ignore"):
            slope = np.abs(self.forward[lines])
            moved = (slope > _MOVED * self.forward_noise[lines]) & np.isfinite(slope)
        self._far[lines[moved]], self._far_slope[lines[moved]] = offsets[moved], slope[moved]
        resolution = q.resolution.copy()
        resolution[lines[moved]] = np.minimum(resolution[lines], _SHOWN * slope)[moved]
        self.question = dataclasses.replace(q, resolution=resolution)
        self._size[lines[moved]] = np.minimum(self._size[lines], slope)[moved]
        self._choose_steps()

    def _look_between(self) -> Iterator[Block]:
        """Ask between the two steps where f stands still at the one and moves at the other.

        Where the derivative is 0, f moves by less than in proportion to the step, as a parabola
        does: by a part of the slope far out that is that of the steps. Else f may stand on a stair,
        and 0 is the slope of that alone: on the other side it then moves the other way. Asked at
        the width of the widest stairs that are not meant, and nearer where f moves as a parabola.
        """
        q, f0 = self.question, self.value_at_zero
        still = (self._ahead == f0) | ((self.first.plus == f0) & (self.first.minus == f0))
        lines = np.flatnonzero(self.agrees & still & np.isfinite(self._far))
        far, slope = np.abs(self._far), self._far_slope
        noise = KAPPA * self.noise_of_f * math.sqrt(2)
        for steps in (_NARROW * q.scale * self._jitter, np.sqrt(np.abs(self._step) * far)):
            if lines.size == 0:
                break
            sign = np.sign(self._far[lines])
            yield Block(lines, steps[lines] * sign)
            moved, step = self._told[0] - f0, np.abs(self._told[1])
            allowed = _AS_A_PARABOLA * slope[lines] * (step / far[lines]) * step + noise
            with np.errstate(invalid="ignore"):
                visibly = np.abs(moved) > allowed
            if np.any(visibly):
                yield Block(lines[visibly], -(step * sign)[visibly])
                climbs = (self._told[0] - f0) * moved[visibly] < 0
                self._on_stairs[lines[visibly][climbs]] = True
                self.agrees[lines[visibly][climbs]] = False
            lines = lines[~visibly & (moved != 0)]
        self._far[still] = np.nan  # asked

    def _look_again(self, lines: IntArray, steps: FloatArray) -> Iterator[Block]:
        """Ask at a second step."""
        if lines.size:
            yield from self._central(self.second, lines, steps)
            self._judge_second(lines)

    def _central(
        self,
        differences: Differences,
        lines: IntArray,
        steps: FloatArray,
        shrinkings: int = _SHRINKINGS,
    ) -> Iterator[Block]:
        """Ask for both sides; where one is not finite, again with a shorter step."""
        steps = steps.copy()
        for _ in range(shrinkings + 1):
            yield Block(
                np.concatenate([lines, lines]), np.concatenate([steps[lines], -steps[lines]])
            )
            differences.take(lines, *self._told, self.value_at_zero, self.noise_of_f)
            finite = np.isfinite(differences.value[lines])
            lines = lines[~finite]
            if lines.size == 0:
                return
            steps[lines] /= _SHRINK

    def _forward(self, lines: IntArray, truncation: FloatArray) -> Iterator[Block]:
        """Ask for one side; `truncation` is that of each line, relative to what is resolved."""
        if lines.size == 0:
            return
        yield Block(lines, 2 * self._step[lines])
        values, offsets = self._told
        self._ahead[lines], self._offset_ahead[lines] = values, offsets
        # Whoever evaluates may take a wider step, to share it among lines.
        wider = np.abs(offsets) / (2 * self._step[lines])
        wider = np.where(wider > _SHARED, wider, 1.0)
        self.forward_truncation[lines] = wider * truncation[lines] * self._size[lines]
        self.forward[lines] = (values - self.value_at_zero) / offsets
        self.forward_noise[lines] = KAPPA * self.noise_of_f * math.sqrt(2) / np.abs(offsets)
        self._accept(lines, self._answers(lines, self.forward, self.forward_noise), Stage.FORWARD)

    def _other_side(self, lines: IntArray) -> Iterator[Block]:
        """Ask for the side that is missing to a central difference."""
        if lines.size == 0:
            return
        yield Block(lines, -2 * self._step[lines])
        values, offsets = self._told
        values = np.concatenate([self._ahead[lines], values])
        offsets = np.concatenate([self._offset_ahead[lines], offsets])
        self.first.take(lines, values, offsets, self.value_at_zero, self.noise_of_f)
        self._judge_first(lines)

    def _from_one_side(self, lines: IntArray) -> Iterator[Block]:
        """Ask twice on the side that is finite, where the other is not: an edge or a bound.

        D = (t₂² (f₁ − f₀) − t₁² (f₂ − f₀)) / (t₁ t₂ (t₂ − t₁)) leaves out what is left out by a
        central difference, too: Fornberg, Math. Comput. 51 (1988) 699-706.
        """
        first, f0 = self.first, self.value_at_zero
        side = np.where(np.isfinite(first.plus), 1.0, np.where(np.isfinite(first.minus), -1.0, 0))
        lines = lines[side[lines] != 0]
        if lines.size == 0:
            return
        q = self.question
        step = np.minimum(_WEIGHT_OF_ONE_SIDE * self._step, _LARGEST_STEP * q.scale)[lines]
        near = side[lines] * step
        yield Block(np.concatenate([lines, lines]), np.concatenate([near, 2 * near]))
        values, offsets = self._told
        (f1, f2), (t1, t2) = values.reshape(2, -1), offsets.reshape(2, -1)
        with np.errstate(all="ignore"):
            a, b = t2 / (t1 * (t2 - t1)), -t1 / (t2 * (t2 - t1))
            self.forward[lines] = a * (f1 - f0) + b * (f2 - f0)
            noise = KAPPA * self.noise_of_f * np.sqrt(a**2 + b**2 + (a + b) ** 2)
        self.forward_noise[lines] = noise
        self.forward_truncation[lines] = (step / q.scale[lines]) ** 2 / 3 * self._size[lines]
        agrees = self._answers(lines, self.forward, self.forward_noise)
        short = step <= _WEIGHT_OF_ONE_SIDE * 1.25 * self._alone[lines]
        self._accept(lines, agrees & short, Stage.FORWARD)

    def _forward_after_trial(
        self, lines: IntArray, default_relative: float, rng: np.random.Generator
    ) -> Iterator[Block]:
        """Ask for one side where a sample shows that this mostly answers, and rightly so.

        One side that agrees with a claim to a millionth agrees with the derivative, too, unless its
        truncation happens to be the error of the claim. In the sample both can be compared.
        """
        group = self.question.group
        sample, others = sample_of_groups(lines, group[lines], _TRIALS, rng)
        groups = group.max(initial=0) + 1
        # Without others there is nothing to learn for.
        sample = sample[np.bincount(group[others], minlength=groups)[group[sample]] > 0]
        if sample.size == 0:
            return
        yield from self._forward(sample, np.zeros(self.question.lines))
        answered = self.agrees[sample]
        yield from self._other_side(sample)
        with np.errstate(invalid="ignore"):
            seen = np.abs(self.forward - self.first.value)[sample] / self._size[sample]
        worst = np.zeros(groups)
        np.maximum.at(worst, group[sample[answered]], np.nan_to_num(seen, nan=np.inf)[answered])
        share = np.bincount(group[sample], answered, groups) / np.bincount(
            group[sample], minlength=groups
        ).clip(1)
        fit = (share >= _MOSTLY) & (worst <= _BEYOND_TRIALS * default_relative)
        yield from self._forward(others[fit[group[others]]], _BEYOND_TRIALS * worst[group])

    def _second_steps(self, lines: IntArray) -> FloatArray:
        """Choose where to look again: closer where the noise allows it, wider where it does not."""
        q, first = self.question, self.first
        agrees = np.zeros(q.lines, dtype=bool)
        agrees[lines] = self._answers(lines, first.value, first.noise)
        with np.errstate(invalid="ignore"):
            noisy = np.abs(q.claim - first.value) <= q.tolerance + 10 * first.noise
        other = np.where(noisy, np.minimum(8 * first.step, _WIDEST_STEP * q.scale), first.step / 8)
        # A tiny step leaves room above it: noise is lower there, truncation still low.
        wider = np.minimum(_WIDER * first.step, np.sqrt(first.step * _LARGEST_STEP * q.scale))
        other = np.where(first.step <= TINY_STEP * q.scale, wider, other)
        # Where f does not move at all, only a step of the natural scale tells a derivative of 0
        # from a staircase.
        still = (first.plus == self.value_at_zero) & (first.minus == self.value_at_zero)
        other = np.where(still, _WIDEST_STEP * q.scale, other)
        steps = np.where(agrees, first.step / 2, other)
        return np.where(np.isfinite(steps), np.maximum(steps, q.smallest_step / 8), self._step)

    @property
    def settled(self) -> BoolArray:
        """What agrees and needs no other look, should there be none any more."""
        one_side = self._both_sides & np.isfinite(self._ahead) & (self.stage == Stage.FORWARD)
        result: BoolArray = self.agrees & ~one_side & ~np.isfinite(self._far)
        return result
