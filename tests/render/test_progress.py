"""How far work is: a bar in a terminal, one under a cell, and lines elsewhere, by a clock."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from IPython import display
from rich.console import Console

from gradproof.render.progress import long_work


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(steps: list[tuple[float, int, int]]) -> list[str]:
    clock, out = Clock(), io.StringIO()
    with long_work("a", Console(file=out, width=200), clock) as update:
        for now, done, total in steps:
            clock.now = now
            update(done, total)
    return out.getvalue().splitlines()


def test_a_line_every_ten_seconds_says_what_is_left() -> None:
    said = lines([(5, 10, 1000), (10, 20, 1000), (15, 30, 1000), (20, 220, 1000)])
    assert said == [
        "… a: 20 of 1,000 evaluations, about 8 min left",
        "… a: 220 of 1,000 evaluations, about 71 s left",
    ]


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(10, "10 s"), (80, "80 s"), (100, "2 min"), (5390, "90 min"), (7200, "2.0 h")],
)
def test_what_is_left_in_seconds_minutes_and_hours(seconds: float, left: str) -> None:
    (said,) = lines([(seconds, 50, 100)])
    assert said.endswith(f"about {left} left")


def test_another_stretch_begins_anew_and_the_end_has_nothing_left() -> None:
    said = lines([(10, 90, 100), (20, 10, 50), (30, 20, 50), (40, 50, 50)])
    assert said == [
        "… a: 90 of 100 evaluations, about 1 s left",
        "… a: 10 of 50 evaluations",
        "… a: 20 of 50 evaluations, about 30 s left",
        "… a: 50 of 50 evaluations",
    ]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Return all that a notebook is told to show."""
    told: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            assert raw
            told.append(data)

    def show(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        told.append(data)
        return Handle()

    monkeypatch.setattr(display, "display", show)
    return told


def in_a_cell(work: Callable[[Any, Clock], None]) -> None:
    clock = Clock()
    console = Console(file=io.StringIO(), force_jupyter=True)
    with long_work("<a>", console, clock) as update:
        work(update, clock)


def test_a_bar_under_a_cell_is_drawn_now_and_then_and_vanishes(shown: list[dict[str, str]]) -> None:
    def work(update: Any, clock: Clock) -> None:
        update(1, 10_000_000)
        assert len(shown) == 1
        update(2, 10_000_000)  # a moment later
        assert len(shown) == 1
        clock.now = 5.0
        update(5_000_000, 10_000_000)

    in_a_cell(work)
    first, second, last = shown
    assert 'value="1" max="10000000"' in first["text/html"]
    assert "&lt;a&gt;: 1 of 10,000,000" in first["text/html"]
    assert second["text/plain"].endswith("about 5 s left")
    assert last == {"text/html": "", "text/plain": ""}


def test_short_work_shows_nothing(shown: list[dict[str, str]]) -> None:
    in_a_cell(lambda update, clock: update(1, 10))
    assert shown == []
    assert lines([(1, 5, 10)]) == []


def test_in_a_terminal_a_bar_appears_where_the_work_is_long() -> None:
    for now, total, expected in [(0.0, 10, False), (60.0, 10, True), (0.0, 10_000_000, True)]:
        clock, out = Clock(), io.StringIO()
        console = Console(file=out, force_terminal=True, width=80, _environ={"TERM": "xterm"})
        with long_work("problem", console, clock) as update:
            clock.now = now
            update(5, total)
        assert ("problem" in out.getvalue()) is expected
