"""What a worker does: it keeps what it was sent, evaluates, and returns what f raised."""

from __future__ import annotations

import math
import os
import pickle
import threading
import time
import traceback
from typing import Any, NamedTuple

from gradproof._base.errors import GradproofError, InputError
from gradproof.engine.batching import Columns, Values
from gradproof.engine.serialising import dumps, loads
from gradproof.problems.timeouts import Limit


class Done(NamedTuple):
    """What a worker found: values, what they took, and its own values of f at the point.

    `late` says where f took longer than it may.
    """

    values: Values
    evaluations: int
    seconds: float
    there: tuple[float, float]
    late: list[str]


class Raised(NamedTuple):
    """What was raised in a worker, as bytes if it is on its way, and how that is told there."""

    error: BaseException | bytes
    told: str

    def again(self) -> BaseException:
        """Return the exception; its cause is the traceback in the worker."""
        if isinstance(self.error, BaseException):
            return self.error
        try:
            error: BaseException = pickle.loads(self.error)
        except Exception:
            error = GradproofError(f"f raised what cannot be sent from a worker:\n{self.told}")
        error.__cause__ = _InWorker(self.told)
        return error


class _InWorker(Exception):
    """The traceback of a worker, as the cause of an exception."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


class _Kept(threading.local):
    """What this thread of a worker was sent last; buffers are moved in place, and not shared."""

    name = b""
    owner: Any = None
    limit: Limit | None = None
    there = math.nan, math.nan


_kept = _Kept()
_lock = threading.Lock()


def perform(
    name: bytes, payload: bytes | None, home: int, method: str, columns: Columns
) -> Done | Raised | None:
    """Evaluate in a worker of the process `home`; None where it has not got what evaluates.

    What f raises is returned: all else that is raised is by those who run the workers.
    """
    try:
        return _performed(name, payload, method, columns)
    except Exception as error:
        return Raised(error, "") if os.getpid() == home else _on_its_way(error)


def _performed(name: bytes, payload: bytes | None, method: str, columns: Columns) -> Done | None:
    if _kept.name != name:
        if payload is None:
            return None
        _keep(name, payload)
    owner, late = _kept.owner, _kept.limit.late if _kept.limit is not None else []
    started, before, already = time.perf_counter(), owner.budget.count, len(late)
    with owner.alone(_lock):
        values = getattr(owner, method)(*columns)
    seconds = time.perf_counter() - started
    return Done(values, owner.budget.count - before, seconds, _kept.there, late[already:])


def _keep(name: bytes, payload: bytes) -> None:
    _kept.name, _kept.owner = b"", None
    try:
        _kept.owner, _kept.limit = loads(payload)
    except Exception as error:
        raise InputError(
            f"executor: found a worker that cannot load f ({type(error).__name__}: {error}), "
            "expected the modules that f needs, and memory for the parameters, in every worker"
        ) from error
    try:
        with _kept.owner.alone(_lock):
            # Twice: random numbers that are not repeated in a worker may begin with the same.
            first, second = [_kept.owner.at_point() / _kept.owner.factor for _ in range(2)]
    except Exception as error:
        error.add_note("gradproof: f raised this at the point, in a worker of the executor")
        raise
    _kept.name, _kept.there = name, (first, second)


def _on_its_way(error: Exception) -> Raised:
    """Return an exception as what arrives in another process: it, or a sentence about it."""
    told = "".join(traceback.format_exception(error))
    sentence = GradproofError(
        f"f raised {type(error).__name__}: {error}; the exception itself cannot be sent from a "
        "worker"
    )
    for pack in (pickle.dumps, dumps):
        try:
            packed = pack(error)
            pickle.loads(packed)
        except Exception:
            continue
        return Raised(packed, told)
    return Raised(pickle.dumps(sentence), told)
