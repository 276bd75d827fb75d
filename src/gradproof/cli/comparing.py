"""``gradproof diff``: what changed between two saved runs."""

from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from gradproof._base.text import printable
from gradproof.judge.changes import changes
from gradproof.judge.reading import read

_ALONE = "report"  # a report alone has no name that two files share


def compare(before: Path, after: Path, console: Console) -> bool:
    """Print what changed from one file to the other; return whether anything is worse."""
    old, new = read(before, _ALONE), read(after, _ALONE)
    found = changes(old, new)
    for name, listed in found.items():
        worse = any(change.worse for change in listed)
        head = ("WORSE    ", "bold red") if worse else ("CHANGED  ", "yellow")
        console.print(Text.assemble(head, (printable(name), "bold")))
        for change in listed:
            console.print(Padding(Text(printable(change.words)), (0, 0, 0, 9), expand=False))
    total = len(dict.fromkeys([*old.reports, *old.errors, *new.reports, *new.errors]))
    same = total - len(found)
    if found and same:
        console.print()
    if same:
        said = f"nothing changed in {same:,} problem{'s' * (same != 1)}"
        console.print(said, highlight=False)
    return any(change.worse for listed in found.values() for change in listed)
