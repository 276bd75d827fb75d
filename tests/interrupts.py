"""Ctrl-C at any moment of a check: in the place of a signal, at one of the calls in it.

Python lets signals in where functions are called, among others, so that each call is such a moment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class AtCall:
    """Raises KeyboardInterrupt at the call of that number of a Python function, wherever it is.

    `calls` counts them.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self.calls = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.calls += 1
        if self.calls == self._number:
            raise KeyboardInterrupt


def run(check: Callable[[], object], number: int = -1) -> int:
    """Make a check that is interrupted at some call; return how many calls there were."""
    trace = AtCall(number)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        check()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return trace.calls


def moments(calls: int, *, last: int = 30, others: int = 10) -> list[int]:
    """Return calls at which to interrupt: the last ones, each, and some of all others."""
    first = max(1, calls - last)
    return [*range(calls, first, -1), *range(1, first, max(1, first // others))]
