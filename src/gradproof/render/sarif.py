"""SARIF 2.1.0, the exchange format of static analysis: a result for every cause."""

import json
import re
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from gradproof._base.outcomes import Verdict
from gradproof._base.text import printable
from gradproof._base.version import __version__
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.report import Record
from gradproof.judge.run import Run
from gradproof.render.terminal import WIDEST
from gradproof.render.terminal import render as as_text
from gradproof.render.words import where

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Verdict.PASS: "note", Verdict.FAIL: "error", Verdict.INCONCLUSIVE: "warning"}
_BYTES = ("utf-8", "surrogatepass")  # names of files may be any bytes


def render(run: Run) -> str:
    """Return a run as SARIF; its rules are the pages of the causes that were found."""
    codes = sorted({cause.code for record in run.reports.values() for cause in record.causes})
    numbers = {code: number for number, code in enumerate(codes) if code in CATALOGUE}
    results = [
        result
        for name, record in run.reports.items()
        for result in _results(name, record, run, numbers)
    ]
    driver = {
        "name": "gradproof",
        "version": __version__,
        "rules": [_rule(code) for code in codes if code in CATALOGUE],
    }
    invocation = {
        "executionSuccessful": not run.errors,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": printable(error)}, **_locations(name, run)}
            for name, error in run.errors.items()
        ],
    }
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    cause = CATALOGUE[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in cause.name.split("-")),
        "shortDescription": {"text": cause.name.replace("-", " ")},
        "fullDescription": {"text": _what_it_is(cause.text)},
        "help": {"text": cause.page, "markdown": cause.page},
        "properties": {"tags": ["gradient"]},
    }


def _what_it_is(text: str) -> str:
    """Return the paragraph under the first heading of a page, in one line."""
    found = re.search(r"## What it is\s+(.+?)(?:\n\n|$)", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def _results(name: str, record: Record, run: Run, numbers: dict[str, int]) -> list[dict[str, Any]]:
    """Return a result for every cause; one without a rule where a report that fails has none."""
    level = _LEVELS[record.verdict]
    results: list[dict[str, Any]] = []
    for cause in record.causes:
        place = f" ({where(cause)})" if where(cause) else ""
        text = f"{record.headline}. {cause.code} {cause.name}{place}: {cause.message}"
        result = _result(name, level, f"{text}. Try: {cause.advice}", run)
        if cause.code in numbers:
            result |= {"ruleId": cause.code, "ruleIndex": numbers[cause.code]}
        fingerprint = printable(f"{name}:{cause.code}")
        result["partialFingerprints"] = {"gradproofProblem/v1": fingerprint}
        results.append(result)
    if not record.causes and record.verdict is not Verdict.PASS:
        results.append(_result(name, level, record.headline, run))
    for result in results:
        result["properties"] = {"report": as_text(record, width=WIDEST)}
    return results


def _result(name: str, level: str, text: str, run: Run) -> dict[str, Any]:
    return {"level": level, "message": {"text": printable(text)}, **_locations(name, run)}


def _locations(name: str, run: Run) -> dict[str, Any]:
    """Return where a problem stands, by its name and, where that is known, by its line."""
    location: dict[str, Any] = {
        "logicalLocations": [
            {
                "name": printable(name.rpartition("::")[2]),
                "fullyQualifiedName": printable(name),
                "kind": "function",
            }
        ]
    }
    place = run.places.get(name)
    if place is not None:
        artifact = {"uri": _uri(place.file)}
        region = {"startLine": place.line}
        location["physicalLocation"] = {"artifactLocation": artifact, "region": region}
    return {"locations": [location]}


def _uri(file: str) -> str:
    path = PurePath(file)
    return Path(file).as_uri() if path.is_absolute() else quote(path.as_posix().encode(*_BYTES))
