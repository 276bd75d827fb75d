"""A function, what is claimed for its derivative, and a point, as data."""

from gradproof.problems.bounds import flat_bounds
from gradproof.problems.problem import Problem
from gradproof.problems.space import Space

__all__ = ["Problem", "Space", "flat_bounds"]
