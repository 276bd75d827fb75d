"""A journal: runs that end before their time go on where they were, and change nothing."""

import contextlib
import dataclasses
import json
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import gradproof as gp

Array = npt.NDArray[Any]
A = np.random.default_rng(0).standard_normal((80, 80)) / 5
X = np.linspace(0.1, 1, 80)
WRONG = np.where(np.arange(80) == 7, 1.01, 1.0)


def sines(x: Any) -> Any:
    return np.sum(np.sin(A @ x))


def gradient(x: Any) -> Any:
    return A.T @ np.cos(A @ x)


def slowly(x: Any) -> Any:
    time.sleep(2e-3)
    return sines(x)


class Killed(BaseException):
    """Ends a run as nothing does that a check expects."""


class Counted:
    """A function that counts its calls, and ends the run at one of them."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.calls, self.last = f, 0, -1

    def __call__(self, at: Any) -> Any:
        self.calls += 1
        if self.calls == self.last:
            raise Killed
        return self.f(at)


def told(report: gp.Report) -> dict[str, Any]:
    return without_seconds(report.to_dict())


def without_seconds(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if key != "seconds"}


def writes_far_away(x: Array) -> Any:
    value = sines(x)
    if np.abs(x - X).max() > 1e-4:
        x *= 2
    return value


def draws_far_away(x: Array) -> Any:
    return sines(x) + (np.abs(x - X).max() > 1e-4) * np.random.rand()  # noqa: NPY002


def noisy(x: Array) -> Any:
    """Noise by a hash of the argument; nothing but complex steps sees through it."""
    noise = 0.0 if np.iscomplexobj(x) else 1e-3 * np.sin(1e14 * np.sum(x.real))
    return np.sum(np.sin(x)) * (1 + noise)


def hessian(x: Array) -> Array:
    return np.diag(-np.sin(x))


PROBLEMS: dict[str, tuple[gp.Problem, dict[str, Any]]] = {
    "right": (gp.Problem(sines, gradient, X), {}),
    "wrong": (gp.Problem(sines, lambda x: gradient(x) * WRONG, X), {}),
    "wrong, along directions": (
        gp.Problem(sines, lambda x: gradient(x) * np.where(WRONG > 1, 3.0, 1.0), X),
        {"plan": "project"},
    ),
    "self-test": (gp.Problem(sines, gradient, X), {"self_test": True}),
    "bounds": (gp.Problem(sines, gradient, X, bounds=(X[0], X[-1])), {}),
    "terms": (gp.Problem(lambda x: np.sin(A @ x), gradient, X, terms="sum"), {}),
    "float32": (gp.Problem(sines, gradient, X.astype("float32")), {}),
    "noise": (gp.Problem(noisy, np.cos, X), {}),
    "random": (
        gp.Problem(lambda x: sines(x) + np.random.rand(), gradient, X),  # noqa: NPY002
        {},
    ),
    "random far away": (gp.Problem(draws_far_away, gradient, X), {}),
    "writes far away": (gp.Problem(writes_far_away, gradient, X), {}),
    "vjp": (
        gp.Problem(lambda x: np.sin(A @ x), gp.VJP(lambda x, u: A.T @ (np.cos(A @ x) * u)), X),
        {},
    ),
    "wrong jacobian": (
        gp.Problem(np.sin, gp.Jacobian(lambda x: np.diag(np.cos(x) * WRONG)), X),
        {},
    ),
    "hessian": (gp.Problem(lambda x: np.sum(np.sin(x)), gp.Hessian(hessian), X[:9]), {}),
    "hvp": (
        gp.Problem(
            lambda x: np.sum(np.sin(x)),
            gp.HVP(lambda x, v: -np.sin(x) * v),
            X[:9],
        ),
        {},
    ),
}


def went_on(problem: gp.Problem, path: Path, *, seed: str, **options: Any) -> None:
    """End a check at random evaluations, go on, and compare with one that was never ended."""
    f = Counted(problem.f)
    problem = dataclasses.replace(problem, f=f)
    expected = told(gp.check(problem, **options))
    draw, in_all = random.Random(seed), f.calls
    for _ in range(3):
        f.calls, f.last = 0, draw.randrange(in_all // 4, in_all)
        with contextlib.suppress(Killed):
            gp.check(problem, journal=path, **options)
    f.calls, f.last = 0, -1
    resumed = told(gp.check(problem, journal=path, **options))
    f.calls = 0
    completed = told(gp.check(problem, journal=path, **options))
    assert f.calls < 40  # at the point, and single outputs
    if isinstance(
        problem.gradient, (gp.Hessian, gp.HVP)
    ):  # evaluations of f behind second differences
        for one in (expected, resumed, completed):
            one.pop("evaluations")
    assert resumed == expected
    assert completed == expected


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_run_that_ended_goes_on_and_says_the_same(name: str, tmp_path: Path) -> None:
    problem, options = PROBLEMS[name]
    went_on(problem, tmp_path / "run.gp", seed=name, **options)


def test_batches_go_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))

    def f(x: Array) -> Any:
        time.sleep(1e-3)  # a batch of any size
        return np.sum(np.sin(x), axis=-1)

    went_on(gp.Problem(f, np.cos, X, vectorized=True), tmp_path / "run.gp", seed="batches")


def test_what_workers_evaluated_is_kept(tmp_path: Path) -> None:
    path, f = tmp_path / "run.gp", Counted(sines)
    expected = told(gp.check(f, gradient, X))
    f.f = slowly
    parts = []

    def end(done: int, total: int) -> None:
        parts.append(done)
        if len(parts) in (2, 5):
            raise Killed

    with ThreadPoolExecutor(2) as executor:
        for _ in range(2):
            with pytest.raises(Killed):
                gp.check(f, gradient, X, executor=executor, journal=path, progress=end)
        report = gp.check(f, gradient, X, executor=executor, journal=path)
    assert told(report) == expected
    f.calls = 0
    assert told(gp.check(f, gradient, X, journal=path)) == expected
    assert f.calls == 4


@pytest.mark.parametrize("options", [{}, {"self_test": True}, {"plan": "project"}])
@pytest.mark.parametrize("name", ["right", "wrong", "noise", "float32"])
def test_a_larger_budget_goes_on(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    problem, _ = PROBLEMS[name]
    f = Counted(problem.f)
    problem = dataclasses.replace(problem, f=f)
    expected = told(gp.check(problem, **options))
    path = tmp_path / "run.gp"
    for budget in (5, 90, 300):
        f.calls = 0
        report = gp.check(problem, journal=path, budget=budget, **options)
        assert report.evaluations <= budget
        assert f.calls <= budget
    assert told(gp.check(problem, journal=path, **options)) == expected


SCRIPT = """
import os, sys, time
import numpy as np
import gradproof as gp

