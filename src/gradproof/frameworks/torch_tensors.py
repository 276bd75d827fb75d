"""Tensors of PyTorch as leaves, and values of functions that return tensors."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import optree
import torch

from gradproof._base.complexes import as_complex
from gradproof._base.errors import InputError, MissingExtra
from gradproof.frameworks.leaf_kinds import Buffer, Kind
from gradproof.tree import NAMESPACE


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor: on the CPU it shares the memory of the buffer, elsewhere it follows it."""

    device: Any
    requires_grad: bool
    is_bound: bool  # a parameter, maybe of a module
    is_complex: bool = False

    @property
    def shares_memory(self) -> bool:
        """Whether the tensor is on the CPU."""
        return bool(self.device.type == "cpu")

    @property
    def follows(self) -> bool:
        """Whether the tensor has memory of its own."""
        return not self.shares_memory

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return a tensor of the buffer, on its device, that requires what the given one does."""
        numbers = buffer.reshape(shape)
        numbers = as_complex(numbers) if self.is_complex else numbers
        tensor = as_tensor(numbers).to(self.device, copy=self.follows)
        if self.is_bound:
            return torch.nn.Parameter(tensor, requires_grad=self.requires_grad)
        return tensor.requires_grad_(self.requires_grad)

    def follow(self, leaf: Any, buffer: Buffer) -> None:
        """Write a buffer into a tensor."""
        self._numbers(leaf).copy_(as_tensor(buffer))

    def follow_one(self, leaf: Any, place: int, value: float) -> None:
        """Write one number into a tensor."""
        self._numbers(leaf)[place] = value

    def _numbers(self, leaf: Any) -> Any:
        """Return the numbers of a tensor, as many as there are in its buffer."""
        tensor = leaf.detach()
        return (torch.view_as_real(tensor) if self.is_complex else tensor).view(-1)

    def is_at(self, leaf: Any, buffer: Buffer) -> bool:
        """Whether a tensor is what is in a buffer, bit for bit."""
        there = as_array(self._numbers(leaf))
        return there.dtype == buffer.dtype and there.tobytes() == buffer.tobytes()

    def copy(self, leaf: Any) -> Any:
        """Return a copy that is a leaf of autograd's graph, too."""
        copy = leaf.detach().clone()
        if self.is_bound:
            return torch.nn.Parameter(copy, requires_grad=self.requires_grad)
        return copy.requires_grad_(self.requires_grad)

    def in_float64(self) -> Kind:
        """Return the same: the type is that of the buffer."""
        return self


def kind_of_tensor(tensor: Any) -> Tensor:
    """Return the kind of a tensor."""
    return Tensor(
        tensor.device,
        bool(tensor.requires_grad),
        isinstance(tensor, torch.nn.Parameter),
        bool(tensor.is_complex()),
    )


def as_tensor(array: Buffer) -> Any:
    """Return a tensor over the memory of an array."""
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def as_array(tensor: Any) -> Buffer:
    """Return the numbers of a tensor as an array, of which the memory may be the tensor's."""
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.dtype is torch.bfloat16:
        bits: Buffer = tensor.contiguous().view(torch.int16).numpy(force=True)
        return bits.view(_bfloat16())
    result: Buffer = tensor.numpy(force=True)
    return result


def is_moved(dtype: Any) -> bool:
    """Whether numbers of a type are moved: floating-point numbers, real or complex.

    Complex numbers of half precision are those of no array of NumPy.
    """
    return bool(dtype.is_floating_point or dtype in (torch.complex64, torch.complex128))


def _bfloat16() -> Any:
    try:
        import ml_dtypes
    except ImportError:
        raise MissingExtra("reading bfloat16", package="ml_dtypes", extra="torch") from None
    return ml_dtypes.bfloat16


def as_arrays(values: Any) -> Any:
    """Return a pytree with arrays in the place of tensors."""
    return optree.tree_map(
        lambda leaf: as_array(leaf) if isinstance(leaf, torch.Tensor) else leaf,
        values,
        namespace=NAMESPACE,
    )


def as_matrix(value: Any) -> Any:
    """Return a Jacobian in arrays; a sparse matrix of PyTorch as one of SciPy."""
    is_sparse = isinstance(value, torch.Tensor) and value.layout is not torch.strided
    if not is_sparse or value.ndim != 2 or value.dense_dim():
        return as_arrays(value)
    from scipy.sparse import coo_array

    value = value.detach().to_sparse_coo().coalesce()
    places = tuple(as_array(value.indices()))
    return coo_array((as_array(value.values()), places), shape=tuple(value.shape))


def require_numbers(tensor: Any, address: str) -> None:
    """Raise if a tensor holds its numbers in a way of its own, or has none."""
    if tensor.is_meta:
        raise InputError(
            f"{address}: found a tensor on the device meta, which has a shape and no numbers; "
            "expected one on the CPU or another device"
        )
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise InputError(
            f"{address}: found a tensor of layout {tensor.layout}, expected a dense one; let f "
            "make it from its values"
        )
