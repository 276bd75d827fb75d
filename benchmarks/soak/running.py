"""Making random checks in one process, and counting what is wrong about them."""

from __future__ import annotations

import dataclasses
import math
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.soak.draws import Draw, arrays_of, draw
from benchmarks.soak.judging import complaint
from benchmarks.soak.process import Holding, global_state, left_by

import gradproof as gp

_LOOKS = 100  # at what the process holds


class Stopped(Exception):
    """What an f raises in the middle of a check."""


@dataclasses.dataclass
class Soak:
    """Counts of a run, and what was wrong about it, in words."""

    seed: int
    wanted: int
    checks: int = 0
    evaluations: int = 0
    verdicts: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    ways: Counter[str] = dataclasses.field(default_factory=Counter)
    wrong: list[str] = dataclasses.field(default_factory=list)
    changed: list[str] = dataclasses.field(default_factory=list)
    wrong_by_claim: Counter[str] = dataclasses.field(default_factory=Counter)
    holdings: dict[int, Holding] = dataclasses.field(default_factory=dict)
    left: float = 0.0

    @property
    def repeated(self) -> int:
        """How many checks are repeated to see what they leave allocated."""
        return min(200, max(1, self.checks // 10))

    def measure_what_is_left(self) -> None:
        """Make some checks again, and see how much memory they leave allocated, in KiB."""
        again = Soak(self.seed, self.repeated)
        self.left = left_by(lambda: again.run(lambda line: None))

    def run(self, tell: Callable[[str], object] = print, seconds: float = math.inf) -> None:
        """Make all checks, or as many as take so long.

        `tell` is told about everything that is wrong, and how far it is.
        """
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(2) as pool, tempfile.TemporaryDirectory() as folder:
            for thread in [pool.submit(lambda: None) for _ in range(2)]:
                thread.result()
            for number in range(self.wanted):
                for line in self.one(draw(self.seed, number), pool, Path(folder)):
                    tell(line)
                is_last = number + 1 == self.wanted or time.monotonic() > end
                if is_last or self.checks % max(50, self.wanted // _LOOKS) == 0:
                    self.holdings[self.checks] = held = Holding.now()
                    done = f"{self.checks:,} checks, {self.evaluations:,} evaluations"
                    tell(f"{done}, {held.memory:.1f} MiB, {len(self.wrong)} wrong verdicts")
                if is_last:
                    return

    def held_after(self, share: float) -> tuple[int, Holding]:
        """Return what was held when about that share of the checks was made."""
        nearest = min(self.holdings, key=lambda checks: abs(checks - share * self.checks))
        return nearest, self.holdings[nearest]

    def one(self, one: Draw, pool: ThreadPoolExecutor, folder: Path) -> list[str]:
        """Make one check, count it, and return what is wrong about it."""
        before = global_state()
        bits = [array.tobytes() for array in arrays_of(one)]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = _asked(one, pool, folder)
        after = global_state()  # before f is called to judge
        told = []
        if found is not None:
            self.evaluations += found.evaluations
            self.verdicts["wrong" if one.mistake else "right", found.verdict.value] += 1
            with np.errstate(all="ignore"):
                told = [why] if (why := complaint(one, found)) else []
            self.wrong_by_claim["wrong" if one.mistake else "right"] += len(told)
            self.wrong += [f"{one.name}: {why}" for why in told]
        self.ways[one.way] += 1
        self.checks += 1
        changed = [what for what, state in before.items() if after[what] != state]
        if bits != [array.tobytes() for array in arrays_of(one)]:
            changed.append("parameters")
        self.changed += [f"{one.name}: {what}" for what in changed]
        return [f"{one.name}: {what}" for what in (*told, *changed)]


def _asked(one: Draw, pool: ThreadPoolExecutor, folder: Path) -> gp.Report | None:
    """Return the report of a check that is asked in its way; None where f ended it."""
    options: dict[str, Any] = dict(one.options)
    problem = one.problem()
    if one.way in ("raises", "interrupted"):
        return _broken(one)
    if one.way == "threads":
        return gp.check(problem, executor=pool, **options)
    if one.way == "journal":
        path = folder / "journal"
        first = gp.check(problem, journal=path, **options)
        again = gp.check(problem, journal=path, **options)
        path.unlink()
        if _told(again) != _told(first) and "generator" not in one.function.kind:
            raise AssertionError(f"{one.name}: a journal is told otherwise")
        return again
    if one.way == "batches" and not one.function.is_noisy:
        problem = dataclasses.replace(problem, f=_many(one), vectorized=True)
    report = gp.check(problem, **options)
    if one.way == "rendered":
        report.summary()
        report.to_json()
        report._repr_html_()
    return report


def _told(report: gp.Report) -> dict[str, Any]:
    """Return all that a report says, but how long it took."""
    return report.to_dict() | {"seconds": 0.0}


def _broken(one: Draw) -> gp.Report | None:
    """Make a check whose f raises after some calls, or is interrupted by a signal."""
    rng = np.random.default_rng(one.number)
    left = int(rng.integers(1, 60))

    def f(at: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            if one.way == "raises":
                raise Stopped
            signal.raise_signal(signal.SIGINT)
        return one.f(at)

    try:
        return gp.check(one.problem(f), **one.options)
    except (Stopped, KeyboardInterrupt):
        return None


def _many(one: Draw) -> Callable[[Any], Any]:
    """Return f for points that are stacked along a first axis."""

    def f(at: Any) -> Any:
        leaves = [np.asarray(at)] if one.shape.number else one.shape.container.take(at)
        return one.function.value(np.concatenate([x.reshape(len(x), -1) for x in leaves], axis=1))

    return f
