"""The words of a report, without any layout: every format says the same with them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import counted, listed, percent, rounded_up
from gradproof.judge.parts import (
    CauseFinding,
    Certificate,
    ComponentFinding,
    ControlFinding,
    LeafCertificate,
    LeafFinding,
)
from gradproof.judge.report import Record

VERDICTS = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "undecided"}
LEFT_OUT = "not checked"
_MOST_PASSING = 12
_MOST_CULPRITS = 8
_MOST_ADDRESSES = 4


class Row(NamedTuple):
    """The line of one tensor: what it is called, its shape, the verdict, and why."""

    leaf: LeafFinding
    shape: str
    verdict: str
    words: str


class Culprits(NamedTuple):
    """Single wrong components that no line of a tensor names, under a heading."""

    heading: str
    findings: tuple[ComponentFinding, ...]


def price(record: Record) -> str:
    """Return what a check cost, and the seed that repeats it."""
    return "   ".join(prices(record))


def prices(record: Record) -> tuple[str, str, str]:
    """Return evaluations, time and seed, each by itself."""
    return (
        counted(record.evaluations, "evaluation"),
        seconds(record.seconds),
        f"seed {record.seed}",
    )


def seconds(duration: float) -> str:
    """Return a time with the digits that fit its size."""
    return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"


def rows(record: Record) -> tuple[list[Row], str]:
    """Return the lines of all tensors, and what is said of those that have none.

    Of many tensors those that pass are counted, and only the first are listed.
    """
    known = parts(record)
    passing = [leaf for leaf in record.leaves if leaf.verdict is Verdict.PASS]
    left_out = {id(leaf) for leaf in passing if leaf_words(leaf, known) == LEFT_OUT}
    passing.sort(key=lambda leaf: id(leaf) in left_out)
    hidden = passing[_MOST_PASSING:] if len(record.leaves) > _MOST_PASSING + 4 else []
    not_shown = {id(leaf) for leaf in hidden}
    shown = [
        Row(
            leaf,
            shape(leaf.shape),
            "–" if id(leaf) in left_out else VERDICTS[leaf.verdict],
            leaf_words(leaf, known),
        )
        for leaf in record.leaves
        if id(leaf) not in not_shown
    ]
    if not hidden:
        return shown, ""
    out = sum(id(leaf) in left_out for leaf in hidden)
    more = [f"{len(hidden) - out} more that pass"] if out < len(hidden) else []
    more += [f"{out} more that were not checked"] if out else []
    return shown, f"… and {' and '.join(more)}"


def parts(record: Record) -> dict[Any, str]:
    """Return what is said of a part of a tensor, by path: rows, columns, slices, or a proof."""
    whole = {leaf.address for leaf in record.leaves}  # how many are wrong is said anyway
    searched = {leaf.path for leaf in record.leaves if leaf.checked == 0}
    found = {
        one.path: one.words
        for one in record.patterns
        if one.address not in whole or one.path in searched
    }
    if record.certificate is not None and record.verdict is Verdict.PASS:
        for single in record.certificate.leaves:
            found[single.path] = proved(single)
    return found


def shape(sizes: tuple[int, ...]) -> str:
    """Return a shape in words."""
    return " × ".join(map(str, sizes)) if sizes else "number"


def leaf_words(leaf: LeafFinding, parts: Mapping[Any, str]) -> str:
    """Say what was found about a tensor."""
    if leaf.checked == 0:
        return _words_of_direction(leaf, parts)
    if leaf.verdict is Verdict.PASS:
        if math.isinf(leaf.resolution):
            return "too small to see, as claimed" if leaf.unseen else "no effect seen, none claimed"
        undecided = f", {leaf.undecided} undecided ({leaf.reason})" if leaf.undecided else ""
        unseen = f", {leaf.unseen:,} too small to see" if leaf.unseen else ""
        off = max(leaf.discrepancy, leaf.bar)
        if leaf.resolution >= 1:
            return "0 as far as can be seen" + undecided + unseen
        if leaf.relative_to_others:
            return f"0, to {leaf.resolution:.1e} of what the others do" + undecided + unseen
        some = leaf.relative_to_leaf
        small = f", {some:,} relative to the tensor only" if some else ""
        return (f"right to {off:.1e}" if off else "no difference seen") + small + undecided + unseen
    part = f", {parts[leaf.path]}" if leaf.path in parts else ""
    words = [] if leaf.checked == 1 else [_share(leaf) + part]
    words += [_component(leaf.worst, leaf)] if leaf.worst else []
    return ": ".join(words)


def _words_of_direction(leaf: LeafFinding, parts: Mapping[Any, str]) -> str:
    """Say what is known of a leaf of which no single component was measured."""
    if 0 in leaf.shape:
        return "empty"
    if leaf.worst is not None and leaf.wrong:
        part = f"{parts[leaf.path]}: " if leaf.path in parts else ""
        return part + _component(leaf.worst, leaf)
    if leaf.path in parts:
        return parts[leaf.path]
    if leaf.worst is not None:
        distance = f"  ({bars(leaf.worst)})" if leaf.verdict is Verdict.FAIL else ""
        return f"along a random direction: {both(leaf.worst)}{distance}"
    if leaf.verdict is not Verdict.PASS:
        return "not to blame alone" if math.isfinite(leaf.resolution) else ""
    if 1 <= leaf.resolution < math.inf:
        return "not known: what it does is too small beside the others to be seen"
    if math.isfinite(leaf.resolution):
        return f"right to {max(leaf.discrepancy, leaf.bar):.1e} along a random direction"
    return LEFT_OUT


def _share(leaf: LeafFinding) -> str:
    count, what = (
        (leaf.wrong, "wrong") if leaf.verdict is Verdict.FAIL else (leaf.undecided, "undecided")
    )
    all_of_it = "all" if count == leaf.checked else f"{count:,} of"
    return f"{all_of_it} {leaf.checked:,} {what}"


def _component(worst: ComponentFinding, leaf: LeafFinding) -> str:
    where = f"[{', '.join(map(str, worst.index))}] " if worst.index else ""
    if worst.output is not None:
        where = f"{worst.address}: "
    elif worst.address.startswith(leaf.address):
        where = f"{worst.address.removeprefix(leaf.address)} ".lstrip()
    text = f"{where}{both(worst)}"
    if leaf.ratio == 0:
        return f"claimed 0 throughout; {text}"
    if leaf.ratio is not None:
        return f"claimed = {leaf.ratio:.4f} × measured; {text}"
    if leaf.wrong:
        return f"{text}  ({bars(worst)})"
    if not math.isfinite(worst.visible):
        return text
    return f"{text}; an error of {worst.visible:.0e} would have been seen"


def proved(leaf: LeafCertificate) -> str:
    """Say what the directions of a certificate prove of one tensor."""
    if math.isinf(leaf.single):
        return "claimed 0"
    if leaf.bound is not None:
        return f"error below {rounded_up(leaf.bound)} of its gradient"
    return f"one component off by {rounded_up(leaf.single)} of a typical one would have shown"


def certificate(record: Record) -> tuple[str, str] | None:
    """Return what the directions prove, a heading and a sentence; None where that is nothing."""
    found = record.certificate
    if found is None or found.bound >= 1 or record.verdict is Verdict.FAIL:
        return None
    return (
        f"certificate: error below {rounded_up(found.bound)} of the gradient",
        f"with a probability of {percent(found.confidence)} over {_directions(found)}, as "
        f"{found.norm}. It bounds the error as a whole: a small error in a single component may "
        "be hidden in it.",
    )


def _directions(found: Certificate) -> str:
    if found.of_leaves:
        return f"one random direction through each of {counted(found.directions, 'tensor')}"
    return f"{found.directions} random directions"


def culprits(record: Record) -> Culprits | None:
    """Return single components, where the tensors' lines do not name them already."""
    wrong = {leaf.path for leaf in record.leaves if leaf.wrong > 1 and leaf.ratio is None}
    listed = [culprit for culprit in record.culprits if culprit.path in wrong][:_MOST_CULPRITS]
    if not listed:
        return None
    return Culprits(heading_of(record, listed), tuple(listed))


