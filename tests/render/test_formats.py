"""Formats for machines and pages: golden files, valid by what reads them, whatever names hold.

After a change that is meant to be seen, ``python -m tests.render.test_formats`` writes the golden
files anew; read the difference before it is kept.
"""

import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.render.test_terminal import REPORTS, failing, inconclusive, passing

import gradproof as gp
from gradproof.judge.report import Record
from gradproof.judge.run import Place, Run
from gradproof.render import github, junit, markdown, sarif

GOLDEN = Path(__file__).parent / "golden"
ODD = "a|b`c`<d>&\"e',f:g%h\x1b[31m_i_*j*$k$"


def certified() -> Record:
    """Return a report with all that the others have not: a certificate, controls."""
    certificate = gp.Certificate(
        bound=2.5e-6,
        confidence=0.999,
        norm="‖W e‖, each component times its natural scale",
        directions=8,
        leaves=(gp.LeafCertificate("parameters['W1']", ("W1",), 3e-5, None),),
    )
    controls = (
        gp.ControlFinding("sign flipped", (), gp.Verdict.FAIL),
        gp.ControlFinding("one row zero", ("parameters['W1']",), gp.Verdict.PASS),
    )
    return dataclasses.replace(passing(), certificate=certificate, controls=controls)


def run() -> Run:
    """Return a run with one problem of each kind."""
    return Run(
        {
            "models/net.py::right": certified(),
            "models/net.py::wrong": failing(),
            "models/net.py::at_a_kink": inconclusive(),
        },
        {"models/net.py::broken": "models/net.py::broken: raised\n  NameError: name 'x'"},
        {
            "models/net.py::right": Place("models/net.py", 10),
            "models/net.py::wrong": Place("models/net.py", 20),
            "models/net.py::at_a_kink": Place("models/net.py", 30),
            "models/net.py::broken": Place("models/net.py", 40),
        },
    )


def odd() -> Run:
    """Return a run in which every name holds what some format takes for its own."""
    report = gp.check(
        lambda t: t[ODD] ** 2, lambda t: {ODD: 3 * t[ODD], f"{ODD}2": 1.0}, {ODD: 3.0}
    )
    again = gp.check(lambda t: t[ODD] ** 2, lambda t: {ODD: 3 * t[ODD]}, {ODD: 3.0})
    name = f"a,b.py::{ODD}\nsecond line"
    return Run(
        {name: report, "again": again},
        {f"{name}2": f"raised\n{ODD} ``` \udc80"},
        {name: Place("odd, file%:.py", 3)},
    )


