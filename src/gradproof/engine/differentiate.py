"""Measuring a gradient without any claim."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof.engine.evaluation import Evaluator
from gradproof.engine.pilot import fly
from gradproof.engine.preflight import Preflight, try_function
from gradproof.judge.tolerance import scaling
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.richardson import central
from gradproof.numerics.table import Table
from gradproof.problems import Space
from gradproof.tree import Tree


def measure(
    f: Callable[[Any], Any], tree: Tree, space: Space, *, seed: int
) -> tuple[FloatArray, FloatArray, float, int]:
    """Return derivatives, their bars, f at the point, and the evaluations spent."""
    evaluator = Evaluator(f, space)
    with np.errstate(all="ignore"), evaluator.randomness.kept():
        return _measure(evaluator, tree, seed)


def _measure(
    evaluator: Evaluator, tree: Tree, seed: int
) -> tuple[FloatArray, FloatArray, float, int]:
    space = evaluator.space
    try:
        found = Preflight()
        try_function(found, evaluator)
        value = found.value
        nothing = np.full(tree.size, np.nan)
        if not np.isfinite(value) or tree.size == 0:
            return nothing, nothing, value, evaluator.count
        unknown = np.zeros(tree.size)
        scales = scaling(tree, space.x, unknown)
        pilot = fly(
            evaluator,
            scales,
            unknown,
            value=value,
            spread=found.spread,
            roundoff_of_claim=0.0,
            rng=np.random.default_rng(seed),
        )
        table = Table(
            scales.scale,
            pilot.roundoff_of_x,
            space.x,
            value_at_zero=value,
            noise_of_f=pilot.noise,
        )
        evaluator.answer_components(table)
        estimates = central(
            table,
            roundoff=pilot.roundoff,
            noise_of_f=pilot.noise,
            smallest_change=pilot.smallest_change,
        ).doubted()
        slope, truncation, noise = estimates.take(estimates.best)
        # Where f has one slope near and another further, either may be meant: the bar holds both.
        other, its_truncation, its_noise = estimates.take(estimates.second_scale)
        apart = np.abs(other - slope) + its_truncation + its_noise
        bar = np.fmax(truncation + noise, apart)
        return slope, bar, value, evaluator.count
    finally:
        space.restore()
