"""What a problem for an optimiser of SciPy claims, claim by claim, and where to check it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.signatures import require_arguments
from gradproof._base.validation import described
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.scales import natural_scales
from gradproof.problems import HVP, Hessian, Jacobian

_SPREAD = 0.5  # of the natural scale: how far random points are from the first one, at most
_TRIES = 20  # at points where nothing is defined
_SCHEMES = ("2-point", "3-point", "cs")
_NO_HESSIAN: Any = None  # of constraints that are dicts


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Claim:
    """One claim: the function that it is about, and what is claimed for its derivative.

    `gradient` is what a Hessian is measured by where the claim `needs` passed, else it is measured
    by the values of `f`.
    """

    name: str
    f: Callable[[FloatArray], Any]
    claim: Any
    needs: str | None = None
    without: Any = None

    @property
    def of_second_order(self) -> bool:
        """Whether second derivatives are claimed."""
        return isinstance(self.claim, (Hessian, HVP))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Stated:
    """All claims of a problem, what was given and is none, and the box that it is defined in."""

    claims: list[Claim]
    unchecked: list[str]
    bounds: tuple[FloatArray, FloatArray] | None


def of_minimize(
    fun: Callable[..., Any],
    x0: FloatArray,
    args: Any,
    *,
    jac: Any,
    hess: Any,
    hessp: Any,
    bounds: Any,
    constraints: Any,
    seed: int,
) -> Stated:
    """Return what the arguments of `scipy.optimize.minimize` claim."""
    args = args if isinstance(args, tuple) else (args,)
    fun = _function(fun, "fun", args)
    stated = Stated([], [], None if bounds is None else box(bounds, x0.size))
    gradient = None
    jac = bool(jac) if isinstance(jac, np.bool_) else jac
    if jac is True:
        stated.claims.append(Claim("jac", lambda x: _pair(fun(x, *args)), True))
        gradient = lambda x: np.atleast_1d(fun(x, *args)[1])  # noqa: E731
    elif _is_claimed(jac, "jac", stated, "x", args):
        gradient = lambda x: np.atleast_1d(jac(x, *args))  # noqa: E731
        stated.claims.append(Claim("jac", lambda x: fun(x, *args), gradient))
    value = (lambda x: fun(x, *args)[0]) if jac is True else (lambda x: fun(x, *args))
    needs = None if gradient is None else "jac"
    if _is_claimed(hess, "hess", stated, "x", args):
        matrix = lambda x: _matrix(hess(x, *args))  # noqa: E731
        by_gradient = Hessian(matrix, gradient=gradient)
        stated.claims.append(Claim("hess", value, by_gradient, needs, Hessian(matrix)))
    if _is_claimed(hessp, "hessp", stated, "x, p", args):
        product = lambda x, v: np.atleast_1d(hessp(x, v, *args))  # noqa: E731
        of_jac = HVP(product, gradient=gradient)
        stated.claims.append(Claim("hessp", value, of_jac, needs, HVP(product)))
    if constraints is None:
        constraints = ()
    elif isinstance(constraints, Mapping) or not isinstance(constraints, Sequence):
        constraints = [constraints]
    for number, constraint in enumerate(constraints):
        _constraint(constraint, f"constraints[{number}]", stated, np.random.default_rng(seed), x0)
    return stated


def of_least_squares(
    fun: Callable[..., Any],
    x0: FloatArray,
    *,
    jac: Any,
    bounds: Any,
    args: Any,
    kwargs: Mapping[str, Any] | None,
) -> Stated:
    """Return what the arguments of `scipy.optimize.least_squares` claim."""
    named = isinstance(kwargs, Mapping) and all(isinstance(name, str) for name in kwargs)
    if kwargs is not None and not named:
        raise InputError(f"kwargs: found {described(kwargs)}, expected a dict of arguments by name")
    kwargs = dict(kwargs or {})
    args = args if isinstance(args, tuple) else (args,)
    fun = _function(fun, "fun", args, kwargs)
    stated = Stated([], [], None if bounds is None else two_sided(bounds, x0.size))
    if _is_claimed(jac, "jac", stated, "x", args, kwargs):
        stated.claims.append(
            Claim(
                "jac",
                lambda x: np.atleast_1d(fun(x, *args, **kwargs)),
                Jacobian(lambda x: _matrix(jac(x, *args, **kwargs))),
            )
        )
    return stated


def _constraint(
    constraint: Any, name: str, stated: Stated, rng: np.random.Generator, x0: FloatArray
) -> None:
    """Add what one constraint claims; linear ones claim nothing."""
    fun: Any
    jac: Any
    if isinstance(constraint, Mapping):
        fun, jac, hess = constraint.get("fun"), constraint.get("jac"), _NO_HESSIAN
        args = constraint.get("args", ())
        args = args if isinstance(args, tuple) else (args,)
    elif hasattr(constraint, "fun"):
        fun, jac, hess, args = constraint.fun, constraint.jac, constraint.hess, ()
    elif hasattr(constraint, "A"):
        return
    else:
        raise InputError(
            f"{name}: found {described(constraint)}, expected a dict with 'fun', a "
            "scipy.optimize.NonlinearConstraint or a LinearConstraint"
        )
    fun = _function(fun, f"{name}.fun", args)

    def values(x: FloatArray) -> Any:
        return np.atleast_1d(fun(x, *args))

    def matrix(x: FloatArray) -> Any:
        return _matrix(jac(x, *args))

    has_jac = _is_claimed(jac, f"{name}.jac", stated, "x", args)
    if has_jac:
        stated.claims.append(Claim(f"{name}.jac", values, Jacobian(matrix)))
    if hess is not _NO_HESSIAN and _is_claimed(hess, f"{name}.hess", stated, "x, v", ()):
        # Σ vᵢ ∇²fᵢ for multipliers of both signs, none of them small.
        size = np.size(values(x0.copy()))
        v = rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 1.5, size)
        weighted = lambda x: v @ values(x)  # noqa: E731
        second = lambda x: _matrix(hess(x, v))  # noqa: E731
        gradient = (lambda x: np.ravel(matrix(x).T @ v)) if has_jac else None
        needs = f"{name}.jac" if has_jac else None
        by_gradient = Hessian(second, gradient=gradient)
        stated.claims.append(Claim(f"{name}.hess", weighted, by_gradient, needs, Hessian(second)))


def _is_claimed(
    given: Any,
    name: str,
    stated: Stated,
    own: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
) -> bool:
    """Whether something given is a claim, a function of its own arguments and of `args`.

    Say where it is none.
    """
    if given is None or given is False:
        return False
    if callable(given):
        _require_arguments(given, name, own, args, kwargs)
        return True
    if isinstance(given, str) and given in _SCHEMES:
        stated.unchecked.append(f"{name}={given!r}: SciPy takes differences itself")
    elif hasattr(given, "initialize") and hasattr(given, "update"):
        kind = type(given).__name__
        stated.unchecked.append(f"{name}={kind}(): SciPy updates it from gradients")
    else:
        raise InputError(
            f"{name}: found {described(given)}, expected a function, or what SciPy takes in its "
            f"place: {', '.join(map(repr, _SCHEMES))}, for a Hessian a HessianUpdateStrategy"
        )
    return False


def _function(
    fun: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> Callable[..., Any]:
    if not callable(fun):
        raise InputError(f"{name}: found {described(fun)}, expected a function of x")
    _require_arguments(fun, name, "x", args, kwargs)
    found: Callable[..., Any] = fun
    return found


def _require_arguments(
    function: Callable[..., Any],
    name: str,
    own: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None,
) -> None:
    """Raise if a function does not take what SciPy calls it with."""
    is_simple = own == "x" and "." not in name
    shown = ", ".join([own, *["*args"] * bool(args), *["**kwargs"] * bool(kwargs)])
    require_arguments(
        function,
        name,
        f"{name.rpartition('.')[2]}({shown})",
        [*own.split(", "), *args],
        kwargs or (),
        hint="; what else it takes is given by args=" if is_simple else "",
    )


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise InputError(
            f"the value of fun: found {described(result)}, expected (value, gradient), because "
            "jac=True says that fun returns both"
        )
    return result[0], np.atleast_1d(result[1])


def _matrix(found: Any) -> Any:
    """Return a Jacobian or Hessian as SciPy reads it: one row where it has one axis."""
    return found if hasattr(found, "tocsc") or hasattr(found, "matvec") else np.atleast_2d(found)


def box(bounds: Any, size: int) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of `minimize`: pairs, or a `scipy.optimize.Bounds`."""
    if hasattr(bounds, "lb"):
        return two_sided(bounds, size)
    try:
        limits = [
            (-np.inf if low is None else low, np.inf if high is None else high)
            for low, high in bounds
        ]
        pairs = np.array(limits, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError):
        pairs = np.empty((0, 2))
    if len(pairs) != size:
        raise InputError(
            f"bounds: found {described(bounds)}, expected a pair (min, max) for each of the {size} "
            "components of x0, or a scipy.optimize.Bounds"
        )
    return pairs[:, 0], pairs[:, 1]


