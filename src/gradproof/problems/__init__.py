"""A function, what is claimed for its derivative, and a point, as data."""

from gradproof.problems.autodiff import Autodiff, autodiff
from gradproof.problems.bounds import flat_bounds
from gradproof.problems.claims import HVP, JVP, VJP, Claim, Hessian, Jacobian, SecondClaim
from gradproof.problems.problem import Problem
from gradproof.problems.space import Space

__all__ = [
    "HVP",
    "JVP",
    "VJP",
    "Autodiff",
    "Claim",
    "Hessian",
    "Jacobian",
    "Problem",
    "SecondClaim",
    "Space",
    "autodiff",
    "flat_bounds",
]
