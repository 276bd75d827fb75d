"""What a file claims to hold has to fit into the memory that there is."""

import math
import os
from collections.abc import Sequence

from gradproof._base.errors import InputError


def require_memory(size: int, name: str, found: str) -> None:
    """Raise unless so many bytes are at most half of the memory of this machine."""
    most = _half_of_all()
    if size > most:
        raise InputError(
            f"{name}: found {found}, which takes {_gigabytes(size)} of memory, expected at most "
            f"{_gigabytes(most)}, half of what this machine has"
        )


def bytes_of(shape: Sequence[int]) -> int:
    """Return how many bytes an array of this shape takes in float64."""
    return 8 * math.prod(shape)


def _half_of_all() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):  # systems that do not tell
        return 2**33


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
