"""What a certificate costs: ``python benchmarks/certify.py``, from 10³ to 10⁷ parameters.

The function is a logistic regression whose features are drawn anew, row by row, at every
evaluation, so that nothing but the parameters is as long as they are. The exit code is 1 where a
bound is missed.
"""

import argparse
import os
import sys
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

import gradproof as gp  # noqa: E402

_ROWS = 4
_MOST = 50  # evaluations


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


def main() -> int:
    """Print a row for each size, and return the exit code."""
    parser = argparse.ArgumentParser(description="What a certificate costs.")
    parser.add_argument("--largest", type=float, default=1e7, help="how many parameters")
    largest = int(parser.parse_args().largest)
    print("| parameters | verdict | evaluations | wall time / evaluations alone | error below |")
    print("| --- | --- | --- | --- | --- |")
    missed = False
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
