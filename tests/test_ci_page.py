"""The page about continuous integration: its file runs, and all of its commands."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradproof.cli.app import app
from gradproof.cli.formats import Format

PAGE = (Path(__file__).parents[1] / "docs" / "howto" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line
    for kind, block in BLOCKS
    for line in (
        block.splitlines() if kind == "sh" else re.findall(r"run: ((?:gradproof|pytest) .*)", block)
    )
    if kind in ("sh", "yaml")
]


@pytest.fixture(autouse=True)
def _with_the_file_of_the_page(pytester: pytest.Pytester) -> None:
    (file,) = (block for kind, block in BLOCKS if kind == "python" and ">>>" not in block)
    Path("test_gradients.py").write_text(file)


def test_every_command_of_the_line_runs_and_passes() -> None:
    ours = [shlex.split(line.partition(" >> ")[0])[1:] for line in COMMANDS if line[0] == "g"]
    assert len(ours) > 8
    for arguments in ours:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
    assert {path.name for path in Path().glob("report.*")} == {
        "report.xml",
        "report.json",
        "report.html",
        "report.sarif",
    }


def test_every_command_of_pytest_runs_and_passes(pytester: pytest.Pytester) -> None:
    theirs = [shlex.split(line)[1:] for line in COMMANDS if line.startswith("pytest")]
    assert len(theirs) == 3
    results = [pytester.runpytest_subprocess(*arguments) for arguments in theirs]
    for result, count in zip(results, (2, 1, 2), strict=True):
        result.assert_outcomes(passed=count)
    assert "<title>gradproof: 2 pass</title>" in Path("pages/index.html").read_text()


def test_every_format_is_told_of() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert told == [form.value for form in Format]
