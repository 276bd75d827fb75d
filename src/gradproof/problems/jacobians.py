"""What claims say about ⟨u, J v⟩, as gradients of ⟨u, f⟩ and as matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from gradproof._base.complexes import as_parts, is_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_64, is_float, is_real, unit_roundoff
from gradproof._base.validation import described, require_detached, require_unmasked
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.claims import JVP, VJP, Claim, Jacobian
from gradproof.problems.outputs import Outputs
from gradproof.problems.sparsity import require_sound
from gradproof.problems.vectors import in_structure
from gradproof.problems.wirtinger import as_claimed, as_derivatives
from gradproof.tree import Leaf, Mismatch, Tree, flatten


class AtThePoint:
    """A claim that was made for the point alone, and tells nothing of the gradient elsewhere."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, at: Any) -> Any:
        """Return what is claimed, wherever it is asked."""
        return self._function(at)


def product(
    claim: Claim,
    outputs: Outputs,
    tree: Tree,
    repeatably: Callable[[], AbstractContextManager[None]],
    wirtinger: str | None = None,
) -> Callable[[Any], Any]:
    """Return the function of the point that claims Jᵀ u for the cotangent of the outputs.

    It claims derivatives by complex parameters as `wirtinger` says. `repeatably` makes contexts
    that leave random generators as they found them: all columns of one Jacobian are asked for with
    the same random numbers.
    """

    def of_vjp(at: Any) -> Any:
        assert isinstance(claim, VJP)
        return claim.function(at, outputs.in_structure(outputs.cotangent))

    def of_matrix(at: Any) -> Any:
        assert isinstance(claim, Jacobian)
        assert outputs.tree is not None
        rows = rows_of(claim.matrix, at, outputs.tree, tree, wirtinger)
        if isinstance(rows, Mismatch):
            return rows
        return gradient_of(np.asarray(outputs.cotangent @ rows).ravel())

    def of_jvp(at: Any) -> Any:
        assert isinstance(claim, JVP)
        found = np.zeros(tree.size)
        unit = np.zeros(tree.size)
        for place in range(tree.size):
            unit[place] = 1.0
            with repeatably():
                column = outputs.matched(claim.function(at, like_parameters(tree, unit, like=at)))
            if isinstance(column, Mismatch):
                return column
            found[place] = outputs.cotangent @ column
            unit[place] = 0.0
        return gradient_of(found)

    def gradient_of(derivatives: FloatArray) -> Any:
        return like_parameters(tree, as_claimed(tree, derivatives, wirtinger))

    if isinstance(claim, Jacobian) and not is_function(claim.matrix):
        return AtThePoint(of_matrix)
    return {VJP: of_vjp, Jacobian: of_matrix, JVP: of_jvp}[type(claim)]


def like_parameters(tree: Tree, values: FloatArray, like: Any = None) -> Any:
    """Return one vector in the structure of the parameters, in the types of `like`."""
    types = [np.dtype(np.float64)] * len(tree.leaves)
    if like is not None:
        # What goes along unchanged is in there, too.
        there, found = flatten(like, tree.root)
        by_path = {leaf.path: value for leaf, value in zip(there.leaves, found, strict=True)}
        types = [_type_of(by_path.get(leaf.path)) for leaf in tree.leaves]
    return in_structure(tree, values, types)


def _type_of(value: Any) -> np.dtype[Any]:
    """Return the type of a leaf; float64 for numbers, and for types that are not of NumPy.

    Of complex numbers it is the type of their parts.
    """
    try:
        dtype = np.dtype(getattr(value, "dtype", np.float64))
    except TypeError:
        return np.dtype(np.float64)
    if dtype.kind == "c":
        return np.empty(0, dtype).real.dtype
    return dtype if is_float(dtype) else np.dtype(np.float64)


