"""Part: what a journal costs, and what a run that was killed does again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.speed.busy import Busy
from benchmarks.speed.measuring import Sheet, Times, seconds
from benchmarks.speed.networks import Array

import gradproof as gp

_LASTING = 2.2e-4  # seconds, more than the 0.2 ms from which on the target holds
_ROUNDS = 9
_LOST = 0.1  # seconds
_KILLED = 2e-3  # seconds


class Tallied:
    """A busy function that writes one byte for every call, which outlives the process."""

    def __init__(self, n: int, lasting: float, path: str) -> None:
        self.f = Busy(n, lasting)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, x: Array) -> float:
        """Write, and return the value."""
        os.write(self._file, b".")
        return self.f(x)


def run(sheet: Sheet) -> None:
    """Compare with a run without one; then kill one, and let it go on."""
    with tempfile.TemporaryDirectory() as folder:
        _overhead(sheet, Path(folder))
        _resumed(sheet, Path(folder))


def _overhead(sheet: Sheet, folder: Path) -> None:
    f = Busy(300 if sheet.quick else 2_000, _LASTING)
    names = iter(range(1_000))

    def check(journal: Path | None) -> gp.Report:
        return gp.check(f, f.gradient, f.at, plan="every", journal=journal)

    times = Times(
        {
            "without": lambda: check(None),
            "with": lambda: check(folder / f"{next(names)}.journal"),
        },
        1 if sheet.quick else _ROUNDS,
    )
    sheet.table(
        (f"f of {_LASTING * 1e3:.2f} ms", "time with a journal / without"),
        [('`plan="every"`', sheet.bound("journal", times.ratio("with", "without"), 1.1))],
    )


def _resumed(sheet: Sheet, folder: Path) -> None:
    n = 300 if sheet.quick else 1_000
    ran = [folder / name for name in ("whole", "killed", "resumed")]
    whole = _check(n, str(ran[0]), None)
    journal = folder / "of_killed.journal"
    command = [sys.executable, "-m", "benchmarks.speed.journal", str(n), str(ran[1]), str(journal)]
    with subprocess.Popen(command) as killed:
        while not (ran[1].exists() and ran[1].stat().st_size > whole.evaluations // 2):
            if killed.poll() is not None:
                raise RuntimeError("the run that was to be killed ended by itself")
            time.sleep(_KILLED)
        killed.send_signal(signal.SIGKILL)
    resumed = _check(n, str(ran[2]), journal)
    sheet.require(
        "a killed run that goes on says the same",
        (resumed.verdict, resumed.evaluations) == (whole.verdict, whole.evaluations),
    )
    calls = [path.stat().st_size for path in ran]
    again = calls[1] + calls[2] - calls[0]
    f = Busy(n, _KILLED)
    one = min(seconds(lambda: f(f.at)) for _ in range(20))
    sheet.table(
        ("killed in the middle", "calls of f", "until killed", "afterwards", "again, in ms"),
        [
            (
                f"f of {_KILLED * 1e3:.0f} ms, n = {n:,}",
                *(f"{count:,}" for count in calls),
                sheet.bound("killed: ms again", 1e3 * again * one, 1e3 * _LOST),
            )
        ],
    )


def _check(n: int, tally: str, journal: Path | None) -> gp.Report:
    f = Tallied(n, _KILLED, tally)
    return gp.check(f, f.f.gradient, f.f.at, plan="every", journal=journal)


if __name__ == "__main__":
    _check(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
