"""Times as ratios within one run, and the tables and targets of a part."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.trust.tables import table

QUICK = "A quick run: fewer parameters and repetitions, and times without targets."


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class Times:
    """Wall times of several runs, one after the other in each round, every other round backwards.

    What disturbs the machine disturbs neighbours alike, and what comes first changes.
    """

    def __init__(self, runs: Mapping[str, Callable[[], object]], rounds: int) -> None:
        self._rounds = []
        for k in range(rounds):
            order = list(runs.items())[:: -1 if k % 2 else 1]
            self._rounds.append({name: seconds(run) for name, run in order})

    def ratio(self, name: str, other: str) -> float:
        """Return the median over the rounds of how many times as long `name` takes."""
        return statistics.median(one[name] / one[other] for one in self._rounds)


def calls(f: Callable[[], object], times: int) -> Callable[[], None]:
    """Return what calls f so many times: the floor of a check is its evaluations alone."""

    def run() -> None:
        for _ in range(times):
            f()

    return run


def calls_that_take(f: Callable[[], object], enough: float = 0.02) -> int:
    """Return how many calls of f take so many seconds, one at least."""
    f()
    return max(1, int(enough / seconds(f)))


class Sheet:
    """The text of one part in Markdown, printed as it grows, and the targets that it missed."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.text = ""
        self.misses: list[str] = []

    def table(self, head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
        """Add a table."""
        self.say(table(head, rows))

    def say(self, words: str) -> None:
        """Add a paragraph."""
        print(f"{words}\n", flush=True)
        self.text += f"{words}\n\n"

    def bound(
        self, what: str, value: float, limit: float, *, at_least: bool = False, timed: bool = True
    ) -> str:
        """Return a cell; remember a miss, of times only where they mean something."""
        shown = f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
        if timed and self.quick:
            return shown
        met = value >= limit if at_least else value <= limit
        target = f"{'≥' if at_least else '≤'} {limit:g}"
        if not met:
            self.misses.append(f"{what}: {shown}, target {target}")
        return f"{shown} ({target}{'' if met else ', MISSED'})"

    def require(self, what: str, met: bool) -> None:
        """Remember a miss of what is no number."""
        if not met:
            self.misses.append(what)
