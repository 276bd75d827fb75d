"""Finding problems in files, by name."""

import importlib.util
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gradproof._base.errors import InputError
from gradproof._base.files import require_file
from gradproof.api.mark import is_marked


class Found(NamedTuple):
    """A function of a file that returns a problem."""

    name: str
    make: Callable[[], Any]


def split_target(target: str) -> tuple[Path, str | None]:
    """Split ``FILE::NAME``."""
    path, separator, name = target.partition("::")
    if separator and not name:
        raise InputError(f"{target}: found no name behind '::', expected FILE::NAME")
    return Path(path), name or None


def load(path: Path) -> types.ModuleType:
    """Import a file; whatever it raises surfaces unchanged."""
    if os.path.isdir(path):
        raise InputError(f"{path}: found a folder, expected files, such as {path / 'test_*.py'}")
    require_file(str(path), "a Python file")
    spec = importlib.util.spec_from_file_location(f"_gradproof_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: found no Python file, expected one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    # As for a script, its neighbours can be imported; dataclasses look their module up by name.
    sys.modules[spec.name] = module
    if "cloudpickle" in sys.modules:  # no other process could import it by that name
        sys.modules["cloudpickle"].register_pickle_by_value(module)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return module


def problems_of(module: types.ModuleType, path: Path, name: str | None) -> Iterator[Found]:
    """Return the marked functions of a module, in the order in which they stand there.

    Those inside of classes are named as ``Class.function``; ``Class::function`` is understood, too.
    """
    found = {one.name: one for one in _marked(module, module.__name__, "")}
    if not found:
        raise InputError(f"{path}: found no problem, expected functions under @gradproof.problem")
    wanted = None if name is None else name.replace("::", ".")
    if wanted is not None and wanted not in found:
        raise InputError(f"{path}: found no problem {name!r}, there are {', '.join(found)}")
    yield from (one for one in found.values() if wanted in (None, one.name))


def _marked(owner: types.ModuleType | type, module: str, prefix: str) -> Iterator[Found]:
    """Yield the marked functions of a module or class, and of the classes that are its own."""
    for key, value in list(vars(owner).items()):
        name = prefix + key
        if isinstance(value, (staticmethod, classmethod)):
            value = getattr(owner, key)  # what it stands for; other descriptors may do anything
        if isinstance(value, type) and (value.__module__, value.__qualname__) == (module, name):
            yield from _marked(value, module, f"{name}.")
        elif is_marked(value) and value.__module__ == module:
            yield Found(name, value)
