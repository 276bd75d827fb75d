"""Evaluations by the workers of a local Ray."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from tests import executors

import gradproof as gp


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_ray_without_a_cluster_is_told() -> None:
    with pytest.raises(gp.InputError, match=r"^executor: found Ray without a cluster"):
        gp.check(lambda x: x**2, lambda x: 2 * x, 3.0, executor=ray)


def test_the_report_is_that_of_one_process(cluster: Any, tmp_path: Path) -> None:
    assert executors.is_used(cluster, tmp_path)
    executors.says_the_same(cluster)


def test_what_evaluates_is_sent_to_each_worker_once(cluster: Any, tmp_path: Path) -> None:
    executors.is_sent_once(cluster, 2, tmp_path)


def test_another_f_in_workers_is_noticed(cluster: Any) -> None:
    executors.notices_another_f(cluster)


def test_random_numbers_are_repeated_in_workers(cluster: Any) -> None:
    executors.repeats_random_numbers(cluster)


def test_what_f_raises_arrives(cluster: Any) -> None:
    executors.raises_what_f_raises(cluster)


def test_budgets_hold(cluster: Any, tmp_path: Path) -> None:
    executors.stays_within_budgets(cluster, 2, tmp_path)


def test_a_lost_task_is_begun_anew(cluster: Any, tmp_path: Path) -> None:
    executors.survives_the_end_of_a_worker(cluster, tmp_path)
