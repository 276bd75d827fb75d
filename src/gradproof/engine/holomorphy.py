"""Whether a function has a complex derivative: the equations of Cauchy and Riemann."""

from __future__ import annotations

import numpy as np

from gradproof.engine.columns import Column
from gradproof.tree import Tree


def gap_of_derivatives(by_x: Column, by_y: Column, outputs: Tree, rtol: float) -> float:
    r"""Return by how much ∂f/∂y is not i ∂f/∂x, relative to the two; 0 where no output shows it.

    With f = u + iv a complex derivative asks for :math:`\partial u/\partial x = \partial v/\partial
    y` and :math:`\partial u/\partial y = -\partial v/\partial x`.
    """
    pairs = [
        (np.arange(leaf.start, leaf.stop, 2), np.arange(leaf.start + 1, leaf.stop, 2))
        for leaf in outputs.leaves
        if leaf.is_complex
    ]
    u, v = (np.concatenate(part) for part in zip(*pairs, strict=True))
    off = np.concatenate([by_x.value[u] - by_y.value[v], by_y.value[u] + by_x.value[v]])
    bar = np.concatenate([by_x.bar[u] + by_y.bar[v], by_y.bar[u] + by_x.bar[v]])
    both = np.concatenate([by_x.value[u], by_x.value[v], by_y.value[u], by_y.value[v]])
    size = float(np.max(np.abs(both), initial=0.0))
    visible = np.abs(off) > 3 * bar + rtol * size
    return float(np.max(np.abs(off[visible]), initial=0.0)) / size if size else 0.0
