"""One claim of a library: which derivative of what, and how it is checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

import gradproof as gp

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a model says is a derivative; `problem` makes the problem that is checked."""

    library: str
    model: str
    what: str
    problem: Callable[[], gp.Problem]


def elementwise(library: str, model: str, what: str, f: Any, slope: Any, at: FloatArray) -> Claim:
    """Return the claim that one function of arrays is the derivative of another, place by place."""
    weights = np.linspace(1.0, 2.0, at.size)

    def problem() -> gp.Problem:
        return gp.Problem(
            lambda x: np.sum(weights * np.asarray(f(x))),
            lambda x: weights * np.real_if_close(slope(x)),
            at,
        )

    return Claim(library, model, what, problem)


def of_likelihood(
    library: str, name: str, make: Callable[[], tuple[Any, FloatArray]], **options: Any
) -> Iterator[Claim]:
    """Yield score, terms of the score and Hessian, as far as a model has them.

    `make` returns the model and a point; all methods are called with the `options`.
    """

    def of(wrap: Callable[[Any], tuple[Any, Any]]) -> Callable[[], gp.Problem]:
        def problem() -> gp.Problem:
            model, at = make()
            f, claim = wrap(model)
            return gp.Problem(f, claim, at)

        return problem

    def method(model: Any, name: str) -> Callable[[Any], Any]:
        return lambda params: getattr(model, name)(params, **options)

    def terms(model: Any) -> Callable[[Any], Any]:
        # Where there is a term for each choice, those of a row belong together.
        def f(params: Any) -> Any:
            found = np.asarray(method(model, "loglikeobs")(params))
            return found if found.ndim == 1 else found.sum(axis=1)

        return f

    def of_score(m: Any) -> tuple[Any, Any]:
        return method(m, "loglike"), method(m, "score")

    def of_terms(m: Any) -> tuple[Any, Any]:
        return terms(m), gp.Jacobian(method(m, "score_obs"))

    def of_hessian(m: Any) -> tuple[Any, Any]:
        return method(m, "loglike"), gp.Hessian(method(m, "hessian"), gradient=method(m, "score"))

    model, _ = make()
    for what, f, wrap in (
        ("score", "loglike", of_score),
        ("score_obs", "loglikeobs", of_terms),
        ("hessian", "loglike", of_hessian),
    ):
        if hasattr(model, f) and hasattr(model, what):
            yield Claim(library, name, what, of(wrap))
