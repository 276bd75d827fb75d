"""gradproof: is this gradient really the derivative of this function, and if not, where and why?"""

from gradproof import data, textbook
from gradproof._base.errors import GradproofError, InputError, MissingExtra
from gradproof._base.version import __version__
from gradproof.textbook import gradient_check, numerical_gradient

__all__ = [
    "GradproofError",
    "InputError",
    "MissingExtra",
    "__version__",
    "data",
    "gradient_check",
    "numerical_gradient",
    "textbook",
]
