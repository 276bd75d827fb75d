"""Reports in which every text is hostile, and those who read what is made of them."""

import dataclasses
import html.parser
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from tests.render.reports import everything

import gradproof as gp
from gradproof.judge.reading import record_of
from gradproof.judge.run import Place, Run

# What a text may hold that somebody who reads it could obey.
WORDS: dict[str, str] = {
    "script": "<script>alert(1)</script>",
    "end-of-script": "</script><script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "attribute": "' onmouseover='alert(1)",
    "comment": "<!--<script>-->",
    "cdata": "]]><evil/><![CDATA[",
    "entity": "&lt;b&gt;&#x3c;script&#x3e;&amp;",
    "doctype": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "template": "{{ 7 * 7 }}{% raw %}${7*7}<%= 7*7 %>",
    "svg": "</text></svg><svg onload=alert(1)>",
    "link": "[here](javascript:alert(1)) <javascript:alert(1)> https://evil.example",
    "picture": "![x](https://evil.example/x.png) ![x][y]\n\n[y]: https://evil.example",
    "table": "a|b\\|c`|`d``|\n|---|\n# heading\n- item\n> quote\n    code\n***",
    "fence": "```\n~~~\n```` \n</details><b>",
    "mathematics": "$\\frac{1}{0}$ \\begin{x} $$ \\(",
    "markup": "[bold red]x[/] [link=https://evil.example]y[/link] [/bold] :smile:",
    "colour": "\x1b[31mred\x1b[0m \x1b[2J\x1b[H \x9b31m",
    "hyperlink": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "title": "\x1b]0;evil\x07 \x1bP$q\x1b\\ \x1b[6n \x1bc",
    "overwriting": "right\rwrong\b\b\b\x7f\x00\x0b\x0c\x1a",
    "bidirectional": "a\u202egnp.exe\u2066\u2069\u200f\u200b\ufeff\u2028\u2029\x85",
    "lone-surrogate": "\udcff \ud800",
    "command": "x\n::error file=a,line=1::pwned\n  ::add-mask::x\n::stop-commands::t",
    "command-escaped": "x%0A::error::pwned%0D%25,line=9::y",
    "old-command": "##[add-mask]x ##vso[task.setvariable variable=x]y ##teamcity[buildStop]",
    "xml-controls": "\x01\x02\ufffe\uffff\x0e",
    "json": '","evil":"x"},{"\\u0000',
    "path": "../../../etc/passwd\0.html",
}


def hostile(word: str) -> gp.Report:
    """Return a report with `word` in the place of every text, of all that there are."""
    count = itertools.count()

    def changed(value: Any) -> Any:
        if isinstance(value, gp.Verdict):
            return value
        if isinstance(value, str):
            return f"{word}{next(count)}"
        if isinstance(value, dict):
            return {changed(str(key)): changed(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return tuple(map(changed, value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = (field.name for field in dataclasses.fields(value))
            return type(value)(**{name: changed(getattr(value, name)) for name in fields})
        return value

    whole = everything("w")
    leaf = dataclasses.replace(whole.leaves[1], verdict=gp.Verdict.INCONCLUSIVE, undecided=3)
    leaf = dataclasses.replace(leaf, reason="GP201", checked=12)
    passing = dataclasses.replace(whole.leaves[1], undecided=1, reason="GP201")
    certificate = gp.Certificate(0.1, 0.9, "norm", 8, ())
    found: gp.Report = changed(
        dataclasses.replace(
            whole,
            leaves=(whole.leaves[0], leaf, passing),
            certificate=certificate,
            controls=(gp.ControlFinding("a", ("b",), gp.Verdict.FAIL), *whole.controls),
        )
    )
    return found


def run_of(word: str) -> Run:
    """Return a run with such reports, failing, undecided and passing, and such an error."""
    failing = hostile(word)
    name = f"{word}.py::{word}"
    return Run(
        {
            name: failing,
            f"{name}2": dataclasses.replace(failing, verdict=gp.Verdict.INCONCLUSIVE),
            f"{name}3": dataclasses.replace(failing, verdict=gp.Verdict.PASS),
        },
        {f"{name}4": f"{word} raised\n{word}\n  {word}"},
        {name: Place(f"{word}.py", 3)},
    )


def through_json(word: str) -> gp.Report:
    """Return such a report as it is read from a file."""
    return gp.Report(**vars(record_of(json.loads(hostile(word).to_json()))))


class Page(html.parser.HTMLParser):
    """The elements of a page with the names of their attributes, and all of its words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Any] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            if name in ("href", "src", "action", "data", "xlink:href"):
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(tag)

    def handle_comment(self, data: str) -> None:
        self.elements.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.elements.append(decl)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def skeleton_of_xml(text: str) -> list[Any]:
    """Return the elements of XML with the names of their attributes."""
    return [(one.tag, tuple(one.attrib)) for one in ElementTree.fromstring(text).iter()]


def skeleton_of_json(data: Any) -> Any:
    """Return data with the lengths of lists and the number of keys, without texts."""
    if isinstance(data, dict):
        return [skeleton_of_json(item) for item in data.values()]
    if isinstance(data, list):
        return [skeleton_of_json(item) for item in data]
    return type(data).__name__


def skeleton_of_markdown(text: str) -> list[str]:
    """Return the kinds of everything that GitHub's Markdown makes of a text, but for its words."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found: list[str] = []
    for block in parser.parse(text):
        found.append(block.type)
        inside = [one.type for one in block.children or [] if one.type != "text"]
        found += [one for one in inside if one != "softbreak"]
    return found


def commands(text: str) -> Iterator[str]:
    """Yield the lines that runners of GitHub, Azure and TeamCity take for commands."""
    for line in re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text):
        told = line.strip()
        if (told.startswith("::") and "::" in told[2:]) or re.search(
            r"##(\[|vso\[|teamcity\[)", line
        ):
            yield line


def plain(text: str) -> str:
    """Return what a terminal shows without the colours that rich sets."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
