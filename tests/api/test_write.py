"""Reports as files: each suffix its format, and what cannot be written is said."""

import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.reading import read, record_of


def wrong() -> gp.Report:
    return gp.check(lambda x: np.sum(x**2), lambda x: 3 * x, np.ones((2, 3)))


def right() -> gp.Report:
    return gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(3))


BOTH = {"a.py::wrong": wrong, "a.py::right": right}


def both() -> dict[str, gp.Report]:
    return {name: make() for name, make in BOTH.items()}


def test_json_is_that_of_the_report_or_of_the_run(tmp_path: Path) -> None:
    report, several = wrong(), both()
    gp.write(report, tmp_path / "one.json")
    assert json.loads((tmp_path / "one.json").read_text()) == report.to_dict()
    gp.write(several, str(tmp_path / "all.json"))
    again = read(tmp_path / "all.json")
    assert {name: one.to_dict() for name, one in again.reports.items()} == {
        name: one.to_dict() for name, one in several.items()
    }


def test_texts_are_those_of_their_formats(tmp_path: Path) -> None:
    report = wrong()
    for name in ("x.md", "x.xml", "x.sarif", "X.MD"):
        gp.write(report, tmp_path / name)
    assert (tmp_path / "x.md").read_text() == report._repr_markdown_()
    assert (tmp_path / "X.MD").read_text() == report._repr_markdown_()
    root = ElementTree.parse(tmp_path / "x.xml").getroot()
    assert root[0][0].attrib["name"] == "x"
    assert json.loads((tmp_path / "x.sarif").read_text())["version"] == "2.1.0"
    gp.write(both(), tmp_path / "all.md")
    text = (tmp_path / "all.md").read_text()
    assert text.startswith("## gradproof: 1 pass, 1 fail\n")
    assert "| `a.py::right` | PASS | right to 1e-06 |" in text


def test_html_is_one_page_of_all_reports(tmp_path: Path) -> None:
    gp.write(both(), tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text()
    assert "<title>gradproof: 1 pass, 1 fail</title>" in page
    assert all(name in page for name in both())


@pytest.mark.parametrize(
    ("suffix", "head"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")]
)
def test_pictures_are_of_their_format(tmp_path: Path, suffix: str, head: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    gp.write(wrong(), path)
    assert path.read_bytes().startswith(head)


def test_several_reports_are_pages_and_no_single_picture(tmp_path: Path) -> None:
    gp.write(both(), tmp_path / "x.pdf")
    assert b"/Count 2" in (tmp_path / "x.pdf").read_bytes()
    for suffix in (".png", ".svg"):
        with pytest.raises(gp.InputError, match=f"found {suffix} for 2 reports, expected .pdf"):
            gp.write(both(), tmp_path / f"x{suffix}")
    gp.write({"only": right()}, tmp_path / "only.png")


def test_an_unknown_suffix_lists_those_there_are(tmp_path: Path) -> None:
    for name in ("x.docx", "x", "html"):
        with pytest.raises(gp.InputError) as refused:
            gp.write(wrong(), tmp_path / name)
        assert "ends in one of .json, .html, .md, .xml, .sarif, .png, .svg, .pdf" in str(
            refused.value
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("odd", [None, {}, [1], {"a": 1}, {1: "x"}, "report"])
def test_what_is_no_report_is_refused(tmp_path: Path, odd: Any) -> None:
    with pytest.raises(gp.InputError, match="^report: found .* expected "):
        gp.write(odd, tmp_path / "x.json")
    with pytest.raises(gp.InputError, match="^path: found 3, expected the name of a file"):
        gp.write(wrong(), 3)  # type: ignore[arg-type]


def test_without_matplotlib_the_line_to_paste_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "gradproof.render.shown_figure", raising=False)
    with pytest.raises(gp.MissingExtra, match=r"pip install 'gradproof\[plot\]'"):
        gp.write(wrong(), tmp_path / "x.png")
    with pytest.raises(gp.MissingExtra, match="drawing a report needs matplotlib"):
        wrong().plot()


def test_a_report_that_was_read_is_written_as_well(tmp_path: Path) -> None:
    again = record_of(wrong().to_dict())
    for suffix in (".json", ".md", ".xml", ".sarif", ".png"):
        gp.write(again, tmp_path / f"x{suffix}")
