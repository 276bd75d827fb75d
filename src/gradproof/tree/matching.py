"""Laying a claimed gradient onto the leaves of the parameters, by name."""

import dataclasses
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradproof._base.complexes import as_parts, is_complex
from gradproof._base.phrases import listed
from gradproof._base.validation import require_detached, require_unmasked
from gradproof.tree.leaves import Leaf, Tree, flatten

_MOST_BESIDE = 8  # things in a tuple, of which one may be the gradient


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """A gradient that does not have the structure of the parameters: where, and what there is."""

    address: str
    found: str
    expected: str
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None = dataclasses.field(
        default=None, compare=False
    )

    @property
    def repeated(self) -> tuple[int, ...]:
        """The axes along which the leaf would be repeated to get the shape that was found."""
        if self.shapes is None:
            return ()
        found, expected = self.shapes
        padded = (1,) * (len(found) - len(expected)) + expected
        fits = len(padded) == len(found) and all(
            length in (1, there) for length, there in zip(padded, found, strict=True)
        )
        if not fits:
            return ()
        new = len(found) - len(expected)
        return tuple(k for k in range(len(found)) if k < new or padded[k] != found[k])


def match(tree: Tree, gradient: Any) -> tuple[list[Any], list[str]] | Mismatch:
    """Return the claimed values leaf by leaf with notes on what was read how, or what is amiss.

    Those of complex leaves are the real and imaginary parts of what is claimed.
    """
    found = _match(tree, gradient)
    return _guessed(tree, gradient, found) if isinstance(found, Mismatch) else found


def _guessed(tree: Tree, gradient: Any, mismatch: Mismatch) -> Mismatch:
    """Say where what is in the place of a gradient is a tuple or list that has one in it."""
    if not isinstance(gradient, (tuple, list)) or not 0 < len(gradient) <= _MOST_BESIDE:
        return mismatch
    fits = [k for k, one in enumerate(gradient) if not isinstance(_match(tree, one), Mismatch)]
    if len(fits) != 1:  # which of several is meant is not to be guessed
        return mismatch
    (place,) = fits
    kind, count = type(gradient).__name__, len(gradient)
    if count == 1:
        comma = ", [0] of it: a comma behind a value makes a tuple" * (kind == "tuple")
        return Mismatch(
            mismatch.address, f"a {kind} of one gradient", f"the gradient itself{comma}"
        )
    return Mismatch(
        mismatch.address,
        f"a {kind} of {count}, of which [{place}] would fit",
        f"that alone: put [{place}] behind the call",
    )


def _match(tree: Tree, gradient: Any) -> tuple[list[Any], list[str]] | Mismatch:
    notes: list[str] = []
    gradient = _by_labels(tree, gradient)
    gradient, renamed = _without_prefix(tree, gradient)
    if renamed:
        notes.append(renamed)
    claimed, values = flatten(gradient, "gradient")
    if len(tree.leaves) > 1 and len(claimed.leaves) == 1 and not claimed.leaves[0].path:
        one_each = _numbers_of_an_array(tree, values[0])
        if one_each is None:
            return Mismatch(
                tree.root, _described(gradient), f"a gradient for each of {_listed(tree)}"
            )
        return one_each, [*notes, "the gradient is one array for a list of numbers"]
    in_a_list = not hasattr(gradient, "shape")
    lone = len(tree.leaves) == 1
    if in_a_list and lone and _array_shape(gradient) == tree.leaves[0].own_shape != ():
        # A list of numbers stands for an array, as array_like promises.
        claimed, values = flatten(np.asarray(gradient), "gradient")
    by_path = {}
    for leaf, value in zip(claimed.leaves, values, strict=True):
        require_detached(value, claimed.address(leaf))
        require_unmasked(value, claimed.address(leaf))
        by_path[leaf.path] = value
    ordered = []
    for leaf in tree.leaves:
        if leaf.path not in by_path:
            first = (*leaf.path, 0)
            if leaf.path and first in by_path:
                return _taken_apart(tree, leaf, by_path, first)
            there = _listed(claimed) if claimed.leaves else "no gradient at all"
            if isinstance(gradient, Mapping) and () in by_path:
                there = f"a {type(gradient).__name__}, of which dict(…) makes one that is read"
            return Mismatch(
                tree.address(leaf),
                "no gradient",
                f"one of shape {leaf.own_shape} (there is {there})",
            )
        value = by_path.pop(leaf.path)
        shape, expected = _array_shape(value), leaf.own_shape
        if shape != expected:
            both = None if shape is None else (shape, expected)
            there = f"shape {shape}" if shape or _is_number(value) else f"a {type(value).__name__}"
            return Mismatch(tree.address(leaf), there, f"shape {expected}", both)
        if is_complex(value) and not leaf.is_complex:
            found_dtype = f"a gradient of dtype {getattr(value, 'dtype', 'complex')}"
            return Mismatch(tree.address(leaf), found_dtype, "real numbers")
        ordered.append(as_parts(value) if leaf.is_complex else value)
    for leaf in claimed.leaves:
        if any(leaf.path[: len(constant)] == constant for constant in tree.constants):
            value = by_path.pop(leaf.path, None)
            if _says_something(value):
                notes.append(
                    f"{tree.root}{leaf.accessor}: went along unchanged and unchecked, though the "
                    "gradient has a value for it: make it an array of the others' kind to check it"
                )
    if by_path:
        extra = next(leaf for leaf in claimed.leaves if leaf.path in by_path)
        return Mismatch(
            f"gradient{extra.accessor}", "a gradient", f"none: {tree.root} has no such parameter"
        )
    return ordered, notes


