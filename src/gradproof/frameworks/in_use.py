"""What is being checked in place, which nobody else may check meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from gradproof._base.errors import InputError

_in_use: dict[int, object] = {}  # by whom
_lock = threading.Lock()


@contextlib.contextmanager
def alone(taken: set[int], what: str) -> Iterator[None]:
    """Raise if some of what is taken, by identity, is taken already; else keep others out."""
    mine = object()
    try:  # around all of it: Ctrl-C may come right behind what is taken
        with _lock:
            if taken & _in_use.keys():
                raise InputError(
                    f"at: found a {what} whose parameters are being checked already, in another "
                    "thread or by the function itself; wait for that check, or check a copy of "
                    f"the {what}"
                )
            _in_use.update(dict.fromkeys(taken, mine))
        yield
    finally:
        for one in taken:
            if _in_use.get(one) is mine:
                del _in_use[one]
