"""What holds for every executor: the report is that of a check in one process."""

import os
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[Any]
Function = Callable[[Any], Any]
SIZE, WRONG, SECONDS = 60, 7, 1e-3


def told(report: gp.Report) -> dict[str, Any]:
    """Return all that a report says, but how long it took."""
    return {key: value for key, value in report.to_dict().items() if key != "seconds"}


def slow(size: int = SIZE) -> tuple[Function, Function, Array]:
    """Return a function that takes a while, its gradient and a point.

    All by value: what stands in a module of tests is not there on a cluster.
    """
    import time

    A = np.random.default_rng(0).standard_normal((size, size)) / 5
    seconds = SECONDS

    def f(x: Array) -> float:
        time.sleep(seconds)
        return float(np.sum(np.sin(A @ x)))

    def gradient(x: Array) -> Array:
        return np.asarray(A.T @ np.cos(A @ x))

    return f, gradient, np.linspace(0.0, 1.0, size)


def wrong(gradient: Function) -> Function:
    """Return a gradient that is wrong at one component."""
    return lambda x: gradient(x) * np.where(np.arange(SIZE) == WRONG, 1.01, 1.0)


def is_used(executor: Any, folder: Path) -> bool:
    """Whether f is evaluated by others than this thread."""
    f, gradient, x = slow()
    log = str(folder / "used")

    def logged(x: Array) -> float:
        import os
        import threading

        with open(log, "a") as file:
            file.write(f"{os.getpid()} {threading.get_ident()}\n")
        return float(f(x))

    gp.check(logged, gradient, x, executor=executor)
    here = f"{os.getpid()} {threading.get_ident()}"
    by = Path(log).read_text().splitlines()
    return sum(one != here for one in by) > SIZE


def says_the_same(executor: Any) -> None:
    """See that a right and a wrong gradient get the same report, by components and directions."""
    f, gradient, x = slow()
    for claim in (gradient, wrong(gradient)):
        for plan in ("every", "project"):
            expected = gp.check(f, claim, x, plan=plan)
            found = gp.check(f, claim, x, plan=plan, executor=executor)
            assert told(found) == told(expected)
    assert [one.index for one in found.culprits] in ([], [(WRONG,)])


def survives_the_end_of_a_worker(executor: Any, folder: Path, notes: Collection[str] = ()) -> None:
    """See that a worker that is killed while it evaluates costs no value.

    `notes` is what the report says about it.
    """
    f, gradient, x = slow()
    home, log, victim, enough = os.getpid(), str(folder / "log"), str(folder / "victim"), SIZE // 3

    def killed_once(x: Array) -> float:
        import os
        import signal

        if os.getpid() != home:
            with open(log, "a") as file:
                file.write("x")
            if os.path.getsize(log) > enough:
                try:
                    open(victim, "x").close()
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
        return float(f(x))

    expected = gp.check(f, wrong(gradient), x)
    found = gp.check(killed_once, wrong(gradient), x, executor=executor)
    assert Path(victim).exists()
    assert told(found) == told(expected) | {"notes": [*expected.notes, *notes]}


def is_sent_once(executor: Any, workers: int, folder: Path) -> None:
    """See that each worker makes the parameters out of bytes once in a check."""
    f, gradient, x = slow()
    log = str(folder / "sent")

    def made() -> float:
        import os
        import threading

        with open(log, "a") as file:
            file.write(f"{os.getpid()} {threading.get_ident()}\n")
        return 1.0

    class Parameter(float):
        def __reduce__(self) -> Any:
            return made, ()

    parameter = Parameter(1.0)
    claim = wrong(gradient)
    found = gp.check(lambda x: f(x) + parameter, claim, x, executor=executor)
    assert [one.index for one in found.culprits] == [(WRONG,)]
    by = Path(log).read_text().splitlines()
    assert 1 <= len(set(by)) <= workers
    assert len(by) == len(set(by)), by


def notices_another_f(executor: Any) -> None:
    """See that values of workers are not used where f is another function there."""
    f, gradient, x = slow()
    home = os.getpid()
    for other in (2.0, 1.0 + 1e-6, float("nan")):

        def another(x: Array, other: float = other) -> float:
            import os

            return float(f(x)) * (1.0 if os.getpid() == home else other)

        found = gp.check(another, gradient, x, executor=executor)
        assert found.passed
        (note,) = found.notes
        assert "at the point in a worker and" in note
        assert note.endswith("everything was evaluated in this process")


def repeats_random_numbers(executor: Any, *, of_python: bool = True) -> None:
    """See that a random function is the same one everywhere.

    `of_python` says that f may draw from Python's own generator: Dask does so, too.
    """
    import random

    f, gradient, x = slow()

    def random_f(x: Array) -> float:
        noise = random.random() if of_python else 0.0
        return float(f(x)) + noise + np.random.rand()  # noqa: NPY002

    assert told(gp.check(random_f, gradient, x, executor=executor)) == told(
        gp.check(random_f, gradient, x)
    )
    generator = np.random.default_rng(3)

    def of_user(x: Array) -> float:
        return float(f(x)) + generator.random() * np.random.rand()  # noqa: NPY002

    def seed() -> None:
        generator.bit_generator.state = state
        np.random.seed(4)  # noqa: NPY002

    state = generator.bit_generator.state
    for reseed in (seed, generator):
        problem = gp.Problem(of_user, gradient, x, reseed=reseed)
        assert told(gp.check(problem, executor=executor)) == told(gp.check(problem))


def raises_what_f_raises(executor: Any) -> None:
    """See that exceptions arrive, and that values that are not defined do not end anything."""
    f, gradient, x = slow()
    start = float(x[3])

    def broken(x: Array) -> float:
        if x[3] != start:
            raise KeyError("a bug of the user's")
        return float(f(x))

    with pytest.raises(KeyError, match="a bug of the user's"):
        gp.check(broken, gradient, x, executor=executor)

    def edge(x: Array) -> float:
        if x[0] < 0:
            raise ValueError("not defined here")
        return float(f(x))

    expected = gp.check(edge, gradient, x)
    assert told(gp.check(edge, gradient, x, executor=executor)) == told(expected)


def stays_within_budgets(executor: Any, workers: int, folder: Path) -> None:
    """See that f is evaluated as often as allowed at most, but for the points of the workers."""
    f, gradient, x = slow()
    log = folder / "budget"
    path = str(log)

    def logged(x: Array) -> float:
        with open(path, "a") as file:
            file.write("x\n")
        return float(f(x))

    for budget in (40, 61):
        log.write_text("")
        found = gp.check(logged, gradient, x, executor=executor, budget=budget)
        assert found.verdict == "inconclusive"
        assert found.evaluations <= budget
        assert len(log.read_text().split()) <= budget + 2 * workers
    started = time.perf_counter()
    found = gp.check(f, gradient, x, executor=executor, budget="15ms")
    assert found.causes[0].code == "GP206"
    assert found.evaluations < 75
    assert time.perf_counter() > started