def rows_of(matrix: Any, at: Any, there: Tree, tree: Tree, wirtinger: str | None = None) -> Any:
    """Return a Jacobian as something that a vector of the outputs `there` multiplies by ``@``.

    An array of shape (m, n) or the products of a linear operator; a Mismatch where its shape is
    another. All are derivatives by real and imaginary parts; where f is real, `wirtinger` says how
    those by complex parameters are claimed.
    """
    if is_function(matrix):
        matrix = matrix(at)
    require_detached(matrix, "Jacobian")
    require_unmasked(matrix, "Jacobian")
    expected = there.size, tree.size
    if is_linear(matrix):
        if there.is_complex or tree.is_complex:
            raise InputError(
                f"gradient: found {type(matrix).__name__} as the Jacobian of a function of complex "
                "numbers, expected an array (.toarray() makes one), or a gp.VJP"
            )
        shape = matrix.shape
        if not (isinstance(shape, tuple) and shape == expected):
            return _mismatch(tree, shape if isinstance(shape, tuple) else (), expected)
        require_sound(matrix)
        if np.iscomplexobj(matrix):
            return _complex(f"the Jacobian by {tree.root}", matrix.dtype)
        return Rows(matrix)
    found = _by_leaves(matrix, there, tree)
    if isinstance(found, Mismatch) and _is_array_like(matrix):
        found = _whole(matrix, there, tree)
    if isinstance(found, Mismatch) or not tree.is_complex:
        return found
    # Products of complex numbers hold for any f; what is claimed of a real one is a gradient.
    of_real = np.concatenate([np.full(leaf.size, not leaf.is_complex) for leaf in there.leaves])
    found[of_real] = as_derivatives(tree, found[of_real], wirtinger)
    return found


def _whole(matrix: Any, there: Tree, tree: Tree) -> FloatArray | Mismatch:
    """Return the rows of what is one array, or lists that make one."""
    expected = sum(leaf.count for leaf in there.leaves), sum(leaf.count for leaf in tree.leaves)
    shape = np.shape(matrix)
    lone = len(there.leaves) == len(tree.leaves) == 1
    whole = (*there.leaves[0].own_shape, *tree.leaves[0].own_shape) if lone else expected
    if shape not in (whole, expected):
        return _mismatch(tree, shape, whole)
    array = np.asarray(matrix).reshape(expected)
    if not (there.is_complex or tree.is_complex):
        return _of_numbers(array, tree)
    rows = np.zeros((there.size, tree.size))
    first = 0
    for output in there.leaves:
        start = 0
        for leaf in tree.leaves:
            block = array[first : first + output.count, start : start + leaf.count]
            found = _of_numbers(block, tree, output, leaf)
            if isinstance(found, Mismatch):
                return found
            rows[output.start : output.stop, leaf.start : leaf.stop] = found
            start += leaf.count
        first += output.count
    return rows


def _of_numbers(
    block: Any, tree: Tree, output: Leaf | None = None, leaf: Leaf | None = None
) -> FloatArray | Mismatch:
    """Return the derivatives of the parts of an output by those of a leaf, from complex numbers.

    A complex derivative J of a complex output is that of the linear map dz ↦ J dz.
    """
    of_complex, by_complex = bool(output and output.is_complex), bool(leaf and leaf.is_complex)
    array = np.asarray(block)
    if not (of_complex or by_complex):
        if is_complex(array):
            if np.any(array.imag):
                where = tree.root if leaf is None else tree.address(leaf)
                found = f"derivatives of dtype {array.dtype}"
                return Mismatch(f"the Jacobian by {where}", found, "real numbers")
            array = array.real
        if not is_real(array.dtype):
            where = tree.root if leaf is None else tree.address(leaf)
            found = f"derivatives of dtype {array.dtype}"
            return Mismatch(f"the Jacobian by {where}", found, "real numbers")
        return np.asarray(array, dtype=np.float64)
    columns = as_parts(array)  # (m, n, parts)
    if of_complex and by_complex:
        columns = np.stack([columns, as_parts(1j * array)], axis=2)  # (m, n, by, of)
        columns = columns.transpose(0, 3, 1, 2)
    elif of_complex:
        columns = columns.transpose(0, 2, 1)
    height, width = array.shape
    shape = height * (1 + of_complex), width * (1 + by_complex)
    return np.asarray(columns, dtype=np.float64).reshape(shape)


def _by_leaves(matrix: Any, there: Tree, tree: Tree) -> FloatArray | Mismatch:
    """Return the rows of nested trees: in the structure of the outputs, then of the parameters."""
    rows = np.zeros((there.size, tree.size))
    try:
        lone = not there.leaves[0].path
        subtrees = [matrix] if lone else list(there.spec.flatten_up_to(matrix))
    except ValueError:
        return _mismatch(tree, np.shape(matrix) if _is_array_like(matrix) else (), rows.shape)
    for leaf, subtree in zip(there.leaves, subtrees, strict=True):
        found = _in_order(subtree, leaf, there, tree)
        if isinstance(found, Mismatch):
            return found
        rows[leaf.start : leaf.stop] = found
    return rows


