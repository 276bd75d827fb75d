"""The words of a report, the same in every format: each returns plain text."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gradproof._base.outcomes import Verdict
from gradproof.judge.headline import counted, percent, rounded_up
from gradproof.judge.report import (
    Certificate,
    ComponentFinding,
    ControlFinding,
    LeafCertificate,
    LeafFinding,
    Record,
)

VERDICTS = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "undecided"}
LEFT_OUT = "not checked"


def printable(words: str) -> str:
    """Return words with control characters written out; line breaks stay."""
    if words.replace("\n", "").isprintable():  # nearly always, and quickly seen
        return words
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in words)


def shape(sizes: tuple[int, ...]) -> str:
    """Return a shape as people write it."""
    return " × ".join(map(str, sizes)) if sizes else "number"


def seconds(duration: float) -> str:
    """Return a time with the digits that matter."""
    return f"{duration:.2f} s" if duration < 10 else f"{duration:.0f} s"


def parts(record: Record) -> dict[Any, str]:
    """Return by the path of each leaf what is known of it beside its counts.

    These are rows, columns and slices, and what a certificate proves; how many are wrong is said
    anyway.
    """
    whole = {leaf.address for leaf in record.leaves}
    searched = {leaf.path for leaf in record.leaves if leaf.checked == 0}
    found = {
        one.path: one.words
        for one in record.patterns
        if one.address not in whole or one.path in searched
    }
    if record.certificate is not None and record.verdict is Verdict.PASS:
        for single in record.certificate.leaves:
            found[single.path] = _proved(single)
    return found


def of_leaf(leaf: LeafFinding, known: Mapping[Any, str]) -> str:
    """Return what was found about a leaf; `known` are the `parts` of its record."""
    if leaf.checked == 0:
        return _words_of_direction(leaf, known)
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
    part = f", {known[leaf.path]}" if leaf.path in known else ""
    words = [] if leaf.checked == 1 else [_share(leaf) + part]
    words += [_component(leaf.worst, leaf)] if leaf.worst else []
    return ": ".join(words)


def _words_of_direction(leaf: LeafFinding, known: Mapping[Any, str]) -> str:
    """Say what is known of a leaf of which no single component was measured."""
    if 0 in leaf.shape:
        return "empty"
    if leaf.worst is not None and leaf.wrong:
        part = f"{known[leaf.path]}: " if leaf.path in known else ""
        return part + _component(leaf.worst, leaf)
    if leaf.path in known:
        return known[leaf.path]
    if leaf.worst is not None:
        far = f"  ({bars(leaf.worst)})" if leaf.verdict is Verdict.FAIL else ""
        return f"along a random direction: {both(leaf.worst)}{far}"
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


def _proved(leaf: LeafCertificate) -> str:
    """Say what the directions of a certificate prove of one tensor."""
    if math.isinf(leaf.single):
        return "claimed 0"
    if leaf.bound is not None:
        return f"error below {rounded_up(leaf.bound)} of its gradient"
    return f"one component off by {rounded_up(leaf.single)} of a typical one would have shown"


def both(finding: ComponentFinding) -> str:
    """Return what was claimed and measured, and the bar."""
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
    distance = finding.bars
    return f"{distance:.1e} bars" if distance >= 1e4 else f"{distance:,.1f} bars"


def price(record: Record) -> tuple[str, str, str]:
    """Return what a check cost and its seed."""
    return (
        counted(record.evaluations, "evaluation"),
        seconds(record.seconds),
        f"seed {record.seed}",
    )


def total(records: Collection[Record], broken: int = 0) -> str:
    """Return how many problems have which verdict, and what they cost."""
    verdicts = [record.verdict for record in records]
    counts = [(verdicts.count(verdict), verdict.value) for verdict in Verdict]
    said = [f"{count} {word}" for count, word in counts if count]
    said += [f"{broken} could not be run"] if broken else []
    evaluations = sum(record.evaluations for record in records)
    return f"{', '.join(said)}   {counted(evaluations, 'evaluation')}"


def culprits(record: Record, listed: Sequence[ComponentFinding]) -> str:
    """Return what the listed wrong components of a record are: not always the largest."""
    # Where a search gives up listing, those that it met are no larger than others.
    where = {culprit.path for culprit in listed}
    sampled = any(leaf.checked == 0 for leaf in record.leaves if leaf.path in where)
    return f"{'some of the' if sampled else 'the largest'} wrong components"


def certificate(found: Certificate) -> tuple[str, str]:
    """Say what the directions prove, and what they do not."""
    over = f"{found.directions} random directions"
    if found.of_leaves:
        over = f"one random direction through each of {counted(found.directions, 'tensor')}"
    return (
        f"certificate: error below {rounded_up(found.bound)} of the gradient",
        f"with a probability of {percent(found.confidence)} over {over}, as {found.norm}. It "
        "bounds the error as a whole: a small error in a single component may be hidden in it.",
    )


def proves(record: Record) -> bool:
    """Whether there is a certificate that is worth a word."""
    return (
        record.certificate is not None
        and record.certificate.bound < 1
        and record.verdict is not Verdict.FAIL
    )


def controls(found: tuple[ControlFinding, ...]) -> tuple[str, list[str]]:
    """Say which claims, broken on purpose, were caught, and which were not."""
    caught = [control.name for control in found if control.caught]
    lines = [f"caught: {', '.join(caught)}"] if caught else []
    lines += [
        f"not caught ({control.verdict.value}): {control.name}"
        + (f" in {', '.join(control.addresses)}" if control.addresses else "")
        for control in found
        if not control.caught
    ]
    return f"self-test: {len(caught)} of {counted(len(found), 'broken claim')} caught", lines


def places(addresses: tuple[str, ...], most: int = 4) -> str:
    """Return the first addresses, and how many more there are."""
    rest = len(addresses) - most
    return ", ".join(addresses[:most]) + (f" and {rest} more" if rest > 0 else "")


def replay(record: Record) -> str:
    """Return the call that repeats the check of a record."""
    options = [f'plan="{record.plan}"', f"seed={record.seed}"]
    if math.isfinite(record.rtol):
        options.append(f"rtol={float(record.rtol)!r}")
    return f"gp.check(f, gradient, at, {', '.join(options)})"
