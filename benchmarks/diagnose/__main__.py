"""Run the bench: ``python -m benchmarks.diagnose`` from the repository's root.

Every mutation of the right gradients of the trust bench's ordinary families is checked, and the
codes of its causes are compared with the one that expresses the mutation.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

from benchmarks.diagnose.naming import Named, table  # noqa: E402
from benchmarks.diagnose.running import run  # noqa: E402
from benchmarks.trust.case import families  # noqa: E402
from benchmarks.trust.running import spread, workers  # noqa: E402

_NAMED = 0.98
_FALSE = 0.005


def main(arguments: list[str] | None = None) -> int:
    """Run, print the confusion matrix, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.diagnose", description="How often the mistake is named."
    )
    parser.add_argument("--split", choices=("tuning", "validation"), default="tuning")
    parser.add_argument("--family", metavar="GLOB", default="*", help="families of these names")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mutations", type=int, default=60, help="of each case, at most")
    parser.add_argument("--jobs", type=int, default=2, help="processes; a family runs in one")
    parser.add_argument("--write", type=Path, metavar="PATH", help="write the table, in Markdown")
    parser.add_argument("--list", action="store_true", help="list what was not named, or falsely")
    options = parser.parse_args(arguments)
    names = [
        family.name
        for family in families(options.split)
        if family.kind == "ordinary" and fnmatch.fnmatchcase(family.name, options.family)
    ]
    if not names:
        parser.error("no family is meant")
    found: list[Named] = []
    with workers(options.jobs) as pool:
        plans = dict.fromkeys(names, (options.split, options.seed, options.mutations))
        for name, named, seconds in spread(run, plans, pool):
            found += named
            print(f"{name}: {len(named)} mutations, {seconds:.1f} s", flush=True)
    found.sort(key=lambda one: one.address)
    counted = [one for one in found if one.counts]
    unknown = [one for one in found if one.verdict == "fail" and not one.counts]
    hits = sum(one.hit for one in counted) / max(1, len(counted))
    false = [one for one in found if one.false]
    share = sum(one.false for one in unknown) / max(1, len(unknown))
    text = (
        f"{table(found)}\n\nNamed: {hits:.2%} of {len(counted):,} that a code expresses. Named and "
        f"not made: {share:.2%} of {len(unknown):,} that no code expresses, {len(false)} in all."
    )
    print(text)
    if options.list:
        for one in found:
            if one.false or (one.counts and not one.hit):
                print("false" if one.false else "missed", one.address, one.codes)
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    return 0 if hits >= _NAMED and share <= _FALSE else 1


if __name__ == "__main__":
    sys.exit(main())
