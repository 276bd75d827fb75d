"""What the gradient claims at other parameters: asked where nothing else explains a mistake."""

from __future__ import annotations

import numpy as np

from gradproof._base.floats import UNIT_ROUNDOFF_64
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.preflight import Preflight, claim_moved
from gradproof.judge.elsewhere import Elsewhere, scaled_by
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem
from gradproof.problems.jacobians import AtThePoint
from gradproof.tree import Tree

_MOST = 1_000_000  # components, of which a dozen claims are kept
_FAR = 0.1  # of the natural scale
_LAST_BITS = 4 * UNIT_ROUNDOFF_64
_INSIDE, _BEYOND = 0.45, 0.75  # of the spacing of rounded numbers, from one of them
_SIGNIFICANDS = {"float32": 23, "float16": 10, "bfloat16": 7}  # bits behind the point
_DECIMALS = 1, 2, 3, 4


def claims_elsewhere(
    problem: Problem,
    tree: Tree,
    evaluator: Evaluator,
    found: Preflight,
    scale: FloatArray,
    rng: np.random.Generator,
) -> Elsewhere | None:
    """Ask the gradient at other parameters; None where it tells nothing there, or there are bounds.

    Costs up to three dozen calls of the gradient, none of f.
    """
    space = evaluator.space
    gradient = problem.gradient
    is_function = callable(gradient) and not isinstance(gradient, AtThePoint)
    if not (is_function or gradient is True) or found.claim is None or space.lower is not None:
        return None
    x, claim = space.x, found.claim

    def claim_at(there: FloatArray) -> FloatArray | None:
        return claim_moved(there - x, space, found, problem, tree, evaluator)

    def is_same(there: FloatArray) -> bool:
        other = claim_at(there)
        return other is not None and bool(np.all(other == claim))

    signs = rng.choice([-1.0, 1.0], x.size)
    if found.bends and is_same(x + _FAR * signs * scale) and is_same(x - _FAR * signs * scale):
        return Elsewhere(None, constant=True, rounded_to=None)
    rounded_to = rounded_by = None
    exact = not found.promoted and all(one <= UNIT_ROUNDOFF_64 for one in space.roundoffs)
    if exact and is_same(x * (1 + _LAST_BITS * signs)):
        for name, spacing in _spacings(x).items():
            rounded = spacing * np.round(x / spacing)
            within = [rounded + share * signs * spacing for share in (0.0, _INSIDE, -_INSIDE)]
            if not all(map(is_same, within)):
                continue
            beyond = claim_at(rounded + _BEYOND * signs * spacing)
            if beyond is not None and np.any(beyond != claim):
                rounded_to, rounded_by = name, np.abs(beyond - claim)
                break
    scaled: list[FloatArray] = []
    if x.size <= _MOST and rounded_to is None:
        for factor in scaled_by().tolist():
            there = claim_at(factor * x)
            if there is None:
                break
            scaled.append(there)
    complete = len(scaled) == scaled_by().size
    return Elsewhere(
        tuple(scaled) if complete else None,
        constant=False,
        rounded_to=rounded_to,
        rounded_by=rounded_by,
    )


def _spacings(x: FloatArray) -> dict[str, FloatArray]:
    """Return how far neighbours are apart around x, in types and digits it may be rounded to.

    The coarsest come first: within their spacing, what is rounded to less does not stay the same.
    """
    exponent = np.floor(np.log2(np.where(x == 0, 1.0, np.abs(x))))
    found = {name: 2.0 ** (exponent - bits) for name, bits in _SIGNIFICANDS.items()}
    for digits in _DECIMALS:
        found[f"{digits} decimal{'s' * (digits > 1)}"] = np.full_like(x, 10.0**-digits)
    return dict(sorted(found.items(), key=lambda one: -float(np.median(one[1]))))
