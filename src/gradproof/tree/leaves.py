"""A pytree as a list of leaves, each with the code that reads it and its place in one vector."""

import bisect
import dataclasses
import enum
import math
import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import optree

from gradproof._base.complexes import is_complex
from gradproof._base.errors import InputError
from gradproof._base.validation import described

# Our own corner of optree's registry: what we register there changes nothing for anybody else.
NAMESPACE = "gradproof"
_STATIC = (str, bytes, bool, enum.Enum)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One tensor (or number) of a pytree.

    `accessor` is the code behind the name of the tree, such as ``['W'][0]``; `start` the place of
    the leaf's first component among all components. A complex number has two components, its real
    and imaginary part: `shape` is then that of the leaf and one more axis, the last, of length 2.
    """

    path: tuple[Any, ...]
    accessor: str
    shape: tuple[int, ...]
    start: int
    is_complex: bool = False

    @property
    def size(self) -> int:
        """The number of components."""
        return math.prod(self.shape)

    @property
    def own_shape(self) -> tuple[int, ...]:
        """The shape that the leaf has for its user."""
        return self.shape[:-1] if self.is_complex else self.shape

    @property
    def count(self) -> int:
        """The number of its numbers, complex or not."""
        return self.size // 2 if self.is_complex else self.size

    @property
    def imaginary(self) -> npt.NDArray[np.bool_]:
        """Which components are imaginary parts."""
        if not self.is_complex:
            return np.zeros(self.size, dtype=bool)
        return np.tile([False, True], self.count)

    @property
    def top(self) -> object:
        """The first key on the path, a field's name where the tree is a named tuple."""
        if self.accessor.startswith("."):
            return re.split(r"[.\[]", self.accessor, maxsplit=2)[1]
        return self.path[0] if self.path else None

    @property
    def stop(self) -> int:
        """The place behind the leaf's last component."""
        return self.start + self.size


@dataclasses.dataclass(frozen=True)
class Tree:
    """The structure of a pytree: its leaves by name and number.

    `root` is the name that the pytree goes by in the user's code. `constants` are the paths of what
    goes along in it and has no leaves.
    """

    root: str
    leaves: tuple[Leaf, ...]
    spec: optree.PyTreeSpec
    constants: tuple[tuple[Any, ...], ...] = ()

    @property
    def size(self) -> int:
        """The number of components of all leaves."""
        return self.leaves[-1].stop if self.leaves else 0

    @property
    def is_complex(self) -> bool:
        """Whether there are complex numbers in some leaf."""
        return any(leaf.is_complex for leaf in self.leaves)

    def address(self, leaf: Leaf, index: tuple[int, ...] = ()) -> str:
        """Return the code that reads a leaf, or one component of it."""
        text, part = self.root + leaf.accessor, ""
        if leaf.is_complex and index:
            *index_of_number, which = index
            index, part = tuple(index_of_number), (".real", ".imag")[which]
        return (f"{text}[{', '.join(map(str, index))}]" if index else text) + part

    def locate(self, component: int) -> tuple[Leaf, tuple[int, ...]]:
        """Return the leaf of a component of the whole, and the index within that leaf."""
        # Empty leaves share their start with the next one; the last of them holds the component.
        which = bisect.bisect_right(self.leaves, component, key=lambda leaf: leaf.start) - 1
        leaf = self.leaves[which]
        index = np.unravel_index(component - leaf.start, leaf.shape) if leaf.shape else ()
        return leaf, tuple(int(i) for i in index)

    def place(self, path: tuple[Any, ...], index: tuple[int, ...]) -> tuple[Leaf, int]:
        """Return the leaf with a path, and the component at an index in it among the whole."""
        leaf = next(leaf for leaf in self.leaves if leaf.path == path)
        inside = int(np.ravel_multi_index(index, leaf.shape)) if leaf.shape else 0
        return leaf, leaf.start + inside

    def within(self, part: slice) -> Iterator[tuple[int, slice]]:
        """Yield the leaves of a run of components: which, and what of the run is theirs."""
        for number, leaf in enumerate(self.leaves):
            start, stop = max(part.start, leaf.start), min(part.stop, leaf.stop)
            if start < stop:
                yield number, slice(start, stop)

    def unflatten(self, values: list[Any]) -> Any:
        """Put leaves back into the pytree."""
        return optree.tree_unflatten(self.spec, values)


