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

    def renew(self) -> bool:
        """Begin anew after a worker has ended; return whether that is possible."""


class _OfFutures:
    """An executor of concurrent.futures, or one that is like these: loky, mpi4py.futures."""

    a_task = 0.05
    draws_from: tuple[str, ...] = ()

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self._executor = executor
        self.workers = int(getattr(executor, "_max_workers", None) or os.cpu_count() or 1)

    def share(self, payload: bytes) -> Any:
        return payload

    def submit(
        self, function: Callable[..., Any], *arguments: Any
    ) -> concurrent.futures.Future[Any]:
        return self._executor.submit(function, *arguments)

    def renew(self) -> bool:
        return False


class _OfLoky(_OfFutures):
    """The processes of joblib, which begin anew when one of them has ended."""

    a_task = 0.1

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.renew()
        super().__init__(self._executor)
        self.workers = jobs

    def renew(self) -> bool:
        from joblib.externals.loky import get_reusable_executor

        self._executor = get_reusable_executor(max_workers=self._jobs)
        return True


class _OfDask(_OfFutures):
    """A client of Dask, whose scheduler gives the tasks of a worker that ended to another."""

    a_task = 0.2
    draws_from = ("random",)

    def __init__(self, client: Any) -> None:
        super().__init__(client.get_executor(pure=False, retries=_RETRIES))
        self._client = client
        self.workers = max(1, sum(client.nthreads().values()))

    def share(self, payload: bytes) -> Any:
        return self._client.scatter(payload, broadcast=True, hash=False)

    def renew(self) -> bool:
        return True


class _OfRay:
    """Ray, which begins a task anew when its worker has ended."""

    a_task = 0.2
    draws_from = ()

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
        return True


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
