"""Long work: a bar with the time left in a terminal or notebook, else a line now and then."""

import html
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from gradproof._base.text import printable

_MANY = 20_000  # evaluations in one stretch that deserve a bar at once
_LONG = 2.0  # seconds after which any stretch does
_BETWEEN_LINES = 10.0  # seconds
_BETWEEN_FRAMES = 0.2  # seconds


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


def long_check() -> AbstractContextManager[Callable[[int, int], None]]:
    """Yield what one check calls as it goes, shown beside what is printed."""
    return long_work("gradproof", Console(stderr=True))


@contextmanager
def long_work(
    name: str, console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None]]:
    """Yield what a check calls as it goes; short work shows nothing."""
    name = printable(name)
    if console.is_terminal and not console.is_dumb_terminal:
        with progress_bar(console) as bar:
            yield _in_a_bar(name, bar, clock)
    elif console.is_jupyter:
        bar_in_cell = _NotebookBar(name, clock)
        try:
            yield bar_in_cell.update
        finally:
            bar_in_cell.vanish()
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


class _NotebookBar:
    """A bar under a cell: plain HTML, which is there wherever notebooks are, without widgets."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._sentence = _Sentence(name, clock)
        self._clock = clock
        self._begun = self._drawn = clock()
        self._handle: Any = None

    def update(self, done: int, total: int) -> None:
        """Draw the bar, unless the work is short or it was drawn a moment ago."""
        from IPython.display import display

        said = self._sentence.of(done, total)
        now = self._clock()
        if self._handle is None:
            if total >= _MANY or now - self._begun >= _LONG:
                self._handle = display(_drawn(said, done, total), raw=True, display_id=True)
                self._drawn = now
        elif now - self._drawn >= _BETWEEN_FRAMES:
            self._handle.update(_drawn(said, done, total), raw=True)
            self._drawn = now

    def vanish(self) -> None:
        """Leave nothing but the report."""
        if self._handle is not None:
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)


def _drawn(said: str, done: int, total: int) -> dict[str, str]:
    bar = f'<progress style="vertical-align: middle" value="{done}" max="{total}"></progress>'
    return {"text/html": f"{bar} {html.escape(said)}", "text/plain": said}


def _in_lines(
    name: str, console: Console, clock: Callable[[], float]
) -> Callable[[int, int], None]:
    """Return what prints a line for work that takes long, no more than one in ten seconds."""
    sentence, last = _Sentence(name, clock), clock()

    def update(done: int, total: int) -> None:
        nonlocal last
        said, now = sentence.of(done, total), clock()
        if now - last >= _BETWEEN_LINES:
            last = now
            console.print(f"… {said}", markup=False, highlight=False, soft_wrap=True)

    return update


class _Sentence:
    """Says how far work is, and how long the rest of this stretch will take."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name, self._clock = name, clock
        self._begun = clock()
        self._before = 0, 0
        self._first = 0  # how far the stretch was when it was first seen

    def of(self, done: int, total: int) -> str:
        now = self._clock()
        if self._before[1] and (done <= self._before[0] or total != self._before[1]):
            self._begun, self._first = now, done  # another stretch
        self._before = done, total
        said = f"{self._name}: {done:,} of {total:,} evaluations"
        if done > self._first and now > self._begun and done < total:
            left = (now - self._begun) * (total - done) / (done - self._first)
            said += f", about {_rounded(left)} left"
        return said


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
