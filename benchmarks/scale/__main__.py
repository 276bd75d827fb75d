"""Checks of 10³ to 10⁸ parameters in float32: ``python -m benchmarks.scale --largest 1e8``.

Each is done in a process of its own, which tells its peak of resident memory (of Linux). The time
is that of the whole check over that of its evaluations and of making its random directions. The
exit code is 1 where a target is missed. ``--quick`` ends with 10⁶.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from benchmarks.scale.smooth import Smooth  # noqa: E402

import gradproof as gp  # noqa: E402
from gradproof.numerics.directions import CHUNK, Gaussian  # noqa: E402

_TABLE = Path(__file__).parents[2] / "docs" / "tables" / "scale.md"
_MOST = 50  # evaluations
_SLOWER = 1.5  # at most, from so many parameters on
_TIMED_FROM = 1_000_000
_ROOM = 64 << 20  # bytes, beyond the parameters, a copy of them, and the claim
_IN_A_FILE = 1 << 22  # fewer are in a file, where they are checked in pieces, too
_OFF = 0.05
_FEW = 60  # evaluations, for a claim that is wrong: it has not passed by then
_IN_ALL = (
    "Measuring every component takes more: what is claimed and measured of each, with its bar, and "
    "what the report keeps for its pictures. Beyond parameters and claim,"
)
_INTRODUCTION = (
    "One array in float32, ∑ √(1 + x²) in float64. Times are ratios within one run: of the whole "
    "check to its evaluations and the making of its random directions, on one core. Memory is the "
    "peak beyond the parameters and one claim, in copies of the parameters and in MiB beyond the "
    f"first copy. The last column is what becomes of a claim that is off by {_OFF:.0%} of its norm."
)


def main() -> int:
    """Print and write a row for each size, and return the exit code."""
    parser = argparse.ArgumentParser(description="Checks of very many parameters.")
    parser.add_argument("--largest", type=float, default=1e8, help="how many parameters")
    parser.add_argument("--quick", action="store_true", help="no more than 10⁶, and no table")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--every", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one or arguments.every:
        found = measured(arguments.one) if arguments.one else measured_in_all(arguments.every)
        print(json.dumps(found))
        return 0
    largest = min(arguments.largest, 1e6) if arguments.quick else arguments.largest
    lines, missed = _head(), False
    print("\n".join(lines), flush=True)
    for n in (10**k for k in range(3, 10)):
        if n <= largest:
            row, short = _row(n)
            lines.append(row)
            missed |= short
            print(row, flush=True)
    n = 100_000 if arguments.quick else 1_000_000
    copies = _run("--every", n)["peak"] / (8 * n)
    lines += ["", f"{_IN_ALL} {n:,} parameters in float64 take {copies:.0f} copies of them."]
    print("\n".join(lines[-2:]))
    if not arguments.quick:
        _TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(missed)


def _head() -> list[str]:
    names = (
        "parameters", "verdict", "evaluations", "time", "copies", "MiB beyond one",
        "error below", f"off by {_OFF:.0%}",
    )  # fmt: skip
    bars = "| " + " | ".join("---" for _ in names) + " |"
    return [_INTRODUCTION, "", "| " + " | ".join(names) + " |", bars]


def _row(n: int) -> tuple[str, bool]:
    """Return the row of one size, and whether a target was missed."""
    found = _run("--one", n)
    beyond = found["peak"] - 4 * n
    missed = found["verdict"] != "pass" or found["evaluations"] > _MOST or beyond > _ROOM
    missed |= found["off"] == "pass"
    missed |= n >= _TIMED_FROM and found["time"] > _SLOWER
    cells = (
        f"{n:,}",
        found["verdict"],
        f"{found['evaluations']} (≤ {_MOST})",
        f"{found['time']:.2f}" + f" (≤ {_SLOWER})" * (n >= _TIMED_FROM),
        f"{found['peak'] / (4 * n):.2f}" if n >= _TIMED_FROM else "",
        f"{beyond / 2**20:.0f} (≤ {_ROOM >> 20})",
        f"{found['bound']:.1e}",
        found["off"],
    )
    return "| " + " | ".join(cells) + " |", missed


def _run(what: str, n: int) -> dict[str, Any]:
    """Return what is measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", what, str(n)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured_in_all(n: int) -> dict[str, Any]:
    """Check every component of one size."""
    x = np.linspace(1, 2, n)
    claim = np.zeros(n)
    claim[0] = 1.0
    gp.check(lambda x: float(x[0]), claim[:9], x[:9])
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    report = gp.check(lambda x: float(x[0]), claim, x, plan="every")
    if not report.passed:
        raise RuntimeError(report.summary())
    return {"peak": _memory("VmHWM") - before}


def measured(n: int) -> dict[str, Any]:
    """Check one size, once rightly and once wrongly claimed."""
    gp.check(lambda x: float(np.sum(np.sin(x))), np.cos, np.ones(2_000), plan="project")
    smooth, made = Smooth(n), _counting_directions()
    with tempfile.TemporaryDirectory() as folder:
        at = smooth.at
        if n < _IN_A_FILE:
            at = np.memmap(Path(folder) / "at", np.float32, "w+", shape=(n,))
            at[:] = smooth.at
            at = np.memmap(Path(folder) / "at", np.float32, "r", shape=(n,))
            float(np.sum(at))  # which has its pages in memory
        before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        started = time.perf_counter()
        as_it_is = gp.Problem(smooth.f, smooth.gradient, at, promote="never")
        report = gp.check(as_it_is, plan="project")
        seconds = time.perf_counter() - started
        peak, in_f, count = _memory("VmHWM") - before, smooth.seconds, made[0]
        wrong = gp.check(
            smooth.f,
            lambda x: smooth.off(x, _OFF),
            at,
            budget=_FEW,
            plan=gp.Plan("project", search=False),
        )
    assert report.certificate is not None
    return {
        "verdict": report.verdict.value,
        "evaluations": report.evaluations,
        "time": seconds / (in_f + count * _seconds_of_one()),
        "peak": peak - 4 * n,
        "bound": report.certificate.bound,
        "off": wrong.verdict.value,
    }


def _counting_directions() -> list[int]:
    """Return a list whose one number is how many random numbers were made for directions."""
    made, generator = [0], Gaussian.generator

    def counted(self: Gaussian, direction: int, number: int) -> np.random.Generator:
        made[0] += min(CHUNK, self.stop - self.start - number * CHUNK)
        return generator(self, direction, number)

    Gaussian.generator = counted  # type: ignore[method-assign]
    return made


def _seconds_of_one() -> float:
    """Return what it takes to make one random number of a direction."""
    generator, room, many = Gaussian(0, 0, 1).generator(0, 0), np.empty(1 << 14), 1_000
    started = time.perf_counter()
    for _ in range(many):
        generator.standard_normal(out=room)
    return (time.perf_counter() - started) / (many * room.size)


def _memory(what: str) -> int:
    """Return the resident memory of this process, or its peak, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) * 1024


if __name__ == "__main__":
    sys.exit(main())
