"""Tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from benchmarks.trust.judged import Judged, Results
from benchmarks.trust.score import (
    UNTARGETED,
    Outcome,
    in_common,
    is_beyond,
    is_false_alarm,
    is_miss,
    is_stated,
    of,
    outcomes,
    tally,
    upper_bound,
)
from benchmarks.trust.subject import NAME

_COLUMNS = (
    "right",
    "false alarms",
    "right, inconclusive",
    "wrong",
    "misses",
    "of these, stated",
    "beyond its resolution",
    "wrong, inconclusive",
    "evaluations / n",
)


_READING = (
    "A gradient counts as wrong where its worst leaf is off by 1e-4; a miss is a wrong gradient "
    "that passed. Misses are *stated* where the error is below the resolution that the report "
    "gives, and *beyond* it where it is ten times larger. Evaluations are the median of right "
    "gradients."
)


def document(results: Results, split: str) -> str:
    """Return all tables as one page to include."""
    judged = results.judged
    mine = of(judged)
    parts = [
        _section("Targets", targets(outcomes(judged))),
        _section("By kind", counts(mine, "kind", lambda one: one.kind)),
        _section("Components of right gradients", components(mine)),
        _section("By kind of mistake", mutations(mine)),
        _section("By family", counts(mine, "family", lambda one: one.family, with_kind=True)),
    ]
    if len({one.competitor for one in judged}) > 1:
        parts.insert(1, _section("Competitors", competitors(judged)))
    if results.left_out:
        rows = [
            (one.family, one.case, one.seed, one.why.splitlines()[0]) for one in results.left_out
        ]
        parts.append(_section("Left out", table(("family", "case", "seed", "why"), rows)))
    wrong = wrong_verdicts(judged)
    if wrong:
        parts.append(_section("Wrong verdicts of gradproof", wrong))
    families = len({one.family for one in mine})
    seeds = sorted({one.seed for one in mine})
    head = (
        f"{len(mine):,} gradients of {families} families ({split}), "
        f"seeds {', '.join(map(str, seeds))}. {_READING}"
    )
    if results.debatable:
        head += (
            f" {results.debatable:,} claims are neither right nor wrong, and are left out: between "
            "the slopes of a kink, or wrong by less than f can show."
        )
    return head + "\n\n" + "\n\n".join(parts) + "\n"


def _section(title: str, body: str) -> str:
    return f"**{title}**\n\n{body}"


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; cells are shown as they are, without their vertical bars."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def share(part: int, whole: int) -> str:
    """Return a count with its share."""
    if not whole:
        return "–"
    return f"{part:,}" if part in (0, whole) else f"{part:,} ({part / whole:.2%})"


def counts(
    judged: Sequence[Judged],
    what: str,
    key: Callable[[Judged], str],
    *,
    with_kind: bool = False,
) -> str:
    """Return the verdicts by a key, and in total."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one), []).append(one)
    rows = []
    for name in sorted(groups):
        own = [name, groups[name][0].kind] if with_kind else [name]
        rows.append((*own, *_cells(groups[name])))
    rows.append((*(["**all**", ""] if with_kind else ["**all**"]), *_cells(judged)))
    return table((what, *(["kind"] if with_kind else []), *_COLUMNS), rows)


def _cells(judged: Sequence[Judged]) -> tuple[str, ...]:
    n = tally(judged)
    return (
        f"{n.right:,}",
        share(n.false_alarms, n.right),
        share(n.right_inconclusive, n.right),
        f"{n.wrong:,}",
        share(n.misses, n.wrong),
        f"{n.stated:,}",
        f"{n.beyond:,}",
        share(n.wrong_inconclusive, n.wrong),
        number(n.evaluations),
    )


def number(value: float | None) -> str:
    """Return a number in at most three digits; a dash for none."""
    return "–" if value is None or math.isnan(value) else f"{value:.3g}"


def targets(found: Sequence[Outcome]) -> str:
    """Return the targets, with what was measured."""
    rows = []
    for one in found:
        if one.value is None:
            value, state = "–", "not measured"
        else:
            value = f"{one.value:.3%}" if one.share else number(one.value)
            state = "met" if one.met else "MISSED"
        limit = f"{one.limit:.2%}" if one.share else f"{one.limit:g}"
        rows.append((one.name, f"≤\N{NO-BREAK SPACE}{limit}", value, state))
    return table(("target", "limit", "measured", ""), rows)