def flatten(at: Any, root: str) -> tuple[Tree, list[Any]]:
    """Take a pytree apart: its structure, and its leaves as they are.

    Dictionaries keep the order of their keys. Dataclasses are pytrees of their fields. One that
    holds itself, or that is hundreds of containers deep, is refused.
    """
    try:
        return _flatten(at, root)
    except RecursionError:
        raise InputError(
            f"{root}: found {described(at)}, containers inside of one another without end, or "
            "hundreds of them; expected containers of numbers or arrays that do not hold themselves"
        ) from None


def _flatten(at: Any, root: str) -> tuple[Tree, list[Any]]:
    with optree.dict_insertion_ordered(True, namespace=NAMESPACE):
        accessors, values, spec = optree.tree_flatten_with_accessor(at, namespace=NAMESPACE)
    found = {
        type(value)
        for value in values
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
    }
    if found:
        for cls in found:
            _register_dataclass(cls)
        return _flatten(at, root)
    leaves = []
    start = 0
    for accessor, value in zip(accessors, values, strict=True):
        pairs = is_complex(value)
        shape = (*_shape(value), 2) if pairs else _shape(value)
        leaf = Leaf(tuple(accessor.path), accessor.codify(""), shape, start, pairs)
        leaves.append(leaf)
        start = leaf.stop
    return Tree(root, tuple(leaves), spec, _constants(at)), values


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """A place of a pytree that has no leaves: put together again, it is the value."""

    value: Any


_register: Any = optree.register_pytree_node
_register(
    Constant,
    lambda constant: ((), constant, ()),
    lambda constant, _: constant.value,
    namespace=NAMESPACE,
)


def _constants(at: Any) -> tuple[tuple[Any, ...], ...]:
    def is_constant(node: Any) -> bool:
        return isinstance(node, Constant)

    paths, nodes, _ = optree.tree_flatten_with_path(at, is_constant, namespace=NAMESPACE)
    return tuple(path for path, node in zip(paths, nodes, strict=True) if is_constant(node))


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", ())
    return tuple(int(length) for length in shape)


def _register_dataclass(cls: type) -> None:
    fields = [field.name for field in dataclasses.fields(cls)]

    def take_apart(value: Any) -> Any:
        # What cannot be a parameter (a name, a switch, a function) goes along unchanged.
        names = [name for name in fields if not isinstance(getattr(value, name), _STATIC)]
        names = [name for name in names if not callable(getattr(value, name))]
        return [getattr(value, name) for name in names], (value, names), names

    def put_together(meta: Any, children: Any) -> Any:
        original, names = meta
        # Not through __init__, which may compute, check, or take other arguments.
        copy: Any = object.__new__(cls)
        if hasattr(original, "__dict__"):
            vars(copy).update(vars(original))
        else:  # one with slots
            for name in fields:
                object.__setattr__(copy, name, getattr(original, name))
        for name, child in zip(names, children, strict=True):
            object.__setattr__(copy, name, child)
        return copy

    optree.register_pytree_node(
        cls,
        take_apart,
        put_together,
        path_entry_type=optree.DataclassEntry,
        namespace=NAMESPACE,
    )


def inner_nodes(at: Any) -> list[Any]:
    """Return the containers of a pytree, the outermost first."""
    if optree.tree_is_leaf(at, namespace=NAMESPACE) or at is None:
        return []
    children = optree.tree_flatten_one_level(at, namespace=NAMESPACE)[0]
    return [at, *(node for child in children for node in inner_nodes(child))]


def contents(node: Any) -> tuple[Any, ...]:
    """Return what a container holds, with its keys: the same objects, as long as it is as it was.

    All attributes count, not only the leaves: what f keeps in one of its own is a change, too.
    """
    if isinstance(node, dict):
        return (*node, *node.values())
    if isinstance(node, (list, deque)):
        return tuple(node)
    if hasattr(node, "__dict__"):
        return (*vars(node), *vars(node).values())
    if dataclasses.is_dataclass(node):
        return tuple(getattr(node, field.name, None) for field in dataclasses.fields(node))
    return ()
