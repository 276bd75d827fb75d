"""Functions with a fault at one of their calls, and what no fault may change."""

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
import scipy.special  # it makes a filter for its own warnings

import gradproof as gp

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]
A = np.random.default_rng(0).standard_normal((6, 6)) / 3
X = np.linspace(0.1, 1, 6)
WRONG = np.array([1, 1, 1, 1.5, 1, 1])


def sines(x: Array) -> Any:
    return np.sum(np.sin(A @ x))


def gradient(x: Array) -> Array:
    return np.asarray(A.T @ np.cos(A @ x))


def outputs(x: Array) -> Array:
    return np.asarray(np.sin(A @ x))


def jacobian(x: Array) -> Array:
    return np.asarray(np.cos(A @ x)[:, None] * A)


Mode = Callable[..., gp.Report]
# Each takes what makes a faulty function out of one, and what its claim is multiplied by.
MODES: dict[str, Mode] = {
    "every": lambda F, by=1.0, **o: gp.check(F(sines), lambda x: by * gradient(x), X, **o),
    "project": lambda F, by=1.0, **o: gp.check(
        F(sines), lambda x: by * gradient(x), X, plan="project", **o
    ),
    "leaves": lambda F, by=1.0, **o: gp.check(
        F(sines), lambda x: by * gradient(x), X, plan="leaves", **o
    ),
    "bounds": lambda F, by=1.0, **o: gp.check(
        gp.Problem(F(sines), lambda x: by * gradient(x), X, bounds=(0, 1)), **o
    ),
    "terms": lambda F, by=1.0, **o: gp.check(
        gp.Problem(F(outputs), lambda x: by * gradient(x), X, terms="sum"), **o
    ),
    "float32": lambda F, by=1.0, **o: gp.check(
        F(lambda x: np.sum(np.sin(x))), lambda x: by * np.cos(x), X.astype("f"), **o
    ),
    "vectorized": lambda F, by=1.0, **o: gp.check(
        gp.Problem(
            F(lambda x: np.sum(np.sin(x), axis=-1)), lambda x: by * np.cos(x), X, vectorized=True
        ),
        **o,
    ),
    "vjp": lambda F, by=1.0, **o: gp.check(
        F(outputs), gp.VJP(lambda x, u: by * (u @ jacobian(x))), X, **o
    ),
    "jacobian": lambda F, by=1.0, **o: gp.check(
        F(outputs), gp.Jacobian(lambda x: by * jacobian(x)), X, **o
    ),
    "sparse": lambda F, by=1.0, **o: gp.check(
        F(np.sin), gp.Jacobian(lambda x: scipy.sparse.diags(by * np.cos(x)).tocsr()), X, **o
    ),
    "hessian": lambda F, by=1.0, **o: gp.check(
        F(lambda x: np.sum(np.sin(x))), gp.Hessian(lambda x: np.diag(-by * np.sin(x))), X[:2], **o
    ),
}


class At:
    """Makes functions of which one call, or all from there on, come to something else."""

    def __init__(self, fault: Function, call: int, *, on: bool = False) -> None:
        self._fault, self._call, self._on = fault, call, on
        self.calls = 0

    def __call__(self, f: Function) -> Function:
        def faulty(x: Any) -> Any:
            self.calls += 1
            value = f(x)
            there = self.calls >= self._call if self._on else self.calls == self._call
            return self._fault(value) if there else value

        return faulty


class Bug(Exception):
    """What no numerical code raises."""


def raises(error: BaseException) -> Function:
    def fault(value: Any) -> Any:
        raise error

    return fault


@contextlib.contextmanager
def nothing_changed(*points: Array) -> Iterator[None]:
    """See that parameters, generators, filters and NumPy's settings are as they were."""
    copies = [point.copy() for point in points]

    def settings() -> tuple[Any, ...]:
        state: Any = np.random.get_state()  # noqa: NPY002
        numbers = state[1].tobytes(), *state[2:], random.getstate()
        return *numbers, np.geterr(), list(warnings.filters)

    before = settings()
    try:
        yield
    finally:
        assert settings() == before
        for point, copy in zip(points, copies, strict=True):
            assert point.tobytes() == copy.tobytes()
