"""A chart on two logarithmic axes as inline SVG: drawn in Python, coloured by the style sheet."""

import dataclasses
import html
import math
from collections.abc import Iterable

from markupsafe import Markup

from gradproof._base.text import printable

WIDTH, HEIGHT = 440, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 24, 44
_MOST_TICKS = 6

Points = list[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Axis:
    """Whole decades from `low` to `high`, laid out from `start` to `end`."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> "Axis":
        """Return the axis that holds all these positive numbers."""
        found = [math.log10(value) for value in values]
        if not found:
            return cls(-1, 1, start, end)
        low, high = math.floor(min(found)), math.ceil(max(found))
        return cls(low, max(high, low + 1), start, end)

    def at(self, value: float) -> float:
        """Return where a number is; what is smaller than the axis lies on its edge."""
        where = math.log10(value) if value > 0 else self.low
        where = min(max(where, self.low), self.high)
        return self.start + (where - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[int]:
        """The exponents at which a number is written."""
        every = max(1, math.ceil((self.high - self.low) / _MOST_TICKS))
        return [one for one in range(self.low, self.high + 1) if one % every == 0]


class Chart:
    """A chart that is being drawn, over these numbers on each axis."""

    def __init__(self, x: Iterable[float], y: Iterable[float]) -> None:
        self.x = Axis.around(x, _LEFT, WIDTH - _RIGHT)
        self.y = Axis.around(y, HEIGHT - _BOTTOM, _TOP)
        self.parts: list[str] = []

    def axes(self, across: str, up: str) -> None:
        """Draw the grid, the numbers and the names of the axes."""
        for tick in self.x.ticks:
            x = self.x.at(10.0**tick)
            self._line("grid", x, _TOP, x, HEIGHT - _BOTTOM)
            self.text("tick", x, HEIGHT - _BOTTOM + 15, _power(tick), anchor="middle")
        for tick in self.y.ticks:
            y = self.y.at(10.0**tick)
            self._line("grid", _LEFT, y, WIDTH - _RIGHT, y)
            self.text("tick", _LEFT - 7, y + 3.5, _power(tick), anchor="end")
        self.text("name", (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, Markup.escape(across), "middle")
        middle = (_TOP + HEIGHT - _BOTTOM) / 2
        self.parts.append(
            f'<text class="name" text-anchor="middle" transform="translate(14 {middle:.1f}) '
            f'rotate(-90)">{html.escape(up)}</text>'
        )

    def band(self, top: float, words: str, *, left: bool) -> None:
        """Shade everything below a value."""
        y = self.y.at(top)
        below = HEIGHT - _BOTTOM - y
        self.parts.append(
            f'<rect class="band" x="{_LEFT}" y="{y:.1f}" width="{WIDTH - _RIGHT - _LEFT}" '
            f'height="{below:.1f}"/>'
        )
        at, anchor = (_LEFT + 6, "start") if left else (WIDTH - _RIGHT - 6, "end")
        self.text("note", at, HEIGHT - _BOTTOM - 6 if below > 18 else y - 5, words, anchor)

    def mark(self, where: float, words: str) -> None:
        """Draw an upright line at a value, with its words above."""
        x = self.x.at(where)
        self._line("mark", x, _TOP - 4, x, HEIGHT - _BOTTOM)
        self.text("note", min(max(x, _LEFT + 30), WIDTH - 44), _TOP - 9, words, "middle")

    def guide(self, slope: float, through: tuple[float, float]) -> None:
        """Draw a faint line of a slope through a point, as long as it is inside."""
        x, y = (math.log10(value) for value in through)
        lowest = max(self.x.low, x + (self.y.low - y) / slope)
        highest = min(self.x.high, x + (self.y.high - y) / slope)
        if lowest < highest:
            ends = [(10.0**at, 10.0 ** (y + slope * (at - x))) for at in (lowest, highest)]
            (x0, y0), (x1, y1) = ((self.x.at(a), self.y.at(b)) for a, b in ends)
            self._line("guide", x0, y0, x1, y1)
            if y1 > _TOP + 1:  # it leaves the chart on the right
                self.text("note", x1 - 4, y1 + 28, f"slope {slope:g}", "end")
            else:
                self.text("note", min(x1, WIDTH - 34), _TOP - 9, f"slope {slope:g}", "middle")

    def curve(self, kind: str, points: Points, *, square: bool = False) -> None:
        """Draw points and the line through them; kind is a class of the style sheet."""
        places = [(self.x.at(a), self.y.at(b)) for a, b in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(f'<polyline class="curve {kind}" points="{path}"/>')
        for x, y in places:
            if square:
                shape = f'x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"'
                self.parts.append(f'<rect class="dot {kind}" {shape}/>')
            else:
                self.parts.append(f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.8"/>')

    def text(self, kind: str, x: float, y: float, words: str, anchor: str = "start") -> None:
        """Write words, which are escaped unless they are markup."""
        self.parts.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{Markup.escape(words)}</text>"
        )

    def drawn(self, key: str, title: str, description: str) -> Markup:
        """Return the whole picture; `key` tells it from the others of the page."""
        inside = "".join(self.parts)
        return Markup(
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-labelledby="{key}-title {key}-desc">'
            f'<title id="{key}-title">{html.escape(printable(title))}</title>'
            f'<desc id="{key}-desc">{html.escape(printable(description))}</desc>{inside}</svg>'
        )

    def _line(self, kind: str, x0: float, y0: float, x1: float, y1: float) -> None:
        self.parts.append(
            f'<line class="{kind}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>'
        )


def _power(exponent: int) -> str:
    """Return a power of ten; as text, that needs no second size of letters."""
    if exponent in (0, 1):
        return str(10**exponent)
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
