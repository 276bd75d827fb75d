"""A manifold as data: how to move on it, and what is tangent to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from gradproof._base.signatures import require_function


@dataclasses.dataclass(frozen=True)
class Manifold:
    """The manifold that the parameters of a problem stay on.

    Parameters
    ----------
    retract : callable
        Called as ``retract(x, v)`` with a point and a tangent vector; returns the point that is
        reached from x along v. ``retract(x, 0)`` is x, and the derivative of ``retract(x, t * v)``
        by t is v at t = 0; any retraction does: the exponential map, a QR decomposition,
        normalising x + v.
    project : callable
        Called as ``project(x, z)`` with a point and any z in the structure of x; returns a tangent
        vector at x: z itself where it is tangent. Without `inner` it is the orthogonal projection.
    inner : callable, optional
        Called as ``inner(x, u, v)``; returns the inner product of two tangent vectors at x, which
        the gradient belongs to. By default the Euclidean one, the sum of ``u * v``.

    Raises
    ------
    InputError
        If one of them is no function.

    See Also
    --------
    Problem : Takes it as ``manifold=``.

    Notes
    -----
    A check costs what it costs without a manifold, 38 or more evaluations along a random tangent,
    and a few calls of the three functions beside; with `inner`, one of it and of `project` for each
    component. It measures the slopes of f(retract(x, t v)) along v = project(x, e) for all
    components e, which the gradient g claims to be ⟨g, v⟩ₓ: Absil, Mahony & Sepulchre,
    *Optimization Algorithms on Matrix Manifolds* (2008), sections 3.6 and 4.1.

    Examples
    --------
    The largest eigenvalue as a problem on the sphere:

    >>> import numpy as np
    >>> import gradproof as gp
    >>> sphere = gp.Manifold(
    ...     retract=lambda x, v: (x + v) / np.linalg.norm(x + v),
    ...     project=lambda x, z: z - (x @ z) * x,
    ... )
    >>> A = np.diag([1.0, 2.0, 4.0])
    >>> x = np.array([2.0, 1.0, 2.0]) / 3
    >>> right = gp.Problem(lambda x: x @ A @ x, lambda x: 2 * (A @ x - (x @ A @ x) * x), x,
    ...                    manifold=sphere)
    >>> gp.check(right).passed
    True
    >>> forgotten = gp.Problem(lambda x: x @ A @ x, lambda x: 2 * A @ x, x, manifold=sphere)
    >>> gp.check(forgotten).causes[0].name
    'not-tangent'
    """

    retract: Callable[[Any, Any], Any]
    project: Callable[[Any, Any], Any]
    inner: Callable[[Any, Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        require_function(self.retract, "retract", "retract", "x", "v")
        require_function(self.project, "project", "project", "x", "z")
        if self.inner is not None:
            require_function(self.inner, "inner", "inner", "x", "u", "v")
