"""Evaluations by the workers of a Dask cluster: a scheduler and two processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from tests import executors


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