def two_sided(bounds: Any, size: int) -> tuple[FloatArray, FloatArray]:
    """Return the bounds of `least_squares`: lower and upper ones, or a `Bounds`."""
    try:
        lower, upper = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
        both = [
            np.array(np.broadcast_to(np.asarray(side, dtype=np.float64), (size,)))
            for side in (lower, upper)
        ]
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"bounds: found {described(bounds)}, expected (lower, upper), each a number or one for "
            f"each of the {size} components of x0, or a scipy.optimize.Bounds"
        ) from None
    return both[0], both[1]


def first_point(x0: Any, bounds: tuple[FloatArray, FloatArray] | None) -> FloatArray:
    """Return x0 as SciPy takes it, cut off at the bounds."""
    try:
        x = np.atleast_1d(np.array(x0, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        x = np.empty((0, 0))
    if x.ndim != 1 or x.size == 0:
        raise InputError(f"x0: found {described(x0)}, expected a vector of numbers")
    if not np.all(np.isfinite(x)):
        raise InputError(f"x0: found inf or nan in {described(x0)}, expected finite numbers")
    return x if bounds is None else np.minimum(np.maximum(x, bounds[0]), bounds[1])


def points_around(
    x: FloatArray,
    bounds: tuple[FloatArray, FloatArray] | None,
    count: int,
    seed: int,
    is_defined: Callable[[FloatArray], bool],
) -> Iterator[tuple[str, FloatArray]]:
    """Yield the first point and random ones near it, within the bounds, where f is defined."""
    yield "x0", x
    rng = np.random.default_rng([seed, 0x706F696E7473])
    scale = natural_scales(x, np.zeros_like(x))
    for number in range(1, count + 1):
        for _ in range(_TRIES):
            there = x + _SPREAD * scale * rng.uniform(-1, 1, x.size)
            if bounds is not None:
                lower, upper = bounds
                inside = np.minimum(np.maximum(there, lower), upper)
                # What would lie on a bound lies somewhere between that and x0.
                back = x + rng.uniform(0.1, 0.9, x.size) * (inside - x)
                there = np.where(inside == there, there, back)
            if is_defined(there.copy()):
                yield f"point {number}", there
                break
