"""A function, what is claimed for its derivative, and a point, as data."""

from gradproof.problems.autodiff import Autodiff, autodiff
from gradproof.problems.batches import (
    Batched,
    Many,
    at_one_point,
    followed_by,
    over_batches,
    results_of,
)
from gradproof.problems.bounds import flat_bounds
from gradproof.problems.claims import HVP, JVP, VJP, Claim, Hessian, Jacobian, SecondClaim
from gradproof.problems.field import Alone, Field
from gradproof.problems.manifold import Manifold
from gradproof.problems.problem import Problem
from gradproof.problems.space import Space
from gradproof.problems.timeouts import Limit, Limited
from gradproof.problems.vectors import as_vector, in_structure
from gradproof.problems.wirtinger import as_claimed, as_derivatives

__all__ = [
    "HVP",
    "JVP",
    "VJP",
    "Alone",
    "Autodiff",
    "Batched",
    "Claim",
    "Field",
    "Hessian",
    "Jacobian",
    "Limit",
    "Limited",
    "Manifold",
    "Many",
    "Problem",
    "SecondClaim",
    "Space",
    "as_claimed",
    "as_derivatives",
    "as_vector",
    "at_one_point",
    "autodiff",
    "flat_bounds",
    "followed_by",
    "in_structure",
    "over_batches",
    "results_of",
]
