"""Long work: a bar with the time left in a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gradproof.render.words import printable

_MANY = 20_000  # evaluations in one stretch that deserve a bar at once
_LONG = 2.0  # seconds after which any stretch does
_BETWEEN_LINES = 10.0  # seconds


def progress_bar(console: Console) -> Progress:
    """Return a bar that vanishes when done; nothing is shown where there is no terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or console.is_dumb_terminal,
    )


@contextmanager
def long_work(
    name: str, console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None]]:
    """Yield what a check calls as it goes; short work shows nothing."""
    name = printable(name)
    if console.is_terminal and not console.is_dumb_terminal:
        with progress_bar(console) as bar:
            yield _in_a_bar(name, bar, clock)
    else:
        yield _in_lines(name, console, clock)


def _in_a_bar(name: str, bar: Progress, clock: Callable[[], float]) -> Callable[[int, int], None]:
    begun = clock()

    def update(done: int, total: int) -> None:
        if not bar.tasks and (total >= _MANY or clock() - begun >= _LONG):
            bar.add_task(name, total=total)
        if bar.tasks:
            bar.update(bar.task_ids[0], completed=done, total=total)

    return update


def _in_lines(
    name: str, console: Console, clock: Callable[[], float]
) -> Callable[[int, int], None]:
    """Return what prints a line for work that takes long, no more than one in ten seconds."""
    begun = last = clock()
    before, started_at = (0, 0), 0  # of the stretch: how far it was, and where it was first seen

    def update(done: int, total: int) -> None:
        nonlocal begun, last, before, started_at
        now = clock()
        if before[1] and (done <= before[0] or total != before[1]):  # another stretch
            begun, started_at = now, done
        before = done, total
        if now - last < _BETWEEN_LINES:
            return
        last = now
        said = f"… {name}: {done:,} of {total:,} evaluations"
        if done > started_at and now > begun and done < total:
            left = (now - begun) * (total - done) / (done - started_at)
            said += f", about {_rounded(left)} left"
        console.print(said, markup=False, highlight=False, soft_wrap=True)

    return update


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
