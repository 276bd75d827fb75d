"""What a process holds: memory, files, threads, and the state of everything global."""

from __future__ import annotations

import dataclasses
import gc
import os
import random
import signal
import threading
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory() -> float:
    """Return the resident memory of this process, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE / 2**20


@dataclasses.dataclass(frozen=True)
class Holding:
    """What a process holds at one moment."""

    memory: float
    files: int
    threads: int
    objects: int

    @classmethod
    def now(cls) -> Holding:
        """Return what is held after the garbage was collected."""
        gc.collect()
        files = len(os.listdir("/proc/self/fd")) - 1  # that of the listing itself
        return cls(memory(), files, threading.active_count(), len(gc.get_objects()))


def global_state() -> dict[str, Any]:
    """Return all global state that a check could leave changed."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "numpy's generator": (name, np.asarray(keys).tobytes(), tuple(rest)),
        "Python's generator": random.getstate(),
        "warnings filters": tuple(map(id, warnings.filters)),
        "numpy's error state": tuple(np.geterr().items()),
        "signal handler": signal.getsignal(signal.SIGINT),
        "working directory": os.getcwd(),
    }


def left_by(run: Callable[[], object]) -> float:
    """Return the memory that a second run leaves allocated, in KiB.

    What the first run fills for good (caches, imports) is not counted.
    """
    run()
    tracemalloc.start()
    try:
        run()  # what is remembered of the last check is replaced
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run()
        gc.collect()
        return (tracemalloc.get_traced_memory()[0] - before) / 2**10
    finally:
        tracemalloc.stop()
