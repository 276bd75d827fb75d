"""The page is one file, whole, safe whatever parameters are called, and usable at any size."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.render.reports import curve, everything, leaf, record, tensor

import gradproof as gp
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.folding import MOST_COMPONENTS, bars
from gradproof.render.html import render
from gradproof.render.html.curves import error_against_step, taylor_test
from gradproof.render.html.maps import heat_map, largest_map
from gradproof.render.html.markdown import to_html
from gradproof.render.html.safe import script_json
from gradproof.render.words import VERDICTS

ASSETS = Path(gp.__file__).parent / "render" / "html" / "assets"
VOID = {"meta", "link", "input", "br", "img"}
NASTY = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title></style></template></noscript><img src=x onerror=alert(1)>",
    "\"' onclick='alert(1)' x=\"",
    "<!--<script>",
    "]]><svg onload=alert(1)>",
    "line\nbreak\r\ttab",
    "\u202eright to left\u202c",
    "null\0 escape\x1b[31m \x85 \u2028 \u2029",
    "\udc80 lone",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp; &#x27;",
    "javascript:alert(1)",
]


class Page(html.parser.HTMLParser):
    """A page taken apart: its elements with their text; it complains of tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data: list[Any] = []
        self.open: list[str] = []
        self.inside: dict[str, str | None] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        self.inside = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            if self.inside.get("type") == "application/json":
                self.data.append(json.loads(data))
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]


def page_of(*reports: gp.Report) -> Page:
    return Page(render({f"problem {n}": one for n, one in enumerate(reports)}, title="A title"))


def shape_of(page: Page) -> list[tuple[str, tuple[str, ...]]]:
    """The elements and the names of their attributes: what no word may change."""
    return [(tag, tuple(attributes)) for tag, attributes in page.elements]


