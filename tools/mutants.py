"""Change the numerics and the judge on purpose, and count how many changes a test notices.

``make mutants`` tries every mutant that mutmut makes, ``make mutants SAMPLE=300`` some of them,
drawn evenly from every file and function; ``--write`` keeps the table in
``docs/tables/mutants.md``. Those that no test noticed are listed; ``mutmut show NAME`` shows one.
mutmut asks the tests of the numerics and of the judge; ``--wider`` shows what survived these to
tests of whole checks as well, for a minute each.
"""

import argparse
import math
import os
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "tables" / "mutants.md"
NOTICED = {"killed", "timeout", "segfault", "suspicious", "caught by type check"}
_SMALLEST = "gradproof.numerics.precision.*"  # mutmut makes all mutants before it tries any
_TARGET = 0.85
_WHOLE_CHECKS = (
    "tests/engine/test_verdicts.py",
    "tests/engine/test_extremes.py",
    "tests/engine/test_sums_of_kinks.py",
    "tests/api/test_sparse.py",
)


def mutmut(*arguments: str, quiet: bool = False) -> str:
    """Run mutmut, and return what it printed."""
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=ROOT, stdout=output, text=True, check=True)
    return done.stdout or ""


def statuses() -> dict[str, str]:
    """Return what became of every mutant, by its name."""
    lines = mutmut("results", "--all", "true", quiet=True).splitlines()
    return dict(line.strip().split(": ") for line in lines if ": " in line)


def noticed_by_whole_checks(name: str) -> bool:
    """Whether some test of a whole check fails with a mutant."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *_WHOLE_CHECKS],
        cwd=ROOT / "mutants",
        env={**os.environ, "MUTANT_UNDER_TEST": name, "PYTHONPATH": "src"},
        capture_output=True,
        check=False,
    )
    return done.returncode == 1  # and not 2 and more, where pytest itself has failed


def drawn(names: list[str], count: int, seed: int) -> list[str]:
    """Return some of the names at even distances in their order, from a random start on."""
    apart = max(len(names) / count, 1.0)
    start = random.Random(seed).uniform(0, apart)
    return [names[int(start + k * apart)] for k in range(min(count, len(names)))]


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the limits of a proportion, by Wilson, JASA 22 (1927) 209-212."""
    middle, width = hits + z * z / 2, z * math.sqrt(hits * (of - hits) / of + z * z / 4)
    return (middle - width) / (of + z * z), (middle + width) / (of + z * z)


def table(results: dict[str, str], tried: list[str]) -> str:
    """Return how many of the mutants of each file were noticed, of all that there are."""
    made, some, noticed = Counter[str](), Counter[str](), Counter[str]()
    for name in results:
        made[room(name)] += 1
    for name in tried:
        some[room(name)] += 1
        noticed[room(name)] += results[name] in NOTICED
    rows = ["| file | mutants | tried | noticed | share | 95 % interval |", "| --- " * 6 + "|"]
    for key in ["", *sorted(some)]:
        of = some[key] if key else some.total()
        hits = noticed[key] if key else noticed.total()
        low, high = wilson(hits, of)
        name, count = (f"`{key}`", made[key]) if key else ("**all**", made.total())
        cells = f"{count:,}", f"{of:,}", f"{hits:,}", f"{hits / of:.0%}", f"{low:.0%} to {high:.0%}"
        rows.append(" | ".join([f"| {name}", *cells]) + " |")
    return "\n".join(rows) + "\n"


def room(name: str) -> str:
    """Return the file that a mutant is of, causes together: `judge/verdict`."""
    parts = re.sub(r"\.x[_ǁ].*", "", name).split(".")[1:]
    return "judge/causes" if parts[1] == "causes" else "/".join(parts)


def main() -> None:
    """Run them, print the table and the names of those that no test noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="how many to try; all without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--children", type=int, default=2, help="processes at once")
    parser.add_argument("--again", action="store_true", help="only those that survived last time")
    parser.add_argument("--wider", action="store_true", help="ask tests of whole checks, too")
    parser.add_argument("--write", action="store_true", help=f"keep {TABLE.relative_to(ROOT)}")
    options = parser.parse_args()
    run = "run", "--max-children", str(options.children)
    if options.sample is None and not options.again:
        mutmut(*run)
        tried = list(statuses())
    else:
        mutmut(*run, _SMALLEST)
        before = statuses()
        names = sorted(before)
        tried = drawn(names, options.sample or len(names), options.seed)
        again = [name for name in tried if not options.again or before[name] not in NOTICED]
        mutmut(*run, *again)
    results = statuses()
    if options.wider:
        left = [name for name in tried if results[name] not in NOTICED]
        with ThreadPoolExecutor(options.children) as pool:
            found = pool.map(noticed_by_whole_checks, left)
        results |= {name: "killed" for name, noticed in zip(left, found, strict=True) if noticed}
    text = table(results, tried)
    print(text)
    left = [name for name in tried if results[name] not in NOTICED]
    print("\n".join(f"{results[name]}: {name}" for name in left))
    if options.write:
        TABLE.write_text(text)
    sys.exit(1 - len(left) / len(tried) < _TARGET)


if __name__ == "__main__":
    main()
