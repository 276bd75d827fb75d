"""A full disk, a journal that is damaged, two checks on one, and a fork in the middle."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradproof as gp

X = np.linspace(0.1, 1, 40)


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return np.sum(np.sin(x))


def claim(x: Any) -> Any:
    return np.cos(x) * np.where(np.arange(40) == 7, 1.01, 1)


def told(report: gp.Report) -> dict[str, Any]:
    return {key: value for key, value in report.to_dict().items() if key != "seconds"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, Any]]:
    """A journal, byte for byte, and what its check says."""
    path = tmp_path_factory.mktemp("journal") / "run.gp"
    expected = told(gp.check(Counted(), claim, X, journal=path))
    return path.read_bytes(), expected


def read(damaged: bytes, path: Path, expected: dict[str, Any]) -> bool:
    """See that a damaged journal is refused, or makes no difference; return whether it is."""
    path.write_bytes(damaged)
    try:
        report = gp.check(Counted(), claim, X, journal=path)
    except gp.InputError as error:
        message = str(error)
        assert message.startswith(f"journal: found '{path}', a ")
        assert message.endswith("Delete it to begin anew, or name another")
        return True
    assert told(report) == expected
    return False


def test_a_journal_that_ends_too_early_is_refused(
    written: tuple[bytes, dict[str, Any]], tmp_path: Path
) -> None:
    data, expected = written
    lengths = np.linspace(600, len(data) - 1, 12).astype(int)
    refused = [read(data[:length], tmp_path / f"{length}.gp", expected) for length in lengths]
    assert all(refused)
    assert not read(b"", tmp_path / "empty.gp", expected)


def test_flipped_bits_make_no_other_report(
    written: tuple[bytes, dict[str, Any]], tmp_path: Path
) -> None:
    data, expected = written
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(40):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] ^= 1 << rng.integers(8)
        refused += read(bytes(damaged), tmp_path / f"{number}.gp", expected)
    assert refused > 10


def test_a_value_of_another_is_noticed(
    written: tuple[bytes, dict[str, Any]], tmp_path: Path
) -> None:
    """What a check would otherwise go on with: a value that was never measured."""
    data, _ = written
    path = tmp_path / "run.gp"
    path.write_bytes(data)
    with sqlite3.connect(path) as file:
        (rows,) = file.execute("SELECT count(*) FROM evaluations").fetchone()
        assert rows > 3
        file.execute("UPDATE evaluations SET found = realised WHERE rowid = 3")
    file.close()
    with pytest.raises(gp.InputError, match="a journal that is damaged"):
        gp.check(Counted(), claim, X, journal=path)


def test_decisions_that_are_lost_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "run.gp"
    gp.check(Counted(), claim, X, journal=path)
    with sqlite3.connect(path) as file:
        file.execute("DELETE FROM decisions WHERE number = 0")
        changed = file.total_changes
    file.close()
    assert changed
    with pytest.raises(gp.InputError, match="a journal that is damaged"):
        gp.check(Counted(), claim, X, journal=path)


FULL = """
import resource, sys
import numpy as np
import gradproof as gp

x, calls = np.linspace(0.1, 1, 60), []

def f(x):
    calls.append(1)
    if int(sys.argv[1]) == len(calls):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    return np.sum(np.sin(x))