def components(judged: Sequence[Judged]) -> str:
    """Return the component and leaf verdicts on what is right, by precision."""
    rows = []
    for dtype in sorted({one.dtype for one in judged}):
        n = tally(one for one in judged if one.dtype == dtype and one.kind not in UNTARGETED)
        rows.append(
            (
                dtype,
                f"{n.components:,}",
                f"{n.components_called_wrong:,}",
                f"{upper_bound(n.components_called_wrong, n.components):.1e}",
                share(n.components_undecided, n.components),
                f"{n.leaves:,}",
                f"{n.leaves_called_wrong:,}",
                f"{upper_bound(n.false_alarms, n.right):.1e}",
            )
        )
    head = (
        "precision",
        "right components, also of wrong gradients",
        "called wrong",
        "at most (95 %)",
        "undecided",
        "right leaves",
        "called wrong",
        "false alarms at most (95 %)",
    )
    return table(head, rows)


def mutations(judged: Sequence[Judged]) -> str:
    """Return the verdicts on wrong gradients by what was done to them."""
    wrong: dict[str, list[Judged]] = {}
    for one in judged:
        if not one.right:
            wrong.setdefault(one.mutation.split(":")[0], []).append(one)
    rows = []
    for name in sorted(wrong):
        n = tally(wrong[name])
        rows.append(
            (
                name,
                f"{n.wrong:,}",
                share(n.misses, n.wrong),
                f"{n.stated:,}",
                f"{n.beyond:,}",
                share(n.wrong_inconclusive, n.wrong),
                f"{n.faint:,}",
                share(n.faint_passed, n.faint),
            )
        )
    head = (
        "what is wrong",
        "wrong",
        "misses",
        "of these, stated",
        "beyond its resolution",
        "inconclusive",
        "wrong by less than 1e-4",
        "passed",
    )
    return table(head, rows)


def competitors(judged: Sequence[Judged]) -> str:
    """Return the verdicts of all competitors on the gradients that all of them judged."""
    common = [one for one in in_common(judged) if one.kind not in UNTARGETED]
    rows = []
    names = sorted({one.competitor for one in judged}, key=lambda name: (name != NAME, name))
    for name in names:
        for dtype in sorted({one.dtype for one in common}):
            n = tally(of(common, name, dtype=dtype))
            rows.append(
                (
                    name,
                    dtype,
                    f"{n.right:,}",
                    share(n.false_alarms, n.right),
                    share(n.right_inconclusive, n.right),
                    f"{n.wrong:,}",
                    share(n.misses, n.wrong),
                    share(n.wrong_inconclusive, n.wrong),
                    number(n.evaluations),
                )
            )
    head = (
        "competitor",
        "precision",
        "right",
        "false alarms",
        "right, inconclusive",
        "wrong",
        "misses",
        "wrong, inconclusive",
        "evaluations / n",
    )
    return table(head, rows)


def comparison(judged: Sequence[Judged]) -> str:
    """Return the page on all competitors: together, and family by family."""
    common = in_common(judged)
    families = len({one.family for one in common})
    mine = of(common)
    right = sum(one.right for one in mine)
    head = (
        f"{right:,} right and {len(mine) - right:,} wrong gradients of {families} families, those "
        "that all competitors judged. False alarms are right gradients called wrong, misses wrong "
        "ones that passed, off by 1e-4 or more (by 5e-2 in float32); what a competitor refuses or "
        "leaves open is inconclusive. Evaluations are for each component, the median."
    )
    by_family = _section("By family: false alarms / misses / inconclusive", _by_family(common))
    return f"{head}\n\n{competitors(judged)}\n\n{by_family}\n"


def _by_family(common: Sequence[Judged]) -> str:
    names = sorted({one.competitor for one in common}, key=lambda name: (name != NAME, name))
    rows = []
    for family in sorted({one.family for one in common}):
        cells = []
        for name in names:
            n = tally(one for one in of(common, name) if one.family == family)
            undecided = n.right_inconclusive + n.wrong_inconclusive
            cells.append(f"{n.false_alarms} / {n.misses} / {undecided}")
        n = tally(one for one in of(common) if one.family == family)
        rows.append((family, f"{n.right} + {n.wrong}", *cells))
    return table(("family", "right + wrong", *names), rows)


def wrong_verdicts(judged: Iterable[Judged]) -> str:
    """Return every wrong verdict of gradproof with what repeats it; empty where there is none.

    Misses below the resolution that the report states are only counted.
    """
    rows = []
    for one in of(judged):
        what = [
            name
            for name, is_one in (
                ("false alarm", is_false_alarm(one)),
                ("miss", is_miss(one) and not is_stated(one)),
                ("beyond its resolution", is_beyond(one)),
                ("raised", one.verdict == "error"),
            )
            if is_one
        ]
        if what:
            resolution = number(one.resolution)
            error = "" if one.right else f"{one.error:.1e}, worst component {one.stated_error:.1e}"
            rows.append(
                (", ".join(what), one.kind, one.address, one.seed, error, resolution, one.headline)
            )
    if not rows:
        return ""
    head = ("verdict", "kind", "address", "seed", "error", "resolution", "headline")
    return table(head, rows)
