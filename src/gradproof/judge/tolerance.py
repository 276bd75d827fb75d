"""The tolerance model: what has to agree, what has to be resolved, and what is beyond doubt."""

import dataclasses
import math

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.numerics.question import Question
from gradproof.numerics.scales import away_from_zero, natural_scales, typical_effect
from gradproof.tree import Tree

_ROUNDING_OF_CLAIM = 1e3  # in unit roundoffs of the claim: backpropagation adds many terms


@dataclasses.dataclass(frozen=True)
class Policy:
    """What is asked of every component, relative to its own size.

    `default` is the relative tolerance asked for; it may grow with the noise of f up to `cap`
    unless the user gave it. Discrepancies up to `grey` times the usual one are not called wrong:
    special functions and inner iterations are that inexact; a tolerance of the user's own is meant
    as it is. `margin` is how many bars a discrepancy must be wide to be called wrong.
    """

    default: float
    cap: float
    grey: float
    margin: float


def policy(rtol: float | None, *, low_precision: bool, promoted: bool = False) -> Policy:
    """Return the policy for a precision, with the user's own tolerance where there is one.

    `promoted` says that f is measured in float64, and the claim made in low precision.
    """
    usual = Policy(1e-2, 2e-2, 2.0, 3.0) if low_precision else Policy(1e-6, 1e-2, 10.0, 1.6)
    if promoted:
        usual = Policy(default=1e-4, cap=1e-2, grey=2.0, margin=1.6)
    if rtol is None:
        return usual
    return dataclasses.replace(usual, default=rtol, cap=rtol, grey=1.0)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Scaling:
    """Natural scales of all components, and effects on f: of a typical component of each leaf.

    `effect` is what the claim says. `movement` is the least effect that is worth resolving where f
    moves by far more than the claim says, because the point is stationary; 0 elsewhere.
    """

    scale: FloatArray
    effect: FloatArray
    movement: FloatArray
    leaf: IntArray

    def take(self, places: IntArray | slice) -> "Scaling":
        """Return the scales of some components."""
        return Scaling(*(part[places] for part in vars(self).values()))


def scaling(tree: Tree, x: FloatArray, claim: FloatArray, value: float) -> Scaling:
    """Return scales leaf by leaf, `value` being that of f at x.

    A leaf whose claim is 0 is judged by the effect of the others.
    """
    scale, effect = np.ones_like(x), np.zeros_like(x)
    leaf_of = np.zeros(x.size, dtype=np.int64)
    for number, leaf in enumerate(tree.leaves):
        part = slice(leaf.start, leaf.stop)
        own = natural_scales(x[part], claim[part])
        scale[part] = away_from_zero(own, x[part], claim[part], value)
        effect[part] = typical_effect(claim[part], scale[part])
        leaf_of[part] = number
    if np.any(effect == 0) and np.any(effect > 0):
        effect[effect == 0] = typical_effect(claim, scale)
    return Scaling(scale, effect, np.zeros_like(x), leaf_of)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Limits:
    """The question put to the measurements, and from where on a discrepancy is beyond doubt.

    `size` is what relative tolerances of a component refer to; `typical` the same without what was
    added at a stationary point, for what is told about relative errors.
    """

    question: Question
    size: FloatArray
    typical: FloatArray
    beyond: FloatArray
    policy: Policy

    def take(self, places: IntArray) -> "Limits":
        """Return the limits of some components."""
        return Limits(
            self.question.take(places),
            self.size[places],
            self.typical[places],
            self.beyond[places],
            self.policy,
        )

    def put(self, places: IntArray, other: "Limits") -> "Limits":
        """Return these limits, with those of another at some components."""

        def mixed(mine: FloatArray, others: FloatArray) -> FloatArray:
            result = mine.copy()
            result[places] = others[places]
            return result

        return Limits(
            self.question.put(places, other.question),
            mixed(self.size, other.size),
            mixed(self.typical, other.typical),
            mixed(self.beyond, other.beyond),
            self.policy,
        )


def _shown(noise: float, effect: FloatArray, rules: Policy) -> FloatArray:
    """Return (noise / effect)^(2/3) between the usual tolerance and the cap."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(noise / effect, nan=np.inf)
    relative = np.where(ratio > rules.cap**1.5, max(rules.cap, rules.default), rules.default)
    # Powers take longer than all else together, and few are needed.
    between = (ratio > rules.default**1.5) & (ratio <= rules.cap**1.5)
    relative[between] = np.clip(ratio[between] ** (2 / 3), rules.default, rules.cap)
    return relative


def _power_of(values: FloatArray, exponent: float) -> FloatArray | float:
    """Return powers of numbers that are mostly all the same."""
    if values.size and np.all(values == values[0]):
        return float(values[0] ** exponent)
    return values**exponent


def limits(
    scaling: Scaling,
    claim: FloatArray,
    rules: Policy,
    *,
    noise: float,
    roundoff_of_claim: float,
    roundoff_of_x: FloatArray,
    rounding_of_claim: FloatArray | None = None,
    relative: FloatArray | None = None,
) -> Limits:
    """Put the question: rtol where f can show it, otherwise what it can show, up to the cap.

    rt_i = max(rtol, min(cap, (6σ / (s_i T_i))^(2/3))), s_i = max(|a_i|, S/T_i): a step is limited
    to √rt T by truncation, and its noise has to stay below rt s. Agreement is within
    rt_i |a_i| + 1000 u S/T_i, √u S/T_i in half precision: correct gradients carry the rounding of
    their neighbours' size. Where the rounding of the claim was measured, it is added to that.
    `relative` takes the place of rt_i where that is known.
    """
    floor = np.maximum(scaling.effect, scaling.movement) / scaling.scale
    size = np.maximum(np.abs(claim), floor)
    typical = np.maximum(np.abs(claim), scaling.effect / scaling.scale)
    if relative is None:
        relative = _shown(6 * noise, size * scaling.scale, rules)
    roundoff = max(roundoff_of_claim, UNIT_ROUNDOFF_64)
    rounding = min(_ROUNDING_OF_CLAIM * roundoff, math.sqrt(roundoff)) * floor
    measured = np.zeros_like(claim) if rounding_of_claim is None else rounding_of_claim
    tolerance = relative * np.abs(claim) + rounding + measured
    question = Question(
        claim=claim,
        scale=scaling.scale,
        smallest_step=scaling.scale * _power_of(roundoff_of_x, 0.7),
        relative=relative,
        tolerance=tolerance,
        resolution=relative * size,
        group=scaling.leaf,
    )
    usual = rules.grey * (rules.default * np.abs(claim) + rounding) + measured
    beyond = np.maximum(tolerance, usual)
    return Limits(question, size, typical, beyond, rules)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Asked:
    """What was asked of every component, from which limits are made where they are needed.

    Of all that limits are, only `relative` cannot be computed anew: it grew with what was learned.
    """

    scaling: Scaling
    claim: FloatArray
    policy: Policy
    relative: FloatArray
    roundoff_of_claim: float
    rounding_of_claim: FloatArray | None = None

    def limits_of(self, places: IntArray | slice) -> Limits:
        """Return the limits of some components; of their steps nothing is known any more."""
        rounding, claim = self.rounding_of_claim, self.claim[places]
        return limits(
            self.scaling.take(places),
            claim,
            self.policy,
            noise=0.0,
            roundoff_of_claim=self.roundoff_of_claim,
            roundoff_of_x=np.zeros_like(claim),
            rounding_of_claim=None if rounding is None else rounding[places],
            relative=self.relative[places],
        )
