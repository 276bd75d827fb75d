"""What a leaf of the parameters is, and how f sees the numbers of it that we move."""

from __future__ import annotations

import abc
import dataclasses
import sys
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex, as_parts, is_complex
from gradproof._base.errors import InputError
from gradproof._base.floats import is_float, is_real
from gradproof._base.validation import described

Buffer = npt.NDArray[Any]


class Kind(Protocol):
    """A kind of leaf: how f sees a flat buffer of numbers as one.

    The buffer of a complex leaf has the real and the imaginary part of each number side by side,
    and its shape a last axis for the two.
    """

    @property
    def shares_memory(self) -> bool:
        """Whether f sees the buffer itself; else every move makes the leaf anew, or follows it."""

    @property
    def is_bound(self) -> bool:
        """Whether the leaf is put into an object of the user's: the last that was put in counts."""

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return the leaf that f sees."""

    def copy(self, leaf: Any) -> Any:
        """Return a copy of a leaf, which nobody else holds."""

    def in_float64(self) -> Kind:
        """Return the kind of the same leaf in float64."""


@runtime_checkable
class Following(Kind, Protocol):
    """A kind with memory elsewhere, on a GPU say, which is brought up to date at every move."""

    @property
    def follows(self) -> bool:
        """Whether it has."""

    def follow(self, leaf: Any, buffer: Buffer) -> None:
        """Write a buffer into a leaf."""

    def follow_one(self, leaf: Any, place: int, value: float) -> None:
        """Write one number into a leaf."""

    def is_at(self, leaf: Any, buffer: Buffer) -> bool:
        """Whether a leaf is what is in a buffer, bit for bit."""


class Handle(abc.ABC):
    """A leaf that stands for what is elsewhere, such as a variable in a layer of TensorFlow."""

    @property
    @abc.abstractmethod
    def kind(self) -> Kind:
        """Its kind."""

    @abc.abstractmethod
    def array(self) -> Buffer:
        """Return the numbers of what it stands for."""


@dataclasses.dataclass(frozen=True)
class Number:
    """A number of Python's or NumPy's."""

    of: Callable[[Any], Any]
    shares_memory: bool = False
    is_bound: bool = False

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return the number."""
        return self.of(buffer[0])

    def copy(self, leaf: Any) -> Any:
        """Return it: numbers do not change."""
        return leaf

    def in_float64(self) -> Kind:
        """Return the kind of a number of NumPy's in float64."""
        return Number(np.float64)


@dataclasses.dataclass(frozen=True)
class Array:
    """An array of NumPy's."""

    shares_memory: bool = True
    is_bound: bool = False

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return a view of the buffer."""
        return buffer.reshape(shape)

    def copy(self, leaf: Any) -> Any:
        """Return a copy of the array."""
        return leaf.copy()

    def in_float64(self) -> Kind:
        """Return the same: the type is that of the buffer."""
        return self


@dataclasses.dataclass(frozen=True)
class ComplexNumber(Number):
    """A complex number of Python's or NumPy's."""

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return the number."""
        return self.of(as_complex(buffer))

    def in_float64(self) -> Kind:
        """Return the kind of a number of NumPy's whose parts are in float64."""
        return ComplexNumber(np.complex128)


@dataclasses.dataclass(frozen=True)
class ComplexArray(Array):
    """An array of complex numbers of NumPy's."""

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return a view of the buffer."""
        return as_complex(buffer.reshape(shape))


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
            + ("; pass the parameters of an object, and let f put them back" * _is_object(value))
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


def _is_object(value: Any) -> bool:
    return hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value)
