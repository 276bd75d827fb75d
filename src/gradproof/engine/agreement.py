"""Several processes that run one check: each has to see the same, so that each decides the same."""

from __future__ import annotations

import contextlib
import functools
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import unit_roundoff
from gradproof.engine.budget import Budget
from gradproof.engine.preflight import ROUNDING
from gradproof.engine.stream import Stream
from gradproof.engine.values import as_float
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.field import Ranks
from gradproof.problems.space import UNDEFINED

_OF_F = (
    "let f return the value of the whole on every rank, such as the mean of the losses of all: "
    "torch.distributed.all_reduce it"
)
_OF_CLAIM = (
    "what several ranks hold has one gradient: all_reduce it, as automatic differentiation and "
    "data-parallel training do"
)


class _End(IntEnum):
    VALUE = 0
    UNDEFINED = 1
    INTERRUPTED = 2
    RAISED = 3


class Agreement:
    """The ranks of a check, told the same values, the same time and the same exceptions.

    Ctrl-C on any of them ends the check on all, once they have met.
    """

    def __init__(self, ranks: Ranks, budget: Budget) -> None:
        self._ranks = ranks
        self._now = time.monotonic()
        self._interrupted = False
        self.several = len(ranks.gather_objects(None)) > 1
        if self.several:
            self._now = float(ranks.gather(np.array([self._now]))[0, 0])
            budget.clock = lambda: self._now

    def require_same(self, **said: Any) -> None:
        """Raise if the ranks do not check the same in the same way."""
        everywhere = self._ranks.gather_objects(said)
        for name, here in everywhere[0].items():
            for rank, other in enumerate(everywhere):
                if other[name] != here:
                    raise InputError(
                        f"{name}: found {here} on rank 0 and {other[name]} on rank {rank}, "
                        "expected the same: every rank makes the same call of gradproof"
                    )

    def require_one(
        self, prints: dict[tuple[int, int], FloatArray], stream: Stream, *, of_claim: bool
    ) -> None:
        """Raise if what several ranks hold is not the same on each of them."""
        first: dict[tuple[int, int], tuple[int, FloatArray]] = {}
        for rank, found in enumerate(self._ranks.gather_objects(prints) if self.several else ()):
            for key, here in found.items():
                where, there = first.setdefault(key, (rank, here))
                tolerance = 1e-3 if of_claim else 0.0
                if not differ(here, there) <= tolerance:
                    tree = stream.field.tree
                    address = tree.address(tree.leaves[key[0]])
                    what = ("gradient", "another gradient") if of_claim else ("at", "other numbers")
                    raise InputError(
                        f"{what[0]}: found {what[1]} for {address} on rank {rank} than on rank "
                        f"{where}, which hold the same part of it; expected the same: "
                        + (_OF_CLAIM if of_claim else "broadcast the parameters first")
                    )

    def of(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return f with the value that all ranks agree on."""
        if not self.several:
            return f

        @functools.wraps(f)
        def agreed(at: Any) -> Any:
            end, value, dtype = _End.VALUE, math.nan, np.dtype(np.float64)
            error: Exception | None = None
            try:
                result = f(at)
                value, dtype = as_float(result), getattr(result, "dtype", dtype)
            except InputError as raised:
                end, error = _End.RAISED, raised
            except UNDEFINED as raised:
                end, error = _End.UNDEFINED, raised
            except Exception as raised:
                end, error = _End.RAISED, raised
            if self._interrupted:
                end = _End.INTERRUPTED
            here = np.array([float(end), value, time.monotonic()])
            everywhere = self._ranks.gather(here)
            self._now = float(everywhere[0, 2])
            self._raise(everywhere[:, 0], error)
            values = everywhere[:, 1]
            spread = float(np.ptp(values)) if np.all(np.isfinite(values)) else 0.0
            largest = float(np.max(np.abs(values)))
            mixed = np.any(np.isfinite(values)) and not np.all(np.isfinite(values))
            if mixed or spread > ROUNDING * unit_roundoff(dtype) * largest:
                rank = int(np.argmax(np.abs(np.nan_to_num(values) - np.nan_to_num(values[0]))))
                raise InputError(
                    f"the value of f: found {values[0]} on rank 0 and {values[rank]} on rank "
                    f"{rank}, expected the same on all: {_OF_F}"
                )
            return dtype.type(values[0])

        return agreed

    def _raise(self, ends: FloatArray, error: Exception | None) -> None:
        """Raise on every rank what was raised on some."""
        worst = _End(int(np.max(ends)))
        if worst is _End.VALUE:
            return
        rank = int(np.argmax(ends == worst))
        if worst is _End.INTERRUPTED:
            self._interrupted = False
            raise KeyboardInterrupt
        if error is not None:
            raise error
        if worst is _End.UNDEFINED:
            raise ArithmeticError(f"f is not defined there, said rank {rank}")
        raise RuntimeError(f"f raised an exception on rank {rank}, which says more")

    @contextlib.contextmanager
    def holding_interrupts(self) -> Iterator[None]:
        """Let Ctrl-C wait until the ranks meet, where there are several; a second one does not."""
        if not self.several or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def hold(number: int, frame: Any) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        signal.signal(signal.SIGINT, hold)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def differ(one: FloatArray, other: FloatArray) -> float:
    """Return by how much of their size two runs of numbers differ, by their prints; 0 if equal.

    The difference shows in a sum and in one weighted by a ramp, as long as it is not made up to be
    invisible there.
    """
    if np.array_equal(one, other, equal_nan=True):
        return 0.0
    size = math.sqrt(max(one[4], other[4]))
    change = float(np.max(np.abs(one[2:4] - other[2:4])))
    if not math.isfinite(size) or not math.isfinite(change):
        return math.inf
    return max(change / size, 2.0**-52) if size else math.inf
