"""Complex numbers as pairs of real ones: their real and imaginary parts, along a last axis."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def is_complex(value: object) -> bool:
    """Whether a value is a complex number, or an array of them, of whatever framework."""
    if isinstance(value, complex):
        return True
    dtype = getattr(value, "dtype", None)
    # NumPy and JAX say what kind a type is, PyTorch whether it is complex.
    return getattr(dtype, "kind", "") == "c" or getattr(dtype, "is_complex", False) is True


def as_parts(value: Any) -> Array:
    """Return the real and imaginary parts of an array, with one more axis, the last, of length 2.

    A view of an array of complex numbers in the order of C. Real numbers get imaginary parts of 0.
    """
    array = np.asarray(value)
    if array.dtype.kind != "c":
        return np.stack([array, np.zeros_like(array)], axis=-1)
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(array.real.dtype).reshape(*array.shape, 2)


def as_complex(parts: Array) -> Array:
    """Return the complex numbers whose parts are along the last axis, as a view of the same memory.

    The last axis has to be contiguous.
    """
    order = parts.dtype.byteorder
    dtype = np.dtype(f"c{2 * parts.dtype.itemsize}").newbyteorder(order)
    result: Array = parts.view(dtype)[..., 0]
    return result
