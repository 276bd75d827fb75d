"""Run every script of this folder: exit code 1 where one no longer fails, and the page is untrue.

``python -m benchmarks.trust.wild`` from the repository's root, with the extra ``bench`` installed.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

import gradproof as gp


def main() -> int:
    """Print the verdict on each gradient, and return the exit code."""
    folder = Path(__file__).parent
    names = sorted(found.name for found in pkgutil.iter_modules([str(folder)]))
    names.remove("__main__")
    failed, width = 0, max(map(len, names))
    for name in names:
        report: gp.Report = importlib.import_module(f"benchmarks.trust.wild.{name}").report()
        failed += report.verdict is gp.Verdict.FAIL
        print(f"{name:{width}}  {report.verdict.value.upper():12}  {report.headline}", flush=True)
    print(f"{failed} of {len(names)} fail")
    return 0 if names and failed == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
