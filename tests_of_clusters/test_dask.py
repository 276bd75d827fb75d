"""Evaluations by the workers of a Dask cluster: a scheduler and two processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from tests import executors

import gradproof as gp


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_the_report_is_that_of_one_process(client: Any, tmp_path: Path) -> None:
    assert executors.is_used(client, tmp_path)
    executors.says_the_same(client)


def test_what_evaluates_is_sent_to_each_worker_once(client: Any, tmp_path: Path) -> None:
    executors.is_sent_once(client, 2, tmp_path)


def test_another_f_in_workers_is_noticed(client: Any) -> None:
    executors.notices_another_f(client)


def test_random_numbers_are_repeated_in_workers(client: Any) -> None:
    executors.repeats_random_numbers(client, of_python=False)


def test_what_f_raises_arrives(client: Any) -> None:
    executors.raises_what_f_raises(client)


def test_budgets_hold(client: Any, tmp_path: Path) -> None:
    executors.stays_within_budgets(client, 2, tmp_path)


def test_a_lost_task_is_begun_anew(client: Any, tmp_path: Path) -> None:
    executors.survives_the_end_of_a_worker(client, tmp_path)


def test_a_thread_that_hangs_is_told(client: Any, tmp_path: Path) -> None:
    f, gradient, x = executors.slow()
    release = tmp_path / "release"
    path = str(release)

    def hanging(y: Any) -> float:
        import os
        import time

        import numpy as np

        while y[3] != x[3] and np.sum(y != x) == 1 and not os.path.exists(path):
            time.sleep(0.05)
        return float(f(y))

    try:
        report = gp.check(hanging, gradient, x, executor=client, timeout=0.5)
    finally:
        release.touch()
    assert report.verdict == "inconclusive", report.summary()
    assert "the executor returned nothing for " in report.notes[-1]
    assert "f hangs with y[3] moved by " in report.notes[-1]


def test_a_cluster_that_is_gone_ends_no_check() -> None:
    f, gradient, x = executors.slow()
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL"
        ) as cluster,
        Client(cluster) as client,
    ):

        def close(done: int, total: int) -> None:
            if done > 3:
                cluster.close()

        report = gp.check(f, gradient, x, executor=client, progress=close)
    assert report.passed
    assert any(note.startswith("the executor ") for note in report.notes)
