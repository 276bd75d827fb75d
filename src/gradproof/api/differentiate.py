"""The numerical gradient itself, with its error bars."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from gradproof._base.errors import InputError
from gradproof._base.validation import described, require_callable, whole_number
from gradproof.api.frameworks import as_problem_of_arrays
from gradproof.problems import Problem, as_claimed
from gradproof.problems.vectors import in_structure
from gradproof.problems.wirtinger import Convention
from gradproof.tree import NAMESPACE, flatten


@dataclasses.dataclass(frozen=True)
class NumericalGradient:
    """A gradient measured by differences.

    Parameters
    ----------
    values : number, array or pytree of them
        The derivative with respect to every component, in the structure of the point, float64;
        NaN where f is not finite around the point.
    bars : number, array or pytree of them
        Its error bars, in the same structure: truncation and four standard deviations of noise. Of
        complex numbers those of the real and of the imaginary part.
    evaluations : int
        What it cost.

    Examples
    --------
    >>> import math
    >>> import gradproof as gp
    >>> gradient = gp.differentiate(math.exp, 1.0)
    >>> abs(gradient.values - math.e) <= gradient.bars < 1e-8
    True
    """

    values: Any
    bars: Any
    evaluations: int


def differentiate(
    f: Callable[[Any], Any], at: Any, *, seed: int = 0, wirtinger: Convention | None = None
) -> NumericalGradient:
    r"""Measure the gradient of a function, with an error bar for every component.

    Parameters
    ----------
    f : callable
        The function, called as ``f(at)`` with one argument; returns one real number.
    at : number, array or pytree of them
        The point. Never changed.
    seed : int, default 0
        Seed of the random directions along which the noise of `f` is measured.
    wirtinger : {"gradient", "conjugated", "dz", "dzbar"}, optional
        What is returned for complex parameters, as :class:`Problem` says: by default
        ∂f/∂x + i ∂f/∂y, and with arrays of JAX ∂f/∂x - i ∂f/∂y.

    Returns
    -------
    NumericalGradient
        Values and bars in the structure of `at`.

    Raises
    ------
    InputError
        If an argument cannot be understood, or `f` is not finite at the point.

    See Also
    --------
    check : Compares with a gradient that is claimed, for a far lower price.
    numerical_gradient : The textbook's two-sided difference at one step.

    Notes
    -----
    Costs about 20 evaluations and 36 for every component in float64, 22 in float32: central
    differences at steps from a fifth of the natural scale down to where rounding dominates,
    extrapolated by Richardson's :math:`R = (r^2 D(h/r) - D(h)) / (r^2 - 1)`. The value with the
    smallest bar is returned. Source: Ridders, *Adv. Eng. Software* 4 (1982) 75-76. A kink or a
    structure finer than the steps is not told apart from a smooth function: see :func:`check`.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> gradient = gp.differentiate(lambda t: np.sum(t["w"] ** 3), {"w": np.array([1.0, 2.0])})
    >>> np.allclose(gradient.values["w"], [3.0, 12.0], rtol=1e-10)
    True
    >>> bool(np.all(gradient.bars["w"] < 1e-7))
    True
    """
    require_callable(f, "f", "f(at)")
    seed = whole_number(seed, "seed", at_least=0)

    from gradproof.engine.differentiate import measure  # imported when used, as in `check`
    from gradproof.frameworks.numpy_space import NumpySpace

    asked = Problem(f, _no_claim, at, wirtinger=wirtinger)
    with as_problem_of_arrays(asked, seed) as (problem, _):
        tree, leaves = flatten(problem.at, problem.root)
        if not leaves:
            raise InputError(f"at: found {described(at)}, expected numbers or arrays")
        space = NumpySpace(tree, leaves)
        values, bars, value, evaluations = measure(problem.f, tree, space, seed=seed)
    if not np.isfinite(value):
        raise InputError(f"the value of f: found {value} at the point, expected a finite number")

    def as_given(flat: Any) -> Any:
        found = in_structure(tree, flat, [np.dtype(np.float64)] * len(tree.leaves))
        return optree.tree_map(_plain, found, namespace=NAMESPACE)

    values = as_claimed(tree, values, problem.wirtinger)
    bars = np.abs(as_claimed(tree, bars, problem.wirtinger))
    return NumericalGradient(as_given(values), as_given(bars), evaluations)


def _no_claim(at: Any) -> Any:
    """Stand where a problem has its gradient, which is not asked for."""
    raise AssertionError


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
