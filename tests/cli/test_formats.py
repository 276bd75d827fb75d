"""`gradproof check --format`, `show`: what goes where, and that pipes get nothing else."""

import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

import gradproof as gp
from gradproof.cli.app import app
from gradproof.render.progress import long_work

BROKEN = """
@gp.problem
def broken():
    return gp.Problem(lambda x: undefined_name, lambda x: x, np.ones(2))
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right_and_wrong: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.py").write_text(right_and_wrong + BROKEN)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "100"})


def test_a_format_is_all_that_is_printed() -> None:
    done = run("check", "p.py", "--format", "json")
    assert done.exit_code == 2
    data = json.loads(done.stdout)
    assert list(data["reports"]) == ["p.py::right", "p.py::wrong"]
    assert "p.py::broken: raised" in done.stderr  # told at once, beside what is piped
    assert "p.py::wrong" not in done.stderr
    junit = run("check", "p.py::wrong", "--format", "junit")
    assert junit.exit_code == 1
    case = ElementTree.fromstring(junit.stdout)[0][0]
    assert case.attrib["file"] == "p.py"
    assert case.attrib["line"] == "9"
    github = run("check", "p.py::wrong", "--format", "github")
    assert github.stdout.startswith("::error file=p.py,line=9,title=p.py%3A%3Awrong FAIL ")
    assert len(github.stdout.splitlines()) == 1
    sarif = json.loads(run("check", "p.py::wrong", "--format", "sarif").stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "GP302"
    markdown = run("check", "p.py", "--format", "markdown")
    assert markdown.stdout.startswith("## gradproof: 1 pass, 1 fail, 1 could not be run\n")


def test_with_an_output_the_text_is_printed_and_the_format_written() -> None:
    plain = run("check", "p.py::right")
    done = run("check", "p.py::right", "--format", "markdown", "--output", "out.md")
    assert done.stdout == plain.stdout
    assert Path("out.md").read_text().startswith("### `p.py::right`\n\n**gradproof PASS: ")
    run("check", "p.py", "--output", "out.txt")
    text = Path("out.txt").read_text()
    assert "FAIL          p.py::wrong" in text
    assert "claimed = 1.5000 × measured" in text
    assert "\x1b" not in text


def test_a_page_is_written_of_all_reports() -> None:
    assert run("check", "p.py", "--html", "out.html", "--json", "out.json").exit_code == 2
    assert run("show", "out.json", "--html", "again.html").exit_code == 0
    for name in ("out.html", "again.html"):
        page = Path(name).read_text()
        assert "<title>gradproof: 1 pass, 1 fail, 1 could not be run</title>" in page
        assert "p.py::right" in page
        assert "p.py::wrong" in page


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "sarif", "markdown"])
def test_a_saved_run_is_shown_as_the_run_itself_was(form: str) -> None:
    checked = run("check", "p.py", "--format", form, "--json", "out.json")
    shown = run("show", "out.json", "--format", form)
    assert shown.exit_code == 0
    assert shown.stdout == checked.stdout
    assert len(shown.stdout) > 100


def test_a_report_alone_is_shown_whole() -> None:
    report = gp.check(lambda t: t**2, lambda t: 2 * t, 3.0)
    Path("one.json").write_text(report.to_json())
    assert run("show", "one.json").stdout == report.summary() + "\n"
    run("show", "one.json", "--format", "junit", "--output", "one.xml")
    assert ElementTree.parse("one.xml").getroot()[0][0].attrib["name"] == "one"


def test_what_is_no_report_is_one_sentence() -> None:
    Path("no.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "gradproof", "show", "no.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gradproof: no.json: no.schema: found None, expected 1; ")
    assert len(done.stderr.splitlines()) == 1


def test_sixty_columns_are_kept_and_no_colour_reaches_a_terminal_that_wants_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow = CliRunner().invoke(app, ["check", "p.py"], env={"COLUMNS": "60"})
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    monkeypatch.delenv("NO_COLOR", raising=False)
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "60"}
    for env, coloured in (
        (colours, True),
        (colours | {"NO_COLOR": "1"}, False),
        (colours | {"TERM": "dumb"}, False),
    ):
        done = CliRunner().invoke(app, ["check", "p.py::wrong"], env=env)
        # Without colours bold letters may stay, in a terminal that has them.
        assert ("\x1b[1;31m" in done.stdout) is coloured, env
        if env["TERM"] == "dumb":
            assert "\x1b" not in done.stdout


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_long_work_says_a_line_now_and_then_where_there_is_no_terminal() -> None:
    out, clock = io.StringIO(), Clock()
    with long_work("p.py::x", Console(file=out, width=60), clock) as update:
        for second in range(101):
            clock.now = float(second)
            update(1_000 * (second + 1), 101_000)
    lines = out.getvalue().splitlines()
    assert lines[0] == "… p.py::x: 11,000 of 101,000 evaluations, about 82 s left"
    assert len(lines) == 10
    assert lines[-1] == "… p.py::x: 101,000 of 101,000 evaluations"


def test_short_work_says_nothing_and_another_stretch_begins_anew() -> None:
    out, clock = io.StringIO(), Clock()
    with long_work("x", Console(file=out), clock) as update:
        update(1, 2)
        clock.now = 9.0
        update(2, 2)
        assert out.getvalue() == ""
        clock.now = 100.0
        update(10, 1_000)
        clock.now = 200.0
        update(110, 1_000)
    assert out.getvalue().splitlines() == [
        "… x: 10 of 1,000 evaluations",
        "… x: 110 of 1,000 evaluations, about 15 min left",
    ]


@pytest.mark.parametrize(("term", "shown"), [("xterm", True), ("dumb", False)])
def test_a_terminal_has_a_bar_with_the_time_left(term: str, shown: bool) -> None:
    out, clock = io.StringIO(), Clock()
    console = Console(
        file=out, width=80, force_terminal=True, legacy_windows=False, _environ={"TERM": term}
    )
    with long_work("p.py::x", console, clock) as update:
        update(1, 100)
        assert "p.py::x" not in out.getvalue()
        clock.now = 3.0
        update(50, 100)
    assert ("50%" in out.getvalue()) is shown
    assert ("\x1b" in out.getvalue()) is shown
