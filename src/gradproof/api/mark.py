"""Marking functions that return a problem, for the command line."""

from collections.abc import Callable
from typing import TypeVar

from gradproof._base.validation import require_callable
from gradproof.problems import Problem

MARK = "__gradproof_problem__"
Maker = TypeVar("Maker", bound=Callable[[], Problem])


def problem(function: Maker) -> Maker:
    """Mark a function without arguments that returns a `Problem`, to be found by name.

    Parameters
    ----------
    function : callable
        Called without arguments; returns a :class:`Problem`.

    Returns
    -------
    callable
        The same function, marked: ``gradproof check FILE`` collects it.

    Raises
    ------
    InputError
        If it is no function.

    Notes
    -----
    Costs no evaluation.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> @gp.problem
    ... def sines():
    ...     return gp.Problem(lambda x: np.sum(np.sin(x)), np.cos, np.linspace(0, 1, 5))
    >>> gp.check(sines()).passed
    True
    """
    require_callable(function, "function", "function()")
    setattr(function, MARK, True)
    return function
