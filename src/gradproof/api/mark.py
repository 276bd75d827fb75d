"""Functions that return a problem: marking them, finding where they stand, calling them."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from gradproof._base.errors import InputError
from gradproof._base.signatures import own_signature_of
from gradproof._base.validation import require_callable
from gradproof.judge.run import Place
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
        The same function, marked: ``gradproof check FILE`` collects it, and so does pytest from its
        test modules. In a class it has to be a `staticmethod`.

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
    setattr(getattr(function, "__func__", function), MARK, True)  # of a staticmethod its function
    return function


def is_marked(value: Any) -> bool:
    """Whether something is a function that is marked, be it an object that answers no question."""
    try:
        return getattr(value, MARK, False) is True
    except Exception:  # of a `__getattr__` of its own, such as that of a dict
        return False


def made(function: Callable[[], Any], name: str) -> Problem:
    """Call a marked function, and raise unless it returns a problem."""
    refuse_arguments(function, name)
    problem = function()
    if not isinstance(problem, Problem):
        found = _kind_of(problem)
        raise InputError(f"{name}(): found {found}, expected a gradproof.Problem")
    return problem


def _kind_of(value: Any) -> str:
    """Return what a value is, with its module where only that tells it from a problem of ours."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__name__}" if kind.__name__ == "Problem" else kind.__name__


def refuse_arguments(function: Callable[[], Any], name: str) -> None:
    """Raise if a marked function cannot be called without arguments."""
    signature = own_signature_of(function)
    for one in signature.parameters.values() if signature else ():
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            raise InputError(
                f"{name}(): found the argument {one.name!r}, expected a function without arguments "
                "that returns a gradproof.Problem"
                + "; in a class put @staticmethod above it"
                * (one.name == "self")
            )


def place_of(function: Callable[[], Any]) -> Place | None:
    """Return where a function stands, from the working directory; None where that is not known."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None
    from pathlib import Path  # loads more than `import gradproof` should

    path = Path(code.co_filename)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return Place(str(path), code.co_firstlineno)
