"""Rolling the parameters of a network into one column, and back."""

import functools
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.phrases import listed
from gradproof._base.validation import described, real_array, whole_number


def dictionary_to_vector(parameters: Mapping[str, npt.ArrayLike]) -> npt.NDArray[Any]:
    """Roll the parameters of a network into one column, in the order W1, b1, W2, b2 and so on.

    Parameters
    ----------
    parameters : mapping of str to array_like
        ``W1, b1, …, WL, bL`` for any number of layers L, in any order of the keys: Wl of shape
        (units of layer l, units of layer l − 1), bl of shape (units of layer l, 1).

    Returns
    -------
    ndarray of shape (n, 1)
        A new array: every parameter, layer by layer, each raveled by rows (C order), in the common
        dtype of the parts.

    Raises
    ------
    InputError
        If a key is missing or is no parameter, or the shapes are not those of a network.

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
    return _column(checked_layers(parameters, "parameters"))


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
        component i of :func:`dictionary_to_vector`; in the common dtype of the parts.

    Raises
    ------
    InputError
        If a key is missing or is no gradient of a parameter, or the shapes are not those of a
        network.

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
    return _column(checked_layers(gradients, "gradients", prefix="d"))


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
        (layers_dims[1], 1), and so on, in the dtype of `vector`.

    Raises
    ------
    InputError
        If `layers_dims` is no list of at least two positive whole numbers, or `vector` is no column
        of just as many numbers as such a network has parameters.

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
    column = real_array(vector, "vector")
    if column.ndim != 1 and column.shape[1:] != (1,):
        raise InputError(f"vector: found shape {column.shape}, expected (n, 1) or (n,)")
    flat = column.ravel()
    needed = sum(rows * columns for rows, columns in shapes.values())
    if flat.size != needed:
        raise InputError(
            f"vector: found {flat.size:,} numbers, expected {needed:,}, "
            f"the parameters of a network of layers {checked_dims(layers_dims)}"
        )
    parameters: dict[str, npt.NDArray[Any]] = {}
    start = 0
    for key, (rows, columns) in shapes.items():
        stop = start + rows * columns
        parameters[key] = flat[start:stop].reshape(rows, columns).copy()
        start = stop
    return parameters


def checked_dims(layers_dims: Sequence[int]) -> list[int]:
    """Return the units of every layer as a list, or raise unless these are two or more."""
    dims: Any = layers_dims
    if isinstance(dims, np.ndarray) and dims.ndim == 1 and dims.dtype.kind in "iu":
        dims = dims.tolist()
    if not isinstance(dims, (list, tuple, range)) or len(dims) < 2:
        raise InputError(
            f"layers_dims: found {described(dims)}, expected a list of the units of at least two "
            "layers, for example [12288, 5, 5, 1]"
        )
    return [
        whole_number(units, f"layers_dims[{layer}]", at_least=1) for layer, units in enumerate(dims)
    ]


def parameter_shapes(layers_dims: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Return the shapes of W1, b1, W2, b2, … in this order, or raise on unusable dimensions."""
    shapes: dict[str, tuple[int, int]] = {}
    pairs = itertools.pairwise(checked_dims(layers_dims))
    for layer, (before, units) in enumerate(pairs, start=1):
        shapes[f"W{layer}"] = (units, before)
        shapes[f"b{layer}"] = (units, 1)
    return shapes


def ordered_arrays(
    values: Mapping[str, npt.ArrayLike], name: str, *, prefix: str = "", layers: int | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Return W1, b1, W2, b2, … in this order, or raise where the keys are not just these.

    Each key has the `prefix`; those that begin with dA are left out where it is "d". Without
    `layers` there are as many as the largest number in a key.
    """
    if not isinstance(values, Mapping):
        raise InputError(
            f"{name}: found {described(values)}, expected a mapping of {_sequence(prefix, layers)}"
        )
    ordered = _ordered_keys(tuple(values), name, prefix, layers)
    return {key: real_array(values[key], key) for key in ordered}


@functools.lru_cache(maxsize=128)  # asked for the same keys at every evaluation
def _ordered_keys(
    keys: tuple[object, ...], name: str, prefix: str, layers: int | None
) -> tuple[str, ...]:
    names = [key for key in keys if not (prefix and str(key).startswith("dA"))]
    found = {str(key): _layer(key, prefix) for key in names}
    for key, layer in found.items():
        if not 1 <= layer <= (layers or math.inf):
            raise InputError(f"{name}: found the key {key!r}, expected {_sequence(prefix, layers)}")
    layers = layers or max(found.values(), default=1)
    if len(found) < 2 * layers:
        missing = (key for key in _keys(prefix, layers) if key not in found)
        raise InputError(
            f"{name}: {listed(missing, 2 * layers - len(found))} missing, "
            f"found {listed(found, len(found))}"
        )
    return tuple(_keys(prefix, layers))


def checked_layers(
    values: Mapping[str, npt.ArrayLike], name: str, *, prefix: str = ""
) -> dict[str, npt.NDArray[Any]]:
    """Return W1, b1, W2, b2, … in this order, or raise unless they are layers that fit."""
    arrays = ordered_arrays(values, name, prefix=prefix)
    below = None
    for layer in range(1, len(arrays) // 2 + 1):
        W_key, b_key = f"{prefix}W{layer}", f"{prefix}b{layer}"
        W, b = arrays[W_key], arrays[b_key]
        if W.ndim != 2:
            raise InputError(
                f"{name}[{W_key!r}]: found shape {W.shape}, "
                "expected (units, units of the layer below)"
            )
        if below is not None and W.shape[1] != below:
            raise InputError(
                f"{name}[{W_key!r}]: found shape {W.shape}, expected {below} columns, "
                f"one for each row of {prefix}W{layer - 1}"
            )
        if b.shape != (W.shape[0], 1):
            raise InputError(
                f"{name}[{b_key!r}]: found shape {b.shape}, expected {(W.shape[0], 1)}, "
                f"one row for each row of {W_key}"
            )
        below = W.shape[0]
    return arrays


def _keys(prefix: str, layers: int) -> Iterator[str]:
    return (f"{prefix}{kind}{layer}" for layer in range(1, layers + 1) for kind in "Wb")


def _sequence(prefix: str, layers: int | None) -> str:
    if layers:
        return listed(_keys(prefix, layers), 2 * layers)
    return f"{prefix}W1, {prefix}b1, {prefix}W2, {prefix}b2, …"


def _layer(key: object, prefix: str) -> int:
    """Return the number in the key of a parameter; 0 for what is none."""
    match = re.fullmatch(f"{prefix}[Wb]([1-9][0-9]{{0,8}})", key) if isinstance(key, str) else None
    return int(match[1]) if match else 0


def _column(arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate([array.ravel() for array in arrays.values()]).reshape(-1, 1)
