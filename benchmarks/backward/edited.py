"""Make the gradient that a mistake leads to, from the source of the right one."""

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import cast

from benchmarks.backward.arrays import Arrays
from benchmarks.backward.mistake import Mistake

_MARK = "\ndef gradient("


def right(module: str) -> ModuleType:
    """Import the pass of the name ``module``."""
    return importlib.import_module(f"benchmarks.backward.passes.{module}")


def edit(mistake: Mistake) -> str:
    """
    Return the source of the module with the mistake in it.

    Raises
    ------
    ValueError
        If the text to replace does not occur exactly once, or stands outside ``gradient``.
    """
    source = inspect.getsource(right(mistake.module))
    times = source.count(mistake.find)
    if times != 1:
        raise ValueError(f"{mistake.module}: {mistake.find!r} occurs {times} times, not once")
    if source.index(mistake.find) < source.index(_MARK):
        raise ValueError(f"{mistake.module}: {mistake.find!r} stands outside gradient")
    return source.replace(mistake.find, mistake.replace)


def apply(mistake: Mistake) -> Callable[[Arrays], Arrays]:
    """
    Compile the module with the mistake in it and return its ``gradient``.

    Raises
    ------
    ValueError
        If the text to replace does not occur exactly once, or stands outside ``gradient``.
    """
    wrong = ModuleType(f"{mistake.module}_edited")
    exec(compile(edit(mistake), f"<{mistake.module}: {mistake.why}>", "exec"), wrong.__dict__)
    return cast(Callable[[Arrays], Arrays], wrong.gradient)
