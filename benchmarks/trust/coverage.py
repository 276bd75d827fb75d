"""How often error bars hold the error: ``python -m benchmarks.trust.coverage``.

`gp.differentiate` against independently computed derivatives, component by component, on smooth
functions. Families are drawn again with one seed after the other, which moves the points and the
data, until there are enough components of each precision.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import math
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import numpy as np  # noqa: E402
from benchmarks.trust import tables  # noqa: E402
from benchmarks.trust.case import Case, Family, Split, families  # noqa: E402
from benchmarks.trust.running import draw, dtype_of, quiet, spread, unverified, workers  # noqa: E402
from benchmarks.trust.score import upper_bound  # noqa: E402
from benchmarks.trust.truth import flat  # noqa: E402

import gradproof as gp  # noqa: E402

KINDS = ("ordinary", "float32", "offset", "oscillation", "badly scaled", "stiff")

#: What rounds in the truth itself, and in a gradient that is right by definition.
_ROUNDING = {"computed": 1e-13, "float64": 1e-13, "float32": 2.0**-22}

#: Whose derivatives, in the library itself, are a series cut short (to 1e-9) or an approximation by
#: a tree of the data: no truth for bars of 1e-10.
_INEXACT: dict[str, tuple[str, ...]] = {
    "torch ops: special functions": ("digamma", "polygamma", "special.polygamma"),
    "torch ops: special functions, float32": ("digamma", "polygamma", "special.polygamma"),
    "sklearn t-SNE, float32": ("",),
    "sklearn t-SNE": ("",),
}

#: Larger cases cost more than they tell: their components are much alike.
_LARGEST = 200


@dataclasses.dataclass(frozen=True)
class Measured:
    """One component: its derivative, what was measured, and the bar."""

    family: str
    kind: str
    case: str
    seed: int
    dtype: str
    component: int
    truth: float
    value: float
    bar: float
    rounding: float

    @property
    def answered(self) -> bool:
        """Whether there is a value with a bar."""
        return math.isfinite(self.value) and math.isfinite(self.bar)

    @property
    def error(self) -> float:
        """The error, less what may be the rounding of the truth."""
        return max(0.0, abs(self.value - self.truth) - self.rounding)

    @property
    def covered(self) -> bool:
        """Whether the bar holds the error."""
        return self.error <= self.bar


def measure(family: Family, case: Case, seed: int) -> Iterator[Measured]:
    """Differentiate one case, and yield its components."""
    dtype = dtype_of(family, case)
    with quiet(), np.errstate(all="ignore"):
        truth = None if case.truth is None else case.truth()
        rounding = _ROUNDING["computed" if truth is not None else dtype]
        truths = flat(case.gradient(case.at) if truth is None else truth)
        if truths.size > _LARGEST:
            return
        # How far two ways of computing the truth are apart says how exact it is.
        apart = np.abs(flat(case.gradient(case.at)) - truths)
        result = gp.differentiate(case.f, case.at, seed=seed)
        values, bars = flat(result.values), flat(result.bars)
    rows = zip(truths, values, bars, apart, strict=True)
    for i, (exact, value, bar, inexact) in enumerate(rows):
        yield Measured(
            family=family.name,
            kind=family.kind,
            case=case.name,
            seed=seed,
            dtype=dtype,
            component=i,
            truth=float(exact),
            value=float(value),
            bar=float(bar),
            rounding=rounding * abs(float(exact)) + 2 * float(inexact),
        )


@dataclasses.dataclass(frozen=True)
class Draw:
    """One family at one seed, and the precisions of which there is not enough yet."""

    split: Split
    seed: int
    dtypes: tuple[str, ...]


def run(name: str, plan: Draw) -> tuple[list[Measured], list[str]]:
    """Measure one family at one seed; also return what could not be measured, and why."""
    family = {family.name: family for family in families(plan.split)}[name]
    found: list[Measured] = []
    try:
        cases = draw(family, plan.seed)
    except Exception as error:
        return [], [f"{type(error).__name__}: {error}"]
    errors = []
    for case in cases:
        if any(case.name.startswith(inexact) for inexact in _INEXACT.get(name, ())):
            continue
        try:
            if dtype_of(family, case) not in plan.dtypes:
                continue
            why = unverified(family, case)
            if why is None:
                found += measure(family, case, plan.seed)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
        if why is not None:
            errors.append(f"{case.name}: {why}")
    return found, errors


def table(measured: Sequence[Measured], by: str) -> str:
    """Return how often the bars hold, by a field and in total."""
    groups: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        groups.setdefault((one.dtype, str(getattr(one, by))), []).append(one)
        groups.setdefault((one.dtype, "**all**"), []).append(one)
    rows = []
    for (dtype, name), ones in sorted(groups.items()):
        answered = [one for one in ones if one.answered]
        missed = sum(not one.covered for one in answered)
        ratios = [one.bar / one.error for one in answered if one.error > 0]
        sizes = [one.bar / abs(one.truth) for one in answered if one.truth]
        rows.append(
            (
                dtype,
                name,
                f"{len(ones):,}",
                tables.share(len(ones) - len(answered), len(ones)),
                f"{missed:,}",
                f"{1 - missed / len(answered):.3%}" if answered else "–",
                f"{1 - upper_bound(missed, len(answered)):.3%}" if answered else "–",
                tables.number(statistics.median(ratios) if ratios else None),
                tables.number(statistics.median(sizes) if sizes else None),
            )
        )
    head = (
        "precision",
        by,
        "components",
        "no answer",
        "misses",
        "covered",
        "at least (95 %)",
        "bar / error (median)",
        "bar / derivative (median)",
    )
    return tables.table(head, rows)


def misses(measured: Sequence[Measured]) -> str:
    """Return the components whose bars do not hold, worst first."""
    wrong = [one for one in measured if one.answered and not one.covered]
    wrong.sort(key=lambda one: one.bar / one.error)
    rows = [
        (
            f"{one.family}::{one.case}",
            one.seed,
            one.component,
            f"{one.value:.10g}",
            f"{one.truth:.10g}",
            f"{one.bar:.1e}",
            f"{one.error / one.bar:.3g}" if one.bar else "inf",
        )
        for one in wrong
    ]
    head = ("case", "seed", "component", "measured", "truth", "bar", "error / bar")
    return tables.table(head, rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure until there is enough, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.trust.coverage", description="How often error bars hold."
    )
    parser.add_argument("--split", choices=("tuning", "validation"), default="tuning")
    parser.add_argument("--family", metavar="GLOB", default="*", help="families of these names")
    parser.add_argument(
        "--components", type=int, default=30_000, help="how many of each precision, at least"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=50, help="at most so many seeds")
    parser.add_argument("--jobs", type=int, default=2, help="processes; a family runs in one")
    parser.add_argument("--write", type=Path, metavar="PATH", help="write the tables, in Markdown")
    options = parser.parse_args(arguments)
    names = [
        family.name
        for family in families(options.split)
        if family.kind in KINDS and fnmatch.fnmatchcase(family.name, options.family)
    ]
    if not names:
        parser.error("no family is meant")
    measured = _collect(names, options)
    text = "\n\n".join((table(measured, "kind"), table(measured, "family"), misses(measured)))
    if options.write:
        options.write.write_text(text + "\n", encoding="utf-8")
    print("\n" + text)
    return 0


def _collect(names: list[str], options: argparse.Namespace) -> list[Measured]:
    """Draw all families with one seed after the other until there is enough."""
    measured: list[Measured] = []
    has: dict[str, set[str]] = {}
    with workers(options.jobs) as pool:
        for seed in range(options.seed, options.seed + options.seeds):
            counts = {
                dtype: sum(one.dtype == dtype for one in measured)
                for dtype in ("float32", "float64")
            }
            if measured:
                print(f"seed {seed}: " + ", ".join(f"{n:,} {k}" for k, n in counts.items()))
            wanted = tuple(dtype for dtype, n in counts.items() if n < options.components)
            plans = {
                name: Draw(options.split, seed, wanted)
                for name in names
                if not has.get(name, set(wanted)).isdisjoint(wanted)
            }
            for name, (found, errors), _ in spread(run, plans, pool):
                measured += found
                has.setdefault(name, {one.dtype for one in found})
                for error in errors:
                    print(f"left out: {name}, seed {seed}: {error}")
            if not plans:
                break
    return sorted(measured, key=lambda one: (one.family, one.seed, one.case, one.component))


if __name__ == "__main__":
    sys.exit(main())
