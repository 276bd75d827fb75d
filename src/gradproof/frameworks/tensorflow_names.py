"""The variables of a layer by the code that reads them, such as ``layers[0].kernel``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradproof.frameworks.tensorflow_tensors import is_variable


def names_of(layer: Any) -> dict[int, str]:
    """Return the code behind the dot for each trainable variable, by its identity.

    Attributes of the layer and of what is in them come first; what they do not lead to has a
    place in ``trainable_variables``.
    """
    found: dict[int, str] = {}
    _visit(layer, "", found, set())
    return {
        id(one): found.get(id(one), f"trainable_variables[{k}]").removeprefix(".")
        for k, one in enumerate(layer.trainable_variables)
    }


def _visit(thing: Any, code: str, found: dict[int, str], seen: set[int]) -> None:
    if is_variable(thing):
        found.setdefault(id(thing), code)
        return
    if id(thing) in seen:
        return
    seen.add(id(thing))
    for name, one in _inside(thing):
        if is_variable(one) or isinstance(one, (list, tuple, dict)) or _has_variables(one):
            _visit(one, code + name, found, seen)


def _inside(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, dict):
        yield from ((f"[{key!r}]", one) for key, one in thing.items())
    elif isinstance(thing, (list, tuple)):
        yield from ((f"[{k}]", one) for k, one in enumerate(thing))
    else:
        attributes = dict(getattr(thing, "__dict__", {}))
        yield from ((f".{n}", one) for n, one in attributes.items() if not n.startswith("_"))
        for name, one in attributes.items():
            # Keras keeps _kernel, and gives it out as kernel.
            public = name.lstrip("_")
            is_property = isinstance(getattr(type(thing), public, None), property)
            if is_property and _has_any(one) and getattr(thing, public, None) is one:
                yield f".{public}", one
        layers = getattr(type(thing), "layers", None)
        if isinstance(layers, property):
            yield ".layers", thing.layers


def _has_any(one: Any) -> bool:
    return is_variable(one) or _has_variables(one)


def _has_variables(one: Any) -> bool:
    return hasattr(type(one), "trainable_variables")
