"""A function, what is claimed for its derivative, and a point, as data."""

from gradproof.problems.bounds import flat_bounds
from gradproof.problems.claims import JVP, VJP, Claim, Jacobian
from gradproof.problems.problem import Problem
from gradproof.problems.space import Space

__all__ = ["JVP", "VJP", "Claim", "Jacobian", "Problem", "Space", "flat_bounds"]
