"""Checks in the words of pymanopt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.validation import described, whole_number
from gradproof.api.check import check
from gradproof.api.report import Report
from gradproof.problems import Manifold, Problem

__all__ = ["check_problem"]

_MOST_TANGENTS = 256  # up to this dimension all directions of a basis
_SOME_TANGENTS = 16
_NOTHING = 1e-7  # of a unit tangent


def check_problem(problem: Any, point: Any = None, **options: Any) -> Report:
    """Check the Riemannian gradient of a problem of pymanopt.

    Parameters
    ----------
    problem : pymanopt.Problem
        The problem: its manifold, its cost and the gradient that its optimisers are given, from
        ``riemannian_gradient``, ``euclidean_gradient`` or automatic differentiation.
    point : array or sequence of arrays, optional
        The point, a sequence where the manifold is a product. By default a random one of the
        manifold, by the same seed the same. Never changed.
    **options : Any
        Further arguments of :func:`gradproof.check`.

    Returns
    -------
    Report
        That of a :class:`gradproof.Problem` with the manifold. Where tangent vectors are not those
        of the space around it (complex points, matrices of fixed rank), slopes are measured along
        an orthonormal basis of the tangent space, up to dimension 256, and beyond along 16 random
        tangents; that the gradient is tangent is not checked there.

    Raises
    ------
    InputError
        If `problem` is none of pymanopt, the point is not on its manifold, or an option cannot be
        understood.

    See Also
    --------
    gradproof.Manifold : The same for functions of one's own.

    Notes
    -----
    Costs as many evaluations as :func:`gradproof.check`, about 40 more along a random tangent, and
    an inner product and a few projections for each component.

    Examples
    --------
    >>> import gradproof as gp
    >>> import numpy as np
    >>> import pymanopt
    >>> sphere = pymanopt.manifolds.Sphere(3)
    >>> A = np.diag([1.0, 2.0, 4.0])
    >>> cost = pymanopt.function.numpy(sphere)(lambda x: x @ A @ x)
    >>> gradient = pymanopt.function.numpy(sphere)(lambda x: A @ x)
    >>> problem = pymanopt.Problem(sphere, cost, euclidean_gradient=gradient)
    >>> report = gp.pymanopt.check_problem(problem)
    >>> report.causes[0].code, round(report.causes[0].parameters["factor"], 4)
    ('GP302', 0.5)
    """
    needed = ("manifold", "cost", "riemannian_gradient")
    if not all(hasattr(type(problem), name) or hasattr(problem, name) for name in needed):
        raise InputError(f"problem: found {described(problem)}, expected a pymanopt.Problem")
    seed = whole_number(options.get("seed", 0), "seed", at_least=0)
    notes = []
    if point is None:
        with _seeded(seed):
            point = problem.manifold.random_point()
        notes.append("the point is a random one of the manifold")
    with _seeded(seed):
        embedded = _is_embedded(problem.manifold)
    if embedded:
        report = check(_in_space(problem, point), **options)
    else:
        with _seeded(seed):
            tangents = _orthonormal(problem.manifold, point)
        report = check(_along(problem, point, tangents), **options)
        notes.append(
            f"t are lengths along {len(tangents)} orthonormal tangents at the point, of the "
            f"{problem.manifold.dim} that there are"
        )
    return dataclasses.replace(report, notes=(*report.notes, *notes))


def _in_space(problem: Any, point: Any) -> Problem:
    """Return a problem whose tangents are vectors of the space around the manifold."""
    manifold = problem.manifold
    embedding = _of_factors(manifold, "embedding")
    projection = _of_factors(manifold, "projection")
    retraction = _of_factors(manifold, _retraction(manifold, point))
    product = hasattr(manifold, "manifolds")

    def inner(x: Any, u: Any, v: Any) -> Any:
        return manifold.inner_product(x, projection(x, u), projection(x, v))

    def cost(point: Any) -> Any:
        return problem.cost(point)

    return Problem(
        cost,
        lambda x: embedding(x, problem.riemannian_gradient(x)),
        list(point) if product else point,
        manifold=Manifold(
            retract=lambda x, v: retraction(x, projection(x, v)),
            project=lambda x, z: embedding(x, projection(x, z)),
            inner=inner,
        ),
    )


def _along(problem: Any, point: Any, tangents: list[Any]) -> Problem:
    """Return a problem in coordinates of some tangents."""
    manifold = problem.manifold
    retraction = getattr(manifold, _retraction(manifold, point))

    def cost(t: Any) -> Any:
        moved = tangents[0] * float(t[0])
        for length, tangent in zip(t[1:].tolist(), tangents[1:], strict=True):
            moved = moved + tangent * length
        return problem.cost(retraction(point, moved))

    def slopes(t: Any) -> Any:
        gradient = problem.riemannian_gradient(point)
        return np.array([np.real(manifold.inner_product(point, gradient, v)) for v in tangents])

    flat = Manifold(retract=lambda t, v: t + v, project=lambda t, z: z)
    return Problem(cost, slopes, np.zeros(len(tangents)), manifold=flat)


def _orthonormal(manifold: Any, point: Any) -> list[Any]:
    """Return an orthonormal basis of the tangent space, or a few directions of a large one."""
    count = int(manifold.dim) if manifold.dim <= _MOST_TANGENTS else _SOME_TANGENTS
    found: list[Any] = []
    while len(found) < count:
        vector = manifold.random_tangent_vector(point)
        for _ in range(2):  # once more, for what rounding left
            for known in found:
                share = float(np.real(manifold.inner_product(point, known, vector)))
                vector = vector - known * share
        with np.errstate(invalid="ignore"):
            length = float(np.real(manifold.norm(point, vector)))
        if not length > _NOTHING:  # fewer dimensions than the manifold says
            break
        found.append(vector / length)
    return found


def _is_embedded(manifold: Any) -> bool:
    """Whether points are real arrays, and the projection is one of vectors of their shape."""
    return all(
        factor.point_layout == 1 and _is_projection(factor, factor.random_point())
        for factor in getattr(manifold, "manifolds", (manifold,))
    )


def _is_projection(manifold: Any, x: Any) -> bool:
    """Whether x is real, and the projection there leaves alone what it returned."""
    if np.iscomplexobj(x):
        return False
    vector = np.random.normal(size=np.shape(x))  # noqa: NPY002
    once = manifold.embedding(x, manifold.projection(x, vector))
    twice = manifold.embedding(x, manifold.projection(x, once))
    return bool(np.allclose(twice, once, rtol=0, atol=1e-7 * np.max(np.abs(once))))


def _of_factors(manifold: Any, method: str) -> Callable[..., Any]:
    """Return a method of a manifold, which a product has factor by factor."""
    factors = getattr(manifold, "manifolds", None)
    if factors is None:
        whole: Callable[..., Any] = getattr(manifold, method)
        return whole

    def each(point: Any, vector: Any) -> list[Any]:
        return [
            getattr(factor, method)(x, v)
            for factor, x, v in zip(factors, point, vector, strict=True)
        ]

    return each


def _retraction(manifold: Any, point: Any) -> str:
    """Return the name of the retraction of a manifold: some have the exponential map only."""
    try:
        manifold.retraction(point, manifold.zero_vector(point))
    except NotImplementedError:
        return "exp"
    return "retraction"


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generator of NumPy, which pymanopt draws from, and put it back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
