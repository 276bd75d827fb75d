"""What a gradient claims at other parameters, and at which of them it would be right."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from numpy.polynomial import chebyshev

from gradproof.numerics.protocol import FloatArray
from gradproof.tree import Leaf

LEAST, MOST = 0.8, 1.25  # times the parameters
_DEGREE = 11
_TRIED = 91
_STEPS = 6  # of Gauss and Newton


def scaled_by() -> FloatArray:
    """Return by what the parameters are multiplied: Chebyshev nodes, as polynomials want them."""
    return _middle() + _half() * chebyshev.chebpts1(_DEGREE + 1)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Elsewhere:
    """Claims at other parameters.

    `scaled` are those at all parameters times `scaled_by()`, None where there are too many.
    `constant` says that the claim is the same, bit for bit, at parameters between which f bends;
    `rounded_to` to what they are rounded before, if that is seen, and `rounded_by` by how much
    rounding moves each claim, about.
    """

    scaled: tuple[FloatArray, ...] | None
    constant: bool
    rounded_to: str | None
    rounded_by: FloatArray | None = None

    def of(self, leaf: Leaf) -> Elsewhere:
        """Return what concerns one leaf, in its shape."""
        part = slice(leaf.start, leaf.stop)
        scaled, by = self.scaled, self.rounded_by
        return dataclasses.replace(
            self,
            scaled=scaled and tuple(claim[part].reshape(leaf.shape) for claim in scaled),
            rounded_by=None if by is None else by[part].reshape(leaf.shape),
        )


def best_factor(nodes: FloatArray, y: FloatArray, room: FloatArray) -> float | None:
    """Return the factor of the parameters at which the claims are closest to measurements `y`.

    `nodes` are the claims at `scaled_by()`, a row each. None where that is at the ends.
    """
    unit = float(np.max(np.abs(nodes), initial=0.0))
    if not (y.size and 0 < unit < np.inf and np.all(room > 0)):
        return None
    nodes, y = nodes / room, y / room
    tried = np.linspace(LEAST, MOST, _TRIED)
    errors = [float(np.sum((_weights(c) @ nodes - y) ** 2)) for c in tried.tolist()]
    factor = float(tried[int(np.argmin(errors))])
    for _ in range(_STEPS):
        slope = _slopes(factor) @ nodes
        size = float(slope @ slope)
        if not size > 0:
            return None
        factor -= float(slope @ (_weights(factor) @ nodes - y)) / size
        if not LEAST < factor < MOST:
            return None
    return factor


def at_factor(scaled: tuple[FloatArray, ...], factor: float) -> tuple[FloatArray, FloatArray]:
    """Return the claim at the parameters times a factor, and its derivative by the factor."""
    value, slope = np.zeros_like(scaled[0]), np.zeros_like(scaled[0])
    for claim, weight, change in zip(scaled, _weights(factor), _slopes(factor), strict=True):
        value += weight * claim
        slope += change * claim
    return value, slope


def _middle() -> float:
    return (LEAST + MOST) / 2


def _half() -> float:
    return (MOST - LEAST) / 2


@functools.cache
def _coefficients() -> FloatArray:
    """Return what turns values at the nodes into the coefficients of a Chebyshev series."""
    nodes = chebyshev.chebpts1(_DEGREE + 1)
    return np.asarray(np.linalg.inv(chebyshev.chebvander(nodes, _DEGREE)))


def _weights(factor: float) -> FloatArray:
    place = (factor - _middle()) / _half()
    return np.asarray(chebyshev.chebval(place, _coefficients()))


def _slopes(factor: float) -> FloatArray:
    place = (factor - _middle()) / _half()
    return np.asarray(chebyshev.chebval(place, chebyshev.chebder(_coefficients()))) / _half()
