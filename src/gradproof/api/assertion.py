"""The check as an assertion, and the errors that it raises."""

import warnings
from collections.abc import Callable
from typing import Any, Literal

from gradproof._base.errors import InputError
from gradproof._base.outcomes import Verdict
from gradproof._base.validation import described
from gradproof.api.check import MISSING, check
from gradproof.api.report import Report
from gradproof.problems import Problem


class GradientError(AssertionError):
    """A gradient is wrong, or could not be shown to be right; `report` holds the evidence.

    Parameters
    ----------
    report : Report
        The report of the check; its summary is the message.

    Examples
    --------
    >>> import gradproof as gp
    >>> try:
    ...     gp.assert_gradient(lambda t: t**2, lambda t: t, 3.0)
    ... except gp.GradientError as error:
    ...     print(error.report.verdict.value)
    fail
    """

    __module__ = "gradproof"  # where users import it from, and tracebacks show it

    def __init__(self, report: Report) -> None:
        super().__init__(report.summary())
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.report,)


class Inconclusive(GradientError):
    """A gradient could neither be shown to be right nor to be wrong.

    Parameters
    ----------
    report : Report
        The report of the check; its causes say why, and what to do.

    Examples
    --------
    >>> import gradproof as gp
    >>> issubclass(gp.Inconclusive, gp.GradientError)
    True
    """

    __module__ = "gradproof"


def assert_gradient(
    f: Callable[[Any], Any] | Problem,
    gradient: Any = MISSING,
    at: Any = MISSING,
    *,
    inconclusive: Literal["raise", "warn", "pass"] = "raise",
    **options: Any,
) -> Report:
    """Raise unless a gradient is the derivative of a function at a point.

    Parameters
    ----------
    f : callable or Problem
        The function, or the whole problem, as in :func:`check`.
    gradient : callable, array_like, pytree or True
        What is claimed for its derivative.
    at : number, array or pytree of them
        The point.
    inconclusive : {"raise", "warn", "pass"}
        What to do where the gradient can neither be shown to be right nor to be wrong: raise
        `Inconclusive`, warn with its text, or pass.
    **options : Any
        Further arguments of :func:`check`.

    Returns
    -------
    Report
        The report of the check.

    Raises
    ------
    GradientError
        If the gradient is wrong; ``.report`` holds the evidence, the message is its summary.
    Inconclusive
        If that is not certain either way and `inconclusive` is ``"raise"``.
    InputError
        If an argument cannot be understood.

    See Also
    --------
    check : The same, as a report.

    Notes
    -----
    Costs as many evaluations as :func:`check`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> gp.assert_gradient(lambda x: np.sum(np.sin(x)), np.cos, np.linspace(0, 3, 20)).passed
    True
    """
    __tracebackhide__ = True  # of pytest's tracebacks: what failed is the caller's line
    require_what_to_do(inconclusive)
    report = check(f, gradient, at, **options)
    if report.verdict is Verdict.FAIL:
        raise GradientError(report)
    if report.verdict is Verdict.INCONCLUSIVE:
        if inconclusive == "raise":
            raise Inconclusive(report)
        if inconclusive == "warn":
            warnings.warn(report.summary(), stacklevel=2)
    return report


def require_what_to_do(inconclusive: str) -> None:
    """Raise if `inconclusive` is not understood."""
    if inconclusive not in ("raise", "warn", "pass"):
        raise InputError(
            f"inconclusive: found {described(inconclusive)}, expected raise, warn or pass"
        )
