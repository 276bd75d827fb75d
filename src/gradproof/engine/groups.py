"""The error of groups of components of one leaf: two evaluations, whatever their number."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from gradproof.engine.evaluation import Evaluator
from gradproof.engine.preflight import Preflight
from gradproof.engine.setting import Setting
from gradproof.judge.tolerance import limits
from gradproof.numerics.noise import KAPPA
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.tree import Leaf

_ROUNDING = 30.0  # unit roundoffs: a claim is added up from many terms
_WIDEST = 0.05  # of the natural scale
_WIDE = 1e-3  # of the natural scale: from here on f may bend
_WIDER = 3.0  # times the step, which shows the truncation
_BALANCED = 8.0  # truncation over noise, beyond which a shorter step is worth two evaluations
_NARROWER = 8.0  # times: a step at which a smooth f bends that much less
_BENT = 1.05  # times half of what the sides differ by: a claim that is the slope of one of them
_EVEN = 0.7, 1.3  # sizes of the moves: equal and opposite errors must not cancel


class Groups:
    """Measure d(S) = Σ (claim - truth)_i v_i over sets S of components of a leaf.

    It is signed and additive: what is measured of a set and of a part of it tells the rest. The
    direction v moves each component by about `weight`, up or down at random. `bar` is that of any
    d(S): noise, `truncation`, and `rounding`, that of the claims.

    A central difference at the step :math:`h = (3σ/‖claim · weight‖)^{1/3}` balances the noise σ of
    f with a truncation of the size of the slope itself; a second one at 3 h shows how large the
    truncation really is. Places are those within the leaf; `beyond` is how far off each claim may
    be, `rounding` how far it probably is, right or wrong; `value` is f at the point.
    """

    def __init__(
        self,
        leaf: Leaf,
        evaluator: Evaluator,
        claim: FloatArray,
        weight: FloatArray,
        *,
        beyond: FloatArray,
        rounding: FloatArray,
        value: float,
        noise: float,
        finest: float,
        rng: np.random.Generator,
    ) -> None:
        self._evaluator, self._first, self._whole = evaluator, leaf.start, claim
        self.claim = claim[leaf.start : leaf.stop]
        size = self.claim.size
        signs = rng.choice([-1.0, 1.0], size)
        self.move: FloatArray = signs * rng.uniform(*_EVEN, size) * weight[leaf.start : leaf.stop]
        self.beyond = beyond[leaf.start : leaf.stop]
        self._value, self._noise = value, noise
        self._half_widths: dict[int, float] = {}
        self._roundings = KAPPA * np.abs(rounding[leaf.start : leaf.stop] * self.move)
        self.rounding = float(np.linalg.norm(self._roundings))
        effect = float(np.linalg.norm(self.claim * self.move))
        step = (3 * noise / effect) ** (1 / 3) if effect > 0 else _WIDEST
        self._finest = finest
        self.step = min(max(step, finest), _WIDEST)
        self.truncation = 0.0

    @property
    def bar(self) -> float:
        """The bar of the error of any group."""
        return self._noise_of_slope + self.truncation + self.rounding

    def bars_of(self, places: IntArray) -> FloatArray:
        """Return the bars of the errors of single components, which their claims alone round."""
        bars: FloatArray = self._noise_of_slope + self.truncation + self._roundings[places]
        return bars

    @property
    def _noise_of_slope(self) -> float:
        return KAPPA * self._noise / (math.sqrt(2) * self.step)

    def is_wrong(self, place: int, error: float) -> bool:
        """Whether the error of one component is beyond its tolerance, by more than its bar."""
        allowed = self.beyond[place] * abs(self.move[place]) + self.bars_of(np.array([place]))[0]
        return bool(abs(error) > allowed)

    def is_within_a_kink(self, place: int, error: float) -> bool:
        """Whether f has a kink at the point along one component, and the claim lies in its slopes.

        The sides of a smooth f come together when the step gets shorter, those of a kink do not.
        Costs two evaluations where the sides leave room for the error, of a component that was
        measured by itself.
        """
        wide = self._half_widths[place]
        # What f bends by at the step is in what the sides differ by, and not in the error.
        if abs(error) > _BENT * wide + self.bars_of(np.array([place]))[0]:
            return False
        plus, minus = self._values(np.array([place]), 1.0, self.step / _NARROWER)
        return self._half_width(plus, minus, self.step / _NARROWER) > wide / 2

    def truncation_of(self, place: int, error: float) -> float:
        """Return the truncation of one component, of which the error was measured.

        That of the leaf comes from a sum in which much may cancel. Where steps are wide, because f
        is noisy, a measurement at half of the step shows it; two evaluations.
        """
        if self.step <= _WIDE:
            return self.truncation
        nearer = self._error(np.array([place]), 1.0, self.step / 2)
        return max(self.truncation, abs(nearer - error) * 4 / 3)

    def _half_width(self, plus: float, minus: float, step: float) -> float:
        """Return half of how far the slopes of the two sides are apart."""
        return abs(plus + minus - 2 * self._value) / (2 * step)

    def is_beyond(self, places: IntArray, error: float) -> bool:
        """Whether the error of a group is more than its tolerances may add up to, at random."""
        allowed = float(np.linalg.norm(self.beyond[places] * self.move[places]))
        return abs(error) > self.bar + allowed

    def error_of_all(self) -> float:
        """Return the error of the whole leaf; costs four evaluations, six at most."""
        near = self.error(None)
        far = self._error(None, 1.0, _WIDER * self.step)
        noise = self._noise_of_slope
        self.truncation = max(0.0, abs(far - near) - 2 * noise) / (_WIDER**2 - 1)
        if self.truncation > _BALANCED * noise and self.step > self._finest:
            shorter = max(self.step * (noise / self.truncation) ** (1 / 3), self._finest)
            self.truncation *= (shorter / self.step) ** 2
            self.step = shorter
            near = self.error(None)
        return near

    def error(self, places: IntArray | None, share: FloatArray | float = 1.0) -> float:
        """Return the error of a group (None: all), each moved by a share of its move."""
        return self._error(places, share, self.step)

    def _error(self, places: IntArray | None, share: FloatArray | float, step: float) -> float:
        chosen = slice(None) if places is None else places
        plus, minus = self._values(places, share, step)
        if places is not None and places.size == 1:
            self._half_widths[int(places[0])] = self._half_width(plus, minus, step)
        claimed = float(self.claim[chosen] @ (self.move[chosen] * share))
        return claimed - (plus - minus) / (2 * step)

    def _values(
        self, places: IntArray | None, share: FloatArray | float, step: float
    ) -> tuple[float, float]:
        """Evaluate f on both sides."""
        if places is None:
            first, moves = 0, self.move * share
        else:
            first = int(np.min(places))
            moves = np.zeros(int(np.max(places)) + 1 - first)
            moves[places - first] = self.move[places] * share
        part = slice(self._first + first, self._first + first + moves.size)
        plus, minus = (
            self._evaluator.along_chunks([(part, signed * moves)], self._whole)
            for signed in (step, -step)
        )
        return plus, minus


def groups_in(
    evaluator: Evaluator,
    found: Preflight,
    setting: Setting,
    weight: FloatArray,
    rng: np.random.Generator,
) -> Callable[[Leaf], Groups]:
    """Return what makes the groups of a leaf."""
    scales, pilot = setting.scales, setting.pilot
    rounding = _ROUNDING * found.roundoff_of_claim * scales.effect / scales.scale
    if setting.rounding is not None:
        rounding = np.maximum(rounding, setting.rounding)
    question = limits(
        scales,
        setting.claim,
        setting.rules,
        noise=pilot.noise,
        roundoff_of_claim=found.roundoff_of_claim,
        roundoff_of_x=pilot.roundoff_of_x,
        rounding_of_claim=setting.rounding,
    )
    return functools.partial(
        Groups,
        evaluator=evaluator,
        claim=setting.claim,
        weight=weight,
        beyond=question.beyond,
        rounding=rounding,
        value=setting.value,
        noise=pilot.noise,
        finest=float(np.max(pilot.roundoff_of_x)) ** 0.7,
        rng=rng,
    )
