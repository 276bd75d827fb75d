"""Leaves chosen by patterns of their addresses."""

import re
from collections.abc import Sequence

from gradproof.tree.leaves import Leaf, Tree


def select(tree: Tree, include: Sequence[str], exclude: Sequence[str]) -> list[bool]:
    """Return for each leaf whether it is included (all are, without patterns) and not excluded.

    In a pattern ``*`` stands for any characters and ``?`` for one; all others for themselves. It is
    compared with the whole address, ``params['W1']``, and with the keys of the path, ``layer.W1``.
    """
    return [
        (not include or _matches(tree, leaf, include)) and not _matches(tree, leaf, exclude)
        for leaf in tree.leaves
    ]


def unmatched(tree: Tree, patterns: Sequence[str]) -> list[str]:
    """Return the patterns that no leaf matches."""
    return [one for one in patterns if not any(_matches(tree, leaf, [one]) for leaf in tree.leaves)]


def _matches(tree: Tree, leaf: Leaf, patterns: Sequence[str]) -> bool:
    names = (tree.address(leaf), ".".join(map(str, leaf.path)))
    return any(_regex(pattern).fullmatch(name) for pattern in patterns for name in names)


def _regex(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in pattern), re.DOTALL)
