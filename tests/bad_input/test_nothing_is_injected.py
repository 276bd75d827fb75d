"""Whatever a name or a message holds, no format has an element, a command or a cursor of its own."""

import dataclasses
import functools
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.bad_input import hostile
from tests.bad_input.hostile import WORDS

import gradproof as gp
from gradproof._base.text import printable
from gradproof.api.write import as_html
from gradproof.cli import main
from gradproof.cli.formats import Format, rendered
from gradproof.judge.reading import read
from gradproof.render.progress import long_work
from gradproof.render.terminal import show

pytestmark = pytest.mark.timeout(120)
ALL = pytest.mark.parametrize("name", WORDS)
HARMLESS = "word"


@functools.cache
def run_of(word: str) -> Any:
    return hostile.run_of(word)


@functools.cache
def page_of(word: str) -> hostile.Page:
    return hostile.Page(as_html(run_of(word)))


@functools.cache
def fragment_of(word: str) -> hostile.Page:
    return hostile.Page(hostile.hostile(word)._repr_html_())


@functools.cache
def harmless(form: Format) -> str:
    return rendered(run_of(HARMLESS), form)


@ALL
def test_a_page_has_the_elements_that_it_always_has(name: str) -> None:
    word = WORDS[name]
    found, expected = page_of(word), page_of(HARMLESS)
    assert found.elements == expected.elements
    assert all(re.fullmatch(r"#[a-z0-9-]+|data:,", link) for link in found.links)
    assert "".join(found.words).replace("\n", "").isprintable()
    first = printable(word).split("\n")[0]
    assert first in " ".join(found.words)


@ALL
def test_a_notebook_gets_the_elements_that_it_always_gets(name: str) -> None:
    def shape(page: hostile.Page) -> list[Any]:
        # A short address is kept on one line, by a class.
        return [one if isinstance(one, str) else one[0] for one in page.elements]

    found, expected = fragment_of(WORDS[name]), fragment_of(HARMLESS)
    assert shape(found) == shape(expected)
    attributes = {one[1] for one in found.elements if not isinstance(one, str)}
    assert attributes <= {(), ("class",), ("scope",)}
    assert found.links == []
    assert "".join(found.words).replace("\n", "").isprintable()


@ALL
def test_junit_has_the_elements_that_it_always_has(name: str) -> None:
    text = rendered(run_of(WORDS[name]), Format.JUNIT)
    assert hostile.skeleton_of_xml(text) == hostile.skeleton_of_xml(harmless(Format.JUNIT))
    assert text.replace("\n", "").isprintable()
    assert list(hostile.commands(text)) == []


@ALL
def test_sarif_and_json_have_the_fields_that_they_always_have(name: str) -> None:
    for form in (Format.SARIF, Format.JSON):
        text = rendered(run_of(WORDS[name]), form)
        found = hostile.skeleton_of_json(json.loads(text))
        assert found == hostile.skeleton_of_json(json.loads(harmless(form)))
        assert text.encode("utf-8").decode().replace("\n", "").isprintable()
        assert list(hostile.commands(text)) == []


