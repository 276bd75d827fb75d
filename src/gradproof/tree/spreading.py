"""Laying values onto the leaves of a pytree, where one value may stand for all that is below it."""

import numbers
from typing import Any

import numpy as np
import optree

from gradproof.tree.leaves import NAMESPACE, Tree
from gradproof.tree.matching import Mismatch


def spread(tree: Tree, values: Any) -> list[Any] | Mismatch:
    """Return a value for each leaf; a number or None stands for all leaves below its place."""
    laid: list[Any] = [None] * len(tree.leaves)
    numbered = tree.unflatten(list(range(len(tree.leaves))))
    with optree.dict_insertion_ordered(True, namespace=NAMESPACE):
        mismatch = _lay(tree, numbered, values, laid)
    return mismatch or laid


def _lay(tree: Tree, numbered: Any, values: Any, laid: list[Any]) -> Mismatch | None:
    below = optree.tree_leaves(numbered, namespace=NAMESPACE)
    if _is_leaf(numbered) or values is None or _is_number(values):
        for number in below:
            laid[number] = values
        return None
    here, there = _children(numbered), _children(values)
    if here.keys() != there.keys():
        names = ", ".join(map(repr, here))
        found = ", ".join(map(repr, there)) or type(values).__name__
        return Mismatch(tree.address(tree.leaves[below[0]]) if below else tree.root, found, names)
    for key, child in here.items():
        mismatch = _lay(tree, child, there[key], laid)
        if mismatch is not None:
            return mismatch
    return None


def _children(node: Any) -> dict[Any, Any]:
    if _is_leaf(node) or node is None:
        return {}
    children, _, entries, _ = optree.tree_flatten_one_level(node, namespace=NAMESPACE)
    return dict(zip(entries, children, strict=True))


def _is_leaf(node: Any) -> bool:
    return bool(optree.tree_is_leaf(node, namespace=NAMESPACE))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) or (isinstance(value, np.ndarray) and value.ndim == 0)
