"""The report in a terminal: the answer first, every tensor a line, causes with their advice."""

import io
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradproof._base.outcomes import Verdict
from gradproof._base.text import inert, printable
from gradproof.judge.parts import CauseFinding
from gradproof.judge.report import Record
from gradproof.render import words

STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "yellow"}
_NARROWEST, WIDEST = 40, 100


def render(record: Record, *, width: int) -> str:
    """Return the report as plain text of at most `width` columns."""
    out = io.StringIO()
    width = max(width, _NARROWEST)
    _print_parts(record, Console(file=out, width=width, color_system=None), width)
    return inert("\n".join(line.rstrip() for line in out.getvalue().splitlines()))


def show(record: Record, console: Console) -> None:
    """Print the report to a console: in colour in a terminal, elsewhere as plain text."""
    width = min(console.width, WIDEST)
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
        (record.verdict.value.upper(), STYLES[record.verdict]),
        f"   {printable(record.headline)}",
    )
    price = Text(words.price(record), style="dim")
    if answer.cell_len + price.cell_len + 4 <= width:
        return answer + Text(" " * (width - answer.cell_len - price.cell_len)) + price
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(answer[: -len(printable(record.headline)) - 3], _text(record.headline))
    return Group(grid, _indented(price, 11))


def _parts(record: Record, width: int) -> list[Any]:
    parts: list[Any] = [_first_line(record, width), ""]
    if record.leaves:
        parts += [_leaves(record, width), ""]
    listed = words.culprits(record)
    if listed is not None:
        lines = [_text(f"{one.address}   {words.both(one)}") for one in listed.findings]
        parts += [_under(listed.heading, lines, 2), ""]
    proof = words.certificate(record)
    if proof is not None:
        parts += [_under(proof[0], [_text(proof[1])], 6), ""]
    for cause in record.causes:
        parts += [_cause(cause), ""]
    heading, *lines_of_controls = words.controls(record) or [""]
    if heading:
        parts += [_under(heading, [_text(line) for line in lines_of_controls], 6), ""]
    parts += [_indented(_text(f"note: {note}", "dim"), 2) for note in record.notes]
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def _leaves(record: Record, width: int) -> Any:
    shown, more = words.rows(record)
    widest = max((len(row.leaf.address) for row in shown), default=0)
    shapes = max((len(row.shape) for row in shown), default=0)
    longest = max((len(row.words) for row in shown), default=0)
    if width - widest - shapes - 18 < min(longest, 40):  # every tensor on two lines
        lines: list[Any] = []
        for row in shown:
            head = Text.assemble(printable(row.leaf.address), f"   {row.shape}   ", _verdict(row))
            if row.leaf.verdict is Verdict.PASS:
                head.append(f"   {printable(row.words)}")
            lines.append(_indented(head, 2))
            if row.leaf.verdict is not Verdict.PASS:
                lines.append(_indented(_text(row.words), 4))
        table: Any = Group(*lines)
    else:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for row in shown:
            grid.add_row(_text(row.leaf.address), row.shape, _verdict(row), _text(row.words))
        table = _indented(grid, 2)
    return Group(table, _indented(more, 2)) if more else table


def _verdict(row: words.Row) -> Text:
    known = row.verdict == words.VERDICTS[row.leaf.verdict]
    return Text(row.verdict, style=STYLES[row.leaf.verdict] if known else "")


def _under(heading: str, lines: list[Text], columns: int) -> Padding:
    """Return lines under a heading."""
    return _indented(Group(_text(heading, "bold"), *(_indented(one, columns) for one in lines)), 2)


def _cause(cause: CauseFinding) -> Any:
    where = printable(words.where(cause))
    name = printable(f"{cause.code} {cause.name}")
    head = Text.assemble((name, "bold"), f"   {where}" if where else "")
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


def _text(said: str, style: str = "") -> Text:
    """Return words as they are: names of parameters are no markup, and move no cursor."""
    return Text(printable(said), style=style)
