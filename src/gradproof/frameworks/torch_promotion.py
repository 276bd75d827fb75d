"""Functions of PyTorch in float64 although tensors that they bring along are not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree

_LONG = {torch.float64, torch.complex128}
# What PyTorch says of tensors of several types.
_SAID = ("dtype", "scalar type", "type (", "the same type", "have the type")


def is_about_types(error: Exception) -> bool:
    """Whether PyTorch complains of tensors of several types."""
    return any(words in str(error) for words in _SAID)


class AlongInFloat64(TorchFunctionMode):  # type: ignore[misc, unused-ignore]
    """While this is entered, tensors that meet one in float64 are converted to it first.

    So are those of complex numbers that meet one in complex128. What is changed in place stays
    what it is.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call an operation of PyTorch, with its tensors in one type."""
        given = (args, kwargs or {})
        met = {leaf.dtype for leaf in _pytree.tree_leaves(given) if isinstance(leaf, torch.Tensor)}
        if not met.isdisjoint(_LONG) and len(met) > 1:
            given = _pytree.tree_map(_in_float64, given)
            if _changes_in_place(func):
                given = ((args[0], *given[0][1:]), given[1])
        return func(*given[0], **given[1])


@contextlib.contextmanager
def inputs_in_float64(modules: Sequence[Any]) -> Iterator[None]:
    """Convert the inputs of recurrent layers, which compare types before they compute."""

    def convert(layer: Any, args: Any, kwargs: Any) -> Any:
        return _pytree.tree_map(_in_float64, (args, kwargs))

    with contextlib.ExitStack() as hooks:
        for part in (part for module in modules for part in module.modules()):
            if isinstance(part, torch.nn.RNNBase):
                hooks.enter_context(part.register_forward_pre_hook(convert, with_kwargs=True))
        yield


def _in_float64(leaf: Any) -> Any:
    if not isinstance(leaf, torch.Tensor) or leaf.dtype in _LONG:
        return leaf
    if leaf.is_complex():
        return leaf.to(torch.complex128)
    return leaf.double() if leaf.is_floating_point() else leaf


def _changes_in_place(func: Any) -> bool:
    name = getattr(func, "__name__", "")
    return name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
