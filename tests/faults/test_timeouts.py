"""f hangs, and its workers end, are gone or out of memory: what hangs is ended, the rest goes on."""

import ctypes
import faulthandler
import os
import re
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import gradproof as gp
from gradproof.cli.app import app
from gradproof.problems.timeouts import Limit, Limited, TookTooLong

X = np.linspace(0.1, 1, 12)
HOME = os.getpid()
LATE = r"^f took longer than timeout=0.1 s at (\d) points?, where it counts as not defined: first with "
WRONG = np.where(np.arange(12) == 5, 1.1, 1.0)


def where(place: int, action: Callable[[], object]) -> Callable[[Any], float]:
    """Return a function that does something, in a worker, where one component is moved."""

    def f(x: Any) -> float:
        if x[place] != X[place] and np.sum(x != X) == 1 and os.getpid() != HOME:
            action()
        return float(np.sum(np.sin(x)))

    return f


def sleep() -> None:
    time.sleep(30)


def sleep_whatever_happens() -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            time.sleep(end - time.monotonic())
        except BaseException:
            continue


@pytest.fixture
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2) as executor:
        yield executor


def test_what_hangs_is_ended_and_all_else_is_known(processes: Executor) -> None:
    claim = np.cos(X) * WRONG
    report = gp.check(where(3, sleep), claim, X, executor=processes, timeout=0.1)
    assert [one.index for one in report.culprits] == [(5,)]
    (leaf,) = report.leaves
    assert (leaf.undecided, leaf.wrong) == (1, 1)
    (note,) = report.notes
    found = re.match(LATE + r"x\[3\] moved to 0.345.*, in line \d+ of .*test_timeouts.py$", note)
    assert found is not None, note
    right = gp.check(where(3, sleep), np.cos(X), X, executor=processes, timeout=0.1)
    assert right.verdict == "inconclusive"
    assert right.causes[0].code == "GP204"
    assert processes.submit(int, 3).result() == 3  # nobody had to be ended for that


def test_a_timeout_changes_nothing_where_nothing_hangs(processes: Executor) -> None:
    def f(x: Any) -> float:
        return float(np.sum(np.sin(x)))

    for plan in ("every", "project"):
        for by in (np.ones(12), WRONG):
            expected = gp.check(f, np.cos(X) * by, X, plan=plan).to_dict()
            found = gp.check(
                f, np.cos(X) * by, X, plan=plan, executor=processes, timeout=60
            ).to_dict()
            assert found | {"seconds": 0} == expected | {"seconds": 0}


def test_directions_and_products_are_ended_too(processes: Executor) -> None:
    def f(x: Any) -> Any:
        if abs(x[3] - X[3]) > 0.02 and os.getpid() != HOME:
            sleep()
        return np.sin(x)

    report = gp.check(
        lambda x: f(x).sum(), np.cos, X, plan="project", executor=processes, timeout=0.1
    )
    assert report.verdict != "fail"
    assert re.match(LATE + "all of x moved in a random direction", report.notes[0])
    claim = gp.Jacobian(lambda x: np.diag(np.cos(x)))
    report = gp.check(f, claim, X, executor=processes, timeout=0.1)
    assert report.verdict != "fail"
    assert any(note.startswith("f took longer than timeout=0.1 s") for note in report.notes)


def test_what_cannot_be_interrupted_ends_with_its_process(processes: Executor) -> None:
    report = gp.check(
        where(3, sleep_whatever_happens), np.cos(X) * WRONG, X, executor=processes, timeout=0.1
    )
    assert [one.index for one in report.culprits] == [(5,)]
    assert report.leaves[0].undecided == 1
    broke, ended = report.notes
    assert broke.startswith("the executor broke when one of its workers ended: what was left")
    assert ended.startswith("workers ended whenever f was evaluated at 1 point (")
    assert "where it counts as not defined: first with x[3] moved by " in ended


