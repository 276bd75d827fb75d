"""Rolling the parameters of a network into one column, and back."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.validation import real_array, whole_number

_PARAMETER = re.compile(r"[Wb][1-9][0-9]*")


def dictionary_to_vector(parameters: Mapping[str, npt.ArrayLike]) -> npt.NDArray[Any]:
    """Roll the parameters of a network into one column, in the order W1, b1, W2, b2 and so on.

    Parameters
    ----------
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL`` for any number of layers L, in any order of the keys.

    Returns
    -------
    ndarray of shape (n, 1)
        A new array: every parameter, layer by layer, each raveled by rows (C order).

    Raises
    ------
    InputError
        If a key is missing or is no parameter.

    See Also
    --------
    vector_to_dictionary : The inverse.

    Notes
    -----
    Costs no evaluation.

    Examples
    --------
    >>> from gradproof.textbook import dictionary_to_vector
    >>> dictionary_to_vector({"W1": [[1.0, 2.0]], "b1": [[3.0]]}).ravel()
    array([1., 2., 3.])
    """
    return _column(parameters, _ordered(parameters, "parameters", prefix=""), "parameters")


def gradients_to_vector(gradients: Mapping[str, npt.ArrayLike]) -> npt.NDArray[Any]:
    """Roll the gradients of a network into one column, in the order of the parameters.

    Parameters
    ----------
    gradients : mapping of str to array_like
        ``dW1, db1, …, dWL, dbL`` in any order of the keys. Keys that begin with ``dA`` are the
        derivatives of the activations, which are no parameters: they are left out.

    Returns
    -------
    ndarray of shape (n, 1)
        A new array: dW1, db1, dW2, db2, …, each raveled by rows, so that component i belongs to
        component i of :func:`dictionary_to_vector`.

    Raises
    ------
    InputError
        If a key is missing or is no gradient of a parameter.

    See Also
    --------
    dictionary_to_vector : The same for the parameters.

    Notes
    -----
    Costs no evaluation.

    Examples
    --------
    >>> from gradproof.textbook import gradients_to_vector
    >>> gradients_to_vector({"db1": [[3.0]], "dA0": [[9.0]], "dW1": [[1.0, 2.0]]}).ravel()
    array([1., 2., 3.])
    """
    kept = {key: value for key, value in gradients.items() if not str(key).startswith("dA")}
    return _column(kept, _ordered(kept, "gradients", prefix="d"), "gradients")


def vector_to_dictionary(
    vector: npt.ArrayLike, layers_dims: Sequence[int]
) -> dict[str, npt.NDArray[Any]]:
    """Cut a column into the parameters of a network, the inverse of `dictionary_to_vector`.

    Parameters
    ----------
    vector : array_like
        All parameters, of shape (n, 1) or (n,), ordered W1, b1, W2, b2, …
    layers_dims : sequence of int
        The number of units of every layer, the input first: L + 1 numbers for L layers.

    Returns
    -------
    dict of str to ndarray
        New arrays ``W1`` of shape (layers_dims[1], layers_dims[0]), ``b1`` of shape
        (layers_dims[1], 1), and so on.

    Raises
    ------
    InputError
        If `layers_dims` is no list of at least two positive numbers, or `vector` does not hold
        just as many numbers as such a network has parameters.

    See Also
    --------
    dictionary_to_vector : The inverse.

    Notes
    -----
    Costs no evaluation.

    Examples
    --------
    >>> from gradproof.textbook import vector_to_dictionary
    >>> vector_to_dictionary([1.0, 2.0, 3.0], [2, 1])
    {'W1': array([[1., 2.]]), 'b1': array([[3.]])}
    """
    shapes = parameter_shapes(layers_dims)
    flat = real_array(vector, "vector").ravel()
    needed = sum(rows * columns for rows, columns in shapes.values())
    if flat.size != needed:
        raise InputError(
            f"vector: found {flat.size:,} numbers, expected {needed:,}, "
            f"the parameters of a network of layers {list(layers_dims)}"
        )
    parameters: dict[str, npt.NDArray[Any]] = {}
    start = 0
    for key, (rows, columns) in shapes.items():
        stop = start + rows * columns
        parameters[key] = flat[start:stop].reshape(rows, columns).copy()
        start = stop
    return parameters


def parameter_shapes(layers_dims: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Return the shapes of W1, b1, W2, b2, … in this order, or raise on unusable dimensions."""
    if isinstance(layers_dims, str) or not hasattr(layers_dims, "__len__") or len(layers_dims) < 2:
        raise InputError(
            f"layers_dims: found {layers_dims!r}, expected the units of at least two layers, "
            "for example [12288, 5, 5, 1]"
        )
    dims = [
        whole_number(units, f"layers_dims[{layer}]", at_least=1)
        for layer, units in enumerate(layers_dims)
    ]
    shapes: dict[str, tuple[int, int]] = {}
    for layer, (before, units) in enumerate(itertools.pairwise(dims), start=1):
        shapes[f"W{layer}"] = (units, before)
        shapes[f"b{layer}"] = (units, 1)
    return shapes


def _ordered(values: Mapping[str, npt.ArrayLike], name: str, *, prefix: str) -> list[str]:
    """Return the keys in the order W1, b1, W2, b2, …, or raise where they are not just these."""
    for key in values:
        if not (
            isinstance(key, str)
            and key.startswith(prefix)
            and _PARAMETER.fullmatch(key[len(prefix) :])
        ):
            raise InputError(
                f"{name}: found the key {key!r}, "
                f"expected {prefix}W1, {prefix}b1, {prefix}W2, {prefix}b2, …"
            )
    layers = max((int(key[len(prefix) + 1 :]) for key in values), default=1)
    ordered = [f"{prefix}{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb"]
    missing = [key for key in ordered if key not in values]
    if missing:
        raise InputError(f"{name}: {', '.join(missing)} missing, found {', '.join(values)}")
    return ordered


def _column(values: Mapping[str, npt.ArrayLike], keys: list[str], name: str) -> npt.NDArray[Any]:
    arrays = [real_array(values[key], f"{name}[{key!r}]").ravel() for key in keys]
    return np.concatenate(arrays).reshape(-1, 1)
