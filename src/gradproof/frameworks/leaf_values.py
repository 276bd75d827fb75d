"""The kind and the numbers of a leaf, as it was given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradproof._base.complexes import as_parts, is_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import is_float, is_real
from gradproof._base.validation import described, is_table
from gradproof.frameworks.leaf_kinds import (
    Array,
    Buffer,
    ComplexArray,
    ComplexNumber,
    Handle,
    Kind,
    Number,
)


def _is_of(framework: str, value: Any, *names: str) -> bool:
    # Of a framework that is not imported whole there are no arrays yet.
    module = sys.modules.get(framework)
    return any(isinstance(value, getattr(module, name, ())) for name in names)


def _is_of_tensorflow(value: Any) -> bool:
    of_keras = "tensorflow" in sys.modules and _is_of("keras", value, "Variable")
    return of_keras or _is_of("tensorflow", value, "Tensor", "Variable")


def kind_of(value: Any) -> Kind:
    """Return the kind of a leaf."""
    if isinstance(value, Handle):
        return value.kind
    if _is_of("torch", value, "Tensor"):
        from gradproof.frameworks.torch_tensors import kind_of_tensor

        return kind_of_tensor(value)
    if _is_of("jax", value, "Array"):
        from gradproof.frameworks.jax_arrays import kind_of_jax_array

        return kind_of_jax_array(value)
    if _is_of_tensorflow(value):
        from gradproof.frameworks.tensorflow_tensors import kind_of_tensor_or_variable

        return kind_of_tensor_or_variable(value)
    if _is_of("cupy", value, "ndarray"):
        from gradproof.frameworks.cupy_arrays import kind_of_cupy_array

        return kind_of_cupy_array(value)
    if isinstance(value, np.ndarray):
        return ComplexArray() if is_complex(value) else Array()
    if is_complex(value):
        return ComplexNumber(type(value))
    return Number(type(value) if isinstance(value, np.floating) else float)


def numbers_of(value: Any, address: str) -> Buffer:
    """Return the numbers of a leaf as an array, of which the memory may be the leaf's.

    Those of complex ones are their real and imaginary parts, along one more axis.
    """
    if _is_of("torch", value, "Tensor"):
        from gradproof.frameworks.torch_tensors import as_array

        value = as_array(value)
    elif _is_of("jax", value, "Array"):
        value = np.asarray(value)
    elif isinstance(value, Handle):
        value = value.array()
    elif _is_of_tensorflow(value):
        value = np.asarray(value.numpy())
    elif _is_of("cupy", value, "ndarray"):
        from gradproof.frameworks.cupy_arrays import as_array as of_cupy

        value = of_cupy(value)
    known = type(value) in (np.ndarray, np.memmap) or isinstance(
        value, (int, float, complex, np.number)
    )
    array = np.asarray(value) if known and not isinstance(value, bool) else np.empty(0, dtype=bool)
    array = as_parts(array) if is_complex(array) else array
    if not is_real(array.dtype) or array.dtype.kind == "b":
        raise InputError(
            f"{address}: found {described(value)}, expected a number or a NumPy array of them"
            + _cure(value)
        )
    return array


def buffer_of(value: Any, address: str) -> Buffer:
    """Copy a leaf into a flat array of its own float type, which owns its memory."""
    array = numbers_of(value, address)
    dtype = array.dtype if is_float(array.dtype) else np.float64
    buffer = np.empty(array.size, dtype=dtype)
    buffer[:] = array.ravel()
    if not np.all(np.isfinite(buffer)):
        raise InputError(f"{address}: found inf or nan in it, expected finite numbers")
    return buffer


def is_array_of_floats(value: Any) -> bool:
    """Whether a leaf is a floating-point number of Python's, or one or an array of NumPy's.

    Real or complex.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return is_float(value.dtype) or is_complex(value)
    return isinstance(value, (float, complex))


def _cure(value: Any) -> str:
    if is_table(value):
        return "; .to_numpy() makes one of it"
    if isinstance(value, np.ma.MaskedArray):
        return "; .filled(0.0) makes one of it, and says what its masked numbers are"
    if isinstance(value, Mapping):
        return "; dict(…) makes one that is taken apart"
    is_object = hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value)
    return "; pass the parameters of an object, and let f put them back" * is_object
