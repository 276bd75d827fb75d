"""What a check costs: ``python -m benchmarks.speed``.

Times are ratios within one run, on one thread: against evaluations alone, a bare loop, or another
checker. With ``--targets`` the exit code is 1 where a target is missed; with ``--quick`` functions
are smaller, times are only shown, and only counts of evaluations have targets.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "JAX_ENABLE_X64"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

from benchmarks.speed import (  # noqa: E402
    certificate,
    digits,
    growth,
    journal,
    picture,
    processes,
    rivals,
    small,
    vectorised,
)
from benchmarks.speed.measuring import QUICK, Sheet  # noqa: E402

_DOCS = Path(__file__).parents[2] / "docs"
_PARTS: dict[str, Callable[[Sheet], Any]] = {
    "no_op": small.no_op,
    "small": small.one_variable,
    "rivals": rivals.run,
    "digits": digits.run,
    "vectorised": vectorised.run,
    "certificate": certificate.run,
    "growth": growth.run,
    "journal": journal.run,
    "processes": processes.run,
}


def main() -> int:
    """Run the parts that the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of an hour")
    parser.add_argument("--part", choices=_PARTS, action="append", help="only this one; repeatable")
    parser.add_argument("--targets", action="store_true", help="exit with 1 where one is missed")
    parser.add_argument("--write", action="store_true", help="write tables and picture of the docs")
    options = parser.parse_args()
    misses = []
    for name in options.part or _PARTS:
        print(f"## {name}\n", flush=True)
        sheet = Sheet(quick=options.quick)
        found = _PARTS[name](sheet)
        misses += sheet.misses
        if options.write:
            text = sheet.text + (f"{QUICK}\n" if options.quick else "")
            (_DOCS / "tables" / f"speed_{name}.md").write_text(text, encoding="utf-8")
            if name == "rivals":
                picture.draw(found, _DOCS / "pictures" / "speed.svg")
    for miss in misses:
        print(f"missed: {miss}")
    return int(options.targets and bool(misses))


if __name__ == "__main__":
    sys.exit(main())
