"""The numerical gradient of a function of an array, and the classic check against it."""

from collections.abc import Callable
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.signatures import require_function
from gradproof._base.validation import float64_array, positive_number, real_number
from gradproof.textbook.comparison import norm_ratio

# Keeps 0/0 out of the classic formula; written 1e-8 in its every copy.
_CLASSIC_FLOOR = 1e-8


class GradientCheck(TypedDict):
    """What :func:`gradproof.gradient_check` returns: a plain dict with these keys.

    Examples
    --------
    >>> from gradproof.textbook import GradientCheck
    >>> list(GradientCheck.__annotations__)
    ['analytical_gradient', 'numerical_gradient', 'absolute_difference', 'relative_error', 'passed']
    """

    analytical_gradient: Any
    numerical_gradient: Any
    absolute_difference: Any
    relative_error: float
    passed: bool


def numerical_gradient(f: Callable[[Any], float], params: npt.ArrayLike, h: float = 1e-7) -> Any:
    r"""Approximate the gradient of `f` at `params` by two-sided differences.

    Component i is :math:`(f(x + h e_i) - f(x - h e_i)) / 2h`.

    Parameters
    ----------
    f : callable
        A real function of one array, called as ``f(params)`` with a fresh float64 array of the
        shape of `params`, or with a float where `params` is a single number.
    params : array_like
        The point: real numbers of any shape; integers are taken as the floats that they equal.
        Never changed.
    h : float, default 1e-7
        The step, the same for every component, in the units of `params`; positive.

    Returns
    -------
    ndarray of float64 or float
        The gradient in the shape of `params`; a float where `params` is a single number.

    Raises
    ------
    InputError
        If `f` is no function or does not return one real number, `params` does not hold real
        numbers, or `h` is not positive and finite.

    See Also
    --------
    gradient_check : Compares it with a gradient written by hand.

    Notes
    -----
    Costs 2n evaluations of `f`, n the number of components, each with a copy of the array. The
    truncation error of a component is :math:`\tfrac{h^2}{6}\,\partial_i^3 f`, its rounding error
    about :math:`u(|f| + |x_i\,\partial_i f|)/h`, u = 1.1e-16. A step below half the spacing of
    floats at a component is lost in it, and the difference is 0: the step should grow with the size
    of the component (``gradproof.check`` chooses it). Source: Nocedal & Wright, *Numerical
    Optimization*, 2nd ed., §8.1.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> gradient = gp.numerical_gradient(lambda x: np.sum(x**2), np.array([[1, -2], [0, 3]]))
    >>> print(gradient.round(6))
    [[ 2. -4.]
     [ 0.  6.]]
    """
    _require_function(f, "f")
    h = positive_number(h, "h")
    point = float64_array(params, "params")
    if point.ndim == 0:
        at = point.item()
        return (_value(f, at + h) - _value(f, at - h)) / (2 * h)
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        plus, minus = point.copy(), point.copy()
        at = point[index].item()
        plus[index], minus[index] = at + h, at - h
        gradient[index] = (_value(f, plus) - _value(f, minus)) / (2 * h)
    return gradient


def gradient_check(
    f: Callable[[Any], float],
    analytical_grad_fn: Callable[[Any], npt.ArrayLike],
    params: npt.ArrayLike,
    h: float = 1e-7,
    tolerance: float = 1e-5,
) -> GradientCheck:
    r"""Compare a gradient written by hand with the numerical one, the classic way.

    The two agree if the relative error
    :math:`\|a - n\|_2 / (\|a\|_2 + \|n\|_2 + 10^{-8})` is below `tolerance`, where a is the
    analytical gradient and n the two-sided difference.

    Parameters
    ----------
    f : callable
        A real function of one array, called as ``f(params)``.
    analytical_grad_fn : callable
        The gradient under test, called as ``analytical_grad_fn(params)``; returns real numbers in
        the shape of `params`.
    params : array_like
        The point: real numbers of any shape, passed on as float64. Never changed.
    h : float, default 1e-7
        The step of the differences, in the units of `params`; positive.
    tolerance : float, default 1e-5
        The relative error below which the check passes; positive.

    Returns
    -------
    GradientCheck
        A dict with ``analytical_gradient``, ``numerical_gradient`` and ``absolute_difference``
        (\|a − n\| by component) in the shape of `params` (floats where `params` is a single
        number), ``relative_error`` (float) and ``passed`` (bool). A NaN anywhere does not pass.

    Raises
    ------
    InputError
        If an argument cannot be understood, or the gradient does not have the shape of `params`.

    See Also
    --------
    gradproof.textbook.grade : What the size of a relative error means.

    Notes
    -----
    Costs one evaluation of `analytical_grad_fn`, and then 2n of `f`, n the number of components.
    Source: Andrew Ng, *Improving Deep Neural Networks* (2017), week 1, "Gradient checking".

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> right = gp.gradient_check(lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, -2.0]))
    >>> right["passed"]
    True
    >>> wrong = gp.gradient_check(lambda x: np.sum(x**2), lambda x: x, np.array([1.0, -2.0]))
    >>> wrong["passed"], round(wrong["relative_error"], 6)
    (False, 0.333333)
    """
    _require_function(f, "f")
    _require_function(analytical_grad_fn, "analytical_grad_fn")
    h = positive_number(h, "h")
    tolerance = positive_number(tolerance, "tolerance")
    point = float64_array(params, "params")
    # A copy: the function may use the memory of its result again when f calls it.
    claimed = float64_array(
        analytical_grad_fn(point.item() if point.ndim == 0 else point.copy()),
        "the value of analytical_grad_fn",
    ).copy()
    if claimed.shape != point.shape:
        raise InputError(
            f"the value of analytical_grad_fn: found shape {claimed.shape}, "
            f"expected {point.shape}, the shape of params"
        )
    numerical = np.asarray(numerical_gradient(f, point, h))
    with np.errstate(over="ignore", invalid="ignore"):  # inf - inf is nan
        difference = np.abs(claimed - numerical)
    error = norm_ratio(claimed, numerical, floor=_CLASSIC_FLOOR)
    return {
        "analytical_gradient": _float_if_scalar(claimed),
        "numerical_gradient": _float_if_scalar(numerical),
        "absolute_difference": _float_if_scalar(difference),
        "relative_error": error,
        "passed": bool(error < tolerance),
    }


def _require_function(value: Any, name: str) -> None:
    require_function(value, name, name, "params", hint=f"; write lambda p: {name}(*p)")


def _value(f: Callable[[Any], float], at: Any) -> float:
    return real_number(f(at), "the value of f")


def _float_if_scalar(array: Any) -> Any:
    return float(array) if np.ndim(array) == 0 else array
