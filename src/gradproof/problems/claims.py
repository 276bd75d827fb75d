"""Claims about functions of several values: each says what ⟨u, J v⟩ is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from gradproof._base.signatures import require_arguments, require_function


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
    to be linear in u, which takes calls of the function only. Of complex outputs and parameters u
    and what is returned are the derivatives of a real number by them, in the convention of
    ``gp.Problem(..., wirtinger=)``.

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
        require_function(self.function, "VJP", "function", "at", "u")
        if self.jvp is not None:
            require_function(self.jvp, "jvp", "jvp", "at", "v")


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
    output, at the price of a gradient. Where it is wrong, all outputs are measured at the wrong
    components: four evaluations for each of these, up to sixteen. Of complex outputs by complex
    parameters it is the complex derivative, df = J dz, which takes a holomorphic f: else the check
    fails (GP507). A row of a real output by complex parameters is a gradient.

    The pattern of a sparse matrix is verified along dense random directions, 20 to 70 evaluations
    in all; then every entry is measured, columns that share no row by one evaluation together, or
    two: Curtis, Powell & Reid, *J. Inst. Math. Appl.* 13 (1974) 117-119.

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

    def __post_init__(self) -> None:
        _require_matrix(self.matrix, "Jacobian")


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
    function for each component, up to 1,000 of them; beyond, along sixteen random tangents over
    all that is checked, named ``random_tangent[0]`` to ``random_tangent[15]``. And it has to be
    linear in v, which takes calls of the function only.

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
        require_function(self.function, "JVP", "function", "at", "v")


@dataclasses.dataclass(frozen=True, eq=False)
class Hessian:
    r"""The second derivatives of a function, as the claim of a check.

    Parameters
    ----------
    matrix : callable, array_like, sparse matrix or LinearOperator
        The Hessian at the point, or a function of `at` that returns it: of shape (n, n), with the n
        parameters numbered in the order of their leaves, of the shape of `at` twice, or in nested
        trees.
    gradient : callable, optional
        A gradient of f that is known to be right: then the Hessian is measured as its Jacobian,
        which is far cheaper and more exact. Else it is measured from the values of f alone.

    See Also
    --------
    HVP : The product with a vector.

    Notes
    -----
    It has to be symmetric, which takes no evaluation. Without a gradient every entry is
    measured, at about a hundred values of f each, up to 32 parameters; beyond, sixteen random forms
    uᵀ H v are. With s ≥ 0 and t = √s,
    :math:`s \mapsto (f(x + t(u+v)) + f(x - t(u+v)) - f(x + t(u-v)) - f(x - t(u-v))) / 4` has the
    slope uᵀ H v at 0, and is checked as any function is. Where the gradient of f has a kink,
    that is the mean of its two sides.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> f = lambda x: x[0] ** 2 * x[1]
    >>> report = gp.check(f, gp.Hessian([[6.0, 2.0], [2.0, 1.0]]), np.array([1.0, 3.0]))
    >>> culprit = report.culprits[0]
    >>> culprit.address, culprit.claimed, abs(round(culprit.measured, 4))
    ('d² f / d x[1] d x[1]', 1.0, 0.0)
    """

    matrix: Any
    gradient: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        _require_matrix(self.matrix, "Hessian")
        if self.gradient is not None:
            require_function(self.gradient, "gradient", "gradient", "at")


@dataclasses.dataclass(frozen=True, eq=False)
class HVP:
    """A Hessian-vector product, as the claim of a check.

    Parameters
    ----------
    function : callable
        Called as ``function(at, v)`` with a `v` in the structure of `at`; returns ``H v`` in the
        same structure, with H the Hessian of f.
    gradient : callable, optional
        A gradient of f that is known to be right; see `Hessian`.

    See Also
    --------
    Hessian : The whole matrix.

    Notes
    -----
    It has to be linear in v, and ⟨u, H v⟩ to be ⟨v, H u⟩, which takes calls of the function only.
    Measured as a `Hessian` is.

    Examples
    --------
    >>> import numpy as np
    >>> import gradproof as gp
    >>> claim = gp.HVP(lambda x, v: -np.sin(x) * v, gradient=np.cos)
    >>> gp.check(lambda x: np.sum(np.sin(x)), claim, np.array([0.1, 0.2, 0.3])).passed
    True
    """

    function: Callable[[Any, Any], Any]
    gradient: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        require_function(self.function, "HVP", "function", "at", "v")
        if self.gradient is not None:
            require_function(self.gradient, "gradient", "gradient", "at")


def _require_matrix(matrix: Any, name: str) -> None:
    """Raise if a matrix is given by a function that is none of the point alone."""
    if callable(matrix) and not hasattr(matrix, "shape"):  # as linear operators have
        require_arguments(
            matrix, name, "matrix(at)", ("at",), hint="; for several write lambda t: matrix(*t)"
        )


Claim = VJP | JVP | Jacobian
SecondClaim = Hessian | HVP
