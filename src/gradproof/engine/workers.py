"""Evaluations by other processes, on the engine that the user brings.

What is evaluated is sent to each worker once: a task names it, and a worker that does not have it
says so and is sent it. Where a worker ends in the middle, its task is begun anew.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import math
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from gradproof.engine.batching import Columns, Values
from gradproof.engine.budget import Budget, Spent
from gradproof.engine.executors import Engine
from gradproof.engine.serialising import dumps, loads
from gradproof.numerics.protocol import FloatArray

_PARTS = 8  # of a task: one part is the least that is sent at the end of a block
_WORTH_WHILE = 0.05  # seconds: what takes less is done here
_IN_FLIGHT = 2  # tasks for each worker
_RETRIES = 3  # of what a broken engine has lost
# By which a value at the point may differ in a worker: another library rounds in another way.
_ROUNDING = 1e3  # in unit roundoffs, of sums of many terms
_ALIKE = 1e-10, 1e-2  # relative, at least and at most


class Owner(Protocol):
    """What evaluates, here or as a copy in a worker; its values are `factor` times those of f."""

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


class Done(NamedTuple):
    """What a worker found: values, what they took, and its own values of f at the point."""

    values: Values
    evaluations: int
    seconds: float
    there: tuple[float, float]


class _Kept(threading.local):
    """What this thread of a worker was sent last; buffers are moved in place, and not shared."""

    name = b""
    owner: Any = None
    there = math.nan, math.nan


_kept = _Kept()
_lock = threading.Lock()


def perform(name: bytes, payload: bytes | None, method: str, columns: Columns) -> Done | None:
    """Evaluate in a worker; None where what evaluates has not been sent to it."""
    if _kept.name != name:
        if payload is None:
            return None
        _kept.name, _kept.owner = b"", loads(payload)
        try:
            with _kept.owner.alone(_lock):
                # Twice: random numbers that are not repeated in a worker may begin with the same.
                first, second = (_kept.owner.at_point() / _kept.owner.factor for _ in range(2))
        except Exception as error:
            error.add_note("gradproof: f raised this at the point, in a worker of the executor")
            raise
        _kept.name, _kept.there = name, (first, second)
    owner = _kept.owner
    started, before = time.perf_counter(), owner.budget.count
    with owner.alone(_lock):
        values = getattr(owner, method)(*columns)
    seconds = time.perf_counter() - started
    return Done(values, owner.budget.count - before, seconds, _kept.there)


class Workers:
    """Shares out blocks of evaluations among the workers of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Engine | None = engine
        self.draws_from = engine.draws_from
        self._sent = _Sent(b"", None)
        self.note: str | None = None

    def are_worth(self, seconds: float) -> bool:
        """Whether what takes so long here is worth sending."""
        return self._engine is not None and seconds >= _WORTH_WHILE

    def evaluate(
        self,
        owner: Owner,
        method: str,
        columns: Columns,
        *,
        seconds: float,
        value: float,
        roundoff: float,
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield the values of a block, part by part, as they arrive.

        `seconds` is what one evaluation takes here, `value` what f is at the point, and `roundoff`
        the unit roundoff of its values.
        """
        assert self._engine is not None
        payload = dumps(owner)
        name = hashlib.sha256(payload).digest()
        if self._sent.name != name:
            self._sent = _Sent(name, self._engine.share(payload))
        point = _Point(value, min(max(_ROUNDING * roundoff, _ALIKE[0]), _ALIKE[1]) * abs(value))
        block = _Block(self._engine, self._sent, owner, method, columns, seconds)
        try:
            for _ in range(_RETRIES):
                try:
                    yield from block.parts(point)
                    return
                except concurrent.futures.BrokenExecutor:
                    block.cancel()
                    if not self._engine.renew():
                        break
                    self._sent.times = 0
            self.note = (
                "the executor broke when one of its workers ended: what was left was evaluated "
                "in this process"
            )
        except _OtherValues as other:
            self.note = (
                f"f is {other.found!r} at the point in a worker and {value!r} here: everything was "
                "evaluated in this process"
            )
        finally:
            block.cancel()
        self._engine = None
        for part in block.left():
            owner.budget.allow(1)
            found, realised = getattr(owner, method)(*(column[part] for column in columns))
            yield part, found, realised


@dataclasses.dataclass
class _Sent:
    """What evaluates, by its name, as the engine shares it, and how often it was sent."""

    name: bytes
    payload: Any
    times: int = 0


class _Point(NamedTuple):
    """What f is at the point, and what a worker may find there instead."""

    value: float
    alike: float


class _OtherValues(Exception):
    """f is another one in a worker."""

    def __init__(self, found: float) -> None:
        super().__init__()
        self.found = found


class _Block:
    """The parts of a block: some done, some on their way, the rest to be sent."""

    def __init__(
        self,
        engine: Engine,
        sent: _Sent,
        owner: Owner,
        method: str,
        columns: Columns,
        seconds: float,
    ) -> None:
        self._engine, self._sent, self._seconds = engine, sent, seconds
        self._owner, self._method, self._columns = owner, method, columns
        self._todo = [slice(0, len(columns[-1]))]
        self._pending: dict[concurrent.futures.Future[Any], tuple[slice, int]] = {}

    def parts(self, point: _Point) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield what arrives, until all of it is there.

        Values are told as they would be if f were at the point in the worker what it is here.
        """
        spent = None
        while self._todo or self._pending:
            while self._todo and spent is None and len(self._pending) < self._most:
                try:
                    # To each worker once, if every one takes one of the first tasks.
                    self._send(with_payload=self._sent.times < self._engine.workers)
                except Spent as end:
                    spent = end
            if not self._pending:
                break
            done, _ = concurrent.futures.wait(
                self._pending, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                result: Done | None = future.result()
                part, reserved = self._pending.pop(future)
                self._owner.budget.count -= reserved
                if result is None:
                    self._todo.append(part)
                    self._send(with_payload=True)
                    continue
                for there in result.there:
                    if not abs(there - point.value) <= point.alike:
                        self._todo.append(part)
                        raise _OtherValues(there)
                found, realised = result.values
                self._owner.budget.count += result.evaluations
                self._seconds = (self._seconds + result.seconds / found.size) / 2
                yield part, found + (point.value - result.there[0]), realised
        if spent is not None:
            raise spent

    @property
    def _most(self) -> int:
        return _IN_FLIGHT * self._engine.workers

    def _send(self, *, with_payload: bool) -> None:
        """Send the next part, with what evaluates or without."""
        part = self._todo.pop()
        left = part.stop - part.start
        whole = int(self._engine.a_task / self._seconds) + 1
        share = -(-left // self._engine.workers)
        size = min(whole, max(share, whole // _PARTS), left)
        try:
            size = min(size, self._owner.budget.allow(self._owner.cost_of(size)))
        except Spent:
            self._todo.append(part)
            raise
        if size < left:
            self._todo.append(slice(part.start + size, part.stop))
        part = slice(part.start, part.start + size)
        columns = tuple(column[part] for column in self._columns)
        reserved = self._owner.cost_of(size)
        try:
            payload = self._sent.payload if with_payload else None
            future = self._engine.submit(perform, self._sent.name, payload, self._method, columns)
            self._sent.times += with_payload
        except BaseException:
            self._todo.append(part)
            raise
        self._owner.budget.count += reserved
        self._pending[future] = part, reserved

    def cancel(self) -> None:
        """Take back what is on its way; what has begun is over before anything else begins."""
        begun = [future for future in self._pending if not future.cancel()]
        for part, reserved in self._pending.values():
            self._owner.budget.count -= reserved
            self._todo.append(part)
        self._pending.clear()
        concurrent.futures.wait(begun)

    def left(self) -> list[slice]:
        """Return the parts that are not done, one evaluation each."""
        return [slice(k, k + 1) for part in self._todo for k in range(part.start, part.stop)]
