"""Layers and modules of TensorFlow as pytrees of their variables, and these put back afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import optree
import tensorflow as tf

from gradproof._base.errors import InputError
from gradproof.frameworks.in_use import alone
from gradproof.frameworks.leaf_kinds import Buffer, Handle
from gradproof.frameworks.tensorflow_names import names_of
from gradproof.frameworks.tensorflow_tensors import Assigned, is_variable, raw
from gradproof.tree import NAMESPACE


def is_layer(thing: Any) -> bool:
    """Whether something is a layer or a model of Keras, or another module of TensorFlow."""
    keras: Any = sys.modules.get("keras")
    if isinstance(thing, getattr(getattr(keras, "layers", None), "Layer", ())):
        return bool(keras.config.backend() == "tensorflow")
    return isinstance(thing, tf.Module) and not isinstance(thing, tf.Variable)


class Held(Handle):
    """A variable of a layer, with the numbers that it is to have."""

    def __init__(self, variable: Any, numbers: Buffer | None = None) -> None:
        self.variable, self.numbers = variable, numbers
        self.shape = tuple(variable.shape)

    @property
    def kind(self) -> OfLayer:
        """Its kind."""
        return OfLayer(self.variable)

    def array(self) -> Buffer:
        """Return the numbers of the variable."""
        return np.asarray(raw(self.variable).numpy())


@dataclasses.dataclass(frozen=True)
class OfLayer(Assigned):
    """A variable of a layer, the user's own: it is moved in place."""

    of: Any
    is_bound: bool = True

    def __reduce__(self) -> tuple[Any, ...]:
        raise InputError(
            "executor: found a layer of TensorFlow in the point, whose variables are moved in "
            "place, here; leave the executor out, or pass weights as tensors"
        )

    def variable(self, leaf: Any) -> Any:
        """Return the variable that is assigned to."""
        return raw(self.of)

    def show(self, buffer: Buffer, shape: tuple[int, ...]) -> Held:
        """Return the variable with the buffer."""
        return Held(self.of, buffer.reshape(shape))

    def copy(self, leaf: Held) -> Held:
        """Return the variable with a copy of the numbers."""
        return Held(self.of, np.array(leaf.numbers))


class LayerNode:
    """The trainable variables of a layer, each once, by the code that reads them.

    `taken` are those of layers before it, by identity, which it adds its own to. Put together
    again, it is the layer itself, whose variables are assigned what is put in. Where that is
    something else, such as a gradient, it is a dictionary by name.
    """

    def __init__(self, layer: Any, taken: set[int], state: State) -> None:
        self.layer, self.state = layer, state
        names = state.names(layer)
        self.names: tuple[str, ...] = ()
        self.children: list[Held] = []
        for variable in layer.trainable_variables:
            if id(variable) not in taken:
                taken.add(id(variable))
                self.names += (names[id(variable)],)
                self.children.append(Held(variable))

    def put(self, children: Sequence[Any]) -> Any:
        """Return the layer with the numbers of its children."""
        if not all(isinstance(child, Held) for child in children):
            return dict(zip(self.names, children, strict=True))
        self.state.assign(
            self, [(c.variable, c.numbers) for c in children if c.numbers is not None]
        )
        return self.layer


class _Entry(optree.PyTreeEntry):  # type: ignore[misc, unused-ignore]
    """A variable of a layer, by the code that reads it."""

    def codify(self, node: str = "") -> str:
        return f"{node}.{self.entry}"


def _take_apart(node: LayerNode) -> tuple[list[Held], LayerNode, tuple[str, ...]]:
    return node.children, node, node.names


_register: Any = optree.register_pytree_node
_register(LayerNode, _take_apart, LayerNode.put, path_entry_type=_Entry, namespace=NAMESPACE)


