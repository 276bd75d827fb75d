"""``gradproof init``: a file to start from, which runs as it is."""

import enum
import importlib.resources
import os
from pathlib import Path

from gradproof._base.errors import InputError


class Starter(enum.StrEnum):
    """What the gradient is written with."""

    NUMPY = "numpy"
    TORCH = "torch"
    JAX = "jax"
    SCIPY = "scipy"


def start(starter: Starter, path: Path) -> Path:
    """Write a starter file and return its path; one that is there is never replaced."""
    text = text_of(starter)
    if os.path.isdir(path):
        path = path / "test_gradients.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(
            f"{path}: is there already and was left as it is; give another path: "
            f"gradproof init {starter} PATH"
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def text_of(starter: Starter) -> str:
    """Return the text of a starter file."""
    folder = importlib.resources.files("gradproof.cli").joinpath("starters")
    return folder.joinpath(f"{starter.value}.py.txt").read_text(encoding="utf-8")