def test_the_answer_comes_first() -> None:
    text = page_of(everything("W")).text
    order = ["FAIL", "it is W", "1,234 evaluations", "0.25 s", "seed 7", "Tensors", "Why", "Where"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_all_parts_are_there() -> None:
    page = page_of(everything("W"))
    for words in (
        "all 12 wrong, row W: [0, 0] claimed +2, measured +1 ± 1e-07 (1.0e+07 bars)",
        "right to 1.0e-09",
        "it is W times",
        "try: try W",
        "row W",
        "+1 ± 1e-07",
        "self-test: 0 of 1 broken claim caught",
        "not caught (pass): broken W in W",
        "a note of W",
        'gp.check(f, gradient, at, plan="every", seed=7, rtol=1e-06)',
    ):
        assert words in page.text, words
    for heading in ("How it comes about", "What to do", "What it is easily taken for"):
        assert heading in page.text
    assert "One\nmeasurement cannot tell" in "".join(page.texts)
    assert len(page.all("svg")) == 2
    assert len(page.all("details")) == 1


def test_the_page_is_for_everyone() -> None:
    page = page_of(everything("W"), record())
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("a")[0]["href"] == "#main"
    assert len(page.all("main")) == 1
    assert len(page.ids) == len(set(page.ids))
    named = {attributes.get("aria-labelledby") for _, attributes in page.elements} - {None}
    assert {one for names in named for one in str(names).split()} <= set(page.ids)
    assert all("aria-labelledby" in one for one in page.all("section") + page.all("svg"))
    assert len(page.all("caption")) == len(page.all("table")) == 5
    assert all(one["aria-sort"] == "none" for one in page.all("th"))
    links = [str(one["href"])[1:] for one in page.all("a")]
    assert set(links) <= set(page.ids)


def test_a_passing_report_has_nothing_that_it_does_not_need() -> None:
    page = page_of(record())
    assert "all 2 tensors are right to 1e-06" in page.text
    for heading in ("Why", "Where", "Self-test", "Notes", "Step by step", "What is proved"):
        assert heading not in page.text


def test_a_certificate_in_plain_words() -> None:
    found = gp.check(lambda t: np.sum(np.sin(t)), np.cos, np.ones(50), plan="project")
    text = page_of(found).text
    assert "certificate: error below" in text
    assert "with a probability of 99.9 % over 8 random directions" in text
    assert "of a typical one would have shown" in text


def test_several_reports_begin_with_the_problems() -> None:
    failing = record(verdict=gp.Verdict.FAIL, headline="wrong")
    undecided = record(verdict=gp.Verdict.INCONCLUSIVE, headline="who knows")
    page = page_of(record(), undecided, failing)
    assert "1 pass, 1 fail, 1 inconclusive 3,702 evaluations" in page.text
    index = page.data[-1]["index"]
    assert [row[0] for row in index["rows"]] == [
        ["problem 2", "#r2"],
        ["problem 1", "#r1"],
        ["problem 0", "#r0"],
    ]
    assert [one["id"] for one in page.all("article")] == ["r0", "r1", "r2"]


def test_no_reports_are_a_page_too() -> None:
    assert "A title" in page_of().text


@pytest.mark.parametrize("word", NASTY)
def test_words_stay_words(word: str) -> None:
    page = Page(render({word: everything(word), "other": everything(word)}, title=word))
    harmless = Page(render({"W": everything("W"), "other": everything("W")}, title="W"))
    assert shape_of(page) == shape_of(harmless)
    assert page.data[0]["leaves"]["rows"][0][0][0] == page.data[0]["maps"][0]["address"]
    for character in "\0\x1b\x85\u2028\u2029\u202e\udc80\r\t":
        assert character not in "".join(page.texts)


@settings(max_examples=40)
@given(st.text(st.characters(), min_size=1, max_size=30))
def test_any_words_stay_words(word: str) -> None:
    text = render({word: everything(word)}, title=word)
    assert shape_of(Page(text)) == shape_of(Page(render({"W": everything("W")}, title="W")))
    text.encode("utf-8")


def test_escaping_is_what_makes_it_safe() -> None:
    assert "</script>" not in script_json(["</script>", "<!--"])
    assert json.loads(script_json(["</script>"])) == ["</script>"]
    with pytest.raises(AssertionError):
        Page(render({"W": record()}, title="T").replace("T</title>", "</title></b>"))


def test_words_can_still_be_read() -> None:
    page = page_of(everything("<script>alert('1')</script>"))
    assert "it is <script>alert('1')</script>" in page.text
    assert "it is \\u202eabc" in page_of(everything("\u202eabc")).text


def test_nothing_is_loaded() -> None:
    text = render({"W": everything("W")}, title="W")
    page = Page(text)
    for _, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "style", "onclick"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:,")), (name, value)
    assert not re.search(r"@import|url\(|https?:|//[a-z]+\.[a-z]", text)


def test_only_our_own_script_may_run() -> None:
    text = render({"W": record()}, title="W")
    policy = str(Page(text).all("meta")[1]["content"])
    assert "default-src 'none'" in policy
    for tag in ("script", "style"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_same_report_gives_the_same_page() -> None:
    one = everything("W")
    assert render({"W": one}, title="W") == render({"W": one}, title="W")


def test_the_script_says_the_same_words() -> None:
    script = (ASSETS / "tables.js").read_text(encoding="utf-8")
    told = re.search(r"const VERDICTS = \{(.*)\}", script)
    assert told is not None
    assert dict(re.findall(r'(\w+): "(\w+)"', told[1])) == {k.value: v for k, v in VERDICTS.items()}


def test_contrast() -> None:
    """Every colour of text on every ground, at least 4.5 to 1."""
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", style))

    def luminance(color: str) -> float:
        parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    verdicts = ["pass", "fail", "inconclusive"]
    used = [
        (text, ground)
        for text in ("ink", "quiet", "accent", *verdicts)
        for ground in ("paper", "panel", "hover")
    ]
    used += [(one, f"{one}-tint") for one in verdicts] + [
        (text, f"{one}-tint") for text in ("ink", "accent") for one in verdicts
    ]
    for text, ground in used:
        for theme in (0, 1):
            a, b = (luminance(pairs[name].split(", ")[theme]) for name in (text, ground))
            ratio = (max(a, b) + 0.05) / (min(a, b) + 0.05)
            assert ratio >= 4.5, (text, ground, theme, ratio)


def test_many_tensors_are_data_and_the_first_of_them_rows() -> None:
    many = [leaf(f"w{i}") for i in range(100_000)]
    many[77_777] = leaf("bad", verdict=gp.Verdict.FAIL)
    text = render({"many": record(leaves=tuple(many))}, title="Many")
    assert len(text) < 20_000_000
    page = Page(text)
    assert len(page.data[0]["leaves"]["rows"]) == 100_000
    assert page.data[0]["leaves"]["rows"][0][0][0] == "bad"
    assert len(page.all("tr")) == 51


def numbers(packed: dict[str, Any]) -> Any:
    values = np.frombuffer(base64.b64decode(packed["values"]), dtype="<f4")
    return values.astype(np.float64) * packed["scale"]


def test_a_map_has_the_numbers_of_its_tensor() -> None:
    one = tensor("W", (3, 4))
    one.measured[2, 1] = math.nan
    data = heat_map(one, 100).data
    assert (data["rows"], data["columns"], data["folding"]) == (3, 4, "3 × 4")
    difference = one.claimed - one.measured
    np.testing.assert_allclose(numbers(data["claimed"]), one.claimed.ravel(), rtol=1e-7)
    np.testing.assert_allclose(numbers(data["difference"]), difference.ravel(), rtol=1e-7)
    np.testing.assert_allclose(numbers(data["bar"]), one.bar.ravel(), rtol=1e-7)
    assert data["largest"] == pytest.approx(0.25 / 1e-7, rel=1e-6)


def test_small_differences_of_large_numbers_are_kept() -> None:
    one = tensor("W", (2,))
    one.claimed[:] = 1e300 * (1 + np.array([0.0, 2e-12]))
    one.measured[:], one.bar[:] = 1e300, 1e285
    data = heat_map(one, 100).data
    np.testing.assert_allclose(numbers(data["difference"]), [0, 2e288], rtol=1e-3)


@pytest.mark.parametrize(
    ("shape", "rows", "columns", "folding"),
    [
        ((), 1, 1, "number"),
        ((5,), 1, 5, "5"),
        ((5, 1), 1, 5, "5 × 1, drawn as a row"),
        ((1000,), 23, 45, "1000, in rows of 45"),
        ((2, 3, 4), 6, 4, "2 × 3 × 4, folded to 6 rows of 4: the last axis runs across"),
    ],
)
def test_folding_is_said(shape: tuple[int, ...], rows: int, columns: int, folding: str) -> None:
    data = heat_map(tensor("W", shape), 10_000).data
    assert (data["rows"], data["columns"], data["folding"]) == (rows, columns, folding)


@pytest.mark.parametrize("shape", [(700, 500), (100, 10, 40), (9973,), (3, 20_000)])
def test_a_reduced_map_shows_the_worst_of_every_block(shape: tuple[int, ...]) -> None:
    one = tensor("W", shape, off_at=math.prod(shape) - 3)
    data = heat_map(one, 1000).data
    place = np.frombuffer(base64.b64decode(data["place"]), dtype="<u4")
    assert place.size == data["rows"] * data["columns"] <= 1000
    distance = bars(one.claimed - one.measured, one.bar).ravel()
    shown = distance[place[place < distance.size]]
    assert math.prod(shape) - 3 in place
    assert np.max(shown) == np.max(distance)
    assert "a cell is the worst of" in data["folding"]


def test_what_was_not_measured_gives_way_in_a_block() -> None:
    one = tensor("W", (10, 10))
    one.measured[:] = math.nan
    one.measured[9, 9] = one.claimed[9, 9]
    place = np.frombuffer(base64.b64decode(heat_map(one, 4).data["place"]), dtype="<u4")
    assert 99 in place


def test_bars_of_nothing() -> None:
    found = bars(np.array([0.0, 1.0, math.nan, 1.0]), np.array([0.0, 0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(found, [0.0, math.inf, math.nan, 0.5])


def test_large_tensors_do_not_make_a_large_file() -> None:
    large = record(tensors=tuple(tensor(f"W{i}", (1500, 1000)) for i in range(3)))
    assert largest_map({"large": large}) == MOST_COMPONENTS
    many = record(tensors=tuple(tensor(f"W{i}", (400, 500)) for i in range(50)))
    assert largest_map({"many": many, "more": many}) == 10_000
    assert len(render({"large": large}, title="Large")) < 13_000_000


@pytest.mark.parametrize("word", NASTY)
def test_words_stay_words_in_reports_that_are_drawn_later(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradproof.render.html.page._MOST_WHOLE", 1)
    page = Page(render({word: everything(word), "other": record()}, title=word))
    harmless = Page(render({"W": everything("W"), "other": record()}, title="W"))
    assert shape_of(page) == shape_of(harmless)
    assert len(page.all("svg")) == 0
    assert shape_of(Page(page.data[0])) == shape_of(Page(harmless.data[0]))
    assert len(Page(page.data[0]).all("svg")) == 2


def test_very_many_tensors_have_maps_of_the_worst() -> None:
    many = [leaf(f"w{i}", ()) for i in range(2100)]
    many[-1] = leaf("bad", (), gp.Verdict.FAIL)
    tensors = tuple(tensor(one.address, ()) for one in many)
    page = page_of(record(leaves=tuple(many), tensors=tensors))
    assert len(page.data[0]["maps"]) == 2000
    assert page.data[0]["maps"][0]["address"] == "bad"
    assert "Of 100 more tensors there is no map" in page.text


def test_tensors_that_were_not_measured_have_no_map() -> None:
    unknown = tensor("W")
    unknown.measured[:] = math.nan
    page = page_of(record(tensors=(unknown, tensor("empty", (0, 3)))))
    assert page.data[0]["maps"] == []
    assert "Every component" not in page.text


def test_taylor_tells_right_from_wrong() -> None:
    assert taylor_test(curve("W", claimed=1.0), "k").words.startswith("Slope 2.0")
    wrong = taylor_test(curve("W", claimed=1.5), "k").words
    assert wrong.startswith("Slope 1.0")
    assert "the claim is not the slope of f" in wrong
    assert "too few steps" in taylor_test(curve("W", claimed=1.0, noise=1.0), "k").words


def test_the_error_against_the_step() -> None:
    picture = error_against_step(curve("W", claimed=1.5), "k")
    assert "They stay 5.0e-01 away from the claim" in picture.words
    assert picture.chart.count('<circle class="dot measured"') == 15
    assert picture.chart.count('<rect class="dot claimed"') == 15
    assert "chosen step" in picture.chart
    assert 'class="band"' in picture.chart
    right = error_against_step(curve("W", claimed=1.0), "k")
    assert "away from the claim" not in right.words


def test_a_curve_with_one_side() -> None:
    one = curve("W", claimed=1.5)
    missing = tuple(math.nan for _ in one.steps)
    for kind, side in (
        ("forward", dataclasses.replace(one, minus=missing)),
        ("backward", dataclasses.replace(one, plus=missing)),
    ):
        picture = error_against_step(side, "k")
        assert f"{kind} differences" in picture.legend[0][1]
        assert "nan" not in picture.chart


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_page_of_the_catalogue_is_whole(code: str) -> None:
    page = Page(str(to_html(CATALOGUE[code].page, level=4)))
    assert [tag for tag, _ in page.elements].count("h4") == 6
    assert "##" not in page.text
    written = re.sub(r"^```\w*|[`#\s]", "", CATALOGUE[code].text, flags=re.M)
    assert len(page.text.replace(" ", "")) == pytest.approx(len(written), abs=12)


def test_markdown_is_escaped() -> None:
    shown = to_html("# t\n\n## <b>\n\n<i> `<u>`\n\n```python\n<script>\n```\n", level=4)
    assert not set(re.findall(r"<\w+", shown)) - {"<h4", "<p", "<pre", "<code"}


def test_a_notebook_gets_a_fragment_in_the_same_words() -> None:
    shown = everything("<script>alert(1)</script>")._repr_html_()
    page = Page(shown)
    assert page.all("script") == []
    assert "it is <script>alert(1)</script>" in page.text
    assert "try: try" in page.text
    style = shown.split("<style>")[1].split("</style>")[0]
    selectors = re.findall(r"([^{}]+)\{", style)
    assert len(selectors) > 5
    assert all(
        part.strip().startswith(".gradproof-report.gradproof-report")  # stronger than a notebook's
        for one in selectors
        for part in one.split(",")
    )
    many = record(leaves=tuple(leaf(f"w{i}") for i in range(1000)))
    assert "… and 988 more" in Page(many._repr_html_()).text