FORMATS: dict[str, Callable[[Run], str]] = {
    "md": markdown.render,
    "xml": junit.render,
    "github": github.render,
    "sarif": sarif.render,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_run_is_the_golden_one(name: str) -> None:
    expected = (GOLDEN / f"run.{name}").read_text(encoding="utf-8")
    assert FORMATS[name](run()) == expected.replace("VERSION", gp.__version__)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_alone_is_the_golden_one_in_markdown(name: str) -> None:
    expected = (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    assert markdown.render(Run({name: REPORTS[name]()})) == expected
    assert REPORTS[name]()._repr_markdown_() == expected.partition("\n\n")[2]


@pytest.mark.parametrize("name", FORMATS)
def test_the_words_are_those_of_the_terminal(name: str) -> None:
    """Every sentence of the report is in every format that tells of it, whatever is escaped."""
    text = FORMATS[name](run()).replace("%0A", " ").replace("%25", "%").replace("\\n", " ")
    flat = re.sub(r"\s+", " ", text.replace("\\", "").replace('"', "'").replace("&apos;", "'"))
    for words in (
        "claimed = 4.0000 × measured; [2] claimed +0.1324, measured +0.0331 ± 4e-11",
        "the largest wrong components",
        "f gives 1.0, but the value returned with the gradient is 2.0",
        "Move the point a little: beside the kink the gradient is unique.",
        "gradproof explain GP202",
    ):
        # Lines of annotations and of XML are broken as in a terminal.
        assert words in flat or words in re.sub(r" +", " ", flat.replace("  ", " ")), words


@pytest.mark.parametrize("name", FORMATS)
def test_control_characters_reach_no_format(name: str) -> None:
    text = FORMATS[name](odd())
    assert not any(ord(char) < 32 for char in text.replace("\n", ""))
    text.encode("utf-8")
    assert "x1b[31m" in text.replace("\\[", "[")


def test_junit_counts_and_names_every_problem() -> None:
    root = ElementTree.fromstring(junit.render(run()))
    assert root.tag == "testsuites"
    (suite,) = root
    for element in (root, suite):
        assert element.attrib | {"name": ""} == {
            "name": "",
            "tests": "4",
            "failures": "2",
            "errors": "1",
            "skipped": "0",
            "time": "0.645",
        }
    cases = {case.attrib["name"]: case for case in suite}
    assert list(cases) == ["right", "wrong", "at_a_kink", "broken"]
    assert {case.attrib["classname"] for case in suite} == {"models.net"}
    assert cases["wrong"].attrib["line"] == "20"
    assert [child.tag for child in cases["right"]] == ["system-out"]
    told = {name: case[0].attrib["type"] for name, case in cases.items() if name != "right"}
    assert told == {"wrong": "fail", "at_a_kink": "inconclusive", "broken": "error"}
    assert cases["wrong"][0].text == failing().summary()


def test_junit_reads_back_what_was_told_whatever_it_holds() -> None:
    given = odd()
    root = ElementTree.fromstring(junit.render(given))
    case = root[0][0]
    assert case.attrib["name"].startswith("a|b`c`<d>&\"e',f:g%h\\x1b[31m_i_")
    (report, _) = given.reports.values()
    assert case[0].text == gp.Report(**vars(report)).summary()


def test_commands_are_one_line_each_and_escaped() -> None:
    lines = github.render(run()).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::error"]
    assert lines[0].startswith(
        "::error file=models/net.py,line=20,"
        "title=models/net.py%3A%3Awrong FAIL 3 of 4 tensors are wrong::gradproof  FAIL   "
    )
    assert lines[0].partition("::gradproof")[2].count("%0A") == failing().summary(80).count("\n")
    (first, second, third) = github.render(odd()).splitlines()
    head = re.fullmatch(r"::error file=([^,:]+),line=3,title=([^,:]+)::(.*)", first)
    assert head is not None
    assert head[1] == "odd%2C file%25%3A.py"
    assert "%25h" in head[2]
    assert "\\n" not in head[2]
    assert re.fullmatch(r"::error title=again FAIL [^,:]+::.*", second)
    assert re.fullmatch(r"::error title=[^,:]+::raised%0A.*", third)
    assert github.render(Run({"x": passing()})) == ""


def test_sarif_has_a_rule_for_every_result_and_a_place() -> None:
    log = json.loads(sarif.render(run()))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["GP106", "GP202"]
    for rule in rules:
        assert rule["help"]["markdown"] == gp.explain(rule["id"])
        assert rule["fullDescription"]["text"].endswith((".", ":"))
        assert re.fullmatch(r"([A-Z][a-z0-9]*)+", rule["name"])
    assert [(one["level"], one["ruleId"]) for one in only["results"]] == [
        ("error", "GP106"),
        ("warning", "GP202"),
    ]
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"] == "models/net.py"
        assert physical["region"]["startLine"] in (20, 30)
        assert location["logicalLocations"][0]["fullyQualifiedName"].startswith("models/net.py::")
    (invocation,) = only["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert "NameError" in notification["message"]["text"]


def test_sarif_tells_of_what_fails_without_a_cause_and_of_places_it_does_not_know(
    tmp_path: Path,
) -> None:
    bare = dataclasses.replace(failing(), causes=())
    given = Run({"a": bare, "b": passing()}, places={"a": Place(str(tmp_path / "ä b.py"), 1)})
    (only,) = json.loads(sarif.render(given))["runs"]
    (result,) = only["results"]
    assert "ruleId" not in result
    assert result["message"]["text"] == failing().headline
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")
    assert uri.endswith("/%C3%A4%20b.py")
    assert only["invocations"][0]["executionSuccessful"]
    (only,) = json.loads(sarif.render(Run({"a": failing()})))["runs"]
    assert list(only["results"][0]["locations"][0]) == ["logicalLocations"]


def test_flagged_passes_are_notes() -> None:
    flagged = dataclasses.replace(passing(), causes=inconclusive().causes)
    (only,) = json.loads(sarif.render(Run({"a": flagged})))["runs"]
    assert [result["level"] for result in only["results"]] == ["note"]
    assert github.render(Run({"a": flagged})) == ""


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table, as GitHub cuts them."""
    return re.split(r"(?<!\\)\|", line)


def test_tables_in_markdown_have_as_many_cells_as_their_heads() -> None:
    text = markdown.render(odd()) + markdown.render(run())
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) > 3
    for block in tables:
        lines = [cells(line) for line in block.splitlines()]
        assert {len(line) for line in lines} == {len(lines[0])}, block


def test_markup_in_names_is_no_markup_in_markdown() -> None:
    text = markdown.render(odd())
    assert "<d>" not in re.sub(r"(`+).*?\1", "", text.replace("\n", " "))
    assert "``t['a\\|b`c`<d>&" in text  # code in a table, between more backticks than it holds
    assert "````text" in text


def test_there_is_no_golden_file_that_nothing_is_compared_with() -> None:
    named = {f"run.{name}" for name in FORMATS} | {f"{name}.md" for name in REPORTS}
    there = {path.name for path in GOLDEN.iterdir() if path.suffix not in (".txt", ".html")}
    assert there == named


def rewrite() -> None:
    """Write all golden files anew."""
    for name, render in FORMATS.items():
        text = render(run()).replace(f'"{gp.__version__}"', '"VERSION"')
        (GOLDEN / f"run.{name}").write_text(text, encoding="utf-8")
    for name, make in REPORTS.items():
        path = GOLDEN / f"{name}.md"
        path.write_text(markdown.render(Run({name: make()})), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