x = np.linspace(0.1, 1, 60)
log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def f(x):
    end = time.perf_counter() + 2e-3
    value = float(np.sum(np.sin(x)))
    while time.perf_counter() < end:
        pass
    os.write(log, b"%s\\n" % x.tobytes().hex().encode())
    return value

def gradient(x):
    return np.cos(x) * np.where(np.arange(60) == 7, 1.01, 1)

report = gp.check(f, gradient, x, journal=sys.argv[1] if len(sys.argv) > 1 else None)
open("report.json", "w").write(report.to_json())
"""


def test_runs_that_are_killed_repeat_a_tenth_of_a_second_at_most(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    log, written = tmp_path / "log", tmp_path / "report.json"

    def evaluated() -> list[str]:
        return log.read_text().split() if log.exists() else []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "script.py", *arguments], cwd=tmp_path)

    assert run().wait() == 0
    once, expected = evaluated(), without_seconds(json.loads(written.read_text()))
    log.unlink()
    written.unlink()
    draw = random.Random(0)
    kills = 0
    while not written.exists():
        enough = len(evaluated()) + draw.randrange(5, 60)
        process = run("run.gp")
        while process.poll() is None:
            if kills < 4 and len(evaluated()) >= enough:
                time.sleep(draw.uniform(0, 0.02))
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
            time.sleep(1e-3)
    assert kills >= 3
    assert without_seconds(json.loads(written.read_text())) == expected
    assert evaluated()[0] == once[0]  # the point, which every run begins with
    elsewhere = [sum(x != once[0] for x in xs) for xs in (evaluated(), once)]
    assert elsewhere[0] - elsewhere[1] <= kills * 0.1 / 2e-3


def sines_elsewhere(x: Any) -> Any:
    return np.sum(np.sin(A @ x)) + 1.0


@pytest.mark.parametrize(
    ("words", "other", "options"),
    [
        ("another point", gp.Problem(sines, gradient, X + 1), {}),
        (
            "another tree",
            gp.Problem(lambda t: sines(t["x"]), lambda t: {"x": gradient(t["x"])}, {"x": X}),
            {},
        ),
        ("another dtype", gp.Problem(sines, gradient, np.round(X, 1).astype("f")), {}),
        ("another claim", gp.Problem(sines, lambda x: 2 * gradient(x), X), {}),
        ("another f: it is ", gp.Problem(sines_elsewhere, gradient, X), {}),
        (
            "another lower bound, another upper bound",
            gp.Problem(sines, gradient, X, bounds=(0, 1)),
            {},
        ),
        ("another terms", gp.Problem(lambda x: np.sin(A @ x), gradient, X, terms="sum"), {}),
        ("another promote", gp.Problem(sines, gradient, X, promote="never"), {}),
        ("another seed", gp.Problem(sines, gradient, X), {"seed": 1}),
        ("another plan", gp.Problem(sines, gradient, X), {"plan": "leaves"}),
        ("another rtol", gp.Problem(sines, gradient, X), {"rtol": 1e-3}),
        ("another include or exclude", gp.Problem(sines, gradient, X), {"include": "x"}),
    ],
)
def test_a_journal_of_another_check_is_refused(
    words: str, other: gp.Problem, options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "run.gp"
    gp.check(sines, gradient, X, journal=path)
    with pytest.raises(gp.JournalError, match=f"^journal: found '{path}', a journal of .*{words}"):
        gp.check(other, journal=path, **options)


def test_a_run_that_ended_before_anything_was_measured_has_its_journal(tmp_path: Path) -> None:
    """What is measured to see whether float32 may be promoted is measured first."""
    f, path = Counted(sines), tmp_path / "run.gp"
    f.last = 7
    with pytest.raises(Killed):
        gp.check(f, gradient, X.astype("f"), journal=path)
    f.last = -1
    with pytest.raises(gp.JournalError, match="another point"):
        gp.check(f, gradient, (X + 1).astype("f"), journal=path)


def test_an_f_with_other_random_numbers_is_another_one(tmp_path: Path) -> None:
    problem, _ = PROBLEMS["random"]
    gp.check(problem, journal=tmp_path / "run.gp")
    np.random.seed(7)  # noqa: NPY002
    with pytest.raises(gp.InputError, match=r"another f: .* \(seed what it draws"):
        gp.check(problem, journal=tmp_path / "run.gp")


def test_what_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    text, empty, database = tmp_path / "text", tmp_path / "empty", tmp_path / "database"
    text.write_text("hello")
    empty.touch()
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE journal (title TEXT)")
    connection.close()
    before = database.read_bytes()
    for path, words in (
        (text, "a file that is no journal"),
        (database, "a database that is no journal"),
        (tmp_path, "no file that can be written"),
        (tmp_path / "nowhere" / "run.gp", "no file that can be written"),
    ):
        with pytest.raises(gp.JournalError, match=f"^journal: found '{path}', {words}.*expected"):
            gp.check(sines, gradient, X, journal=path)
    assert text.read_text() == "hello"
    assert database.read_bytes() == before
    assert gp.check(sines, gradient, X, journal=empty).passed


@pytest.mark.parametrize("path", [3, True, b"run.gp"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(gp.InputError, match=r"^journal: found .*, expected the path of a file"):
        gp.check(sines, gradient, X, journal=path)


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_names_that_sqlite_keeps_for_itself_are_files(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if path:
        gp.check(sines, gradient, X, journal=path)
        assert Path(path).stat().st_size > 0
    else:
        with pytest.raises(gp.InputError, match="no file that can be written"):
            gp.check(sines, gradient, X, journal=path)


def test_two_checks_do_not_write_to_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.gp"
    there = tmp_path / "there"
    script = SCRIPT.replace("    return value", f"    open({str(there)!r}, 'w')\n    return value")
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen([sys.executable, "script.py", str(path)], cwd=tmp_path)
    try:
        while not there.exists():
            time.sleep(0.01)
        with pytest.raises(gp.JournalError, match="in use by another process"):
            gp.check(sines, gradient, X, journal=path)
    finally:
        assert process.wait() == 0


def test_a_journal_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.gp"
    gp.check(sines, gradient, X, journal=path)
    path.chmod(0o444)
    if os.access(path, os.W_OK):  # root may write anything
        assert gp.check(sines, gradient, X, journal=path).passed
    else:
        with pytest.raises(gp.InputError, match="no file that can be written"):
            gp.check(sines, gradient, X, journal=path)
