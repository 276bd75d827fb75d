"""Containers that are registered with JAX, as pytrees of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import optree

from gradproof.tree import NAMESPACE


def is_node(leaf: Any) -> bool:
    """Whether JAX knows how to take something apart."""
    return not jax.tree_util.all_leaves([leaf])


def named_leaves(value: Any) -> list[tuple[str, Any]]:
    """Return the leaves of a container by the code that reads them, such as ``.w['a']``."""
    found, _ = jax.tree_util.tree_flatten_with_path(value)
    return [(jax.tree_util.keystr(path), leaf) for path, leaf in found]


class JaxNode:
    """A container of JAX; put together again, it is one like it.

    `mark` says of each leaf what it is to be: itself, or a constant.
    """

    def __init__(self, value: Any, mark: Callable[[Any], Any]) -> None:
        self._structure = jax.tree.structure(value)
        found = named_leaves(value)
        self.names = [name for name, _ in found]
        self.children = [mark(leaf) for _, leaf in found]

    def put(self, children: Sequence[Any]) -> Any:
        """Return a container with these children."""
        return jax.tree.unflatten(self._structure, list(children))


class _Entry(optree.PyTreeEntry):  # type: ignore[misc, unused-ignore]
    """A leaf of a container of JAX, by the code that reads it."""

    def codify(self, node: str = "") -> str:
        return f"{node}{self.entry}"


def _take_apart(node: JaxNode) -> tuple[list[Any], JaxNode, list[str]]:
    return node.children, node, node.names


_register: Any = optree.register_pytree_node
_register(JaxNode, _take_apart, JaxNode.put, path_entry_type=_Entry, namespace=NAMESPACE)
