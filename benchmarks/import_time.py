"""Compare `import gradproof` with the import of what it needs, numpy and optree.

Run as ``python benchmarks/import_time.py``; the exit code is 1 where the bound is missed. Both
imports run in turn, each in a fresh interpreter that times nothing but the import.
"""

import statistics
import subprocess
import sys

RUNS = 15
BOUND = 1.5
TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def seconds(modules: str) -> float:
    """Import `modules` in a fresh interpreter and return the seconds that took."""
    command = [sys.executable, "-I", "-c", TIMED.format(modules)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    """Print the comparison and return the exit code."""
    for modules in ("numpy, optree", "gradproof"):  # warm the file cache
        seconds(modules)
    pairs = [(seconds("numpy, optree"), seconds("numpy, optree, gradproof")) for _ in range(RUNS)]
    floor = statistics.median(pair[0] for pair in pairs)
    whole = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    print("| import | median of 15 | ratio |")
    print("|---|---|---|")
    print(f"| numpy, optree | {floor * 1e3:.0f} ms | 1 |")
    print(f"| gradproof | {whole * 1e3:.0f} ms | {ratio:.2f} |")
    return 0 if ratio <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
