"""What a leaf of the parameters is, and how f sees the numbers of it that we move."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex

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
