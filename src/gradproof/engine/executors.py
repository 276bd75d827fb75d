"""The engines that evaluations are shared out by, in the words of one of them."""

from __future__ import annotations

import concurrent.futures
import os
import sys
from collections.abc import Callable
from typing import Any, Protocol

from gradproof._base.errors import InputError
from gradproof._base.validation import described

_RETRIES = 3


class Engine(Protocol):
    """Runs functions elsewhere."""

    @property
    def workers(self) -> int:
        """How many functions run at once."""

    @property
    def a_task(self) -> float:
        """How many seconds a task should take: many times what it takes to be sent."""

    @property
    def draws_from(self) -> tuple[str, ...]:
        """The global generators from which it draws random numbers in this process."""

    def share(self, payload: bytes) -> Any:
        """Return what stands for bytes among the arguments of `submit`."""

    def submit(
        self, function: Callable[..., Any], *arguments: Any
    ) -> concurrent.futures.Future[Any]:
        """Begin a function, and return its future."""

    @property
    def may_end_workers(self) -> bool:
        """Whether workers that hang can be ended, and others take their place."""

    @property
    def delay(self) -> float:
        """How many seconds it may take until a worker begins."""

    @property
    def renewed(self) -> str:
        """What is to be said when it was begun anew, if anything."""

    def renew(self) -> bool:
        """Begin anew after a worker has ended; return whether that is possible."""

    def end_workers(self) -> None:
        """End workers in the middle of what they do, where that is possible."""

    def lost(self, error: BaseException) -> bool:
        """Whether an exception says that the worker of that very task has ended, several times."""

    def close(self) -> None:
        """End what was begun here."""


class _OfFutures:
    """An executor of concurrent.futures, or one that is like these: loky, mpi4py.futures.

    One of processes is replaced by another like it when it breaks.
    """

    a_task = 0.05
    draws_from: tuple[str, ...] = ()
    renewed = (
        "the executor broke when one of its workers ended: what was left was evaluated by other "
        "processes, started for that"
    )

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self._own: concurrent.futures.Executor | None = None
        self.workers = int(getattr(executor, "_max_workers", None) or os.cpu_count() or 1)
        self.may_end_workers = isinstance(executor, concurrent.futures.ProcessPoolExecutor)
        threads = isinstance(executor, concurrent.futures.ThreadPoolExecutor)
        self.delay = 1.0 if threads else 30.0

    def share(self, payload: bytes) -> Any:
        return payload

    def submit(
        self, function: Callable[..., Any], *arguments: Any
    ) -> concurrent.futures.Future[Any]:
        return self._executor.submit(function, *arguments)

    def renew(self) -> bool:
        before: Any = self._executor
        if not isinstance(before, concurrent.futures.ProcessPoolExecutor):
            return False
        self.close()
        self._executor = self._own = concurrent.futures.ProcessPoolExecutor(
            self.workers,
            mp_context=before._mp_context,
            initializer=before._initializer,
            initargs=before._initargs,
        )
        return True

    def end_workers(self) -> None:
        processes: Any = getattr(self._executor, "_processes", None) or {}
        for process in list(processes.values()):
            process.kill()

    def lost(self, error: BaseException) -> bool:
        return False

    def close(self) -> None:
        if self._own is not None:
            self._own.shutdown(cancel_futures=True)


class _OfLoky(_OfFutures):
    """The processes of joblib, which begin anew when one of them has ended."""

    a_task = 0.1
    renewed = ""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.renew()
        super().__init__(self._executor)
        self.workers = jobs
        self.may_end_workers = True

    def renew(self) -> bool:
        from joblib.externals.loky import get_reusable_executor

        self._executor = get_reusable_executor(max_workers=self._jobs)
        return True

    def end_workers(self) -> None:
        executor: Any = self._executor
        executor.shutdown(wait=False, kill_workers=True)


class _OfDask(_OfFutures):
    """A client of Dask, whose scheduler gives the tasks of a worker that ended to another."""

    a_task = 0.2
    draws_from = ("random",)

    def __init__(self, client: Any) -> None:
        super().__init__(client.get_executor(pure=False, retries=_RETRIES))
        self.delay = 10.0
        self._client = client
        self.workers = max(1, sum(client.nthreads().values()))

    def share(self, payload: bytes) -> Any:
        return self._client.scatter(payload, broadcast=True, hash=False)

    def lost(self, error: BaseException) -> bool:
        return type(error).__name__ == "KilledWorker"


class _OfRay:
    """Ray, which begins a task anew when its worker has ended."""

    a_task = 0.2
    draws_from = ()
    may_end_workers = False  # another task may be begun in the meantime
    delay = 60.0
    renewed = ""

    def __init__(self, ray: Any) -> None:
        if not ray.is_initialized():
            raise InputError(
                "executor: found Ray without a cluster, expected ray.init() to be called before"
            )
        self._ray = ray
        self._remote: dict[Callable[..., Any], Any] = {}
        self.workers = max(1, int(ray.cluster_resources().get("CPU", 1)))

    def share(self, payload: bytes) -> Any:
        return self._ray.put(payload)

    def submit(
        self, function: Callable[..., Any], *arguments: Any
    ) -> concurrent.futures.Future[Any]:
        if function not in self._remote:
            self._remote[function] = self._ray.remote(max_retries=_RETRIES)(function)
        future: concurrent.futures.Future[Any] = self._remote[function].remote(*arguments).future()
        return future

    def renew(self) -> bool:
        return False

    def end_workers(self) -> None:
        """Leave them."""

    def lost(self, error: BaseException) -> bool:
        return type(error).__name__ in ("WorkerCrashedError", "OutOfMemoryError")

    def close(self) -> None:
        """Leave the cluster as it is."""


def engine_of(executor: Any) -> Engine:
    """Return the engine that an `executor` is."""
    if isinstance(executor, concurrent.futures.Executor):
        return _OfFutures(executor)
    if executor is sys.modules.get("ray", 0):
        return _OfRay(executor)
    if isinstance(executor, _type("distributed", "Client")):
        return _OfDask(executor)
    if isinstance(executor, _type("joblib", "Parallel")):
        backend = type(executor._backend).__name__
        if backend != "LokyBackend":
            raise InputError(
                f"executor: found a joblib.Parallel over {backend}, expected one over processes, "
                "backend='loky'; Dask and Ray are given as they are"
            )
        return _OfLoky(sys.modules["joblib"].effective_n_jobs(executor.n_jobs))
    raise InputError(
        f"executor: found {described(executor)}, expected a concurrent.futures.Executor (or that "
        "of mpi4py.futures or loky), a joblib.Parallel, a dask.distributed.Client, or the module "
        "ray after ray.init()"
    )


def _type(module: str, name: str) -> Any:
    """Return a type of a module, of which there is nothing where it was never imported."""
    return getattr(sys.modules.get(module), name, ())
