"""What is being checked in place, which nobody else may check meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from gradproof._base.errors import InputError

_in_use: set[int] = set()
_lock = threading.Lock()


@contextlib.contextmanager
def alone(taken: set[int], what: str) -> Iterator[None]:
    """Raise if some of what is taken, by identity, is taken already; else keep others out."""
    with _lock:
        if taken & _in_use:
            raise InputError(
                f"at: found a {what} whose parameters are being checked already, in another thread "
                f"or by the function itself; wait for that check, or check a copy of the {what}"
            )
        _in_use.update(taken)
    try:
        yield
    finally:
        with _lock:
            _in_use.difference_update(taken)
