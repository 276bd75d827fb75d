"""The three difference quotients of a function of one variable."""

from collections.abc import Callable

from gradproof._base.signatures import require_function
from gradproof._base.validation import positive_number, real_number

_HINT = "; for an array of parameters use numerical_gradient"


def forward_difference(f: Callable[[float], float], x: float, h: float = 1e-7) -> float:
    r"""Approximate f′(x) by the right-hand difference (f(x + h) − f(x)) / h.

    Parameters
    ----------
    f : callable
        A real function of one real variable, called as ``f(x)`` with a float.
    x : float
        The point.
    h : float, default 1e-7
        The step, in the units of `x`; positive.

    Returns
    -------
    float
        The difference quotient. Its truncation error is :math:`\tfrac{h}{2} f''(\xi)`, of first
        order in h; rounding adds about :math:`u(2|f(x)| + |x f'(x)|)/h`, u = 1.1e-16.

    Raises
    ------
    InputError
        If `f` is no function or does not return one real number, `x` is not one real number, or
        `h` is not positive and finite.

    See Also
    --------
    central_difference : Second order for the same price when f(x) is not needed otherwise.

    Notes
    -----
    Costs 2 evaluations of `f`. A step below half the spacing of floats at x (about 1.1e-16 x) is
    lost in x + h, and the difference is 0: the step should grow with x (``gradproof.check`` chooses
    it). Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., §8.1.

    Examples
    --------
    The derivative of θ³ at 1 is 3; the right-hand difference is off by about 3h.

    >>> from gradproof.textbook import forward_difference
    >>> forward_difference(lambda theta: theta**3, 1, h=0.01)
    3.0301000000000133
    >>> forward_difference(lambda x: x**2, 3, h=1e-2)
    6.009999999999849

    The error falls as the step does, with slope 1 on a double logarithmic scale:

    >>> import numpy as np
    >>> steps = np.array([1e-1, 1e-2, 1e-3, 1e-4])
    >>> errors = [abs(forward_difference(np.exp, 1.0, h) - np.e) for h in steps]
    >>> print(f"{np.polyfit(np.log(steps), np.log(errors), 1)[0]:.2f}")
    1.00
    """
    x, h = _point_and_step(f, x, h)
    return (_value(f, x + h) - _value(f, x)) / h


def backward_difference(f: Callable[[float], float], x: float, h: float = 1e-7) -> float:
    r"""Approximate f′(x) by the left-hand difference (f(x) − f(x − h)) / h.

    Parameters
    ----------
    f : callable
        A real function of one real variable, called as ``f(x)`` with a float.
    x : float
        The point.
    h : float, default 1e-7
        The step, in the units of `x`; positive.

    Returns
    -------
    float
        The difference quotient. Its truncation error is :math:`-\tfrac{h}{2} f''(\xi)`, of first
        order in h; rounding adds about :math:`u(2|f(x)| + |x f'(x)|)/h`, u = 1.1e-16.

    Raises
    ------
    InputError
        If `f` is no function or does not return one real number, `x` is not one real number, or
        `h` is not positive and finite.

    See Also
    --------
    forward_difference : The same from the right; where the two differ for small h, f has a kink.

    Notes
    -----
    Costs 2 evaluations of `f`. A step below half the spacing of floats at x (about 1.1e-16 x) is
    lost in x − h, and the difference is 0: the step should grow with x (``gradproof.check`` chooses
    it). Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., §8.1.

    Examples
    --------
    >>> from gradproof.textbook import backward_difference, forward_difference
    >>> backward_difference(lambda x: x**2, 3, h=1e-2)
    5.989999999999895

    At the kink of a function its two sides tell different slopes:

    >>> backward_difference(abs, 0.0, h=0.5), forward_difference(abs, 0.0, h=0.5)
    (-1.0, 1.0)
    """
    x, h = _point_and_step(f, x, h)
    return (_value(f, x) - _value(f, x - h)) / h


def central_difference(f: Callable[[float], float], x: float, h: float = 1e-7) -> float:
    r"""Approximate f′(x) by the two-sided difference (f(x + h) − f(x − h)) / 2h.

    Parameters
    ----------
    f : callable
        A real function of one real variable, called as ``f(x)`` with a float.
    x : float
        The point.
    h : float, default 1e-7
        The step, in the units of `x`; positive.

    Returns
    -------
    float
        The difference quotient. Its truncation error is :math:`\tfrac{h^2}{6} f'''(\xi)`, of
        second order in h; rounding adds about :math:`u(|f(x)| + |x f'(x)|)/h`, u = 1.1e-16.

    Raises
    ------
    InputError
        If `f` is no function or does not return one real number, `x` is not one real number, or
        `h` is not positive and finite.

    See Also
    --------
    gradproof.numerical_gradient : The same for every component of an array.

    Notes
    -----
    Costs 2 evaluations of `f`. A step below half the spacing of floats at x (about 1.1e-16 x) is
    lost in x ± h, and the difference is 0: the step should grow with x (``gradproof.check`` chooses
    it). Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., §8.1.

    Examples
    --------
    The derivative of θ³ at 1 is 3, and that of x² at 3 is 6:

    >>> from gradproof.textbook import central_difference
    >>> central_difference(lambda theta: theta**3, 1, h=0.01)
    3.0001000000000055
    >>> central_difference(lambda x: x**2, 3, h=1e-2)
    5.999999999999872

    The error falls as the square of the step, with slope 2 on a double logarithmic scale:

    >>> import numpy as np
    >>> steps = np.array([1e-1, 1e-2, 1e-3, 1e-4])
    >>> errors = [abs(central_difference(np.exp, 1.0, h) - np.e) for h in steps]
    >>> print(f"{np.polyfit(np.log(steps), np.log(errors), 1)[0]:.2f}")
    2.00
    """
    x, h = _point_and_step(f, x, h)
    return (_value(f, x + h) - _value(f, x - h)) / (2 * h)


def _point_and_step(f: Callable[[float], float], x: float, h: float) -> tuple[float, float]:
    require_function(f, "f", "f", "x")
    return real_number(x, "x", hint=_HINT), positive_number(h, "h")


def _value(f: Callable[[float], float], x: float) -> float:
    return real_number(f(x), f"f({x!r})")
