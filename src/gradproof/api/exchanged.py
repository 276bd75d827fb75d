"""Whether f and its gradient were given in the place of each other."""

import copy

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.validation import real_number
from gradproof.api.frameworks import quietly
from gradproof.problems import Autodiff, Problem
from gradproof.tree import flatten

_NO_NUMBER = "the value of f: found "


def note_if_exchanged(problem: Problem, error: InputError) -> None:
    """Say so where an f that returns no number has a gradient by many that is one."""
    if str(error).startswith(_NO_NUMBER) and _gradient_is_one_number(problem):
        error.add_note(
            "gradproof: the gradient returns one number, as f should: f, gradient and at, in this "
            "order"
        )


def _gradient_is_one_number(problem: Problem) -> bool:
    """Call the gradient once more, with a copy of the point; whatever it raises is no answer.

    By one parameter it should be one number.
    """
    gradient = problem.gradient
    if not callable(gradient) or isinstance(gradient, Autodiff):
        return False
    try:
        if flatten(problem.at, problem.root)[0].size < 2:
            return False
        with np.errstate(all="ignore"):
            at = copy.deepcopy(problem.at)
            real_number(quietly(problem)(lambda: gradient(at)), "gradient")
    except Exception:
        return False
    return True
