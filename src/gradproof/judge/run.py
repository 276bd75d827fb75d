"""A run: the records of several problems by name, and what could not be run."""

import dataclasses
from typing import Any, NamedTuple

from gradproof._base.outcomes import Verdict
from gradproof.judge.report import Record


class Place(NamedTuple):
    """Where the function that makes a problem stands."""

    file: str
    line: int


@dataclasses.dataclass(eq=False, repr=False)
class Run:
    """All records by the name of their problem, what could not be run, and where problems stand."""

    reports: dict[str, Record] = dataclasses.field(default_factory=dict)
    errors: dict[str, str] = dataclasses.field(default_factory=dict)
    places: dict[str, Place] = dataclasses.field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """2 where something could not be run, else 1 for a fail, 3 for an inconclusive."""
        verdicts = {report.verdict for report in self.reports.values()}
        if self.errors:
            return 2
        if Verdict.FAIL in verdicts:
            return 1
        return 3 if Verdict.INCONCLUSIVE in verdicts else 0

    @property
    def total(self) -> str:
        """How many of each verdict there are, in words."""
        verdicts = [report.verdict for report in self.reports.values()]
        counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
        parts = [f"{count} {verdict.value}" for verdict, count in counts.items() if count]
        if self.errors:
            parts.append(f"{len(self.errors)} could not be run")
        return ", ".join(parts) or "nothing was checked"

    @property
    def evaluations(self) -> int:
        """Points at which all functions together were evaluated."""
        return sum(report.evaluations for report in self.reports.values())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "reports": {name: report.to_dict() for name, report in self.reports.items()},
            "errors": dict(self.errors),
            "places": {name: place._asdict() for name, place in self.places.items()},
        }
