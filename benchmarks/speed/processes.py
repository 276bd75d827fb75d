"""Part: the same check by two processes, on every engine that there is."""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib.util
import logging
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.speed.busy import Busy
from benchmarks.speed.measuring import Sheet, Times

import gradproof as gp

_LASTING = 6e-3  # seconds, more than the 5 ms from which on the targets hold
_ROUNDS = 5


@contextlib.contextmanager
def _of_futures() -> Iterator[Any]:
    spawned = multiprocessing.get_context("spawn")  # JAX runs threads, which a fork would lose
    with concurrent.futures.ProcessPoolExecutor(2, spawned) as pool:
        yield pool


@contextlib.contextmanager
def _of_joblib() -> Iterator[Any]:
    import joblib

    yield joblib.Parallel(2)


@contextlib.contextmanager
def _of_dask() -> Iterator[Any]:
    from distributed import Client, LocalCluster

    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=folder,
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextlib.contextmanager
def _of_ray() -> Iterator[Any]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        yield ray
    finally:
        ray.shutdown()


_ENGINES: list[tuple[str, str, Callable[[], contextlib.AbstractContextManager[Any]], float]] = [
    ("`ProcessPoolExecutor`", "concurrent.futures", _of_futures, 1.8),
    ("joblib", "joblib", _of_joblib, 1.8),
    ("Dask", "distributed", _of_dask, 1.6),
    ("Ray", "ray", _of_ray, 1.6),
]


def run(sheet: Sheet) -> None:
    """Compare with one process; what starts the processes is not counted."""
    f = Busy(60 if sheet.quick else 600, _LASTING)
    rows = []
    for name, module, start, limit in _ENGINES:
        if importlib.util.find_spec(module) is None:
            rows.append((name, "not installed", "–"))
            continue
        if sheet.quick and module in ("distributed", "ray"):
            rows.append((name, "not in a quick run: they take long to start", "–"))
            continue
        with start() as engine:
            report = _check(f, engine)
            sheet.require(f"two processes of {name}: {report.headline}", report.passed)
            times = Times(
                {
                    "one": lambda: _check(f),
                    "two": lambda engine=engine: _check(f, engine),  # type: ignore[misc]
                },
                1 if sheet.quick else _ROUNDS,
            )
        ratio = times.ratio("one", "two")
        cell = sheet.bound(f"two processes of {name}", ratio, limit, at_least=True)
        rows.append((name, f"{report.evaluations:,}", cell))
    head = f"two processes, f of {_LASTING * 1e3:.0f} ms"
    sheet.table((head, "evaluations", "one process / two"), rows)


def _check(f: Busy, executor: Any = None) -> gp.Report:
    return gp.check(f, f.gradient, f.at, plan="every", executor=executor)