class State:
    """All variables of some layers, and some by themselves, as they were.

    Those of Keras may be in float64 meanwhile.
    """

    def __init__(self, layers: Sequence[Any], constants: Sequence[Any]) -> None:
        variables = [*(one for layer in layers for one in layer.variables), *constants]
        self._variables = list({id(one): one for one in variables}.values())
        self._numbers = [np.array(raw(one).numpy()) for one in self._variables]
        self._trainable = [one.trainable for one in self._variables]
        moved = {id(one) for layer in layers for one in layer.trainable_variables}
        self._constants = [
            (one, numbers)
            for one, numbers in zip(self._variables, self._numbers, strict=True)
            if id(one) not in moved
        ]
        self._layers = layers
        self._names: dict[int, dict[int, str]] = {}
        self._in_float64: _InFloat64 | None = None
        self._refused: dict[int, TypeError] = {}

    def names(self, layer: Any) -> dict[int, str]:
        """Return the names of the trainable variables of a layer, by their identity."""
        if id(layer) not in self._names:
            self._names[id(layer)] = names_of(layer)
        return self._names[id(layer)]

    def assign(self, node: LayerNode, pairs: Sequence[tuple[Any, Buffer]]) -> None:
        """Assign numbers to the variables of a layer, all in the given types or in float64.

        Where they cannot be in float64, nothing is assigned, and the layer not to be called.
        """
        self._refused.pop(id(node.layer), None)
        if any(raw(variable).dtype != numbers.dtype for variable, numbers in pairs):
            if self._in_float64 is not None:
                self._leave_float64()
            else:
                try:
                    self._in_float64 = _InFloat64(self._layers)
                except TypeError as error:
                    self._refused[id(node.layer)] = error
                    return
        for variable, numbers in pairs:
            raw(variable).assign(np.array(numbers))

    def require_float64(self) -> None:
        """Raise if variables were to be in float64 and cannot be."""
        for error in self._refused.values():
            raise error

    def put_constants_back(self) -> None:
        """Put back what one evaluation may leave behind for the next."""
        for variable, numbers in self._constants:
            variable.assign(numbers)

    def put_back(self) -> None:
        """Put everything back."""
        self._leave_float64()
        for variable, numbers, trainable in zip(
            self._variables, self._numbers, self._trainable, strict=True
        ):
            raw(variable).assign(numbers)
            if variable.trainable != trainable:
                variable.trainable = trainable

    def _leave_float64(self) -> None:
        if self._in_float64 is not None:
            self._in_float64.put_back()
            self._in_float64 = None


class _InFloat64:
    """Layers of Keras whose variables and computations are in float64 until they are put back.

    The variables of TensorFlow in those of Keras are exchanged: what holds on to them, such as a
    graph that was traced before, does not follow, and is seen not to.
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        parts = [part for layer in layers for part in _parts(layer)]
        variables = {id(one): one for layer in layers for one in layer.variables}.values()
        if not all(hasattr(one, "_dtype") for one in variables):
            raise TypeError("variables of TensorFlow keep their type")
        self._policies = [(part, part.dtype_policy) for part in parts]
        self._given = [
            (one, one._value, one._dtype)
            for one in variables
            if raw(one).dtype.is_floating and raw(one).dtype != tf.float64
        ]
        try:
            for part, _ in self._policies:
                part.dtype_policy = "float64"
            for variable, value, _ in self._given:
                variable._value = tf.Variable(tf.cast(value, tf.float64), name=variable.name)
                variable._dtype = "float64"
        except BaseException:
            self.put_back()
            raise

    def put_back(self) -> None:
        """Put the variables back that were there, and what layers compute in."""
        for part, policy in self._policies:
            part.dtype_policy = policy
        for variable, value, dtype in self._given:
            variable._value, variable._dtype = value, dtype


def _parts(layer: Any) -> list[Any]:
    """Return a layer of Keras and all layers in it."""
    if not hasattr(layer, "_flatten_layers"):
        raise TypeError("modules of TensorFlow keep their types")
    parts = list(layer._flatten_layers())
    if any(type(part.dtype_policy).__name__ == "DTypePolicyMap" for part in parts):
        raise TypeError("layers with several policies keep their types")
    return parts


@contextlib.contextmanager
def kept(layers: Sequence[Any], constants: Sequence[Any]) -> Iterator[State]:
    """Keep the variables of layers, which nobody else may check meanwhile, and put them back."""
    for layer in layers:
        if not layer.variables and not getattr(layer, "built", True):
            raise InputError(
                f"at: found the layer {layer.name!r} without variables yet, expected one with "
                "numbers; call it once with its inputs, which makes them"
            )
    with alone({id(raw(one)) for layer in layers for one in layer.variables}, "layer"):
        state = State(layers, [one for one in constants if is_variable(one)])
        try:
            yield state
        finally:
            try:
                state.put_back()
            except KeyboardInterrupt:  # in the middle of it
                state.put_back()
                raise
