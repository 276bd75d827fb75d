"""Imports of libraries that do more than define something."""

import contextlib
import random
from collections.abc import Iterator


@contextlib.contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Put Python's global generator back: rich draws from it as it is imported."""
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)
