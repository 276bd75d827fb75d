"""The gradients of f and of a slower reference, by automatic differentiation."""

from __future__ import annotations

import dataclasses

import numpy as np

from gradproof._base.errors import InputError
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import VJP, Problem, Space
from gradproof.problems.outputs import Outputs
from gradproof.problems.vectors import as_vector
from gradproof.tree import Mismatch, Tree


@dataclasses.dataclass(frozen=True, eq=False)
class Told:
    """A gradient as one vector, the value that it is of, and the shapes of the outputs."""

    gradient: FloatArray
    value: float
    shapes: tuple[tuple[int, ...], ...]


def tell(problem: Problem, tree: Tree, space: Space, seed: int) -> Told:
    """Return what a problem claims at the point of a space.

    Of a function of several values it is the gradient of ⟨u, f⟩; u is the same for the same seed.
    """
    claim = problem.gradient
    outputs = Outputs(problem.f, seed)
    value = float(np.sum(outputs.terms()(space.fresh())))
    if isinstance(claim, VJP):
        found = claim.function(space.fresh(), outputs.in_structure(outputs.cotangent))
    else:
        value /= float(outputs.cotangent[0])
        found = claim(space.fresh())
    gradient = as_vector(tree, found)
    if isinstance(gradient, Mismatch):
        raise InputError(
            f"{gradient.address}: found {gradient.found}, expected {gradient.expected}"
        )
    shapes = tuple(leaf.shape for leaf in outputs.tree.leaves) if outputs.tree else ()
    return Told(gradient, value, shapes)
