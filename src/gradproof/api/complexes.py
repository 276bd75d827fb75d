"""Problems of complex parameters: what is claimed of them, and what cannot be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from gradproof._base.complexes import is_complex
from gradproof._base.errors import InputError
from gradproof._base.validation import described
from gradproof.problems import Claim, Jacobian, Problem, SecondClaim
from gradproof.tree import flatten


def of_complex_parameters(problem: Problem, quietly: Callable[[Callable[[], Any]], Any]) -> Problem:
    """Return a problem in which the gradient of a complex f is the Jacobian that it is.

    Problems of real parameters are returned as they are; of others f is called once.
    """
    tree, values = flatten(problem.at, problem.root)
    if not tree.is_complex or isinstance(problem.gradient, Claim):
        return problem
    if isinstance(problem.gradient, SecondClaim):
        raise InputError(
            f"gradient: found a gp.{type(problem.gradient).__name__} with complex parameters, "
            "expected a gradient or a claim of first order; let f put complex numbers together "
            "from real parameters to check second derivatives by these"
        )
    if problem.terms is not None:
        return problem

    from gradproof.frameworks.numpy_space import NumpySpace

    value = quietly(lambda: problem.f(NumpySpace(tree, values).fresh()))
    if problem.gradient is True and isinstance(value, tuple) and len(value) == 2:
        value = value[0]
    if not is_complex(value) or np.shape(value) != ():
        return problem
    if problem.gradient is True:
        raise InputError(
            f"gradient: found True with {described(value)} as the value of f, expected a function "
            "that returns the complex derivative: gp.Jacobian(derivative)"
        )
    if np.all(np.imag(value) == 0):
        raise InputError(
            f"the value of f: found {described(value)}, which may be a real number or one of a "
            "complex function; expected f to return its .real, or the complex derivative to be "
            "claimed as gp.Jacobian(...)"
        )
    return dataclasses.replace(problem, gradient=Jacobian(problem.gradient))
