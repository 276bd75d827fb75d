"""The textbook method, whole and exact, on NumPy alone.

One- and two-sided differences, the numerical gradient, the relative error and what its size means,
rolling parameters into a vector, and (in :mod:`gradproof.textbook.network`) a neural network from
scratch to try it on.
"""

from gradproof.textbook import network
from gradproof.textbook.checking import GradientCheck, gradient_check, numerical_gradient
from gradproof.textbook.comparison import (
    Difference,
    Grade,
    grade,
    largest_differences,
    relative_error,
)
from gradproof.textbook.differences import (
    backward_difference,
    central_difference,
    forward_difference,
)
from gradproof.textbook.vectors import (
    dictionary_to_vector,
    gradients_to_vector,
    vector_to_dictionary,
)

__all__ = [
    "Difference",
    "Grade",
    "GradientCheck",
    "backward_difference",
    "central_difference",
    "dictionary_to_vector",
    "forward_difference",
    "grade",
    "gradient_check",
    "gradients_to_vector",
    "largest_differences",
    "network",
    "numerical_gradient",
    "relative_error",
    "vector_to_dictionary",
]
