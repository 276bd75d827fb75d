"""Modules of PyTorch as pytrees of their parameters, and their state put back afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import optree
import torch

from gradproof._base.errors import InputError
from gradproof.frameworks.in_use import alone
from gradproof.tree import NAMESPACE

_INDEXED = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ParameterList)
_KEYED = (torch.nn.ModuleDict, torch.nn.ParameterDict)


class ModuleNode:
    """The parameters of a module that require a gradient, by qualified name, each once.

    `taken` are those of modules before it, by identity, which it adds its own to.
    Put together again, the module itself has the numbers of the leaves: its parameters are the
    same objects, with the memory of what is put in. Where that is no tensor, such as a tangent, it
    is a dictionary by qualified name.
    """

    def __init__(self, module: Any, taken: set[int]) -> None:
        self.module = module
        self.names: tuple[str, ...] = ()
        self.is_held = False
        self.values: Sequence[Any] = ()
        self.parameters: list[Any] = []
        for name, one in module.named_parameters():
            if one.requires_grad and id(one) not in taken:
                taken.add(id(one))
                self.names += (name,)
                self.parameters.append(one)

    def put(self, values: Sequence[Any]) -> Any:
        """Return the module with these values in the place of its parameters' own."""
        if self.is_held:
            self.values = values
            return self.module
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


@contextlib.contextmanager
def held(nodes: Sequence[ModuleNode]) -> Iterator[None]:
    """Have nodes that are put together keep their `values`, and leave the parameters alone."""
    for node in nodes:
        node.is_held = True
    try:
        yield
    finally:
        for node in nodes:
            node.is_held = False


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
class _Kept:
    """A tensor of a module that is not moved, as it was: running statistics, what is frozen.

    It is in a dictionary of the module: of its buffers or parameters.
    """

    owner: dict[str, Any]
    name: str
    tensor: Any

    def __post_init__(self) -> None:
        self.copy = None if self.tensor is None else self.tensor.detach().clone()
        # Running statistics are written without a new version.
        self.tells = isinstance(self.tensor, torch.nn.Parameter)
        self.version = self._version

    @property
    def _version(self) -> int:
        return int(self.tensor._version) if self.tells else 0

    def put_back(self) -> None:
        if self.owner.get(self.name) is not self.tensor:
            self.owner[self.name] = self.tensor
        may_differ = self.copy is not None and not (self.tells and self._version == self.version)
        if may_differ and not torch.equal(self.tensor, self.copy):
            with torch.no_grad():
                self.tensor.copy_(self.copy)
        self.version = self._version


class State:
    """Everything of some modules that a forward or backward pass may change."""

    def __init__(self, modules: Sequence[Any]) -> None:
        self.modules = modules
        self._parameters = [
            (one, one.data, None if one.grad is None else (one.grad, one.grad.detach().clone()))
            for module in modules
            for one in module.parameters()
        ]
        self._requires_grad = [(one, one.requires_grad) for one, _, _ in self._parameters]
        parts = [part for module in modules for part in module.modules()]
        self._modes = [(part, part.training) for part in parts]
        self._kept = [
            _Kept(part._buffers, name, one) for part in parts for name, one in part._buffers.items()
        ]
        self._kept += [
            _Kept(part._parameters, name, one)
            for part in parts
            for name, one in part._parameters.items()
            if one is not None and not one.requires_grad
        ]
        # What layers compute from their parameters, such as normalised weights.
        self._computed = [
            (vars(part), name, one)
            for part in parts
            for name, one in vars(part).items()
            if isinstance(one, torch.Tensor)
        ]

    def put_constants_back(self) -> None:
        """Put back what one evaluation may leave behind for the next."""
        for one in self._kept:
            one.put_back()
        for parameter, _ in self._requires_grad:
            parameter.grad = None
        self.put_flags_back()

    def put_flags_back(self) -> None:
        """Put back which parameters require a gradient."""
        for parameter, requires_grad in self._requires_grad:
            parameter.requires_grad = requires_grad

    def put_back(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            self.put_constants_back()
            for owner, name, computed in self._computed:
                owner[name] = computed
            for part, training in self._modes:
                part.training = training
            for parameter, data, grad in self._parameters:
                parameter.data = data
                parameter.grad = None if grad is None else grad[0]
                if grad is not None:
                    grad[0].copy_(grad[1])


@contextlib.contextmanager
def kept(modules: Sequence[Any]) -> Iterator[State]:
    """Keep the state of modules, which nobody else may check meanwhile, and put it back."""
    named = [pair for module in modules for pair in module.named_parameters()]
    for name, one in named:
        if torch.nn.parameter.is_lazy(one):
            raise InputError(
                f"at: found {name!r} of a module without a shape yet, expected parameters with "
                "numbers; call the module once with its inputs, which makes them"
            )
    with alone({id(one) for _, one in named}, "module"):
        state = State(modules)
        try:
            yield state
        finally:
            try:
                state.put_back()
            except KeyboardInterrupt:  # in the middle of it
                state.put_back()
                raise
