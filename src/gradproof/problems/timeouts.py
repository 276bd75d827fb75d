"""How long one evaluation of f may take, and the end of one that takes longer."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any


class TookTooLong(ArithmeticError):
    """f was ended: as far as a check can see it is not defined there, which `happened` notes."""

    def __init__(self, limit: Limit, line: str = "") -> None:
        super().__init__(f"f took longer than timeout={limit.seconds:g} s{line}")
        self._limit, self._line = limit, line

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._limit, self._line)

    def happened(self, where: str) -> None:
        """Note where f was evaluated."""
        self._limit.late.append(where + self._line)


class _Ended(BaseException):
    """Ends f, which may catch every Exception."""


class Limit:
    """Seconds that one evaluation may take; `late` says where it took longer.

    In the main thread of a process an alarm ends what Python runs; code that does not come back to
    Python goes on until somebody ends the process.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.late: list[str] = []
        self._running = False
        self._ended_in: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(Limit(self.seconds))

    def run(self, f: Callable[[Any], Any], at: Any) -> Any:
        """Return ``f(at)``, ended where it takes longer."""
        if threading.current_thread() is not threading.main_thread():
            return f(at)
        with self._alarmed():
            self._running, self._ended_in = True, None
            try:
                value = f(at)
            finally:
                self._running = False
            if self._ended_in is not None:  # and f caught what ended it
                raise _Ended
            return value

    @contextlib.contextmanager
    def _alarmed(self) -> Iterator[None]:
        """Turn an alarm into an exception; alarms of others are put back."""

        def end(number: int, frame: FrameType | None) -> None:
            if self._running:
                line = frame and f", in line {frame.f_lineno} of {frame.f_code.co_filename}"
                self._ended_in = line or ""
                raise _Ended

        handler = signal.signal(signal.SIGALRM, end)
        started = time.monotonic()
        left, interval = signal.setitimer(signal.ITIMER_REAL, self.seconds, self.seconds)
        try:
            yield
        except _Ended:
            raise TookTooLong(self, self._ended_in or "") from None
        finally:
            self._running = False
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, handler)
            if left:
                rest = max(left - (time.monotonic() - started), 1e-3)
                signal.setitimer(signal.ITIMER_REAL, rest, interval)


class Limited:
    """A function of a point whose evaluations are ended by a limit."""

    def __init__(self, f: Callable[[Any], Any], limit: Limit) -> None:
        functools.update_wrapper(self, f)  # its parameter names what is found
        self._f, self._limit = f, limit

    def __call__(self, at: Any) -> Any:
        """Evaluate at a point."""
        return self._limit.run(self._f, at)