def heading_of(record: Record, listed: Sequence[ComponentFinding]) -> str:
    """Return what the listed wrong components of a record are: not always the largest."""
    # Where a search gives up listing, those that it met are no larger than others.
    where = {culprit.path for culprit in listed}
    sampled = any(leaf.checked == 0 for leaf in record.leaves if leaf.path in where)
    return f"{'some of the' if sampled else 'the largest'} wrong components"


def controls(record: Record) -> list[str]:
    """Say which claims, broken on purpose, were caught, and which were not; a heading first."""
    if not record.controls:
        return []
    caught = [control.name for control in record.controls if control.caught]
    missed = [control for control in record.controls if not control.caught]
    lines = [f"self-test: {len(caught)} of {counted(len(record.controls), 'broken claim')} caught"]
    lines += [f"caught: {', '.join(caught)}"] if caught else []
    return lines + [_missed(control) for control in missed]


def _missed(control: ControlFinding) -> str:
    where = f" in {', '.join(control.addresses)}" if control.addresses else ""
    return f"not caught ({control.verdict.value}): {control.name}{where}"


def where(cause: CauseFinding) -> str:
    """Return what a cause concerns; empty where it is the function as a whole."""
    return places(cause.addresses)


def places(addresses: tuple[str, ...], most: int = _MOST_ADDRESSES) -> str:
    """Return the first addresses, and how many more there are."""
    return listed(addresses, len(addresses), most) if addresses else ""


def both(finding: ComponentFinding) -> str:
    """Return what was claimed and measured, with the digits that tell them apart, and the bar."""
    claimed, measured = values(finding)
    return f"claimed {claimed}, measured {measured} ± {finding.bar:.0e}"


def values(finding: ComponentFinding) -> tuple[str, str]:
    """Return what was claimed and measured, with the digits that tell them apart."""
    # No -0: that is no number of people.
    claimed, measured = finding.claimed + 0.0, finding.measured + 0.0
    digits = next((d for d in range(4, 17) if f"{claimed:.{d}g}" != f"{measured:.{d}g}"), 4)
    return f"{claimed:+.{digits}g}", f"{measured:+.{digits}g}"


def bars(finding: ComponentFinding) -> str:
    """Return the distance of claim and measurement in bars."""
    if finding.bars >= 1e4:
        return f"{finding.bars:.1e} bars"
    return f"{finding.bars:,.1f} bars"


def replay(record: Record) -> str:
    """Return the call that repeats the check of a record."""
    options = [f'plan="{record.plan}"', f"seed={record.seed}"]
    if math.isfinite(record.rtol):
        options.append(f"rtol={float(record.rtol)!r}")
    return f"gp.check(f, gradient, at, {', '.join(options)})"
