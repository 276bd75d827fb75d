"""Evaluations by other processes, on the engine that the user brings.

What is evaluated is sent to each worker once: a task names it, and a worker that does not have it
says so and is sent it. Where a worker ends in the middle, its task is begun anew.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.phrases import counted
from gradproof.engine.batching import Columns
from gradproof.engine.budget import Spent
from gradproof.engine.executors import Engine
from gradproof.engine.serialising import dumps
from gradproof.engine.shared_block import Broke, Gone, OtherValues, Owner, Point, Sent, SharedBlock
from gradproof.numerics.protocol import FloatArray
from gradproof.problems.timeouts import Limit

_WORTH_WHILE = 0.05  # seconds: what takes less is done here
_MOST_ENDED = 64  # evaluations that are ended, until the check is


class Workers:
    """Shares out blocks of evaluations among the workers of an engine.

    Under a `limit`, or once a worker has ended, all of them, however quick they are: nothing hangs
    in this process, or ends it.
    """

    def __init__(self, engine: Engine, limit: Limit | None = None) -> None:
        self._engine: Engine | None = engine
        self.draws_from = engine.draws_from
        self.limit = limit
        self._fatal: list[str] = []  # where workers ended whenever f was evaluated there
        self._ended: Counter[int] = Counter()
        self._sent = Sent(b"", b"")
        self._note = ""
        self._worker_ended = False

    @property
    def notes(self) -> list[str]:
        """What is to be said about the workers."""
        notes = [self._note] if self._note else []
        if self._fatal:
            notes.append(
                f"workers ended whenever f was evaluated at {counted(len(self._fatal), 'point')} "
                "(a crash, no memory left, no end), where it counts as not defined: first with "
                f"{self._fatal[0]}"
            )
        if self.limit is not None and self.limit.late:
            late = self.limit.late
            notes.append(
                f"f took longer than timeout={self.limit.seconds:g} s at "
                f"{counted(len(late), 'point')}, where it counts as not defined: first with "
                f"{late[0]}"
            )
        return notes

    @property
    def take_all(self) -> bool:
        """Whether nothing but the point is evaluated in this process."""
        return self._engine is not None and (self.limit is not None or self._worker_ended)

    def are_worth(self, seconds: float) -> bool:
        """Whether what takes so long here is worth sending."""
        return self._engine is not None and (self.take_all or seconds >= _WORTH_WHILE)

    def try_point(self, owner: Owner, nowhere: FloatArray) -> None:
        """See in a worker that f does not hang at the point, before it is evaluated here."""
        if self.limit is None:
            return
        before = owner.budget.count
        try:
            columns = [nowhere], np.zeros(1)
            list(self.evaluate(owner, "values_along", columns, seconds=1.0, value=None))
        except (Spent, InputError):
            raise
        except Exception:  # f raises it here, too
            return
        finally:
            owner.budget.count = before
        if self.limit.late or self._fatal:
            how = f"f took longer than timeout={self.limit.seconds:g} s"
            how = how if self.limit.late else "workers ended whenever f was evaluated"
            self.limit.late.clear()
            self._fatal.clear()
            raise Spent(f"{how} at the point itself")

    def evaluate(
        self,
        owner: Owner,
        method: str,
        columns: Columns,
        *,
        seconds: float,
        value: float | None,
        roundoff: float = 0.0,
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield the values of a block, part by part, as they arrive.

        `seconds` is what one evaluation takes here, `value` what f is at the point if that is
        known, and `roundoff` the unit roundoff of its values.
        """
        assert self._engine is not None
        payload = dumps((owner, self.limit))
        name = hashlib.sha256(payload).digest()
        if self._sent.name != name:
            self._sent = Sent(name, payload, here=self._sent.here, took=self._sent.took)
        block = SharedBlock(
            self._engine, self._sent, owner, method, columns, seconds, self.limit, self._ended
        )
        try:
            yield from self._by_workers(block, Point.of(value, roundoff))
            return
        except Gone as gone:
            if self.take_all:
                raise Spent(f"the executor {gone}, and f may hang, or end this process") from None
            self._note = f"the executor {gone}: what was left was evaluated in this process"
        except OtherValues as other:
            self._note = (
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

    def _by_workers(
        self, block: SharedBlock, point: Point | None
    ) -> Iterator[tuple[slice, FloatArray, FloatArray]]:
        """Yield what arrives, and go on with other workers where the engine broke."""
        assert self._engine is not None
        while True:
            try:
                for part in block.parts(point):
                    self._fatal += block.fatal
                    block.fatal.clear()
                    yield part
                    self._require_patience()
                return
            except Broke:
                block.begin_anew()
                if not self._engine.renew():
                    raise Gone("broke when one of its workers ended") from None
                self._note, self._worker_ended = self._engine.renewed, True

    def _require_patience(self) -> None:
        """Raise `Spent` where so many evaluations were ended that nothing is left to hope for."""
        late = self.limit.late if self.limit is not None else []
        if len(late) + len(self._fatal) >= _MOST_ENDED:
            raise Spent(f"f was ended at {_MOST_ENDED} points")