def _taken_apart(tree: Tree, leaf: Leaf, by_path: Mapping[Any, Any], first: Any) -> Mismatch:
    """Say that a tuple or list is in the place of the gradient of a leaf, of it or of numbers."""
    lone = sum(path[: len(leaf.path)] == leaf.path for path in by_path) == 1
    if lone and _array_shape(by_path[first]) == leaf.own_shape:
        return Mismatch(
            tree.address(leaf),
            "a gradient in a tuple or list",
            f"the gradient itself, of shape {leaf.own_shape}: a comma behind a value makes a tuple",
        )
    return Mismatch(
        tree.address(leaf),
        "a tuple or list",
        f"one array of shape {leaf.own_shape}: np.array(…) makes one of numbers",
    )


def _by_labels(tree: Tree, gradient: Any) -> Any:
    """Read a Series of pandas, or what is like it, as a dict where its labels are the names."""
    if isinstance(gradient, Mapping) or not all(
        callable(getattr(gradient, name, None)) for name in ("to_dict", "keys")
    ):
        return gradient
    labelled = gradient.to_dict()
    names = {leaf.path[0] if leaf.path else None for leaf in tree.leaves}
    return labelled if isinstance(labelled, dict) and labelled.keys() == names else gradient


def _without_prefix(tree: Tree, gradient: Any) -> tuple[Any, str]:
    """Read the keys ``dW1, db1`` of a gradient as ``W1, b1``, and leave ``dA1`` out."""
    if (
        not isinstance(gradient, Mapping)
        or not gradient
        or not all(isinstance(key, str) for key in gradient)
    ):
        return gradient, ""
    names = {leaf.top: leaf.path[0] if leaf.path else None for leaf in tree.leaves}
    if not all(isinstance(name, str) and f"d{name}" in gradient for name in names):
        return gradient, ""
    if any(name in gradient for name in names):
        return gradient, ""  # which of the two is meant is not to be guessed
    extra = [key for key in gradient if key[:1] != "d" or key[1:] not in names]
    dropped = [key for key in extra if key.startswith("dA")]
    kept: dict[Any, Any] = {
        names[key[1:]]: value for key, value in gradient.items() if key not in extra
    }
    kept |= {key: gradient[key] for key in extra if key not in dropped}
    note = "the gradient's keys d<name> were read as <name>"
    if dropped:
        note += f"; left out, as no parameters: {', '.join(dropped)}"
    return kept, note


def _says_something(value: Any) -> bool:
    """Whether a claim for what is not moved is more than None or 0."""
    if value is None or _array_shape(value) is None:
        return False
    array = np.asarray(value)
    return array.dtype.kind in "iufc" and bool(np.any(array))


def _numbers_of_an_array(tree: Tree, value: Any) -> list[Any] | None:
    """Read one array of shape (n,) as the gradient of n numbers."""
    if any(leaf.own_shape for leaf in tree.leaves) or _array_shape(value) != (len(tree.leaves),):
        return None
    require_unmasked(value, "gradient")
    pairs = zip(tree.leaves, np.asarray(value), strict=True)
    return [as_parts(one) if leaf.is_complex else one for leaf, one in pairs]


def _is_number(value: Any) -> bool:
    """Whether something without axes is a number, or None as of ragged lists: a word has none."""
    return hasattr(value, "shape") or isinstance(value, (numbers.Number, list, tuple))


def _array_shape(value: Any) -> tuple[int, ...] | None:
    try:
        return tuple(np.shape(value))
    except ValueError:
        return None


def _described(value: Any) -> str:
    shape = _array_shape(value)
    return f"one array of shape {shape}" if shape is not None else type(value).__name__


def _listed(tree: Tree) -> str:
    return listed(map(tree.address, tree.leaves), len(tree.leaves))
