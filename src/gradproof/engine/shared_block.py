"""A block of evaluations that workers share: some done, some on their way, the rest to be sent."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradproof.engine.batching import Columns
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.executors import Engine
from gradproof.engine.performing import Done, Raised, perform
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Space
from gradproof.problems.timeouts import Limit, TookTooLong

_PARTS = 8  # of a task: one part is the least that is sent at the end of a block
_IN_FLIGHT = 2  # tasks for each worker
_ALONE = 2  # workers ended with a part: from then on nobody else is at work meanwhile
_FATAL = 3  # workers ended with a single evaluation: it is to blame
# By which a value at the point may differ in a worker: another library rounds in another way.
_ROUNDING = 1e3  # in unit roundoffs, of sums of many terms
_ALIKE = 1e-10, 1e-2  # relative, at least and at most
_FIRST = 4.0  # times as long as the limit the first task may take: the point, twice, and its own
_BEGINNING = 3.0  # times as long as before: other workers may take until they begin
_A_MOMENT = 1.0  # seconds: more than it takes to send something
_SLOW = 4  # evaluations along one line that were ended: the line is not followed any more


class Owner(Protocol):
    """What evaluates, here or as a copy in a worker; its values are `factor` times those of f."""

    @property
    def space(self) -> Space:
        """Where the parameters live."""

    @property
    def factor(self) -> float:
        """What values at the point are multiplied by."""

    @property
    def budget(self) -> Budget:
        """What counts evaluations."""

    def at_point(self) -> float:
        """Evaluate f at the point."""

    def alone(self, lock: threading.Lock) -> AbstractContextManager[object]:
        """Return a context in which nobody else draws the random numbers that f draws."""

    def cost_of(self, size: int) -> int:
        """Return how many evaluations may be needed for so many values."""


@dataclasses.dataclass
class Sent:
    """What evaluates, by its name, as the engine shares it, and how often it was sent."""

    name: bytes
    payload: bytes
    shared: Any = None
    times: int = 0
    since: float = math.inf  # when it was sent first, until something comes back
    here: bool = False  # whether something came back
    took: float = 0.0  # seconds until something did, so far

    def came_back(self) -> None:
        """Note how long it takes until workers are there."""
        if math.isfinite(self.since) and not self.here:
            self.took, self.here = max(self.took, time.monotonic() - self.since), True

    def begin_anew(self) -> None:
        """Send it to other workers."""
        self.times, self.since, self.here = 0, math.inf, False

    def delay(self, at_first: float) -> float:
        """Return how many seconds it may take until something begins, `at_first` if unknown."""
        if self.here:
            return _A_MOMENT
        return _BEGINNING * self.took + _A_MOMENT if self.took else at_first


class Point(NamedTuple):
    """What f is at the point, and what a worker may find there instead."""

    value: float
    alike: float

    @classmethod
    def of(cls, value: float | None, roundoff: float) -> Point | None:
        """Return that for a value, if there is one."""
        if value is None:
            return None
        return cls(value, min(max(_ROUNDING * roundoff, _ALIKE[0]), _ALIKE[1]) * abs(value))


class OtherValues(Exception):
    """f is another one in a worker."""

    def __init__(self, found: float) -> None:
        super().__init__()
        self.found = found


class Broke(Exception):
    """The engine has lost what was on its way."""


class Gone(Exception):
    """The engine does nothing any more: what happened to it, in words."""


class _Part(NamedTuple):
    """A part of a block, and how many workers have ended with it."""

    which: slice
    deaths: int

    @property
    def size(self) -> int:
        return int(self.which.stop - self.which.start)


class SharedBlock:
    """One block; `fatal` says where workers ended every time.

    `ended` counts for each component how many of its evaluations were ended.
    """

    def __init__(
        self,
        engine: Engine,
        sent: Sent,
        owner: Owner,
        method: str,
        columns: Columns,
        seconds: float,
        limit: Limit | None,
        ended: Counter[int],
    ) -> None:
        self._engine, self._sent, self._seconds = engine, sent, seconds
        self._owner, self._method, self._columns = owner, method, columns
        self._limit, self._ended = limit, ended
        self._todo = [_Part(slice(0, len(columns[-1])), 0)] if len(columns[-1]) else []
        self._pending: dict[concurrent.futures.Future[Any], tuple[_Part, int]] = {}
        self._answers = True  # whether the engine does
        self.fatal: list[str] = []

    def parts(self, point: Point | None) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield what arrives, until all of it is there.

        Values are told as they would be if f were at the point in the worker what it is here.
        """
        spent = None
        while self._todo or self._pending:
            while self._todo and spent is None and len(self._pending) < self._most:
                part = self._todo[-1]
                fatal = part.size == 1 and part.deaths >= _FATAL
                if fatal:
                    self.fatal.append(self._where(part.which.start))
                    self._count_ended(part.which, _SLOW)
                if fatal or self._is_hopeless(part.which):
                    self._todo.pop()
                    offsets = self._columns[-1][part.which].copy()
                    yield part.which, np.full(part.size, np.nan), offsets
                    continue
                try:
                    # To each worker once, if every one takes one of the first tasks.
                    self._send(with_payload=self._sent.times < self._engine.workers)
                except Spent as end:
                    spent = end
            if not self._pending:
                break
            for future in self._arrived():
                result = self._result(future)
                part, reserved = self._pending.pop(future)
                self._owner.budget.count -= reserved
                if result is None:
                    self._todo.append(part)
                    self._send(with_payload=True)
                    continue
                if isinstance(result, _Part):
                    self._begin_anew(part, result.deaths)
                    continue
                shift = 0.0
                if point is not None:
                    for there in result.there:
                        if not abs(there - point.value) <= point.alike:
                            self._todo.append(part)
                            raise OtherValues(there)
                    shift = point.value - result.there[0]
                found, realised = result.values
                self._owner.budget.count += result.evaluations
                self._seconds = (self._seconds + result.seconds / found.size) / 2
                self._sent.came_back()
                if self._limit is not None and result.late:
                    self._limit.late.extend(result.late)
                    start = part.which.start
                    for k in np.flatnonzero(np.isnan(found)).tolist():
                        self._count_ended(slice(start + k, start + k + 1))
                yield part.which, found + shift, realised
        if spent is not None:
            raise spent

    def _count_ended(self, which: slice, count: int = 1) -> None:
        if self._method == "values_of_components":
            self._ended[int(self._columns[0][which.start])] += count

    def _is_hopeless(self, which: slice) -> bool:
        """Whether nothing but evaluations that are ended is to be expected of a whole part."""
        if not self._ended or self._method != "values_of_components":
            return False
        return all(self._ended[line] >= _SLOW for line in self._columns[0][which].tolist())

    @property
    def _most(self) -> int:
        """How many tasks may be on their way: one alone where it may be what ends workers."""
        alone = self._todo[-1].deaths >= _ALONE if self._todo else False
        return 1 if alone else _IN_FLIGHT * self._engine.workers

    def _arrived(self) -> set[concurrent.futures.Future[Any]]:
        """Return the tasks that are done; some are, unless f hangs where nobody can end it."""
        patience = None
        if self._limit is not None:
            longest = max(part.size for part, _ in self._pending.values())
            patience = (_FIRST + longest) * self._limit.seconds
            patience += self._sent.delay(self._engine.delay)
        done, _ = concurrent.futures.wait(
            self._pending, patience, return_when=concurrent.futures.FIRST_COMPLETED
        )
        if not done and self._engine.may_end_workers:
            self._engine.end_workers()
            raise Broke
        if not done:
            assert self._limit is not None
            self._answers = False
            first = next(iter(self._pending.values()))[0].which.start
            raise Spent(
                f"the executor returned nothing for {patience:.3g} s, with "
                f"timeout={self._limit.seconds:g} s: f hangs with {self._where(first)}, or beside "
                "it, where it cannot be ended"
            )
        return done

    def _result(self, future: concurrent.futures.Future[Any]) -> Done | _Part | None:
        """Return what a worker found; a part with deaths where workers ended with just this one."""
        try:
            result: Done | Raised | None = future.result()
        except concurrent.futures.BrokenExecutor:
            raise Broke from None
        except Exception as error:
            if self._engine.lost(error):
                return self._pending[future][0]._replace(deaths=_FATAL)
            self._answers = False
            raise Gone(f"gave up ({type(error).__name__}: {error})") from None
        if isinstance(result, Raised):
            raised = result.again()
            if isinstance(raised, TookTooLong):
                raise Spent(f"{raised}, at the point itself, in a worker")
            raise raised
        return result

    def _send(self, *, with_payload: bool) -> None:
        """Send the next part, with what evaluates or without."""
        part = self._todo.pop()
        whole = int(self._engine.a_task / self._seconds) + 1
        if self._limit is not None:  # of many, nobody could tell which hangs
            whole = min(whole, _PARTS if self._engine.may_end_workers else 1)
        share = -(-part.size // self._engine.workers)
        size = min(whole, max(share, whole // _PARTS), part.size)
        if part.deaths:  # in pieces already
            size = part.size
        try:
            size = min(size, self._owner.budget.allow(self._owner.cost_of(size)))
        except Spent:
            self._todo.append(part)
            raise
        start, stop = part.which.start, part.which.stop
        if self._ended and size > 1:  # those that are not followed any more are answered alone
            hopeless = [self._is_hopeless(slice(k, k + 1)) for k in range(start, start + size)]
            size = hopeless.index(not hopeless[0]) if not all(hopeless) and any(hopeless) else size
        if size < part.size:
            self._todo.append(_Part(slice(start + size, stop), part.deaths))
        part = _Part(slice(start, start + size), part.deaths)
        if self._is_hopeless(part.which):
            self._todo.append(part)
            return
        columns = tuple(column[part.which] for column in self._columns)
        reserved = self._owner.cost_of(size)
        try:
            if self._sent.shared is None:
                self._sent.shared = self._engine.share(self._sent.payload)
            payload = self._sent.shared if with_payload else None
            task = self._sent.name, payload, os.getpid(), self._method, columns
            future = self._engine.submit(perform, *task)
            self._sent.times += with_payload
            self._sent.since = min(self._sent.since, time.monotonic())
        except concurrent.futures.BrokenExecutor:
            self._todo.append(part)
            raise Broke from None
        except Exception as error:  # it was shut down, or its cluster is gone
            self._todo.append(part)
            self._answers = False
            raise Gone(f"takes no work ({type(error).__name__}: {error})") from None
        except BaseException:
            self._todo.append(part)
            raise
        self._owner.budget.count += reserved
        self._pending[future] = part, reserved

    def _where(self, place: int) -> str:
        """Say where an evaluation is."""
        what, offset = self._columns[0][place], float(self._columns[-1][place])
        if self._method == "values_of_components":
            return f"{self._owner.space.name_of(int(what))} moved by {offset:.3g}"
        return "all of the parameters moved in a random direction"

    def begin_anew(self) -> None:
        """Put back what is on its way when workers have ended: in pieces, to see with which."""
        for part, reserved in self._pending.values():
            self._owner.budget.count -= reserved
            self._begin_anew(part, part.deaths + 1)
        self._pending.clear()
        self._sent.begin_anew()

    def _begin_anew(self, part: _Part, deaths: int) -> None:
        start, stop = part.which.start, part.which.stop
        step = max(1, math.ceil(part.size / _PARTS))
        if step < part.size:
            deaths = min(deaths, _ALONE)
        for first in range(start, stop, step):
            self._todo.append(_Part(slice(first, min(first + step, stop)), deaths))

    def cancel(self) -> None:
        """Take back what is on its way; what has begun is over before anything else begins."""
        begun = [future for future in self._pending if not future.cancel()]
        for part, reserved in self._pending.values():
            self._owner.budget.count -= reserved
            self._todo.append(part)
        self._pending.clear()
        if self._answers:
            concurrent.futures.wait(begun)

    def left(self) -> list[slice]:
        """Return the parts that are not done, one evaluation each."""
        return [slice(k, k + 1) for part, _ in self._todo for k in range(part.start, part.stop)]
