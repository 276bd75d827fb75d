"""One report as its template sees it."""

from __future__ import annotations

import functools
import math
from typing import Any

from markupsafe import Markup

from gradproof.judge.causes import CATALOGUE
from gradproof.judge.parts import CauseFinding
from gradproof.judge.report import Record
from gradproof.render import words
from gradproof.render.html import tables
from gradproof.render.html.curves import is_drawable, pictures
from gradproof.render.html.maps import MOST_MAPS, drawable, heat_map
from gradproof.render.html.markdown import to_html

_MOST_PLACES = 12


class View:
    """A report with its name, and the key that its places on the page begin with."""

    def __init__(self, name: str, record: Record, key: str, most: int) -> None:
        self.name = name
        self.record = record
        self.key = key
        tensors = drawable(record)
        self._maps = [heat_map(tensor, most) for tensor in tensors[:MOST_MAPS]]
        self.undrawn = len(tensors) - len(self._maps)

    @property
    def price(self) -> list[str]:
        """What it cost, and under which conditions it was found."""
        record = self.record
        said = [*words.prices(record), f"plan {record.plan}"]
        return said + ([f"rtol {record.rtol:.2g}"] if math.isfinite(record.rtol) else [])

    @functools.cached_property
    def leaves(self) -> tables.Table:
        """Every tensor."""
        maps = {one.tensor.address: number for number, one in enumerate(self._maps)}
        return tables.leaves(self.record, maps)

    @functools.cached_property
    def patterns(self) -> tables.Table:
        """Rows, columns and slices that are wrong."""
        return tables.patterns(self.record.patterns)

    @functools.cached_property
    def culprits(self) -> tables.Table:
        """Single components that are wrong."""
        return tables.culprits(self.record)

    @property
    def causes(self) -> list[tuple[CauseFinding, str, Markup]]:
        """The causes, where they are, and their pages of the catalogue."""
        return [
            (cause, words.places(cause.addresses, _MOST_PLACES), _page(cause.code))
            for cause in self.record.causes
        ]

    @property
    def certificate(self) -> tuple[str, str] | None:
        """What random directions prove, in words."""
        return words.certificate(self.record)

    @property
    def controls(self) -> list[str]:
        """What the self-test showed, a heading first."""
        return words.controls(self.record)

    @property
    def curves(self) -> list[Any]:
        """The address of each component with steps, and its charts."""
        drawn = [curve for curve in self.record.curves if is_drawable(curve)]
        return [
            (curve, pictures(curve, f"{self.key}-curve{number}"))
            for number, curve in enumerate(drawn)
        ]

    @property
    def maps(self) -> int:
        """How many tensors have a map."""
        return len(self._maps)

    @property
    def replay(self) -> str:
        """The call that repeats the check."""
        return words.replay(self.record)

    @property
    def data(self) -> dict[str, Any]:
        """What the scripts need."""
        return {
            "leaves": self.leaves.data,
            "patterns": self.patterns.data,
            "culprits": self.culprits.data,
            "maps": [one.data for one in self._maps],
        }


@functools.cache
def _page(code: str) -> Markup:
    return to_html(CATALOGUE[code].page, level=4) if code in CATALOGUE else Markup()
