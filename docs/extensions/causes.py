"""Writes a page for every cause out of the catalogue, with what its example prints."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradproof.judge.catalogue import Cause
from gradproof.judge.causes import CATALOGUE

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_GROUPS = {
    "1": ("The question is unsound", "The check ends with these: there is nothing to measure yet."),
    "2": ("It cannot be decided", "The reasons of *inconclusive*, and what to do about them."),
    "3": ("Wrong alike", "One relation takes all of the claim to what was measured."),
    "4": ("Wrong in one place", "A term, an axis, a tensor, a row, single numbers."),
    "5": ("Products, second derivatives, frameworks", "What holds beside the numbers themselves."),
    "6": ("On a manifold", "What a gradient on a manifold is, beside its slopes."),
}
_INTRODUCTION = """\
# Causes

What keeps a check from a plain pass has a code. Codes are stable: they are added, and never used
for something else. `gradproof explain GP202` and `gp.explain("GP202")` show the same pages; in a
report the codes are `report.causes`, with the numbers that were fitted in `.parameters`.
"""


def index() -> str:
    """Return the page that lists all causes by their hundreds."""
    parts = [_INTRODUCTION]
    for digit, (title, words) in _GROUPS.items():
        rows = [
            f"| [{code}]({code}.md) | {cause.name} | {_first_sentence(cause)} |"
            for code, cause in sorted(CATALOGUE.items())
            if code[2] == digit
        ]
        parts.append(
            "\n".join([f"## {title}\n", f"{words}\n", "| code | name | |", "|---|---|---|"])
        )
        parts[-1] += "\n" + "\n".join(rows) + "\n"
    toctree = "\n".join(
        f"{code} {cause.name} <{code}>" for code, cause in sorted(CATALOGUE.items())
    )
    return "\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{toctree}\n```\n"])


def page(cause: Cause) -> str:
    """Return the page of a cause, with what its example prints after the example."""
    code = re.search(r"^```python\n(.*?)^```$", cause.page, re.MULTILINE | re.DOTALL)
    assert code is not None, cause.code
    printed = f"\n\n`print(report)` says:\n\n```text\n{_printed(code[1], cause.code).rstrip()}\n```"
    return cause.page[: code.end()] + printed + cause.page[code.end() :]


def _printed(example: str, code: str) -> str:
    namespace: dict[str, Any] = {"__name__": "example"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPy says about log(0) is not what is shown
        exec(compile(example, f"<{code}>", "exec"), namespace)
    return str(namespace["report"])


def _first_sentence(cause: Cause) -> str:
    _, _, rest = cause.text.partition("## What it is\n")
    return re.split(r"(?<=[.])\s", " ".join(rest.strip().split("\n\n")[0].split()), maxsplit=1)[0]


def write(folder: Path) -> None:
    """Write all pages to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {code: page(cause) for code, cause in CATALOGUE.items()} | {"index": index()}
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Have the pages written before Sphinx looks for its sources."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference" / "causes"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
