"""The report in a terminal: the answer first, every tensor a line, causes with their advice."""

import io
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradproof._base.outcomes import Verdict
from gradproof.judge.report import CauseFinding, Certificate, ControlFinding, LeafFinding, Record
from gradproof.render import words
from gradproof.render.words import printable

_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_MOST_PASSING = 12
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
    price = Text("   ".join(words.price(record)), style="dim")
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
    if record.certificate is not None and words.proves(record):
        parts += [_certificate(record.certificate), ""]
    for cause in record.causes:
        parts += [_cause(cause), ""]
    if record.controls:
        parts += [_controls(record.controls), ""]
    parts += [_indented(_text(f"note: {note}", "dim"), 2) for note in record.notes]
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def _leaves(record: Record, width: int) -> Any:
    known = words.parts(record)
    passing = [leaf for leaf in record.leaves if leaf.verdict is Verdict.PASS]
    left_out = {id(leaf) for leaf in passing if words.of_leaf(leaf, known) == words.LEFT_OUT}
    passing.sort(key=lambda leaf: id(leaf) in left_out)
    hidden = passing[_MOST_PASSING:] if len(record.leaves) > _MOST_PASSING + 4 else []
    not_shown = {id(leaf) for leaf in hidden}
    shown = [leaf for leaf in record.leaves if id(leaf) not in not_shown]
    widest = max((len(leaf.address) for leaf in shown), default=0)
    shapes = max((len(words.shape(leaf.shape)) for leaf in shown), default=0)
    longest = max((len(words.of_leaf(leaf, known)) for leaf in shown), default=0)
    if width - widest - shapes - 18 < min(longest, 40):  # every tensor on two lines
        rows: list[Any] = []
        for leaf in shown:
            verdict = Text("–") if id(leaf) in left_out else _verdict(leaf)
            head = Text.assemble(
                printable(leaf.address), f"   {words.shape(leaf.shape)}   ", verdict
            )
            if leaf.verdict is Verdict.PASS:
                head.append(f"   {words.of_leaf(leaf, known)}")
            rows.append(_indented(head, 2))
            if leaf.verdict is not Verdict.PASS:
                rows.append(_indented(_text(words.of_leaf(leaf, known)), 4))
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
                _text(leaf.address),
                words.shape(leaf.shape),
                verdict,
                _text(words.of_leaf(leaf, known)),
            )
        table = _indented(grid, 2)
    if not hidden:
        return table
    out = sum(id(leaf) in left_out for leaf in hidden)
    more = [f"{len(hidden) - out} more that pass"] if out < len(hidden) else []
    more += [f"{out} more that were not checked"] if out else []
    return Group(table, _indented(f"… and {' and '.join(more)}", 2))


def _verdict(leaf: LeafFinding) -> Text:
    return Text(words.VERDICTS[leaf.verdict], style=_STYLES[leaf.verdict])


def _certificate(found: Certificate) -> Any:
    """Say what the directions prove, and what they do not."""
    bound, meaning = words.certificate(found)
    return _indented(Group(_text(bound, "bold"), _indented(_text(meaning), 6)), 2)


def _culprits(record: Record) -> Any:
    """Return a list of single components, where the tensors' lines do not name them already."""
    wrong = {leaf.path for leaf in record.leaves if leaf.wrong > 1 and leaf.ratio is None}
    listed = [culprit for culprit in record.culprits if culprit.path in wrong][:_MOST_CULPRITS]
    if not listed:
        return None
    lines: list[Any] = [Text(words.culprits(record, listed), style="bold")]
    lines += [
        _indented(
            _text(f"{culprit.address}   {words.both(culprit)}"),
            2,
        )
        for culprit in listed
    ]
    return _indented(Group(*lines), 2)


def _controls(found: tuple[ControlFinding, ...]) -> Any:
    head, lines = words.controls(found)
    return _indented(Group(_text(head, "bold"), *(_indented(_text(line), 6) for line in lines)), 2)


def _cause(cause: CauseFinding) -> Any:
    where = printable(words.places(cause.addresses))
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


def _text(line: str, style: str = "") -> Text:
    """Return text as it is: names of parameters are no markup, and move no cursor."""
    return Text(printable(line), style=style)
