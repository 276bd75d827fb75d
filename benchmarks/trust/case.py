"""What is checked: cases (a function, its right gradient, a point), grouped in families."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

Kind = Literal[
    "ordinary",
    "float32",
    "kink",  # at the point or near it
    "offset",  # a value far larger than what changes
    "oscillation",
    "solver noise",  # inner iterations stopped at a tolerance
    "domain edge",
    "stiff",
    "flat",  # zero and nearly zero gradients, stationary points
    "badly scaled",
    "last bits",  # vary between calls
    "random",
    "below the step",  # structure finer than the smallest usable step: reported, not targeted
]
Split = Literal["tuning", "validation"]


@dataclasses.dataclass(frozen=True)
class Case:
    """One function, its right gradient, and a point.

    `at` is a number, an array or a pytree of arrays; `f(at)` returns a number, and `gradient(at)`
    the right gradient in the structure of `at`. `truth()` returns the same at `at`, in float64,
    computed in another way: see `truth.py`. It returns None where the gradient is right by
    definition, such as ``cos`` for ``sin``. `mistakes` are wrong gradients as people write them:
    mistakes made in the code of a backward pass. `options` are further arguments of
    `gradproof.Problem`.
    """

    name: str
    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    at: Any
    truth: Callable[[], Any] | None = None
    mistakes: Mapping[str, Callable[[Any], Any]] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Family:
    """Cases of one kind, from one source.

    `cases` draws some cases from a generator: the same for the same seed. `source` says where the
    code comes from, `needs` lists the modules that it imports.
    """

    name: str
    kind: Kind
    split: Split
    source: str
    needs: tuple[str, ...]
    cases: Callable[[np.random.Generator], Iterator[Case]]


_REGISTRY: dict[str, Family] = {}


def family(
    name: str, *, kind: Kind, source: str, split: Split, needs: tuple[str, ...] = ()
) -> Callable[
    [Callable[[np.random.Generator], Iterator[Case]]],
    Callable[[np.random.Generator], Iterator[Case]],
]:
    """Register a function that draws the cases of a family."""

    def register(
        cases: Callable[[np.random.Generator], Iterator[Case]],
    ) -> Callable[[np.random.Generator], Iterator[Case]]:
        if name in _REGISTRY:
            raise ValueError(f"family {name}: there are two")
        _REGISTRY[name] = Family(name, kind, split, source, needs, cases)
        return cases

    return register


def families(split: Split) -> list[Family]:
    """Import every file, and return the families of a split by name.

    Of both splits: a validation family that once got a wrong verdict is a tuning family from then
    on, and stays where it is.
    """
    for folder in ("tuning", "validation"):
        package = importlib.import_module(f"benchmarks.trust.families.{folder}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    found = [family for family in _REGISTRY.values() if family.split == split]
    return sorted(found, key=lambda family: family.name)
