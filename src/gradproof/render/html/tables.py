"""The tables of a report as data: a template draws the first rows, a script all the others.

A cell is what its column's kind says:

``address``
    text that a click copies, words below it, and the number of its heat map or None;
``link``
    text and the place on the page that it leads to;
``keyed``
    text, and the number by which it is sorted;
``number``, ``count``
    a float or an int, None where there is none;
``share``
    a count, and of how many;
``verdict``, ``text``
    a string.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gradproof._base.outcomes import Verdict
from gradproof.judge.parts import ComponentFinding, LeafFinding, PatternFinding
from gradproof.judge.report import Record
from gradproof.render import words

ROWS = 50  # at once
_FEW = 10  # of what is a detail
RANK = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}

Kind = Literal["address", "link", "keyed", "number", "count", "share", "verdict", "text"]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: its title, what its cells are, and what they mean."""

    title: str
    kind: Kind
    meaning: str = ""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A table with its caption, which is for listeners only where a title says the same."""

    caption: str
    columns: tuple[Column, ...]
    rows: list[list[Any]]
    at_once: int = ROWS
    titled: bool = True

    @property
    def first(self) -> list[list[Any]]:
        """The rows that are shown first."""
        return self.rows[: self.at_once]

    @property
    def data(self) -> dict[str, Any]:
        """What the script needs."""
        kinds = [column.kind for column in self.columns]
        return {"kinds": kinds, "rows": self.rows, "atOnce": self.at_once}

    @property
    def verdicts(self) -> dict[str, int]:
        """How many rows have which verdict, the worst first."""
        place = next((i for i, one in enumerate(self.columns) if one.kind == "verdict"), None)
        if place is None:
            return {}
        found = [row[place] for row in self.rows]
        counts = {verdict.value: found.count(verdict.value) for verdict in RANK}
        return {verdict: count for verdict, count in counts.items() if count}


def index(reports: Mapping[str, Record]) -> Table:
    """Return all problems, those that do not pass first."""
    rows: list[list[Any]] = [
        [
            [name, f"#r{number}"],
            record.verdict.value,
            record.headline,
            ", ".join(dict.fromkeys(cause.code for cause in record.causes)),
            record.evaluations,
            [words.seconds(record.seconds), _rounded(record.seconds)],
        ]
        for number, (name, record) in enumerate(reports.items())
    ]
    columns = (
        Column("Problem", "link"),
        Column("Verdict", "verdict"),
        Column("Headline", "text"),
        Column("Causes", "text"),
        Column("Evaluations", "count"),
        Column("Time", "keyed"),
    )
    return Table(
        "All problems, those that do not pass first",
        columns,
        _worst_first(rows, 1),
        titled=False,
    )


def leaves(record: Record, maps: Mapping[str, int]) -> Table:
    """Return what was found about each leaf; `maps` has the number of its map by its address."""
    known = words.parts(record)
    rows = [_leaf(leaf, known, maps) for leaf in record.leaves]
    columns = (
        Column("Tensor", "address"),
        Column("Shape", "keyed"),
        Column("Verdict", "verdict"),
        Column("Off by", "number", "largest distance of claim and measurement, relative"),
        Column("Bar", "number", "largest error bar, relative"),
        Column("Resolution", "number", "smallest relative error that would have been seen"),
        Column("Wrong", "share", "components that are wrong, of those that were checked"),
        Column("Worst component", "address"),
    )
    # The order of a network tells more than that of the verdicts, as long as all can be seen.
    ordered = rows if len(rows) <= ROWS else _worst_first(rows, 2)
    return Table("Every tensor", columns, ordered, titled=False)


def culprits(record: Record) -> Table:
    """Return the single components that are wrong."""
    columns = (
        Column("Component", "address"),
        Column("Claimed", "keyed"),
        Column("Measured ± bar", "keyed"),
        Column("Distance", "keyed", "of claim and measurement, in bars"),
    )
    caption = words.heading_of(record, record.culprits).capitalize()
    return Table(caption, columns, [_culprit(one) for one in record.culprits], _FEW)


def patterns(found: Sequence[PatternFinding]) -> Table:
    """Return which parts of tensors are wrong."""
    rows: list[list[Any]] = [
        [[one.address, "", None], one.words, [one.wrong, one.size]] for one in found
    ]
    columns = (Column("Part", "address"), Column("What it is", "text"), Column("Wrong", "share"))
    return Table("Which parts are wrong", columns, rows, _FEW)


def _worst_first(rows: list[list[Any]], verdict: int) -> list[list[Any]]:
    return sorted(rows, key=lambda row: RANK[Verdict(row[verdict])])


def _leaf(leaf: LeafFinding, known: Mapping[Any, str], maps: Mapping[str, int]) -> list[Any]:
    said = words.leaf_words(leaf, known)
    worst = leaf.worst
    decided = leaf.checked == 0 or leaf.undecided < leaf.checked
    return [
        [leaf.address, said, maps.get(leaf.address)],
        [words.shape(leaf.shape), math.prod(leaf.shape)],
        leaf.verdict.value,
        _rounded(leaf.discrepancy) if decided else None,
        _rounded(leaf.bar) if decided else None,
        _rounded(leaf.resolution),
        [leaf.wrong, leaf.checked],
        # Along a direction there is no single component.
        [worst.address, "", None] if worst is not None and leaf.checked else None,
    ]


def _culprit(one: ComponentFinding) -> list[Any]:
    claimed, measured = words.values(one)
    about = f"a derivative of {one.output}" if one.output is not None else ""
    return [
        [one.address, about, None],
        [claimed, _rounded(one.claimed)],
        [f"{measured} ± {one.bar:.0e}", _rounded(one.measured)],
        [words.bars(one), _rounded(min(one.bars, 1e300))],
    ]


def _rounded(value: float) -> float | None:
    """Return a number with the digits that are sorted by, and shown: files stay small."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
