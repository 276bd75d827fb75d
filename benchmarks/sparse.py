"""What a check of a sparse Jacobian costs, and what it misses: ``python benchmarks/sparse.py``.

Functions of n parameters and n outputs, each of which depends on a few parameters, at random or in
a band, in several forms. The right Jacobian is checked, the same with zeros stored besides, and
without one of its entries: is that named, and after how many evaluations of all outputs? With
``--targets`` the exit code is 1 where a target is missed.
"""

import argparse
import os
import re
import sys

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import scipy.sparse  # noqa: E402

import gradproof as gp  # noqa: E402

Array = npt.NDArray[Any]
_TO_FIND = 30  # evaluations
_FORMS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sin": (np.sin, np.cos),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "exp": (np.exp, np.exp),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
}


class Sums:
    """Weighted sums of one form of a few parameters each, and their Jacobian."""

    def __init__(self, n: int, k: int, form: str, band: bool, dtype: Any, seed: int) -> None:
        rng = np.random.default_rng([n, k, seed])
        self.at = rng.standard_normal(n).astype(dtype)
        self._form, self._slope = _FORMS[form]
        if band:
            self._columns = np.clip(np.arange(n)[:, None] + np.arange(k) - k // 2, 0, n - 1)
        else:
            self._columns = rng.integers(n, size=(n, k))
        sizes = rng.uniform(0.2, 2, (n, k)) * rng.choice([-1.0, 1.0], (n, k))
        self._weights = sizes.astype(dtype)

    def f(self, x: Array) -> Array:
        """Return all outputs."""
        return np.asarray((self._weights * self._form(x[self._columns])).sum(axis=1))

    def jacobian(self, x: Array) -> scipy.sparse.csr_array:
        """Return the Jacobian; a column that an output has twice is one entry."""
        n, k = self._columns.shape
        values = self._weights * self._slope(x[self._columns])
        rows = np.repeat(np.arange(n), k)
        found = scipy.sparse.coo_array((values.ravel(), (rows, self._columns.ravel())), (n, n))
        return found.tocsr()

    def without_one(self, seed: int) -> tuple[scipy.sparse.csr_array, str]:
        """Return the Jacobian at the point without an entry of a typical size, and its name."""
        matrix = self.jacobian(self.at).tocoo()
        size = np.abs(matrix.data)
        typical = np.flatnonzero(size > 0.1 * np.median(size[size > 0]))
        one = int(np.random.default_rng(seed).choice(typical))
        kept = np.arange(matrix.nnz) != one
        row, column = matrix.row[kept], matrix.col[kept]
        short = scipy.sparse.coo_array((matrix.data[kept], (row, column)), matrix.shape)
        return short.tocsr(), f"d output[{matrix.row[one]}] / d x[{matrix.col[one]}]"

    def with_zeros(self, seed: int) -> scipy.sparse.csr_array:
        """Return the Jacobian at the point with zeros stored at random places."""
        matrix, rng = self.jacobian(self.at).tocoo(), np.random.default_rng(seed)
        n = self.at.size
        rows, columns = rng.integers(n, size=(2, n // 4))
        where = np.append(matrix.row, rows), np.append(matrix.col, columns)
        values = np.append(matrix.data, np.zeros(rows.size))
        return scipy.sparse.coo_array((values, where), (n, n)).tocsr()


def _numbers(report: gp.Report) -> tuple[int, int]:
    """Return how many groups of columns there were, and evaluations until the pattern was known."""
    told = " ".join(report.notes)
    groups, found = re.search(r"in ([\d,]+) groups?", told), re.search(r"\((\d+) evaluations", told)
    as_number = [int(one[1].replace(",", "")) if one else 0 for one in (groups, found)]
    return as_number[0], as_number[1]


def main() -> int:
    """Print a row for each kind of Jacobian, and return the exit code."""
    parser = argparse.ArgumentParser(description="What a check of a sparse Jacobian costs.")
    parser.add_argument("--seeds", type=int, default=20, help="problems of each kind")
    parser.add_argument("--quick", action="store_true", help="small ones, a few seconds")
    parser.add_argument("--targets", action="store_true", help="exit with 1 where one is missed")
    arguments = parser.parse_args()
    seeds = 2 if arguments.quick else arguments.seeds
    sizes = (1_000,) if arguments.quick else (1_000, 10_000)
    missed = 0
    print(
        "| n | non-zeros a row | form | colours | evaluations, right | evaluations to find "
        "a missing one | …and to confirm it | right called wrong | missing ones not named | seeds |"
    )
    print("| --- " * 10 + "|")
    kinds = [
        (k, form, band, dtype)
        for k, band in ((3, True), (5, False), (10, False))
        for form, dtype in [*((form, np.float64) for form in _FORMS), ("sin", np.float32)]
    ]
    for n in sizes:
        for k, form, band, dtype in kinds:
            colours, right, to_find, confirmed = [], [], [], []
            alarms = unnamed = 0
            for seed in range(seeds):
                sums = Sums(n, k, form, band, dtype, seed)
                for claim in (sums.jacobian, sums.with_zeros(seed)):
                    report = gp.check(sums.f, gp.Jacobian(claim), sums.at, seed=seed)
                    alarms += not report.passed
                    if callable(claim):
                        colours.append(_numbers(report)[0])
                        right.append(report.evaluations)
                short, name = sums.without_one(seed)
                report = gp.check(sums.f, gp.Jacobian(short), sums.at, seed=seed)
                named = [one.addresses for one in report.causes if one.code == "GP416"]
                unnamed += report.verdict != "fail" or named != [(name,)]
                to_find.append(_numbers(report)[1])
                confirmed.append(report.evaluations)
            print(
                f"| {n:,} | {k}{', a band' if band else ''} | {form}, {np.dtype(dtype).name} "
                f"| {max(colours)} | {int(np.median(right))} (≤ {max(right)}) "
                f"| {int(np.median(to_find))} (≤ {max(to_find)}) | {int(np.median(confirmed))} "
                f"| {alarms} of {2 * seeds} | {unnamed} of {seeds} | {seeds} |",
                flush=True,
            )
            late = dtype is np.float64 and max(to_find) > _TO_FIND
            missed += alarms + unnamed + late
    if arguments.targets and missed:
        print(f"\n{missed} targets missed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
