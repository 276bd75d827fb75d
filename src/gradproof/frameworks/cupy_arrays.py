"""Arrays of CuPy as leaves: in the memory of a GPU, they follow every move of the buffers."""

from __future__ import annotations

import dataclasses
from typing import Any

import cupy
import numpy as np
import optree

from gradproof._base.complexes import as_complex, is_complex
from gradproof.frameworks.leaf_kinds import Buffer, Kind
from gradproof.tree import NAMESPACE


@dataclasses.dataclass(frozen=True)
class CupyArray:
    """An array of CuPy, on the device that it was on."""

    device: int
    is_complex: bool = False
    shares_memory: bool = False
    is_bound: bool = False
    follows: bool = True

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return an array of the numbers in the buffer."""
        with cupy.cuda.Device(self.device):
            return cupy.asarray(self._shown(buffer.reshape(shape)))

    def _shown(self, numbers: Buffer) -> Buffer:
        """Return what is in a buffer as the numbers that f sees."""
        return as_complex(numbers) if self.is_complex else numbers

    def _numbers(self, leaf: Any) -> Any:
        """Return the numbers of an array, as many as there are in its buffer."""
        return leaf.reshape(-1).view(leaf.real.dtype) if self.is_complex else leaf.reshape(-1)

    def follow(self, leaf: Any, buffer: Buffer) -> None:
        """Write a buffer into an array."""
        numbers = buffer.reshape(-1, 2) if self.is_complex else buffer
        leaf.set(self._shown(numbers).reshape(leaf.shape))

    def follow_one(self, leaf: Any, place: int, value: float) -> None:
        """Write one number into an array."""
        self._numbers(leaf)[place] = value

    def is_at(self, leaf: Any, buffer: Buffer) -> bool:
        """Whether an array is what is in a buffer, bit for bit."""
        there = as_array(self._numbers(leaf))
        return there.dtype == buffer.dtype and there.tobytes() == buffer.tobytes()

    def copy(self, leaf: Any) -> Any:
        """Return a copy of the array."""
        return leaf.copy()

    def in_float64(self) -> Kind:
        """Return the same: the type is that of the buffer."""
        return self


def kind_of_cupy_array(array: Any) -> CupyArray:
    """Return the kind of an array of CuPy."""
    return CupyArray(array.device.id, is_complex(array))


def as_array(array: Any) -> Buffer:
    """Return the numbers of an array of CuPy as one of NumPy."""
    return np.asarray(cupy.asnumpy(array))


def as_arrays(values: Any) -> Any:
    """Return a pytree with arrays of NumPy in the place of those of CuPy."""
    return optree.tree_map(
        lambda leaf: as_array(leaf) if isinstance(leaf, cupy.ndarray) else leaf,
        values,
        namespace=NAMESPACE,
    )


def on_device(values: Any) -> Any:
    """Return a pytree with arrays of CuPy in the place of those of NumPy."""
    return optree.tree_map(
        lambda leaf: cupy.asarray(leaf) if isinstance(leaf, (np.ndarray, np.generic)) else leaf,
        values,
        namespace=NAMESPACE,
    )
