"""Which code each mutation of a gradient has to get, and what one check said."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

SINGLE = frozenset({"GP410", "GP411", "GP412"})

#: What is done to a gradient, and the codes that express it. What no code expresses is unknown: of
#: that only places may be told.
EXPECTED: dict[str, frozenset[str]] = {
    "sign": frozenset({"GP301"}),
    "factor": frozenset({"GP302"}),
    "mean for sum": frozenset({"GP302"}),
    "constant offset": frozenset({"GP304"}),
    "penalty missing": frozenset({"GP401"}),
    "penalty doubled": frozenset({"GP401"}),
    "zero": frozenset({"GP409"}),
    "zero row": frozenset({"GP410", "GP412"}),
    "component zero": SINGLE,
    "component x": SINGLE,
    "component's sign": SINGLE,
    "component +": SINGLE,
    "transposed": frozenset({"GP403", "GP404"}),
    "memory order": frozenset({"GP403", "GP404"}),
    "shifted": frozenset({"GP406"}),
    "reversed": frozenset({"GP405"}),
    "swapped leaves": frozenset({"GP407"}),
}
#: What no code expresses, and what may be true of it nevertheless: where all components of a leaf
#: are negative, absolute values are a sign; two that are swapped are reversed.
UNKNOWN: dict[str, frozenset[str]] = {
    "stale": frozenset(),
    "absolute value": frozenset({"GP301"}),
    "clipped": frozenset(),
    "swapped components": frozenset({"GP405", "GP406"}),
}
PLACES = SINGLE | {"GP399", "GP413"}


def kind_of(mutation: str) -> str:
    """Return what was done, without where and by how much."""
    what = mutation.partition(":")[0]
    for name in sorted((*EXPECTED, *UNKNOWN), key=len, reverse=True):
        if re.match(re.escape(name), what):
            return name
    raise ValueError(f"{mutation!r} is a mutation that nobody has thought about")


@dataclasses.dataclass(frozen=True)
class Named:
    """What one check said of one mutation; `tellable` where its leaf has enough components.

    `true` are codes that are literally true of it, whatever was meant: a leaf of one component
    whose sign is turned has its sign turned.
    """

    address: str
    kind: str
    verdict: str
    codes: tuple[str, ...]
    tellable: bool
    true: frozenset[str] = frozenset()

    @property
    def counts(self) -> bool:
        """Whether a code could and should have been named."""
        return self.verdict == "fail" and self.kind in EXPECTED and self.tellable

    @property
    def hit(self) -> bool:
        """Whether the right code was named, maybe among others that fit as well."""
        return bool(EXPECTED.get(self.kind, frozenset()) & set(self.codes))

    @property
    def false(self) -> bool:
        """Whether a mistake was named, and not the one that was made."""
        said = set(self.codes) - PLACES - UNKNOWN.get(self.kind, frozenset()) - self.true
        return bool(said) and not self.hit and self.verdict == "fail"


def table(found: Iterable[Named]) -> str:
    """Return the confusion matrix, in Markdown."""
    rows: dict[str, list[Named]] = {}
    for one in found:
        rows.setdefault(one.kind, []).append(one)
    lines = [
        "| mistake | checks | failed | could be named | named | what else was said |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind, ones in sorted(rows.items()):
        counted = [one for one in ones if one.counts]
        said: dict[str, int] = {}
        for one in ones:
            if one.verdict == "fail" and not one.hit:
                for code in one.codes:
                    said[code] = said.get(code, 0) + 1
        other = ", ".join(f"{code}: {n}" for code, n in sorted(said.items()))
        hits = sum(one.hit for one in counted)
        share = f"{hits} ({hits / len(counted):.1%})" if counted else "–"
        failed = sum(one.verdict == "fail" for one in ones)
        lines.append(f"| {kind} | {len(ones)} | {failed} | {len(counted)} | {share} | {other} |")
    return "\n".join(lines)
