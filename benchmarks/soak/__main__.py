"""Make random small checks in one process: ``python -m benchmarks.soak``.

Counts wrong verdicts, and looks at what the process holds at 10 %, 50 % and 100 % of the checks.
With ``--targets`` the exit code is 1 where a verdict is wrong, memory grows, or files, threads or
global state are left changed. A check that is told of by its number is shown by ``--show NUMBER``.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from benchmarks.soak.draws import draw  # noqa: E402
from benchmarks.soak.running import Soak  # noqa: E402
from benchmarks.soak.table import misses_of, table  # noqa: E402

import gradproof as gp  # noqa: E402

_TABLE = Path(__file__).parents[2] / "docs" / "tables" / "soak.md"
_QUICK = 200


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--checks", type=int, default=100_000, help="how many")
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which none begins")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    parser.add_argument("--quick", action="store_true", help=f"{_QUICK} checks, a few seconds")
    parser.add_argument("--targets", action="store_true", help="exit with 1 where one is missed")
    parser.add_argument("--write", action="store_true", help="write the table of the docs")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print the report of a check")
    options = parser.parse_args(arguments)
    if options.show is not None:
        one = draw(options.seed, options.show)
        report = gp.check(one.problem(), **one.options)
        print(f"{one.name}\nclaim: {one.claim}\ntruth: {one.truth}\n\n{report}")
        return 0
    soak = Soak(options.seed, _QUICK if options.quick else options.checks)
    started = time.perf_counter()
    soak.run(lambda line: print(line, flush=True), 60 * options.minutes)
    soak.measure_what_is_left()
    text = table(soak)
    print(f"\n{text}\n{time.perf_counter() - started:.0f} s")
    if options.write:
        _TABLE.write_text(text, encoding="utf-8")
    misses = misses_of(soak)
    for miss in misses:
        print(f"missed: {miss}")
    return int(options.targets and bool(misses))


if __name__ == "__main__":
    sys.exit(main())
