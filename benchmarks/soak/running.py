"""Making random checks in one process, and counting what is wrong about them."""

from __future__ import annotations

import dataclasses
import signal
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.soak.draws import Draw, arrays_of, draw
from benchmarks.soak.judging import complaint
from benchmarks.soak.process import Holding, global_state, left_by, memory

import gradproof as gp

#: After this share of the checks everything is imported and every cache is full.
MARKS = (0.1, 0.5, 1.0)


class Stopped(Exception):
    """What an f raises in the middle of a check."""


@dataclasses.dataclass
class Soak:
    """Counts of a run, and what was wrong about it, in words."""

    seed: int
    checks: int
    evaluations: int = 0
    verdicts: Counter[tuple[str, str]] = dataclasses.field(default_factory=Counter)
    ways: Counter[str] = dataclasses.field(default_factory=Counter)
    wrong: list[str] = dataclasses.field(default_factory=list)
    changed: list[str] = dataclasses.field(default_factory=list)
    wrong_by_claim: Counter[str] = dataclasses.field(default_factory=Counter)
    holdings: list[Holding] = dataclasses.field(default_factory=list)
    left: float = 0.0

    @property
    def repeated(self) -> int:
        """How many checks are repeated to see what they leave allocated."""
        return min(200, max(1, self.checks // 10))

    def measure_what_is_left(self) -> None:
        """Make some checks again, and see how much memory they leave allocated, in KiB."""
        again = Soak(self.seed, self.repeated)
        self.left = left_by(lambda: again.run(lambda line: None))

    def run(self, tell: Callable[[str], object] = print) -> None:
        """Make all checks; `tell` is told about everything that is wrong, and how far it is."""
        marks = {max(1, round(share * self.checks)) for share in MARKS}
        now_and_then = max(1, self.checks // 20)
        with ThreadPoolExecutor(2) as pool, tempfile.TemporaryDirectory() as folder:
            for thread in [pool.submit(lambda: None) for _ in range(2)]:
                thread.result()
            for number in range(self.checks):
                for line in self.one(draw(self.seed, number), pool, Path(folder)):
                    tell(line)
                if number + 1 in marks:
                    self.holdings.append(Holding.now())
                if (number + 1) % now_and_then == 0:
                    done = f"{number + 1:,} checks, {self.evaluations:,} evaluations"
                    tell(f"{done}, {memory():.1f} MiB, {len(self.wrong)} wrong verdicts")

    def one(self, one: Draw, pool: ThreadPoolExecutor, folder: Path) -> list[str]:
        """Make one check, count it, and return what is wrong about it."""
        before = global_state()
        bits = [array.tobytes() for array in arrays_of(one)]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = _asked(one, pool, folder)
        told = []
        if found is not None:
            self.evaluations += found.evaluations
            self.verdicts["wrong" if one.mistake else "right", found.verdict.value] += 1
            with np.errstate(all="ignore"):
                told = [why] if (why := complaint(one, found)) else []
            self.wrong_by_claim["wrong" if one.mistake else "right"] += len(told)
            self.wrong += [f"{one.name}: {why}" for why in told]
        self.ways[one.way] += 1
        after = global_state()
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
