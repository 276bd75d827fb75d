"""The raw result of the bench: one line for each gradient that a competitor judged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RIGHT = "right"


@dataclasses.dataclass(frozen=True)
class Judged:
    """What one competitor said about one gradient.

    `mutation` is ``right`` for the right gradient. `error` is the relative error of the worst leaf,
    `affected` how many components differ. The rest is known of gradproof alone: `stated_error` is
    that of the worst component in the sense of a report's resolution (see `mutations`),
    `resolution` as stated, `unseen` components, and, over the leaves whose claim is right,
    how many components and leaves there are and how many of them were called wrong.
    """

    competitor: str
    family: str
    kind: str
    case: str
    mutation: str
    seed: int
    dtype: str
    components: int
    error: float
    affected: int
    verdict: str
    evaluations: int
    stated_error: float = 0.0
    resolution: float | None = None
    unseen: int = 0
    right_components: int = 0
    right_components_called_wrong: int = 0
    right_components_undecided: int = 0
    right_leaves: int = 0
    right_leaves_called_wrong: int = 0
    headline: str = ""

    @property
    def right(self) -> bool:
        """Whether the gradient is right."""
        return self.mutation == RIGHT

    @property
    def address(self) -> str:
        """What ``--show`` takes."""
        return f"{self.family}::{self.case}::{self.mutation}"


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A case whose right gradient could not be verified, or a family that could not be drawn."""

    family: str
    case: str
    seed: int
    why: str


@dataclasses.dataclass
class Results:
    """Everything of one run; `debatable` claims are neither right nor wrong (see `mutations`)."""

    judged: list[Judged] = dataclasses.field(default_factory=list)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    debatable: int = 0

    def add(self, other: Results) -> None:
        """Append the results of another run."""
        self.judged += other.judged
        self.left_out += other.left_out
        self.debatable += other.debatable


def write(results: Results, path: Path) -> None:
    """Write results as JSON; infinities are written as Python does."""
    path.write_text(json.dumps(dataclasses.asdict(results), indent=0) + "\n", encoding="utf-8")


def read(paths: Iterable[Path]) -> Results:
    """Read the results of one or several runs."""
    results = Results()
    for path in paths:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        results.judged += [Judged(**row) for row in raw["judged"]]
        results.left_out += [LeftOut(**row) for row in raw["left_out"]]
        results.debatable += raw["debatable"]
    return results
