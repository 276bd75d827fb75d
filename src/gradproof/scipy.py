"""Checks in the words of SciPy: a whole problem as its optimisers take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from gradproof.api.assertion import require_what_to_do
from gradproof.api.optimiser_checks import (
    ProblemReport,
    check_stated,
    raise_for,
)
from gradproof.api.optimisers import box, first_point, of_least_squares, of_minimize, two_sided

__all__ = [
    "ProblemReport",
    "check_least_squares",
    "check_minimize",
    "least_squares",
    "minimize",
]


def check_minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    points: int = 2,
    seed: int = 0,
    **options: Any,
) -> ProblemReport:
    r"""Check every derivative of a problem as `scipy.optimize.minimize` takes it.

    Parameters
    ----------
    fun : callable
        The objective, ``fun(x, *args)``; with ``jac=True`` it returns ``(value, gradient)``.
    x0 : array_like, shape (n,)
        Where the optimiser starts, and the first point of the check. Cut off at the bounds, as
        SciPy does.
    args : tuple, optional
        Further arguments of `fun`, `jac`, `hess` and `hessp`.
    jac : callable, True or str, optional
        The gradient, ``jac(x, *args)``. What SciPy computes itself ('2-point', '3-point', 'cs') is
        no claim, and the report says so.
    hess : callable, str or HessianUpdateStrategy, optional
        The Hessian, dense, sparse or a linear operator. Measured as the Jacobian of `jac` where
        that passed, else by the values of `fun`; within bounds not at all then, and the report
        says so.
    hessp : callable, optional
        The product of the Hessian with a vector, ``hessp(x, p, *args)``.
    bounds : sequence of pairs or scipy.optimize.Bounds, optional
        Nothing is evaluated outside.
    constraints : dict, NonlinearConstraint, LinearConstraint or sequence of them, optional
        Each one's ``jac``, and its ``hess`` with random multipliers. Linear ones claim nothing.
    points : int, default 2
        How many random points near `x0`, on its natural scale, are looked at beside it.
    seed : int, default 0
        Seed of the random numbers.
    **options : Any
        Further arguments of :func:`gradproof.check`: ``plan``, ``rtol``, ``budget`` and others.

    Returns
    -------
    ProblemReport
        A report for each claim and point; true where all pass. Without any claim it is
        inconclusive.

    Raises
    ------
    InputError
        If an argument cannot be understood.

    See Also
    --------
    minimize : Checks, then optimises.
    check_least_squares : The same for residuals.

    Notes
    -----
    Costs a check for each claim and each of ``points + 1`` points, and an evaluation of every
    function to see that it is defined at a random one.

    Examples
    --------
    >>> import gradproof as gp
    >>> from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod
    >>> found = gp.scipy.check_minimize(rosen, [-1.2, 1.0, 0.7], jac=rosen_der, hess=rosen_hess,
    ...                                 hessp=rosen_hess_prod)
    >>> found.passed, len(found.reports)
    (True, 9)
    """
    x = first_point(x0, None)
    x = first_point(x0, None if bounds is None else box(bounds, x.size))
    stated = of_minimize(
        fun,
        x,
        args,
        jac=jac,
        hess=hess,
        hessp=hessp,
        bounds=bounds,
        constraints=constraints,
        seed=seed,
    )
    return check_stated(stated, x, points, seed, options, "minimize")


def check_least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = None,
    *,
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    points: int = 2,
    seed: int = 0,
    **options: Any,
) -> ProblemReport:
    r"""Check the Jacobian of residuals as `scipy.optimize.least_squares` takes it.

    Parameters
    ----------
    fun : callable
        The residuals, ``fun(x, *args, **kwargs)``, a vector of m.
    x0 : array_like, shape (n,)
        Where the optimiser starts, and the first point of the check.
    jac : callable or str
        The Jacobian, ``jac(x, *args, **kwargs)``, of shape (m, n): dense, sparse or a linear
        operator. The pattern of a sparse one is verified, too. '2-point', '3-point' and 'cs' are
        no claims, and the report says so.
    bounds : tuple of array_like or scipy.optimize.Bounds, optional
        ``(lower, upper)``. Nothing is evaluated outside.
    args, kwargs : tuple and dict, optional
        Further arguments of `fun` and `jac`.
    points : int, default 2
        How many random points near `x0`, on its natural scale, are looked at beside it.
    seed : int, default 0
        Seed of the random numbers.
    **options : Any
        Further arguments of :func:`gradproof.check`.

    Returns
    -------
    ProblemReport
        A report for each point; true where all pass. Without a Jacobian it is inconclusive.

    Raises
    ------
    InputError
        If an argument cannot be understood.

    See Also
    --------
    least_squares : Checks, then optimises.

    Notes
    -----
    Costs a check for each of ``points + 1`` points.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> t = np.linspace(0, 1, 20)
    >>> def residuals(x):
    ...     return x[0] * np.exp(x[1] * t) - 1
    >>> def jac(x):
    ...     return np.stack([np.exp(x[1] * t), x[0] * np.exp(x[1] * t)], axis=1)
    >>> found = gp.scipy.check_least_squares(residuals, [1.0, -0.5], jac)
    >>> found.verdict.value, found.reports["jac at x0"].culprits[0].address
    ('fail', 'd output[0] / d x[1]')
    """
    x = first_point(x0, None)
    x = first_point(x0, None if bounds is None else two_sided(bounds, x.size))
    stated = of_least_squares(fun, x, jac=jac, bounds=bounds, args=args, kwargs=kwargs)
    return check_stated(stated, x, points, seed, options, "least_squares")


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
    *,
    points: int = 2,
    seed: int = 0,
    inconclusive: Literal["raise", "warn", "pass"] = "warn",
) -> Any:
    """Check a problem, then minimise it by `scipy.optimize.minimize`.

    Parameters
    ----------
    fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options : Any
        The arguments of `scipy.optimize.minimize`, in its order.
    points, seed : int
        Further points, and the seed, as in :func:`check_minimize`.
    inconclusive : {"raise", "warn", "pass"}
        What to do where a claim could not be decided, or none was given.

    Returns
    -------
    scipy.optimize.OptimizeResult
        What `scipy.optimize.minimize` returns.

    Raises
    ------
    GradientError
        If a derivative is wrong; ``.report`` holds the evidence. Nothing is minimised then.
    Inconclusive
        If that is not certain either way and `inconclusive` is ``"raise"``.
    InputError
        If an argument cannot be understood; and, where `inconclusive` is ``"raise"``, if nothing is
        claimed, or a Hessian cannot be looked at because there are bounds and no gradient.

    See Also
    --------
    check_minimize : The check alone.

    Notes
    -----
    Costs the evaluations of :func:`check_minimize` beside those of the optimiser.

    Examples
    --------
    >>> import gradproof as gp
    >>> from scipy.optimize import rosen, rosen_der
    >>> round(float(gp.scipy.minimize(rosen, [-1.2, 1.0], jac=rosen_der).x[0]), 3)
    1.0
    >>> try:
    ...     gp.scipy.minimize(rosen, [-1.2, 1.0], jac=lambda x: 2 * rosen_der(x))
    ... except gp.GradientError as error:
    ...     print(error.report.causes[0].code)
    GP302
    """
    require_what_to_do(inconclusive)
    found = check_minimize(
        fun,
        x0,
        args,
        jac=jac,
        hess=hess,
        hessp=hessp,
        bounds=bounds,
        constraints=constraints,
        points=points,
        seed=seed,
    )
    raise_for(found, inconclusive, stacklevel=2)
    import scipy.optimize  # with the first call, not with gradproof

    return scipy.optimize.minimize(
        fun,
        x0,
        args=args,
        method=method,
        jac=jac,
        hess=hess,
        hessp=hessp,
        bounds=bounds,
        constraints=constraints,
        tol=tol,
        callback=callback,
        options=options,
    )


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = None,
    *positional: Any,
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    points: int = 2,
    seed: int = 0,
    inconclusive: Literal["raise", "warn", "pass"] = "warn",
    **options: Any,
) -> Any:
    """Check a Jacobian, then solve by `scipy.optimize.least_squares`.

    Parameters
    ----------
    fun, x0, jac, bounds : Any
        The first arguments of `scipy.optimize.least_squares`.
    *positional : Any
        Its further arguments, in its order.
    args, kwargs : Any
        What it gives to `fun` and `jac`.
    points, seed : int
        Further points, and the seed, as in :func:`check_least_squares`.
    inconclusive : {"raise", "warn", "pass"}
        What to do where a claim could not be decided, or none was given.
    **options : Any
        The optimiser's further arguments, by name.

    Returns
    -------
    scipy.optimize.OptimizeResult
        What `scipy.optimize.least_squares` returns.

    Raises
    ------
    GradientError
        If the Jacobian is wrong; ``.report`` holds the evidence. Nothing is solved then.
    Inconclusive
        If that is not certain either way and `inconclusive` is ``"raise"``.
    InputError
        If an argument cannot be understood; and, where `inconclusive` is ``"raise"``, if no
        Jacobian is given.

    See Also
    --------
    check_least_squares : The check alone.

    Notes
    -----
    Costs the evaluations of :func:`check_least_squares` beside those of the optimiser.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> found = gp.scipy.least_squares(lambda x: x**2 - 4, [1.0, 3.0], lambda x: np.diag(2 * x))
    >>> found.x.round(6).tolist()
    [2.0, 2.0]
    """
    require_what_to_do(inconclusive)
    checked = check_least_squares(
        fun, x0, jac, bounds, args=args, kwargs=kwargs, points=points, seed=seed
    )
    raise_for(checked, inconclusive, stacklevel=2)
    import numpy as np
    import scipy.optimize  # with the first call, not with gradproof

    return scipy.optimize.least_squares(
        fun,
        x0,
        jac,
        (-np.inf, np.inf) if bounds is None else bounds,
        *positional,
        args=args,
        kwargs=dict(kwargs or {}),
        **options,
    )
