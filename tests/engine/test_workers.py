"""Evaluations by other threads and processes: faster where f is slow, and never another report."""

import concurrent.futures
import math
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from tests import executors
from tests.executors import SIZE, Array, slow, told, wrong

import gradproof as gp

BROKE = (
    "the executor broke when one of its workers ended: what was left was evaluated by other "
    "processes, started for that"
)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module", params=["processes", "threads", "joblib"])
def executor(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "processes":
        yield request.getfixturevalue("processes")
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as threads:
            yield threads
    else:
        yield joblib.Parallel(n_jobs=2)


def test_the_report_is_that_of_one_process(executor: Any, tmp_path: Path) -> None:
    assert executors.is_used(executor, tmp_path)
    executors.says_the_same(executor)


def test_what_evaluates_is_sent_to_each_worker_once(executor: Any, tmp_path: Path) -> None:
    executors.is_sent_once(executor, 2, tmp_path)


def test_random_numbers_are_repeated_in_workers(executor: Any) -> None:
    executors.repeats_random_numbers(executor)


def test_what_f_raises_arrives(executor: Any) -> None:
    executors.raises_what_f_raises(executor)


def test_budgets_hold(executor: Any, tmp_path: Path) -> None:
    executors.stays_within_budgets(executor, 2, tmp_path)


def test_another_f_in_workers_is_noticed(processes: Executor) -> None:
    executors.notices_another_f(processes)
    executors.notices_another_f(joblib.Parallel(n_jobs=2))


def test_random_numbers_that_only_begin_alike_are_noticed(processes: Executor) -> None:
    """A generator that a worker draws from is not the one that is rewound there."""
    f, gradient, x = slow()
    home = os.getpid()
    generator = np.random.default_rng(3)

    def drawing(x: Array) -> float:
        theirs = f.__dict__.setdefault("generator", np.random.default_rng(3))
        return float(f(x)) + (generator if os.getpid() == home else theirs).random()

    report = gp.check(gp.Problem(drawing, gradient, x, reseed=generator), executor=processes)
    assert report.passed
    assert any("everything was evaluated in this process" in note for note in report.notes)


def test_another_rounding_in_workers_makes_no_difference(processes: Executor) -> None:
    """The libraries of another machine round in another way."""
    f, gradient, x = slow()
    home = os.getpid()

    def rounded(x: Array) -> float:
        return float(f(x)) + (os.getpid() != home) * 1e-11

    report = gp.check(rounded, gradient, x, executor=processes)
    expected = gp.check(f, gradient, x)
    assert report.passed
    assert report.evaluations == expected.evaluations
    assert report.notes == expected.notes == ()


def test_joblib_begins_a_lost_task_anew(tmp_path: Path) -> None:
    executors.survives_the_end_of_a_worker(joblib.Parallel(n_jobs=2), tmp_path)


def test_what_broken_processes_leave_is_evaluated_by_others(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2) as executor:
        executors.survives_the_end_of_a_worker(executor, tmp_path, [BROKE])


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_makes_no_difference(workers: int) -> None:
    f, gradient, x = slow()
    with ThreadPoolExecutor(workers) as executor:
        found = gp.check(f, wrong(gradient), x, executor=executor)
    assert told(found) == told(gp.check(f, wrong(gradient), x))


f_slow, g_slow, X = slow()
PROBLEMS = {
    "bounds": gp.Problem(f_slow, g_slow, X, bounds=(0.0, 1.0)),
    "float32": gp.Problem(f_slow, g_slow, X.astype("float32")),
    "terms": gp.Problem(lambda x: f_slow(x) * np.ones(3), lambda x: 3 * g_slow(x), X, terms="sum"),
    "vjp": gp.Problem(
        lambda x: {"a": np.sin(x), "b": f_slow(x)},
        gp.VJP(lambda x, u: np.cos(x) * u["a"] + g_slow(x) * u["b"]),
        X,
    ),
    "jacobian": gp.Problem(
        lambda x: np.sin(x) + 0 * f_slow(x),
        gp.Jacobian(lambda x: np.diag(np.cos(x) * np.where(np.arange(SIZE) == 7, 1.1, 1))),
        X,
    ),
    "hessian": gp.Problem(
        lambda x: np.sum(np.sin(x)) + 0 * f_slow(np.resize(x, SIZE)),
        gp.Hessian(lambda x: np.diag(-np.sin(x))),
        X[:4],
    ),
    "numbers": gp.Problem(
        lambda p: f_slow(p["x"]) * p["s"],
        lambda p: {"x": g_slow(p["x"]) * p["s"], "s": f_slow(p["x"])},
        {"x": X, "s": 2.0},
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_of_every_kind_are_the_same_elsewhere(name: str, processes: Executor) -> None:
    problem = PROBLEMS[name]
    assert told(gp.check(problem, executor=processes)) == told(gp.check(problem))


def test_f_that_writes_to_its_argument_gets_copies_there_too(processes: Executor) -> None:
    f, gradient, x = slow()

    def writing(x: Array) -> float:
        value = float(f(x))
        x *= 2
        return value

    expected = gp.check(writing, gradient, x)
    assert told(gp.check(writing, gradient, x, executor=processes)) == told(expected)


def test_workers_evaluate_batches(processes: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))

    import time

    def f(x: Array) -> Any:
        time.sleep(2e-3)
        return np.sum(np.sin(x), axis=-1)

    x = np.linspace(0.1, 3, 400)
    for claim, culprits in ((np.cos, []), (lambda x: np.cos(x) + (x == x[9]), [(9,)])):
        problem = gp.Problem(f, claim, x, vectorized=True)
        found = gp.check(problem, executor=processes)
        assert found.passed == (not culprits)
        assert [one.index for one in found.culprits] == culprits
        assert any("at many points at once" in note for note in found.notes)


def test_quick_functions_stay_here(tmp_path: Path) -> None:
    class Unused(Executor):
        def submit(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("what is quick was sent")

    assert gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, X, executor=Unused()).passed


def test_ctrl_c_ends_a_check_with_a_report() -> None:
    f, gradient, x = slow()
    moved: list[float] = []

    def interrupting(at: Array) -> float:
        if at[9] != x[9] and not moved:
            moved.append(at[9])
            # To the thread that waits for this one: it cannot end the check before it has seen it.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return float(f(at))

    with ThreadPoolExecutor(1) as executor:
        report = gp.check(interrupting, gradient, x, executor=executor)
    assert report.interrupted, report.summary()
    assert report.verdict == "inconclusive"
    assert "interrupted" in report.notes[-1]


def test_generators_are_back_where_they_were_when_f_raises() -> None:
    """No thread goes on to draw behind the end of a check."""
    f, gradient, x = slow()
    start = float(x[3])

    def broken(x: Array) -> float:
        np.random.rand()  # noqa: NPY002
        if x[3] != start:
            raise KeyError
        return float(f(x))

    before = np.random.get_state(legacy=False)  # noqa: NPY002
    with ThreadPoolExecutor(2) as executor, pytest.raises(KeyError):
        gp.check(broken, gradient, x, executor=executor)
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    assert np.array_equal(before["state"]["key"], after["state"]["key"])
    assert before["state"]["pos"] == after["state"]["pos"]


def test_what_cannot_be_sent_is_told(processes: Executor, tmp_path: Path) -> None:
    f, gradient, x = slow()
    with (
        open(tmp_path / "file", "w") as file,
        pytest.raises(gp.InputError, match="^executor: found a problem that cannot be sent"),
    ):
        gp.check(lambda x: f(x) + file.closed, gradient, x, executor=processes)


def test_without_cloudpickle_the_extra_is_named(
    processes: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    f, gradient, x = slow()
    with pytest.raises(gp.MissingExtra, match=r"gradproof\[parallel\]"):
        gp.check(f, gradient, x, executor=processes)


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (2, "^executor: found 2, .*expected a concurrent.futures.Executor"),
        (map, "^executor: found"),
        (ThreadPoolExecutor, "^executor: found"),
        (joblib.Parallel(n_jobs=2, prefer="threads"), "found a joblib.Parallel over Threading"),
    ],
)
def test_what_is_no_executor_is_told(executor: Any, words: str) -> None:
    with pytest.raises(gp.InputError, match=words):
        gp.check(np.sum, np.ones_like, X, executor=executor)


def test_nothing_is_left_behind_in_the_executor() -> None:
    f, gradient, x = slow()
    with ThreadPoolExecutor(2) as executor:
        gp.check(f, gradient, x, executor=executor)
        waiting: list[concurrent.futures.Future[int]] = [executor.submit(int, 3)]
        assert waiting[0].result(timeout=60) == 3
