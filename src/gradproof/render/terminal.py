"""The report in a terminal: the answer first, every tensor a line, causes with their advice."""

import io
import math
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradproof._base.outcomes import Verdict
from gradproof.judge.headline import counted, percent, rounded_up
from gradproof.judge.report import (
    CauseFinding,
    Certificate,
    ComponentFinding,
    LeafCertificate,
    LeafFinding,
    Record,
)

_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_WORDS = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "undecided"}
_MOST_PASSING = 12
_LEFT_OUT = "not checked"
_MOST_CULPRITS = 8
_NARROWEST, _WIDEST = 40, 100


def render(record: Record, *, width: int) -> str:
    """Return the report as plain text of at most `width` columns."""
    out = io.StringIO()
    width = max(width, _NARROWEST)
    _print_parts(record, Console(file=out, width=width, color_system=None), width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def show(record: Record, console: Console) -> None:
    """Print the report to a console: in colour in a terminal, elsewhere as plain text."""
    width = min(console.width, _WIDEST)
    if not console.is_terminal:
        console.print(render(record, width=width), markup=False, highlight=False, soft_wrap=True)
        return
    _print_parts(record, console, width)


def _print_parts(record: Record, console: Console, width: int) -> None:
    for part in _parts(record, width):
        console.print(part, width=width, highlight=False)


def _first_line(record: Record, width: int) -> Any:
    """Return the whole answer, and what it cost."""
    answer = Text.assemble(
        ("gradproof  ", "bold"),
        (record.verdict.value.upper(), _STYLES[record.verdict]),
        f"   {printable(record.headline)}",
    )
    price = Text(
        f"{counted(record.evaluations, 'evaluation')}   {_seconds(record.seconds)}"
        f"   seed {record.seed}",
        style="dim",
    )
    if answer.cell_len + price.cell_len + 4 <= width:
        return answer + Text(" " * (width - answer.cell_len - price.cell_len)) + price
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(answer[: -len(record.headline) - 3], _text(record.headline))
    return Group(grid, _indented(price, 11))


def _parts(record: Record, width: int) -> list[Any]:
    parts: list[Any] = [_first_line(record, width), ""]
    if record.leaves:
        parts.append(_leaves(record, width))
        parts.append("")
    listed = _culprits(record)
    if listed is not None:
        parts += [listed, ""]
    proves = record.certificate is not None and record.certificate.bound < 1
    if record.certificate is not None and proves and record.verdict is not Verdict.FAIL:
        parts += [_certificate(record.certificate), ""]
    for cause in record.causes:
        parts += [_cause(cause), ""]
    if record.controls:
        parts += [_controls(record), ""]
    parts += [_indented(_text(f"note: {note}", "dim"), 2) for note in record.notes]
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def _leaves(record: Record, width: int) -> Any:
    # Rows, columns and slices; how many are wrong is said anyway.
    whole = {leaf.address for leaf in record.leaves}
    searched = {leaf.path for leaf in record.leaves if leaf.checked == 0}
    parts = {
        one.path: one.words
        for one in record.patterns
        if one.address not in whole or one.path in searched
    }
    if record.certificate is not None and record.verdict is Verdict.PASS:
        for single in record.certificate.leaves:
            parts[single.path] = _proved(single)
    passing = [leaf for leaf in record.leaves if leaf.verdict is Verdict.PASS]
    left_out = {id(leaf) for leaf in passing if _words(leaf, parts) == _LEFT_OUT}
    passing.sort(key=lambda leaf: id(leaf) in left_out)
    hidden = passing[_MOST_PASSING:] if len(record.leaves) > _MOST_PASSING + 4 else []
    not_shown = {id(leaf) for leaf in hidden}
    shown = [leaf for leaf in record.leaves if id(leaf) not in not_shown]
    widest = max((len(leaf.address) for leaf in shown), default=0)
    shapes = max((len(_shape(leaf.shape)) for leaf in shown), default=0)
    words = max((len(_words(leaf, parts)) for leaf in shown), default=0)
    if width - widest - shapes - 18 < min(words, 40):  # every tensor on two lines
        rows: list[Any] = []
        for leaf in shown:
            verdict = Text("–") if id(leaf) in left_out else _verdict(leaf)
            head = Text.assemble(printable(leaf.address), f"   {_shape(leaf.shape)}   ", verdict)
            if leaf.verdict is Verdict.PASS:
                head.append(f"   {_words(leaf, parts)}")
            rows.append(_indented(head, 2))
            if leaf.verdict is not Verdict.PASS:
                rows.append(_indented(_text(_words(leaf, parts)), 4))
        table: Any = Group(*rows)
    else:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for leaf in shown:
            verdict = Text("–") if id(leaf) in left_out else _verdict(leaf)
            grid.add_row(
                _text(leaf.address), _shape(leaf.shape), verdict, _text(_words(leaf, parts))
            )
        table = _indented(grid, 2)
    if not hidden:
        return table
    out = sum(id(leaf) in left_out for leaf in hidden)
    more = [f"{len(hidden) - out} more that pass"] if out < len(hidden) else []
    more += [f"{out} more that were not checked"] if out else []
    return Group(table, _indented(f"… and {' and '.join(more)}", 2))


def _verdict(leaf: LeafFinding) -> Text:
    return Text(_WORDS[leaf.verdict], style=_STYLES[leaf.verdict])


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "number"


def _words(leaf: LeafFinding, parts: Mapping[Any, str]) -> str:
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
        bars = f"  ({_bars(leaf.worst)})" if leaf.verdict is Verdict.FAIL else ""
        return f"along a random direction: {_both(leaf.worst)}{bars}"
    if leaf.verdict is not Verdict.PASS:
        return "not to blame alone" if math.isfinite(leaf.resolution) else ""
    if 1 <= leaf.resolution < math.inf:
        return "not known: what it does is too small beside the others to be seen"
    if math.isfinite(leaf.resolution):
        return f"right to {max(leaf.discrepancy, leaf.bar):.1e} along a random direction"
    return _LEFT_OUT


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
    text = f"{where}{_both(worst)}"
    if leaf.ratio == 0:
        return f"claimed 0 throughout; {text}"
    if leaf.ratio is not None:
        return f"claimed = {leaf.ratio:.4f} × measured; {text}"
    if leaf.wrong:
        return f"{text}  ({_bars(worst)})"
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


def _certificate(certificate: Certificate) -> Any:
    """Say what the directions prove, and what they do not."""
    sure = percent(certificate.confidence)
    over = f"{certificate.directions} random directions"
    if certificate.of_leaves:
        over = f"one random direction through each of {counted(certificate.directions, 'tensor')}"
    lines = [
        _text(f"certificate: error below {rounded_up(certificate.bound)} of the gradient", "bold"),
        _text(
            f"with a probability of {sure} over {over}, as {certificate.norm}. It bounds the error "
            "as a whole: a small error in a single component may be hidden in it."
        ),
    ]
    return _indented(Group(lines[0], _indented(lines[1], 6)), 2)


def _culprits(record: Record) -> Any:
    """Return a list of single components, where the tensors' lines do not name them already."""
    wrong = {leaf.path for leaf in record.leaves if leaf.wrong > 1 and leaf.ratio is None}
    listed = [culprit for culprit in record.culprits if culprit.path in wrong][:_MOST_CULPRITS]
    if not listed:
        return None
    # Where a search gives up listing, those that it met are no larger than others.
    sampled = any(leaf.checked == 0 for leaf in record.leaves if leaf.path in wrong)
    which = "some of the" if sampled else "the largest"
    lines: list[Any] = [Text(f"{which} wrong components", style="bold")]
    lines += [
        _indented(
            _text(f"{culprit.address}   {_both(culprit)}"),
            2,
        )
        for culprit in listed
    ]
    return _indented(Group(*lines), 2)


def _controls(record: Record) -> Any:
    """Say which claims, broken on purpose, were caught, and which were not."""
    caught = [control.name for control in record.controls if control.caught]
    missed = [control for control in record.controls if not control.caught]
    head = f"self-test: {len(caught)} of {counted(len(record.controls), 'broken claim')} caught"
    lines = [_text(head, "bold")]
    if caught:
        lines.append(_text(f"caught: {', '.join(caught)}"))
    lines += [
        _text(
            f"not caught ({control.verdict.value}): {control.name}"
            + (f" in {', '.join(control.addresses)}" if control.addresses else "")
        )
        for control in missed
    ]
    return _indented(Group(lines[0], *(_indented(line, 6) for line in lines[1:])), 2)


def _cause(cause: CauseFinding) -> Any:
    where = printable(", ".join(cause.addresses[:4]))
    rest = len(cause.addresses) - 4
    where += f" and {rest} more" if rest > 0 else ""
    head = Text.assemble((f"{cause.code} {cause.name}", "bold"), f"   {where}" if where else "")
    return _indented(
        Group(
            head,
            _indented(_text(cause.message), 6),
            _indented(_text(f"try: {cause.advice}"), 6),
            _indented(_text(f"see: gradproof explain {cause.code}", "dim"), 6),
        ),
        2,
    )


def _indented(content: Any, columns: int) -> Padding:
    return Padding(content, (0, 0, 0, columns))


def _text(words: str, style: str = "") -> Text:
    """Return words as they are: names of parameters are no markup, and move no cursor."""
    return Text(printable(words), style=style)


def printable(words: str) -> str:
    """Return words with control characters written out; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in words)


def _both(finding: ComponentFinding) -> str:
    """Return what was claimed and measured, with the digits that tell them apart, and the bar."""
    # No -0: that is no number of people.
    claimed, measured = finding.claimed + 0.0, finding.measured + 0.0
    digits = next((d for d in range(4, 17) if f"{claimed:.{d}g}" != f"{measured:.{d}g}"), 4)
    return f"claimed {claimed:+.{digits}g}, measured {measured:+.{digits}g} ± {finding.bar:.0e}"


def _bars(finding: ComponentFinding) -> str:
    bars = finding.bars
    if bars >= 1e4:
        return f"{bars:.1e} bars"
    return f"{bars:,.1f} bars"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
