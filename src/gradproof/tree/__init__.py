"""Names without numbers: pytrees, their leaves, and addresses that print as code."""

from gradproof.tree.leaves import NAMESPACE, Constant, Leaf, Tree, contents, flatten, inner_nodes
from gradproof.tree.matching import Mismatch, match
from gradproof.tree.selecting import select, unmatched
from gradproof.tree.spreading import spread

__all__ = [
    "NAMESPACE",
    "Constant",
    "Leaf",
    "Mismatch",
    "Tree",
    "contents",
    "flatten",
    "inner_nodes",
    "match",
    "select",
    "spread",
    "unmatched",
]
