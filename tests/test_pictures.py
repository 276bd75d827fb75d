"""The pictures of the README: what they show is what gradproof says, and they load nothing."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tools.pictures import EXAMPLE, FOLDER, as_svg, terminal

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SVG = (FOLDER / "terminal.svg").read_text(encoding="utf-8")


def shown(svg: str) -> str:
    """Return the words of a picture without spaces, and without the time, which always differs."""
    texts = ElementTree.fromstring(svg).iterfind(".//{*}g[@class='gradproof-matrix']/{*}text")
    words = re.sub(r"\s+", "", "".join(text.text or "" for text in texts))
    return re.sub(r"\d+\.\d\ds(?=seed)", "", words)


@pytest.fixture(scope="module")
def now() -> str:
    return as_svg(terminal())


def test_the_terminal_shows_what_gradproof_prints(now: str) -> None:
    assert shown(SVG) == shown(now), "make pictures draws them anew"
    assert shown(SVG).startswith(f"$gradproofcheck{EXAMPLE}FAIL")
    assert "claimed=1.5000×measured" in shown(SVG)


def test_another_answer_is_seen(now: str) -> None:
    assert shown(SVG.replace("1.5000", "1.5001")) != shown(now)


def test_pictures_load_nothing_and_are_small() -> None:
    assert "@font-face" not in SVG
    assert "url(http" not in SVG
    page = FOLDER / "page.png"
    assert page.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert page.stat().st_size <= 150 * 1024


def test_every_picture_of_the_readme_is_there_and_told_in_words() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    assert {Path(path).name for _, path in pictures} == {"terminal.svg", "page.png"}
    for words, path in pictures:
        assert (FOLDER.parents[1] / path).is_file()
        assert len(words) > 60
