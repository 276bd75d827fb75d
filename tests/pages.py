"""Runs a page of the documentation as its reader does: block after block, in one namespace.

Blocks of Python run; with prompts they are doctests. A block of Python whose first line is a
comment with the name of a file is that file. A block of text after one that prints is what it
prints; one that begins with "gradproof" is the report, if one was made. In a console, what follows a command of
gradproof is what it prints; other commands are not run.
"""

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from gradproof.cli.app import app

ROOT = Path(__file__).parents[1]
_DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Noise differs from one processor to the next, and so does what depends on it.
_MEASURED = re.compile(r"[-+]?\d[\d.]*e[-+]\d+|[\d,]+ evaluations|[\d.]+ s\b")
_COUNTED = re.compile(r", [\d,]+ relative to the\s+tensor\s+only")


class Block(NamedTuple):
    """What stands between two fences, and in which line it begins."""

    kind: str
    text: str
    line: int


def pages() -> list[Path]:
    """Return the README and all pages that somebody wrote."""
    written = (
        page
        for page in _DOCS.rglob("*.md")
        if not {"_build", "generated", "tables", "causes"} & set(page.relative_to(_DOCS).parts)
    )
    return sorted([ROOT / "README.md", *written])


# Who runs a page on which one of these is imported; all others are run by `tests`.
_RUN_BY = {"tests_of_tensorflow": "tensorflow|keras", "tests_of_frameworks": "torch|jax|autograd"}


def pages_of(folder: str) -> list[Path]:
    """Return the pages that a folder of tests runs, in its environment."""
    return [page for page in pages() if _runs(page) == folder]


def _runs(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    for folder, names in _RUN_BY.items():
        if re.search(rf"^(?:>>> )?(?:import|from) (?:{names})\b", text, re.MULTILINE):
            return folder
    return "tests"


def blocks(text: str) -> Iterator[Block]:
    """Return the blocks of a page in their order."""
    for found in _BLOCK.finditer(text):
        yield Block(found[1], found[2], text.count("\n", 0, found.start()))


def same(printed: str, shown: str) -> bool:
    """Whether two outputs agree, but for times, prices and what noise decides."""
    first, second = (
        _MEASURED.sub("#", _COUNTED.sub("", text)).split() for text in (printed, shown)
    )
    return first == second


def run_page(page: Path, folder: Path) -> int:
    """Run a page, with its files in a folder, and return how many blocks there were to run."""
    namespace: dict[str, Any] = {"__name__": "page"}
    printed, count = "", 0
    for block in blocks(page.read_text(encoding="utf-8")):
        where = f"{page.name}, line {block.line + 1}"
        file = re.match(r"# (\w+\.py)\n", block.text)
        if block.kind == "text":
            if not printed and block.text.startswith("gradproof  "):
                printed = str(namespace.get("report", ""))
            assert not printed or same(printed, block.text), f"{where}: prints\n{printed}"
            printed = ""
            continue
        printed = ""
        if block.kind == "console":
            _run_console(block, folder, where)
        elif block.kind == "python" and ">>> " in block.text:
            _run_prompts(block, namespace, page)
        elif block.kind == "python" and file:
            (folder / file[1]).write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("\n" * block.line + block.text, str(page), "exec"), namespace)
            printed = out.getvalue()
        else:
            continue
        count += 1
    return count


def _run_prompts(block: Block, namespace: dict[str, Any], page: Path) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, {}, page.name, str(page), block.line)
    test.globs = namespace  # the parser makes a copy, and what is defined would be lost
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report = io.StringIO()
    runner.run(test, out=report.write, clear_globs=False)
    assert runner.failures == 0, report.getvalue()


def _run_console(block: Block, folder: Path, where: str) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        name, *arguments = shlex.split(command)
        if name != "gradproof":
            continue
        with contextlib.chdir(folder):
            done = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
        assert same(done.output, shown), f"{where}: {command} prints\n{done.output}"