class Rows:
    """A linear operator, or a sparse matrix, that a vector can be multiplied with from the left."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator

    def __rmatmul__(self, cotangent: FloatArray) -> FloatArray:
        multiply = getattr(self._operator, "rmatvec", None)
        try:
            product = self._operator.T @ cotangent if multiply is None else multiply(cotangent)
        except NotImplementedError as error:
            raise InputError(
                "gradient: found a linear operator without rmatvec, expected one that has it: "
                "the Jacobian is asked for its products from the left; or claim its matvec as "
                "gp.JVP(function), function(at, v)"
            ) from error
        return _vector(product, self._operator.shape[1])

    # NumPy would take us for a number otherwise.
    __array_ufunc__ = None


class Sides:
    """The products of a linear operator from both sides, as long as it has both."""

    def __init__(self, operator: Any) -> None:
        self._operator = operator

    @staticmethod
    def are_of(matrix: Any) -> bool:
        """Whether something has products from both sides that could be of two matrices."""
        both = hasattr(matrix, "matvec") and hasattr(matrix, "rmatvec")
        return both and is_linear(matrix) and not hasattr(matrix, "tocsr")

    @property
    def roundoff(self) -> float:
        """That of its type, where it tells one."""
        dtype = getattr(self._operator, "dtype", None)
        return UNIT_ROUNDOFF_64 if dtype is None else unit_roundoff(np.dtype(dtype))

    def along(self, tangent: FloatArray) -> FloatArray | Mismatch:
        """Return J v; a Mismatch where there is no such product."""
        try:
            found = np.ravel(self._operator.matvec(tangent))
        except (NotImplementedError, RecursionError):  # the second is what SciPy does without one
            return Mismatch("matvec", "none", "a product from the right")
        return _vector(found, self._operator.shape[0])

    def across(self, cotangent: FloatArray) -> FloatArray | Mismatch:
        """Return Jᵀ u."""
        return np.ravel(cotangent @ Rows(self._operator))


def _vector(product: Any, size: int) -> FloatArray:
    """Return what a linear operator says, or raise unless it is one number for each place."""
    try:
        found = np.asarray(product, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.size != size:
        raise InputError(
            f"gradient: found {described(product)} as a product of a linear operator, expected "
            f"{size} real numbers, as its shape says"
        )
    return found


def symmetric(matrix: Any) -> Any:
    """Return a Hessian, or the function that returns it, of which an operator needs matvec only."""
    if callable(matrix) and not is_linear(matrix):
        return lambda at: symmetric(matrix(at))
    return _Symmetric(matrix) if hasattr(matrix, "matvec") else matrix


class _Symmetric:
    """A linear operator whose products from the left are those from the right."""

    def __init__(self, operator: Any) -> None:
        self.shape, self.dtype, self.rmatvec = operator.shape, operator.dtype, operator.matvec


def is_linear(matrix: Any) -> bool:
    """Whether it is a sparse matrix or a linear operator, by what it can do."""
    if isinstance(matrix, (np.ndarray, np.generic)):
        return False
    return hasattr(matrix, "shape") and (hasattr(matrix, "rmatvec") or hasattr(matrix, "tocsr"))


def is_function(matrix: Any) -> bool:
    """Whether it is a function of the point that returns a Jacobian."""
    return callable(matrix) and not is_linear(matrix)


def _is_array_like(matrix: Any) -> bool:
    if isinstance(matrix, Mapping):
        return False
    try:
        return np.asarray(matrix).dtype != object
    except ValueError:
        return False


def _in_order(subtree: Any, output: Leaf, there: Tree, tree: Tree) -> FloatArray | Mismatch:
    """Return the rows of one output leaf, from a pytree in the structure of the parameters."""
    claimed, values = flatten(subtree, "claim")
    by_path = {leaf.path: value for leaf, value in zip(claimed.leaves, values, strict=True)}
    columns = []
    for leaf in tree.leaves:
        where = f"d {there.address(output)} / d {tree.address(leaf)}"
        whole = output.own_shape + leaf.own_shape
        if leaf.path not in by_path:
            return Mismatch(where, "no derivative", f"one of shape {whole}")
        require_unmasked(by_path[leaf.path], where)
        value = np.asarray(by_path[leaf.path])
        if value.shape not in (whole, (output.count, leaf.count)):
            return Mismatch(where, f"shape {value.shape}", f"shape {whole}")
        found = _of_numbers(value.reshape(output.count, leaf.count), tree, output, leaf)
        if isinstance(found, Mismatch):
            return found
        columns.append(found)
    return np.concatenate(columns, axis=1)


def _complex(where: str, dtype: Any) -> Mismatch:
    return Mismatch(where, f"derivatives of dtype {dtype}", "real numbers")


def _mismatch(tree: Tree, found: Any, expected: tuple[int, ...]) -> Mismatch:
    words = f"shape {expected}: outputs first, parameters last"
    return Mismatch(f"the Jacobian by {tree.root}", f"shape {tuple(found)}", words)
