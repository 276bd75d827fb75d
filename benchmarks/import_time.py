"""What gradproof takes before it does anything: its import, and its room on the disk.

Run as ``python benchmarks/import_time.py``; ``--write`` keeps the table of the documentation. The
exit code is 1 where a bound is missed. Imports run in turn, each in a fresh interpreter that times
nothing but the import; times are ratios to the import of what gradproof needs.
"""

import argparse
import importlib.metadata
import json
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "tables" / "import.md"
RUNS = 15
SLOWEST = 1.5  # times the import of NumPy and optree
LARGEST = 2 * 2**20  # bytes of the wheel
TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
LOADED = """
import json, sys
import numpy, optree
before = set(sys.modules)
import gradproof
print(json.dumps(sorted(set(sys.modules) - before)))
"""
Row = tuple[str, str, str]


def output(code: str) -> str:
    """Run code in a fresh interpreter, and return what it prints."""
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def times() -> tuple[list[Row], bool]:
    """Return the rows on time, and whether the bound holds."""
    statements = ("numpy", "numpy, optree", "numpy, optree, gradproof")
    for modules in statements:  # warm the file cache
        output(TIMED.format(modules))
    runs = [[float(output(TIMED.format(modules))) for modules in statements] for _ in range(RUNS)]
    to_numpy = statistics.median(whole / numpy for numpy, _, whole in runs)
    to_both = statistics.median(whole / both for _, both, whole in runs)
    rows = [
        ("time of `import gradproof`, by that of NumPy and optree", f"{to_both:.2f}", f"{SLOWEST}"),
        ("the same, by that of NumPy alone", f"{to_numpy:.2f}", ""),
    ]
    return rows, to_both <= SLOWEST


def modules() -> tuple[list[Row], bool]:
    """Return the rows on what is loaded, and whether the bound holds."""
    loaded = json.loads(output(LOADED))
    ours = [name for name in loaded if name.partition(".")[0] == "gradproof"]
    theirs = {name.partition(".")[0] for name in loaded} - {"gradproof", "numpy", "optree"}
    foreign = theirs - sys.stdlib_module_names
    rows = [
        ("modules of gradproof that are loaded", str(len(ours)), ""),
        ("packages that are loaded beside NumPy and optree", str(len(foreign)), "0"),
    ]
    return rows, not foreign


def sizes() -> tuple[list[Row], bool]:
    """Build the wheel; return the rows on its size, and whether the bound holds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        size = wheel.stat().st_size
        with zipfile.ZipFile(wheel) as files:
            unpacked = sum(one.file_size for one in files.infolist())
            count = len(files.infolist())
    needed = importlib.metadata.requires("gradproof") or []
    base = [one for one in needed if "extra ==" not in one]
    rows = [
        ("size of the wheel", f"{size / 2**20:.2f} MiB", f"{LARGEST // 2**20} MiB"),
        (f"unpacked, {count} files", f"{unpacked / 2**20:.2f} MiB", ""),
        ("packages that it asks for", str(len(base)), ""),
    ]
    return rows, size <= LARGEST


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table of the docs")
    options = parser.parse_args()
    parts = [times(), modules(), sizes()]
    lines = ["| what | measured | at most |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for rows, _ in parts for row in rows]
    print("\n".join(lines))
    if options.write:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(not all(holds for _, holds in parts))


if __name__ == "__main__":
    sys.exit(main())
