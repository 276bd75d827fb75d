"""JUnit's XML, which every continuous integration reads: one test case a problem."""

import xml.etree.ElementTree as ElementTree

from gradproof._base.outcomes import Verdict
from gradproof._base.text import printable
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render.terminal import WIDEST
from gradproof.render.terminal import render as as_text


def render(run: Run) -> str:
    """Return a run as XML. What is inconclusive is a failure, too, of that type."""
    failures = sum(not record.passed for record in run.reports.values())
    counts = {
        "name": "gradproof",
        "tests": str(len(run.reports) + len(run.errors)),
        "failures": str(failures),
        "errors": str(len(run.errors)),
        "skipped": "0",
        "time": f"{sum(record.seconds for record in run.reports.values()):.3f}",
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", counts)
    for name, record in run.reports.items():
        _add(suite, name, run, record)
    for name, error in run.errors.items():
        case = _case(suite, name, run, "0.000")
        first = error.split("\n")[0]
        told = ElementTree.SubElement(case, "error", type="error", message=printable(first))
        told.text = printable(error)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n"


def _case(suite: ElementTree.Element, name: str, run: Run, time: str) -> ElementTree.Element:
    """Add a test case; its class is the file, as a module is called."""
    file, separator, function = name.rpartition("::")
    module = file.removesuffix(".py").strip("./").replace("/", ".") if separator else "gradproof"
    attributes = {"classname": printable(module), "name": printable(function), "time": time}
    place = run.places.get(name)
    if place is not None:
        attributes |= {"file": printable(place.file), "line": str(place.line)}
    return ElementTree.SubElement(suite, "testcase", attributes)


def _add(suite: ElementTree.Element, name: str, run: Run, record: Record) -> None:
    case = _case(suite, name, run, f"{record.seconds:.3f}")
    summary = as_text(record, width=WIDEST)
    if record.verdict is Verdict.PASS:
        ElementTree.SubElement(case, "system-out").text = summary
        return
    failure = ElementTree.SubElement(
        case, "failure", type=record.verdict.value, message=printable(record.headline)
    )
    failure.text = summary
