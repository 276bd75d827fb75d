"""Modules of PyTorch as pytrees of their parameters, and their state put back afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import optree
import torch

from gradproof._base.errors import InputError
from gradproof.tree import NAMESPACE

_INDEXED = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ParameterList)
_KEYED = (torch.nn.ModuleDict, torch.nn.ParameterDict)


class ModuleNode:
    """The parameters of a module that require a gradient, by qualified name, each once.

    Put together again, the module itself has the numbers of the leaves: its parameters are the
    same objects, with the memory of what is put in. Where that is no tensor, such as a tangent, it
    is a dictionary by qualified name.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        named = [(name, one) for name, one in module.named_parameters() if one.requires_grad]
        for name, one in named:
            if torch.nn.parameter.is_lazy(one):
                raise InputError(
                    f"at: found {name!r} of a module without a shape yet, expected parameters with "
                    "numbers; call the module once with its inputs, which makes them"
                )
        self.names = tuple(name for name, _ in named)
        self.parameters = [one for _, one in named]

    def put(self, values: Sequence[Any]) -> Any:
        """Return the module with these values in the place of its parameters' own."""
        if not all(isinstance(value, torch.Tensor) for value in values):
            return dict(zip(self.names, values, strict=True))
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.data = value.detach()
        return self.module

    def accessor(self, name: str) -> str:
        """Return the code that reads a parameter, such as ``.layers[0].weight``."""
        text, owner = "", self.module
        for part in name.split("."):
            if isinstance(owner, _INDEXED) and part.isdigit():
                text += f"[{part}]"
            elif isinstance(owner, _KEYED):
                text += f"[{part!r}]"
            else:
                text += f".{part}"
            owner = owner[part] if isinstance(owner, _KEYED) else getattr(owner, part)
        return text


class _Entry(optree.PyTreeEntry):  # type: ignore[misc, unused-ignore]
    """A parameter of a module: its qualified name, and the code that reads it."""

    def __call__(self, obj: Any) -> Any:
        return obj.get_parameter(self.entry)

    def codify(self, node: str = "") -> str:
        return f"{node}{self.entry.code}"


class _Name(str):
    """A qualified name that knows the code that reads it."""

    code: str = ""


def _take_apart(node: ModuleNode) -> tuple[list[Any], ModuleNode, list[_Name]]:
    entries = []
    for name in node.names:
        entry = _Name(name)
        entry.code = node.accessor(name)
        entries.append(entry)
    return list(node.parameters), node, entries


_register: Any = optree.register_pytree_node
_register(ModuleNode, _take_apart, ModuleNode.put, path_entry_type=_Entry, namespace=NAMESPACE)


@dataclasses.dataclass(eq=False)
class _Buffer:
    """A buffer of a module, as it was: running statistics, counters."""

    owner: Any
    name: str
    tensor: Any

    def __post_init__(self) -> None:
        self.copy = self.tensor.detach().clone()
        self.version = self.tensor._version

    def put_back(self) -> None:
        if self.owner._buffers.get(self.name) is not self.tensor:
            self.owner._buffers[self.name] = self.tensor
        # Running statistics are written without a new version.
        changed = self.tensor._version != self.version or self.owner.training
        if changed and not torch.equal(self.tensor, self.copy):
            with torch.no_grad():
                self.tensor.copy_(self.copy)
        self.version = self.tensor._version


class State:
    """Everything of some modules that a forward or backward pass may change."""

    def __init__(self, modules: Sequence[Any]) -> None:
        self.modules = modules
        self._parameters = [
            (one, one.data, None if one.grad is None else (one.grad, one.grad.detach().clone()))
            for module in modules
            for one in module.parameters()
        ]
        self._modes = [(part, part.training) for module in modules for part in module.modules()]
        self._buffers = [
            _Buffer(part, name, tensor)
            for part, _ in self._modes
            for name, tensor in part._buffers.items()
            if tensor is not None
        ]

    def put_buffers_back(self) -> None:
        """Put back what one evaluation may leave behind for the next."""
        for buffer in self._buffers:
            buffer.put_back()

    def put_back(self) -> None:
        """Put everything back."""
        self.put_buffers_back()
        for part, training in self._modes:
            part.training = training
        for parameter, data, grad in self._parameters:
            parameter.data = data
            parameter.grad = None if grad is None else grad[0]
            if grad is not None:
                grad[0].copy_(grad[1])


_in_use: set[int] = set()
_lock = threading.Lock()


@contextlib.contextmanager
def kept(modules: Sequence[Any]) -> Iterator[State]:
    """Keep the state of modules, which nobody else may check meanwhile, and put it back."""
    taken = {id(one) for module in modules for one in module.parameters()}
    with _lock:
        if taken & _in_use:
            raise InputError(
                "at: found a module whose parameters are being checked already, in another thread "
                "or by the function itself; wait for that check, or check a copy of the module"
            )
        _in_use.update(taken)
    try:
        state = State(modules)
        try:
            yield state
        finally:
            with torch.no_grad():
                state.put_back()
    finally:
        with _lock:
            _in_use.difference_update(taken)
