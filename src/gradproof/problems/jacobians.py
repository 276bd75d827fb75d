"""What claims say about ⟨u, J v⟩, as gradients of ⟨u, f⟩ and as matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import is_float
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.claims import JVP, VJP, Claim, Jacobian
from gradproof.problems.outputs import Outputs
from gradproof.problems.vectors import in_structure
from gradproof.tree import Leaf, Mismatch, Tree, flatten


def product(
    claim: Claim,
    outputs: Outputs,
    tree: Tree,
    repeatably: Callable[[], AbstractContextManager[None]],
) -> Callable[[Any], Any]:
    """Return the function of the point that claims Jᵀ u for the cotangent of the outputs.

    `repeatably` makes contexts that leave random generators as they found them: all columns of one
    Jacobian are asked for with the same random numbers.
    """

    def of_vjp(at: Any) -> Any:
        assert isinstance(claim, VJP)
        return claim.function(at, outputs.in_structure(outputs.cotangent))

    def of_matrix(at: Any) -> Any:
        assert isinstance(claim, Jacobian)
        assert outputs.tree is not None
        rows = rows_of(claim.matrix, at, outputs.tree, tree)
        if isinstance(rows, Mismatch):
            return rows
        return like_parameters(tree, np.asarray(outputs.cotangent @ rows).ravel())

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
        return like_parameters(tree, found)

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
    """Return the type of a leaf; float64 for numbers, and for types that are not of NumPy."""
    try:
        dtype = np.dtype(getattr(value, "dtype", np.float64))
    except TypeError:
        return np.dtype(np.float64)
    return dtype if is_float(dtype) else np.dtype(np.float64)


def rows_of(matrix: Any, at: Any, there: Tree, tree: Tree) -> Any:
    """Return a Jacobian as something that a vector of the outputs `there` multiplies by ``@``.

    An array of shape (m, n) or the products of a linear operator; a Mismatch where its shape is
    another.
    """
    if callable(matrix) and not is_linear(matrix):
        matrix = matrix(at)
    expected = there.size, tree.size
    if is_linear(matrix):
        if tuple(matrix.shape) != expected:
            return _mismatch(tree, matrix.shape, expected)
        if np.iscomplexobj(matrix):
            return _complex(f"the Jacobian by {tree.root}", matrix.dtype)
        return Rows(matrix)
    found = _by_leaves(matrix, there, tree)
    if isinstance(found, np.ndarray) or not _is_array_like(matrix):
        return found
    return _whole(matrix, there, tree)


def _whole(matrix: Any, there: Tree, tree: Tree) -> FloatArray | Mismatch:
    """Return the rows of what is one array, or lists that make one."""
    shape, expected = np.shape(matrix), (there.size, tree.size)
    lone = len(there.leaves) == len(tree.leaves) == 1
    whole = (*there.leaves[0].shape, *tree.leaves[0].shape) if lone else expected
    if shape not in (whole, expected):
        return _mismatch(tree, shape, whole)
    found = np.asarray(matrix)
    if np.iscomplexobj(found):
        return _complex(f"the Jacobian by {tree.root}", found.dtype)
    return found.astype(np.float64, copy=False).reshape(expected)


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
        return np.asarray(product, dtype=np.float64)

    # NumPy would take us for a number otherwise.
    __array_ufunc__ = None


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
        if leaf.path not in by_path:
            return Mismatch(where, "no derivative", f"one of shape {output.shape + leaf.shape}")
        value = np.asarray(by_path[leaf.path])
        if np.iscomplexobj(value):
            return _complex(where, value.dtype)
        value = value.astype(np.float64, copy=False)
        if value.shape not in (output.shape + leaf.shape, (output.size, leaf.size)):
            expected = f"shape {output.shape + leaf.shape}"
            return Mismatch(where, f"shape {value.shape}", expected)
        columns.append(value.reshape(output.size, leaf.size))
    return np.concatenate(columns, axis=1)


def _complex(where: str, dtype: Any) -> Mismatch:
    return Mismatch(where, f"dtype {dtype}", "real numbers")


def _mismatch(tree: Tree, found: Any, expected: tuple[int, ...]) -> Mismatch:
    words = f"shape {expected}: outputs first, parameters last"
    return Mismatch(f"the Jacobian by {tree.root}", f"shape {tuple(found)}", words)
