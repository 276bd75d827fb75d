"""What a certificate costs and how often it holds: ``python benchmarks/certify.py``.

The price is that of a logistic regression of 10³ to 10⁷ parameters whose features are drawn anew,
row by row, at every evaluation, so that nothing but the parameters is as long as they are. How
often the bound holds is counted over the seeds of the directions, for errors of several forms. The
exit code is 1 where a target is missed.
"""

import argparse
import os
import sys
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from scipy.stats import binom  # noqa: E402

import gradproof as gp  # noqa: E402
from gradproof.judge.certificate import norm_bound  # noqa: E402
from gradproof.numerics.directions import Gaussian  # noqa: E402

_ROWS = 4
_MOST = 50  # evaluations
_COMPONENTS = 50
_DIRECTIONS = 8
_CHANCE = 1e-3


class Logistic:
    """Two tensors, weights and their offsets, and the sum of a loss of a few samples."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(n)
        self.at = {
            "w": rng.standard_normal(n - n // 10) / np.sqrt(n),
            "b": rng.standard_normal(n // 10) / np.sqrt(n),
        }

    def row(self, k: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """Return the features of one sample."""
        rng = np.random.default_rng(k)
        return {name: rng.standard_normal(value.size) for name, value in self.at.items()}

    def f(self, p: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> float:
        """Return the loss and a penalty."""
        total = sum(0.05 * float(value @ value) for value in p.values())
        for k in range(_ROWS):
            x = self.row(k)
            total += float(np.logaddexp(0, sum(x[name] @ p[name] for name in p)))
        return total

    def gradient(
        self, p: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]
    ) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """Return the gradient."""
        found = {name: 0.1 * value for name, value in p.items()}
        for k in range(_ROWS):
            x = self.row(k)
            slope = 1 / (1 + np.exp(-sum(x[name] @ p[name] for name in p)))
            for name, value in x.items():
                found[name] += slope * value
        return found


def errors() -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return errors of a gradient of some components, in several forms."""
    rng = np.random.default_rng(0)
    zero = np.zeros(_COMPONENTS)
    one, equal, sparse = zero.copy(), zero.copy(), zero.copy()
    one[7] = 1.0
    equal[[7, 23]] = 1.0
    sparse[rng.choice(_COMPONENTS, _COMPONENTS // 10, replace=False)] = 10 ** rng.uniform(
        -2, 0, _COMPONENTS // 10
    )
    dense = rng.standard_normal(_COMPONENTS)
    return {
        "one component": one,
        "two equal ones": equal,
        "a tenth, of many sizes": sparse,
        "all, alike": zero + 1.0,
        "all, at random": dense,
    }


def coverage(draws: int) -> bool:
    """Print how often the bound on the norm does not hold; return whether that is too often."""
    cases = errors()
    stacked = np.stack(list(cases.values()))
    norms = np.linalg.norm(stacked, axis=1)
    missed = np.zeros(len(cases), dtype=int)
    for seed in range(draws):
        gaussian = Gaussian(seed, 0, _COMPONENTS)
        directions = [next(gaussian.chunks(k))[1] for k in range(_DIRECTIONS)]
        shown = np.stack(directions) @ stacked.T
        bounds = [norm_bound(column, 1 - _CHANCE) for column in shown.T]
        missed += norms > bounds
    # What a chance of exactly that much is exceeded by once in a thousand.
    most = int(binom.ppf(0.999, draws, _CHANCE))
    print("| error | draws | the bound did not hold |")
    print("| --- | --- | --- |")
    for name, count in zip(cases, missed.tolist(), strict=True):
        print(f"| {name} | {draws:,} | {count:,} ({count / draws:.1e}; ≤ {most:,}) |")
    print()
    return bool(np.any(missed > most))


def main() -> int:
    """Print how often the bound holds, then a row for each size, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="What a certificate costs, and how often it holds."
    )
    parser.add_argument("--largest", type=float, default=1e7, help="how many parameters")
    parser.add_argument("--draws", type=int, default=100_000, help="seeds of the directions")
    arguments = parser.parse_args()
    largest = int(arguments.largest)
    missed = coverage(arguments.draws)
    print("| parameters | verdict | evaluations | wall time / evaluations alone | error below |")
    print("| --- | --- | --- | --- | --- |")
    for n in (10**k for k in range(3, 8)):
        if n > largest:
            break
        problem = Logistic(n)
        started = time.perf_counter()
        report = gp.check(problem.f, problem.gradient, problem.at, plan="project")
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        problem.f(problem.at)
        alone = (time.perf_counter() - started) * report.evaluations
        assert report.certificate is not None
        missed |= not report.passed or report.evaluations > _MOST
        print(
            f"| {n:,} | {report.verdict.value} | {report.evaluations} (≤ {_MOST}) | "
            f"{seconds / alone:.1f} | {report.certificate.bound:.1e} |",
            flush=True,
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
