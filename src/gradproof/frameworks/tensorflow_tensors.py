"""Tensors and variables of TensorFlow as leaves, and values of functions that return tensors."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import optree
import tensorflow as tf

from gradproof.frameworks.leaf_kinds import Buffer, Kind
from gradproof.tree import NAMESPACE


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor, which cannot be changed: it is made anew for every move."""

    device: str
    shares_memory: bool = False
    is_bound: bool = False

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return a tensor of the numbers in the buffer, on its device."""
        with tf.device(self.device):
            # TensorFlow may share the memory of an array that it is given.
            return tf.constant(np.array(buffer.reshape(shape)))

    def copy(self, leaf: Any) -> Any:
        """Return it: it cannot be changed."""
        return leaf

    def in_float64(self) -> Kind:
        """Return the same: the type is that of the buffer."""
        return self


class Assigned:
    """A kind whose leaves are variables, which are assigned what is in the buffer."""

    shares_memory = False
    follows = True

    def variable(self, leaf: Any) -> Any:
        """Return the variable that is assigned to."""
        return raw(leaf)

    def follow(self, leaf: Any, buffer: Buffer) -> None:
        """Write a buffer into a variable."""
        variable = self.variable(leaf)
        variable.assign(np.array(buffer).reshape(variable.shape))

    def follow_one(self, leaf: Any, place: int, value: float) -> None:
        """Write one number into a variable."""
        variable = self.variable(leaf)
        if variable.shape.rank == 0:
            variable.assign(value)
        else:
            index = np.unravel_index(place, tuple(variable.shape))
            variable.scatter_nd_update([index], [value])

    def is_at(self, leaf: Any, buffer: Buffer) -> bool:
        """Whether a variable is what is in a buffer, bit for bit."""
        there = np.asarray(self.variable(leaf).numpy())
        return there.dtype == buffer.dtype and there.tobytes() == buffer.tobytes()

    def in_float64(self) -> Any:
        """Return the same: the type is that of the buffer."""
        return self


@dataclasses.dataclass(frozen=True)
class Variable(Assigned):
    """A variable by itself: f sees one of ours like it."""

    of_keras: bool
    name: str
    is_bound: bool = False

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Any:
        """Return a variable with the numbers in the buffer."""
        return self._made(np.array(buffer.reshape(shape)))

    def copy(self, leaf: Any) -> Any:
        """Return another variable."""
        return self._made(np.asarray(leaf.numpy()))

    def _made(self, numbers: Buffer) -> Any:
        if self.of_keras:
            import keras

            return keras.Variable(numbers, dtype=numbers.dtype.name, name=self.name)
        return tf.Variable(numbers, name=self.name)


def kind_of_tensor_or_variable(value: Any) -> Kind:
    """Return the kind of a tensor or a variable by itself."""
    if not is_variable(value):
        return Tensor(value.device)
    of_keras = raw(value) is not value
    return Variable(of_keras, value.name if of_keras else value.name.partition(":")[0])


def is_variable(leaf: Any) -> bool:
    """Whether a leaf is a variable of TensorFlow or Keras."""
    return isinstance(raw(leaf), tf.Variable)


def raw(leaf: Any) -> Any:
    """Return the variable of TensorFlow that is in one of Keras."""
    is_of_keras = tf.is_tensor(leaf) and not isinstance(leaf, (tf.Tensor, tf.Variable))
    return getattr(leaf, "value", leaf) if is_of_keras else leaf


def is_tensor(leaf: Any) -> bool:
    """Whether a leaf is a tensor or a variable."""
    return bool(tf.is_tensor(leaf))


def as_tensors(values: Any, dtype: Any = None) -> Any:
    """Return a pytree with tensors in the place of arrays of NumPy; floats in a type if given."""

    def convert(leaf: Any) -> Any:
        if not isinstance(leaf, (np.ndarray, np.generic)):
            return leaf
        tensor = tf.constant(np.array(leaf))
        return tensor if dtype is None or not tensor.dtype.is_floating else tf.cast(tensor, dtype)

    return optree.tree_map(convert, values, namespace=NAMESPACE)


def as_arrays(values: Any) -> Any:
    """Return a pytree with arrays in the place of tensors; those by slices are made dense."""

    def convert(leaf: Any) -> Any:
        if isinstance(leaf, tf.IndexedSlices):
            leaf = tf.convert_to_tensor(leaf)
        return np.asarray(leaf.numpy()) if is_tensor(leaf) else leaf

    return optree.tree_map(convert, values, namespace=NAMESPACE)
