"""A run as text: every problem a line, and details of what does not pass."""

import io

from rich.console import Console
from rich.text import Text

from gradproof._base.text import inert, printable
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render.terminal import STYLES, WIDEST, show


def tell_report(name: str, record: Record, console: Console) -> None:
    """Print one problem: a line, and the report where it does not pass."""
    console.print(
        Text.assemble(
            (f"{record.verdict.value.upper():<14}", STYLES[record.verdict]),
            (printable(name), "bold"),
            f"   {printable(record.headline)}" if record.passed else "",
        )
    )
    if not record.passed:
        console.print()
        show(record, console)
        console.print()


def tell_error(text: str, console: Console) -> None:
    """Print what could not be run."""
    console.print(Text.assemble(("ERROR         ", "bold red"), printable(text)))


def tell_total(run: Run, console: Console) -> None:
    """Print how many there are of each, where there is more than one."""
    if len(run.reports) + len(run.errors) > 1:
        console.print(f"\n{run.total}   {run.evaluations:,} evaluations", highlight=False)


def tell(run: Run, console: Console) -> None:
    """Print a whole run; a report alone is shown whole, whatever its verdict."""
    if len(run.reports) == 1 and not run.errors:
        show(next(iter(run.reports.values())), console)
        return
    for name, record in run.reports.items():
        tell_report(name, record, console)
    for error in run.errors.values():
        tell_error(error, console)
    tell_total(run, console)


def as_text(run: Run) -> str:
    """Return a whole run as plain text."""
    out = io.StringIO()
    tell(run, Console(file=out, width=WIDEST, color_system=None))
    return inert("".join(line.rstrip() + "\n" for line in out.getvalue().splitlines()))