def test_an_evaluation_that_ends_workers_ends_no_check(processes: Executor) -> None:
    """A crash, or a kernel that has no memory left: this process is never put at risk."""
    killed = where(3, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def f(x: Any) -> float:
        time.sleep(5e-3)  # worth to be sent
        return float(killed(x))

    report = gp.check(f, np.cos(X) * WRONG, X, executor=processes)
    assert [one.index for one in report.culprits] == [(5,)]
    assert report.leaves[0].undecided == 1
    assert report.notes[-1].startswith("workers ended whenever f was evaluated at 1 point (")


def leave_no_memory() -> None:
    """In this worker, from now on, but for some MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + 2**23
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def test_memory_that_a_worker_does_not_get_is_the_error_of_f(processes: Executor) -> None:
    held: list[bytearray] = []

    def allocate() -> None:
        leave_no_memory()
        while True:  # all of it is kept; what is left is enough to say so
            held.append(bytearray(2**20))

    with pytest.raises(MemoryError) as raised:
        gp.check(where(3, allocate), np.cos(X) * WRONG, X, executor=processes, timeout=60)
    assert raised.value.__notes__[0].startswith("gradproof: f raised this with x[3] moved to ")
    assert "in allocate\n" in str(raised.value.__cause__)


def test_a_worker_that_ends_for_want_of_memory_ends_no_check(processes: Executor) -> None:
    """Code in C that does not look whether it got any."""

    def allocate() -> None:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        leave_no_memory()
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        ctypes.memset(libc.malloc(ctypes.c_size_t(2**30)) or 0, 0, 2**30)

    report = gp.check(
        where(3, allocate), np.cos(X) * WRONG, X, executor=processes, timeout=60, plan="every"
    )
    assert [one.index for one in report.culprits] == [(5,)]
    assert report.leaves[0].undecided == 1
    assert report.notes[-1].startswith("workers ended whenever f was evaluated at 1 point (")


def test_an_f_that_hangs_at_the_point_is_told_at_once(processes: Executor) -> None:
    def hanging(x: Any) -> float:
        time.sleep(30)
        return 1.0

    report = gp.check(hanging, np.cos, X, executor=processes, timeout=0.1)
    assert report.verdict == "inconclusive"
    assert report.evaluations == 0
    (note,) = report.notes
    assert re.search(r": f took longer than timeout=0.1 s, in line \d+ of .*, at the point", note)


def test_an_f_that_always_hangs_ends_the_check(
    processes: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradproof.engine.workers._MOST_ENDED", 3)

    def hanging(x: Any) -> float:
        if np.any(x != X):
            time.sleep(30)
        return 1.0

    report = gp.check(hanging, np.cos, X, executor=processes, timeout=0.05)
    assert report.verdict == "inconclusive"
    assert "f was ended at 3 points" in report.notes[-1]


release = threading.Event()


def waits(x: Any) -> float:
    if x[3] != X[3] and np.sum(x != X) == 1:
        release.wait(30)
    return float(np.sum(np.sin(x)))


def test_threads_that_hang_are_left_behind_and_told() -> None:

    with ThreadPoolExecutor(2) as executor:
        try:
            report = gp.check(waits, np.cos(X), X, executor=executor, timeout=0.05)
        finally:
            release.set()
    assert report.verdict == "inconclusive"
    (leaf,) = report.leaves
    assert leaf.undecided < leaf.checked  # what was done stands
    assert re.search(
        r"the executor returned nothing for .* f hangs with x\[3\] moved by .*, or beside it, "
        "where it cannot be ended",
        report.notes[-1],
    )


def test_the_alarms_of_others_are_put_back() -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: rang.append(number))
    limit = Limit(0.02)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TookTooLong, match=r"timeout=0.02 s, in line \d+ of"):
            Limited(lambda at: time.sleep(30), limit)(1.0)
        assert Limited(lambda at: at + 1, limit)(1.0) == 2.0
        assert not rang
        time.sleep(0.3)
        assert rang == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_f_that_catches_its_end_has_no_value() -> None:
    def stubborn(at: float) -> float:
        try:
            time.sleep(30)
        except BaseException:
            return 3.0
        return 4.0

    with pytest.raises(TookTooLong):
        Limited(stubborn, Limit(0.02))(1.0)


class Unsendable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("both are needed")


def test_an_exception_that_cannot_be_sent_is_told(processes: Executor) -> None:
    def f(x: Any) -> float:
        if x[3] != X[3]:
            raise Unsendable(1, 2)
        return float(np.sum(np.sin(x)))

    with pytest.raises(gp.GradproofError, match="f raised Unsendable: both are needed; the exc"):
        gp.check(f, np.cos, X, executor=processes, timeout=60)


def test_the_exception_of_a_worker_shows_its_traceback(processes: Executor) -> None:
    def f(x: Any) -> float:
        if x[3] != X[3]:
            raise MemoryError("no room for 8 TiB")
        return float(np.sum(np.sin(x)))

    with pytest.raises(MemoryError, match="no room for 8 TiB") as raised:
        gp.check(f, np.cos, X, executor=processes, timeout=60)
    assert raised.value.__notes__[0].startswith("gradproof: f raised this with ")
    assert re.search(r"line \d+, in f\n", str(raised.value.__cause__))


class OnlyHere:
    def __reduce__(self) -> Any:
        return _only_here, ()


def _only_here() -> OnlyHere:
    if os.getpid() != HOME:
        raise ModuleNotFoundError("No module named 'solver'")
    return OnlyHere()


def test_a_worker_that_cannot_load_f_is_told(processes: Executor) -> None:
    thing = OnlyHere()

    def f(x: Any) -> float:
        return float(np.sum(np.sin(x))) if thing else 0.0

    with pytest.raises(gp.InputError, match=r"a worker that cannot load f \(ModuleNotFoundError: "):
        gp.check(f, np.cos, X, executor=processes, timeout=60)


def test_an_executor_that_takes_no_work_is_told() -> None:
    executor = ProcessPoolExecutor(2)
    executor.shutdown()

    def f(x: Any) -> float:
        time.sleep(5e-3)
        return float(np.sum(np.sin(x)))

    report = gp.check(f, np.cos, X, executor=executor)
    assert report.passed
    (note,) = report.notes
    assert note.startswith("the executor takes no work (RuntimeError: cannot schedule new futures")
    report = gp.check(f, np.cos, X, executor=executor, timeout=60)
    assert report.verdict == "inconclusive"
    assert report.notes[-1].endswith("and f may hang, or end this process")


def test_what_was_ended_is_kept_in_the_journal(processes: Executor, tmp_path: Path) -> None:
    options: dict[str, Any] = {"executor": processes, "timeout": 0.1, "journal": tmp_path / "run"}
    first = gp.check(where(3, sleep), np.cos(X) * WRONG, X, **options)
    again = gp.check(where(3, sleep), np.cos(X) * WRONG, X, **options)
    assert [one.index for one in again.culprits] == [(5,)]
    assert again.leaves == first.leaves
    assert again.notes == ()  # nothing was ended this time


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout": 3}, "timeout: found 3 without an executor, expected executor= of processes"),
        (
            {"timeout": 0, "executor": ThreadPoolExecutor(1)},
            "timeout: found 0, expected a positive",
        ),
        ({"timeout": "1s", "executor": ThreadPoolExecutor(1)}, "timeout: found '1s', expected a"),
    ],
)
def test_a_timeout_that_makes_no_sense_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(gp.InputError, match="^" + words):
        gp.check(np.sum, np.ones_like, X, **options)


def test_a_hessian_that_is_measured_here_takes_no_timeout(processes: Executor) -> None:
    claim = gp.Hessian(lambda x: np.diag(-np.sin(x)))
    with pytest.raises(gp.InputError, match="^timeout: found 3 with a Hessian"):
        gp.check(lambda x: np.sum(np.sin(x)), claim, X[:2], executor=processes, timeout=3)


def test_the_command_line_has_timeouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hanging.py").write_text("""
import time
import numpy as np
import gradproof as gp

X = np.linspace(0.1, 1, 12)

def f(x):
    if x[3] != X[3] and np.sum(x != X) == 1:
        time.sleep(30)
    return float(np.sum(np.sin(x)))

@gp.problem
def hanging():
    return gp.Problem(f, np.cos, X)
""")

    def run(*options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["check", "hanging.py", *options], env={"COLUMNS": "100"})
        return done.exit_code, " ".join(done.output.split())

    code, output = run("--jobs", "2", "--timeout", "0.1")
    assert code == 3
    assert "f took longer than timeout=0.1 s at" in output
    code, output = run("--timeout", "3")
    assert code == 2
    assert "without --jobs" in output
    assert run("--jobs", "2", "--timeout", "0")[0] == 2
