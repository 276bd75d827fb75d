"""The same seed says the same, whoever evaluates f, in what portions, and in which order."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pytest
from tests.executors import told

import gradproof as gp

Array = npt.NDArray[Any]
N = 40
A = np.random.default_rng(0).standard_normal((N, N)) / 5
X = np.linspace(0.1, 1, N)


def sines(x: Array) -> Any:
    return np.sum(np.sin(x @ A), axis=-1)


def gradient(x: Array) -> Array:
    return np.asarray(A @ np.cos(x @ A))


def with_kinks(x: Array) -> Any:
    return np.sum(np.abs(x - X[3]) + x * x, axis=-1)


def gradient_with_kinks(x: Array) -> Array:
    return np.asarray(np.sign(x - X[3]) + 2 * x)


def draws(x: Array) -> Any:
    return sines(x) + np.random.random()  # noqa: NPY002


ONE = np.where(np.arange(N) == 7, 1.01, 1.0)
HALF = np.where(np.arange(N) < N // 2, 2.0, 1.0)
PROBLEMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], dict[str, Any]]] = {
    "right": (sines, gradient, {}),
    "one component": (sines, lambda x: gradient(x) * ONE, {}),
    "along directions": (sines, lambda x: gradient(x) * HALF, {"plan": "project"}),
    "a factor": (sines, lambda x: 1.5 * gradient(x), {"plan": "leaves"}),
    "kinks": (with_kinks, gradient_with_kinks, {}),
    "random": (draws, gradient, {}),
}


def problem(name: str, **options: Any) -> tuple[gp.Problem, dict[str, Any]]:
    f, claim, asked = PROBLEMS[name]
    return gp.Problem(f, claim, X, **options), asked


EXPECTED: dict[str, dict[str, Any]] = {}


def expected(name: str) -> dict[str, Any]:
    """Return what one process says, one point after the other."""
    if name not in EXPECTED:
        one, options = problem(name)
        EXPECTED[name] = told(gp.check(one, **options))
    return EXPECTED[name]


class OutOfOrder(Executor):
    """Completes what it was given in another order: the last first, or at random."""

    def __init__(self, workers: int, choose: Callable[[int], int]) -> None:
        self._max_workers = workers
        self._choose = choose
        self._tasks: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self._changed = threading.Condition()
        self._ended = False
        self.order: list[int] = []
        self._numbers = itertools.count()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.number = next(self._numbers)  # type: ignore[attr-defined]
        with self._changed:
            self._tasks.append((future, fn, args))
            self._changed.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._changed:
                # All that may be on its way at once, or what there is.
                self._changed.wait_for(
                    lambda: self._ended or len(self._tasks) >= 2 * self._max_workers, timeout=2e-3
                )
                if self._ended and not self._tasks:
                    return
                if not self._tasks:
                    continue
                future, fn, args = self._tasks.pop(self._choose(len(self._tasks)))
            if future.set_running_or_notify_cancel():
                self.order.append(future.number)  # type: ignore[attr-defined]
                try:
                    future.set_result(fn(*args))
                except BaseException as error:
                    future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()


@pytest.fixture
def _everything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what is quick, too, in small tasks."""
    monkeypatch.setattr("gradproof.engine.workers._WORTH_WHILE", 0.0)
    monkeypatch.setattr("gradproof.engine.executors._OfFutures.a_task", 1e-4)


@pytest.mark.usefixtures("_everything_is_sent")
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_order_of_completion_makes_no_difference(name: str, workers: int) -> None:
    one, options = problem(name)
    at_random = random.Random(workers).randrange
    choose = at_random if workers == 2 else lambda size: size - 1  # the last first
    with OutOfOrder(workers, choose) as executor:
        found = gp.check(one, executor=executor, **options)
    assert told(found) == expected(name)
    assert len(executor.order) > 5
    assert workers == 1 or executor.order != sorted(executor.order)


@pytest.fixture(scope="module", params=["threads", "processes", "joblib"])
def executor(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "joblib":
        yield joblib.Parallel(n_jobs=2)
    else:
        pools = {"threads": ThreadPoolExecutor, "processes": ProcessPoolExecutor}
        with pools[request.param](3) as pool:
            yield pool


@pytest.mark.usefixtures("_everything_is_sent")
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_executor_makes_no_difference(name: str, executor: Any) -> None:
    one, options = problem(name)
    assert told(gp.check(one, executor=executor, **options)) == expected(name)


def decided(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report decides: verdicts, culprits, causes. Values may differ by rounding."""
    return {
        "verdict": report["verdict"],
        "leaves": [(leaf["address"], leaf["verdict"], leaf["wrong"]) for leaf in report["leaves"]],
        "culprits": [one["address"] for one in report["culprits"]],
        "patterns": [(one["address"], one["words"]) for one in report["patterns"]],
        "causes": [(one["code"], one["addresses"]) for one in report["causes"]],
    }


@pytest.mark.parametrize("sizes", [(1,), (2,), (7,), (15, 63, 255, 1023)])
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "random"])
def test_the_size_of_batches_makes_no_difference(
    name: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradproof.engine.batching._SIZES", sizes)
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, math.inf))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._LEAST", 1)
    monkeypatch.setattr("gradproof.engine.every._MANY", 8)
    one, options = problem(name, vectorized=True)
    found = gp.check(one, **options)
    assert decided(found.to_dict()) == decided(expected(name))
    if options.get("plan", "auto") == "auto":
        assert any("many points at once" in note for note in found.notes)


SCRIPT = """
import json
import numpy as np
import gradproof as gp

rng = np.random.default_rng(0)
at = {name: rng.standard_normal((3, 4)) for name in ("W", "größe", "b", "c")}

def f(p):
    return sum(k * np.sum(np.sin(p[name])) for k, name in enumerate(p, 1))

def right(p):
    return {name: k * np.cos(x) for k, (name, x) in enumerate(p.items(), 1)}

def exchanged(p):
    g = right(p)
    return g | {"W": g["b"], "b": g["W"], "c": 2 * g["c"]}

reports = [
    gp.check(f, claim, at, plan=plan, seed=3).to_dict() | {"seconds": 0}
    for claim in (right, exchanged)
    for plan in ("every", "leaves")
]
print(json.dumps(reports))
"""


def test_another_hash_of_strings_makes_no_difference() -> None:
    found = []
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        found.append(json.loads(run.stdout))
    assert found[0] == found[1]
    codes = {cause["code"] for report in found[0] for cause in report["causes"]}
    assert codes >= {"GP302", "GP407"}
