"""Claims about functions of several values: each says what ⟨u, J v⟩ is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from gradproof._base.validation import require_callable


@dataclasses.dataclass(frozen=True, eq=False)
class VJP:
    """A vector-Jacobian product, as the claim of a check: what reverse mode computes.

    Parameters
    ----------
    function : callable
        Called as ``function(at, u)`` with a cotangent `u` in the structure of ``f(at)``; returns
        ``Jᵀ u`` in the structure of `at`, with J the Jacobian of f.
    jvp : callable, optional
        The product from the other side, called as ``jvp(at, v)``: ⟨u, J v⟩ and ⟨Jᵀ u, v⟩ have to be
        the same number, which takes calls of the two only.

    See Also
    --------
    Jacobian : The whole matrix.
    JVP : The product from the other side, as a claim of its own.

    Notes
    -----
    The value of f may be an array or a pytree of arrays. It is tested as the gradient of ⟨u, f⟩
    with a seeded random cotangent that leaves out no output, at the price of a gradient; and it has
    to be linear in u, which takes calls of the function only.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> A = np.arange(6.0).reshape(2, 3)
    >>> report = gp.check(lambda x: np.sin(A @ x), gp.VJP(lambda x, u: A.T @ (np.cos(A @ x) * u)),
    ...                   np.array([0.1, -0.2, 0.3]))
    >>> report.passed
    True
    """

    function: Callable[[Any, Any], Any]
    jvp: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        require_callable(self.function, "VJP", "function(at, u)")
        if self.jvp is not None:
            require_callable(self.jvp, "jvp", "jvp(at, v)")


@dataclasses.dataclass(frozen=True, eq=False)
class Jacobian:
    """The Jacobian of a function of several values, as the claim of a check.

    Parameters
    ----------
    matrix : callable, array_like, sparse matrix or LinearOperator
        The Jacobian at the point, or a function of `at` that returns it. Its shape is that of
        ``f(at)`` followed by that of `at`; or (m, n), where the m outputs and n parameters are
        numbered in the order of their leaves. A ``scipy.sparse`` matrix or a
        ``scipy.sparse.linalg.LinearOperator`` is (m, n).

    See Also
    --------
    VJP : The same as a function of a cotangent.

    Notes
    -----
    It is tested as the gradient of ⟨u, f⟩ with a seeded random cotangent u that leaves out no
    output, at the price of a gradient. Where it is wrong, the outputs concerned are measured at
    the wrong components: two evaluations each.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> A = np.arange(6.0).reshape(2, 3)
    >>> report = gp.check(lambda x: A @ x, gp.Jacobian(A * [[1, 1, 1], [1, 2, 1]]), np.ones(3))
    >>> culprit = report.culprits[0]
    >>> culprit.address, culprit.claimed, round(culprit.measured, 6)
    ('d output[1] / d x[1]', 8.0, 4.0)
    """

    matrix: Any


@dataclasses.dataclass(frozen=True, eq=False)
class JVP:
    """A Jacobian-vector product, as the claim of a check: what forward mode computes.

    Parameters
    ----------
    function : callable
        Called as ``function(at, v)`` with a tangent `v` in the structure of `at`; returns ``J v``
        in the structure of ``f(at)``, with J the Jacobian of f.

    See Also
    --------
    VJP : The product from the other side.

    Notes
    -----
    It is tested as the gradient of ⟨u, f⟩ with a seeded random cotangent u: one call of the
    function for each component, up to 1,000 of them; beyond, along sixteen random tangents. And it
    has to be linear in v, which takes calls of the function only.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> A = np.arange(6.0).reshape(2, 3)
    >>> report = gp.check(lambda x: np.sin(A @ x), gp.JVP(lambda x, v: np.cos(A @ x) * (A @ v)),
    ...                   np.array([0.1, -0.2, 0.3]))
    >>> report.passed
    True
    """

    function: Callable[[Any, Any], Any]

    def __post_init__(self) -> None:
        require_callable(self.function, "JVP", "function(at, v)")


Claim = VJP | JVP | Jacobian
