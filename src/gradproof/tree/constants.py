"""What goes along in a pytree of parameters and is none itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import optree

from gradproof.tree.leaves import NAMESPACE


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """A place of a pytree that has no leaves: put together again, it is the value."""

    value: Any


def _take_apart(constant: Constant) -> tuple[tuple[()], Constant, tuple[()]]:
    return (), constant, ()


def _put_together(constant: Constant, _: object) -> Any:
    return constant.value


_register: Any = optree.register_pytree_node
_register(Constant, _take_apart, _put_together, namespace=NAMESPACE)