@ALL
def test_json_holds_every_text_as_it_is(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(rendered(run_of(WORDS[name]), Format.JSON))
    again = read(path)
    assert again.to_dict() == run_of(WORDS[name]).to_dict()


@ALL
def test_markdown_has_the_blocks_that_it_always_has(name: str) -> None:
    text = rendered(run_of(WORDS[name]), Format.MARKDOWN)
    expected = hostile.skeleton_of_markdown(harmless(Format.MARKDOWN))
    assert hostile.skeleton_of_markdown(text) == expected
    assert not {"html_block", "html_inline", "link_open", "image"} & set(expected)
    assert text.replace("\n", "").isprintable()
    assert list(hostile.commands(text)) == []


@ALL
def test_annotations_are_one_a_problem_each_with_its_own_properties(name: str) -> None:
    text = rendered(run_of(WORDS[name]), Format.GITHUB)
    lines = text.splitlines()
    assert len(lines) == 3  # as what passes has none
    for line in lines:
        found = re.fullmatch(r"::(error|warning) ([^:\r\n]*)::(.*)", line)
        assert found is not None
        properties = [one.partition("=")[0] for one in found[2].split(",")]
        assert properties in (["file", "line", "title"], ["title"])
        message = re.sub("%0A|%0D|%25", "", found[3])
        assert "%" not in message
        assert line.isprintable()
        assert "file" not in properties or found[1] == "error"


@ALL
def test_a_terminal_gets_no_control_characters_but_our_colours(name: str) -> None:
    for report, width in (
        (hostile.hostile(WORDS[name]), 40),
        (hostile.through_json(WORDS[name]), 99),
    ):
        text = report.summary(width=width)
        assert text.replace("\n", "").isprintable()
        assert list(hostile.commands(text)) == []
    stream = io.StringIO()
    show(report, Console(file=stream, width=61, force_terminal=True, color_system="truecolor"))
    assert hostile.plain(stream.getvalue()).replace("\n", "").isprintable()


def test_no_break_of_a_line_makes_a_command() -> None:
    report = hostile.hostile("x")
    for before in range(1, 61):
        one = dataclasses.replace(report, headline="y" * before + "::error::x", causes=())
        assert list(hostile.commands(one.summary(width=60))) == []


def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> str:
    monkeypatch.setattr("sys.argv", ["gradproof", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code in (0, 1)
    assert err == ""
    return out


def test_the_command_line_prints_no_command_and_moves_no_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "61")
    reports = {word: hostile.hostile(word).to_dict() for word in WORDS.values()}
    errors = {f"{word} cannot": word for word in WORDS.values()}
    others = {word: hostile.hostile(f"{word} now").to_dict() for word in WORDS.values()}
    Path("a.json").write_text(json.dumps({"reports": reports, "errors": errors}))
    Path("b.json").write_text(json.dumps({"reports": others, "errors": errors}))
    for arguments in (("show", "a.json"), ("diff", "a.json", "b.json")):
        text = command_line(monkeypatch, capsys, *arguments)
        assert text.replace("\n", "").isprintable()
        assert list(hostile.commands(text)) == []
        monkeypatch.setenv("FORCE_COLOR", "1")
        coloured = command_line(monkeypatch, capsys, *arguments)
        assert hostile.plain(coloured).replace("\n", "").isprintable()
        monkeypatch.delenv("FORCE_COLOR")


def test_a_picture_has_no_script_and_no_link(tmp_path: Path) -> None:
    path = tmp_path / "report.svg"
    words = " ".join(
        WORDS[name] for name in ("svg", "script", "mathematics", "colour", "lone-surrogate")
    )
    gp.write(hostile.hostile(words), path)
    found = hostile.skeleton_of_xml(path.read_text())
    assert not {tag.rpartition("}")[2] for tag, _ in found} & {"script", "a", "foreignObject"}
    assert not any(one.startswith("on") for _, attributes in found for one in attributes)


@ALL
def test_lines_of_progress_are_one_line_each(name: str) -> None:
    stream, clock = io.StringIO(), iter(range(0, 1000, 20))
    console = Console(file=stream, width=80)
    with long_work(WORDS[name], console, clock=lambda: float(next(clock))) as update:
        update(1, 10)
    text = stream.getvalue()
    assert text.endswith(" evaluations\n") or " left\n" in text
    assert text.replace("\n", "").isprintable()


def test_what_reads_the_formats_would_see_an_injection() -> None:
    evil = "<script>alert(1)</script>"
    assert hostile.Page(f"<p>{evil}</p>").elements != hostile.Page("<p>x</p>").elements
    assert "html_inline" in hostile.skeleton_of_markdown(f"x {evil}")
    assert "link_open" in hostile.skeleton_of_markdown("[x](https://evil.example)")
    assert list(hostile.commands("a\n  ::error::x\nb ##[group]c\nfile.py::x"))[1:] == [
        "b ##[group]c"
    ]
    assert not hostile.plain("\x1b[31mx\x1b[2J").isprintable()