report = gp.check(f, lambda x: np.cos(x) * np.where(np.arange(60) == 7, 1.01, 1), x, journal="run.gp")
print(len(calls), [one.index for one in report.culprits], *report.notes)
"""


def test_a_full_disk_ends_the_journal_and_not_the_check(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(FULL)

    def run(full_at: int) -> str:
        done = subprocess.run(
            [sys.executable, "script.py", str(full_at)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    first = run(60)
    assert "[(7,)] the journal 'run.gp' could not be written any more (disk I/O error): " in first
    assert "what it had is kept, and the check went on without it" in first
    second = run(-1)
    assert "[(7,)]\n" in second
    assert int(second.split()[0]) < int(first.split()[0]) - 20


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_is_evaluated(
    tmp_path: Path,
) -> None:
    (tmp_path / "script.py").write_text(
        FULL.replace("report =", "resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))\nreport =")
    )
    done = subprocess.run(
        [sys.executable, "script.py", "-1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Error: journal: found 'run.gp', no file that can be written" in done.stderr


def test_two_threads_on_one_journal_do_not_let_anybody_else_in(tmp_path: Path) -> None:
    """What the second one closes is a file that the first has locked, for all of the process."""
    path, link = tmp_path / "run.gp", tmp_path / "link.gp"
    link.symlink_to(path)
    refused, others = [], []
    read = "import sqlite3, sys; sqlite3.connect(sys.argv[1], 0).execute('SELECT * FROM journal')"

    def second(where: Path) -> None:
        with pytest.raises(gp.JournalError, match="in use by another check of this process"):
            gp.check(Counted(), claim, X, journal=where)
        refused.append(where)

    class First(Counted):
        def __call__(self, x: Any) -> Any:
            if self.calls == 20:
                for where in (path, link):
                    thread = threading.Thread(target=second, args=(where,))
                    thread.start()
                    thread.join()
                command = [sys.executable, "-S", "-c", read, str(path)]
                others.append(subprocess.run(command, capture_output=True, text=True, check=False))
            return super().__call__(x)

    expected = told(gp.check(Counted(), claim, X))
    assert told(gp.check(First(), claim, X, journal=path)) == expected
    assert refused == [path, link]
    assert others[0].stderr.endswith("database is locked\n")
    f = Counted()
    assert told(gp.check(f, claim, X, journal=link)) == expected  # it is free again
    assert f.calls == 4


def test_threads_with_journals_of_their_own_do_not_meet(tmp_path: Path) -> None:
    expected = told(gp.check(Counted(), claim, X))
    paths = [tmp_path / f"{number}.gp" for number in range(3)]
    with ThreadPoolExecutor(3) as executor:
        for _ in range(2):
            reports = executor.map(lambda path: gp.check(Counted(), claim, X, journal=path), paths)
            assert [told(report) for report in reports] == [expected] * 3


AT_ONCE = """
import sys
import numpy as np
import gradproof as gp

def f(x):
    return np.sum(np.sin(x))

sys.stdin.read()
try:
    print(gp.check(f, np.cos, np.linspace(0.1, 1, 40), journal="run.gp").headline)
except gp.InputError as error:
    print(error)
"""


def test_processes_that_begin_at_once_do_not_spoil_a_journal(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(AT_ONCE)
    processes = [
        subprocess.Popen(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    told = [process.stdout.read() if process.stdout else "" for process in processes]
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
    right = [text for text in told if text == "right to 1e-06\n"]
    in_use = [text for text in told if "in use by another process" in text]
    assert right
    assert len(right) + len(in_use) == 3, told
    f = Counted()
    assert gp.check(f, np.cos, X, journal=tmp_path / "run.gp").passed
    assert f.calls == 4


FORKS = """
import os, signal, sys
import numpy as np
import gradproof as gp

x, calls = np.linspace(0.1, 1, 60), []

def f(x):
    calls.append(1)
    if len(calls) == 40 and sys.argv[1] == "fork":
        child = os.fork()
        if child == 0:
            sys.exit(0)  # all the way through gradproof
        os.waitpid(child, 0)
    if len(calls) == 100 and sys.argv[1] == "fork":
        os.kill(os.getpid(), signal.SIGKILL)
    return np.sum(np.sin(x))

gp.check(f, lambda x: 2 * np.cos(x), x, journal="run.gp")
print(len(calls))
"""


def test_a_fork_that_leaves_through_gradproof_takes_no_evaluation_along(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(FORKS)

    def run(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "script.py", how]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    in_all = int(run("not").stdout)
    os.remove(tmp_path / "run.gp")
    assert run("fork").returncode == -9
    assert int(run("not").stdout) < in_all - 60
