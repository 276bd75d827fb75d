"""Malformed reports in JSON: no text, no JSON, no report, and reports of which a part is odd."""

import base64
import json
from typing import Any

import numpy as np
from tests.bad_input.cases import FileCase, no_files
from tests.render.reports import everything

import gradproof as gp

_OURS = "expected what gradproof itself writes: report.to_json(), or gradproof check --json"
_PROJECTED = gp.check(
    lambda t: float(np.sum(np.sin(t))), np.cos, np.ones(50), plan="project"
).to_json()


def valid() -> Any:
    """Return a report that has everything that reports have, as data."""
    data = json.loads(everything("w").to_json(tensors=True))
    data["certificate"] = json.loads(_PROJECTED)["certificate"]
    return data


def packed(*numbers: float, kind: str = "<f8") -> str:
    return base64.b64encode(np.array(numbers, kind).tobytes()).decode()


def but(*path: Any, value: Any) -> bytes:
    """Return the report with one part exchanged."""
    data = valid()
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return json.dumps(data).encode()


def without(*path: Any) -> bytes:
    """Return the report without a part."""
    data = valid()
    part = data
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return json.dumps(data).encode()


def tensor(**changes: Any) -> bytes:
    data = valid()
    data["tensors"] = [data["tensors"][0] | changes]
    return json.dumps(data).encode()


def run(**parts: Any) -> bytes:
    return json.dumps({"reports": {"a": valid()}} | parts).encode()


_TEXTS: list[tuple[str, bytes, str]] = [
    ("empty", b"", "found no JSON (Expecting value: line 1 column 1"),
    ("blank", b" \n\t", "found no JSON"),
    ("a-word", b"report", "found no JSON"),
    ("html", b"<!doctype html><script>alert(1)</script>", "found no JSON"),
    ("yaml-that-runs", b"!!python/object/apply:os.system ['true']", "found no JSON"),
    ("a-pickle", b"cos\nsystem\n(S'true'\ntR.", "found no JSON"),
    ("a-binary-pickle", b"\x80\x04\x95\x1d\x00", "found no text"),
    ("an-expression", b"__import__('os').system('true')", "found no JSON"),
    ("cut-off", json.dumps(valid()).encode()[:-200], "found no JSON"),
    ("cut-off-in-a-word", json.dumps(valid()).encode()[:5], "found no JSON (Unterminated"),
    ("more-behind-it", json.dumps(valid()).encode() + b"{}", "found no JSON (Extra data"),
    ("single-quotes", b"{'schema': 1}", "found no JSON"),
    ("a-comment", b"{} // nothing", "found no JSON"),
    ("a-comma-too-many", b'{"schema": 1,}', "found no JSON"),
    ("latin-1", b'{"schema": "\xe9"}', "found no text"),
    ("utf-16", '{"schema": 1}'.encode("utf-16"), "found no text"),
    ("a-byte-order-mark", b"\xef\xbb\xbf{}", "found no JSON (Unexpected UTF-8 BOM"),
    ("zeros", bytes(100), "found no JSON"),
    ("random-bytes", np.random.default_rng(0).bytes(1000), "found no text"),
    ("a-control-character", b'{"\x1b[31m": 1}', "found no JSON (Invalid control character"),
    ("deep-lists", b"[" * 100_000, "found no JSON"),
    ("deep-lists-that-end", b"[" * 100_000 + b"]" * 100_000, "found no JSON"),
    ("deep-dicts", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "found no JSON"),
    ("nan", but("seconds", value=float("nan")), "found no JSON (NaN is no number of JSON)"),
    ("infinity", but("rtol", value=float("inf")), "found no JSON (Infinity is no number"),
    ("minus-infinity", but("rtol", value=-float("inf")), "found no JSON (-Infinity is no"),
    ("5000-digits", b'{"schema": ' + b"9" * 5000 + b"}", "found no JSON (Exceeds the limit"),
    ("a-key-twice", b'{"schema": 1, "schema": 1}', "found no JSON (the key 'schema' is there tw"),
    ("a-verdict-twice", run()[:-1] + b', "reports": {}}', "the key 'reports' is there twice"),
    ("a-painted-key-twice", rb'{"\u001b[31m": 1, "\u001b[31m": 1}', r"the key '\x1b[31m' is the"),
    ("null", b"null", "found None, expected a report as a dict"),
    ("a-number", b"1", "found 1, expected a report as a dict"),
    ("a-string", b'"report"', "found 'report', expected a report as a dict"),
    ("a-list", b"[1]", "found [1], expected a report as a dict"),
    ("nothing-in-it", b"{}", ".schema: found None, expected 1"),
]

_PARTS: list[tuple[str, bytes, str, str]] = [
    ("another-schema", but("schema", value=0), ".schema: found 0", "expected 1"),
    ("a-newer-schema", but("schema", value=2), ".schema: found 2", "update this one"),
    ("true-as-schema", but("schema", value=True), ".schema: found True", "expected 1"),
    ("a-word-as-schema", but("schema", value="1"), ".schema: found '1'", "expected 1"),
    ("another-verdict", but("verdict", value="maybe"), ".verdict: found 'maybe'", "pass, fail or"),
    ("a-list-as-verdict", but("verdict", value=["pass"]), ".verdict: found ['pass']", "pass, fail"),
    ("no-verdict", without("verdict"), "found no verdict", _OURS),
    ("no-leaves", without("leaves"), "found no leaves", _OURS),
    ("a-key-too-many", but("extra", value=1), "found the key 'extra'", "no report has"),
    ("a-painted-key", but("\x1b[31m", value=1), r"found the key '\x1b[31m'", "no report has"),
    ("a-number-as-headline", but("headline", value=1), ".headline: found 1", "expected a text"),
    ("null-as-headline", but("headline", value=None), ".headline: found None", "expected a text"),
    ("a-word-as-count", but("evaluations", value="9"), ".evaluations: found '9'", "a whole number"),
    ("a-fraction-as-count", but("evaluations", value=1.5), ".evaluations: found 1.5", "a whole"),
    ("a-negative-count", but("evaluations", value=-1), ".evaluations: found -1", "0 or more"),
    ("true-as-count", but("evaluations", value=True), ".evaluations: found True", "a whole number"),
    ("a-huge-count", but("evaluations", value=10**400), ".evaluations: found 1000", "a whole"),
    ("a-negative-seed", but("seed", value=-1), ".seed: found -1", "a whole number, 0 or more"),
    (
        "a-word-as-number",
        but("seconds", value="fast"),
        ".seconds: found 'fast'",
        "a number or null",
    ),
    ("a-huge-number", but("noise", value=10**400), ".noise: found 1000", "a number or null"),
    ("true-as-number", but("rtol", value=True), ".rtol: found True", "a number or null"),
    ("a-dict-as-leaves", but("leaves", value={}), ".leaves: found {}", "expected a list"),
    ("a-word-as-leaves", but("leaves", value="W"), ".leaves: found 'W'", "expected a list"),
    ("null-as-a-leaf", but("leaves", 0, value=None), ".leaves[0]: found None", "expected a dict"),
    ("a-leaf-of-nothing", but("leaves", 0, value={}), ".leaves[0]: found no address", _OURS),
    (
        "a-leaf-of-more",
        but("leaves", 1, "x", value=1),
        ".leaves[1]: found the key 'x'",
        "no report",
    ),
    ("no-shape", without("leaves", 0, "shape"), ".leaves[0]: found no shape", _OURS),
    (
        "a-negative-size",
        but("leaves", 0, "shape", value=[3, -4]),
        ".shape[1]: found -4",
        "0 or more",
    ),
    ("a-size-of-half", but("leaves", 0, "shape", value=[0.5]), ".shape[0]: found 0.5", "a whole"),
    (
        "a-word-as-shape",
        but("leaves", 0, "shape", value="3"),
        ".leaves[0].shape: found '3'",
        "a list",
    ),
    (
        "a-dict-in-a-path",
        but("leaves", 0, "path", value=[{}]),
        ".path: found [{}]",
        "a list of keys",
    ),
    (
        "a-path-of-words",
        but("leaves", 0, "path", value="w"),
        ".leaves[0].path: found 'w'",
        "a list",
    ),
    (
        "a-deep-path",
        but("leaves", 0, "path", value=json.loads("[" * 60 + "]" * 60)),
        ".leaves[0].path[0]: found 20 lists inside of one another",
        "expected fewer",
    ),
    (
        "deep-parameters",
        but("causes", 0, "parameters", value={"\x1b": json.loads('{"a":' * 60 + "1" + "}" * 60)}),
        r".causes[0].parameters['\x1b']: found 20 lists inside of one another",
        "expected fewer",
    ),
    (
        "a-list-as-parameters",
        but("causes", 0, "parameters", value=[]),
        ".parameters: found []",
        "dict",
    ),
    (
        "a-number-as-code",
        but("causes", 0, "code", value=302),
        ".causes[0].code: found 302",
        "a text",
    ),
    ("no-advice", without("causes", 0, "advice"), ".causes[0]: found no advice", _OURS),
    ("a-worst-of-nothing", but("leaves", 0, "worst", value={}), ".worst: found no address", _OURS),
    (
        "a-word-as-index",
        but("culprits", 0, "index", value=["0"]),
        ".index[0]: found '0'",
        "a whole",
    ),
    ("a-note-of-numbers", but("notes", value=[1]), ".notes[0]: found 1", "expected a text"),
    ("a-version-of-numbers", but("versions", value={"numpy": 2}), "['numpy']: found 2", "a text"),
    (
        "a-control-of-maybe",
        but("controls", 0, "verdict", value=""),
        ".verdict: found ''",
        "pass, fa",
    ),
    ("a-word-as-certificate", but("certificate", value="x"), ".certificate: found 'x'", "a dict"),
    ("no-confidence", without("certificate", "confidence"), "found no confidence", _OURS),
    (
        "steps-too-few",
        but("curves", 0, "steps", value=[1.0]),
        ".curves[0]: found steps, plus",
        "one",
    ),
    (
        "a-word-in-a-curve",
        but("curves", 0, "plus", 0, value="x"),
        ".plus[0]: found 'x'",
        "a number",
    ),
    ("a-dict-as-tensors", but("tensors", value={}), ".tensors: found {}", "expected a list"),
    (
        "a-tensor-of-nothing",
        but("tensors", 0, value={}),
        ".tensors[0].path: found None",
        "a list",
    ),
    ("null-as-tensor", but("tensors", 0, value=None), ".tensors[0]: found None", "a packed tensor"),
    ("a-tensor-of-more", tensor(x=1), ".tensors[0]: found {", "the keys of a packed tensor"),
    ("a-tensor-without-name", tensor(address=1), ".tensors[0].address: found 1", "a text"),
    ("a-path-that-is-none", tensor(path={}), ".tensors[0].path: found {}", "a list"),
    ("a-tensor-of-words", tensor(shape="34"), ".tensors[0].shape: found '34'", "a list of sizes"),
    ("a-negative-tensor", tensor(shape=[-3, -4]), ".shape: found [-3, -4]", "a list of sizes"),
    ("a-tensor-of-half", tensor(shape=[0.5]), ".shape: found [0.5]", "a list of sizes"),
    ("a-huge-tensor", tensor(shape=[2**31, 2**31]), ".shape: found [2147483648,", "list of sizes"),
    (
        "a-tensor-beyond-memory",
        tensor(shape=[2**16, 2**16 - 1], place=packed(kind="<i8"), claimed="", measured="", bar=""),
        ".tensors[0].shape: found [65536, 65535]",
        "half of what this machine has",
    ),
    ("too-few-numbers", tensor(claimed=packed(1.0)), ".claimed: found 1 numbers", "expected 12"),
    ("no-base64", tensor(claimed="x" * 12), ".tensors[0].claimed: found 'xxx", "packed numbers"),
    ("base64-of-no-ascii", tensor(bar="é"), ".tensors[0].bar: found 'é'", "packed numbers"),
    ("half-a-number", tensor(measured="AAAA"), ".tensors[0].measured: found 'AAAA'", "packed num"),
    ("a-list-of-numbers", tensor(measured=[1.0]), ".measured: found [1.0]", "packed numbers"),
    ("a-place-outside", tensor(place=packed(12, kind="<i8")), ".place: found places outside", "of"),
    ("a-place-before", tensor(place=packed(-1, kind="<i8")), ".place: found places outside", "of"),
    ("a-list-as-reports", run(reports=[1]), ".reports: found [1]", "expected a dict by name"),
    ("a-number-as-report", run(reports={"a": 1}), ".reports['a']: found 1", "as a dict"),
    ("a-painted-report", run(reports={"\x1b": 1}), r".reports['\x1b']: found 1", "as a dict"),
    ("a-list-as-errors", run(errors=[1]), ".errors: found [1]", "expected a dict by name"),
    ("a-number-as-error", run(errors={"a": 1}), ".errors['a']: found 1", "expected a text"),
    ("a-list-as-places", run(places=[1]), ".places: found [1]", "expected a dict by name"),
    ("a-place-of-nothing", run(places={"a": {}}), ".places['a']: found {}", "a file and a line"),
    (
        "a-place-of-words",
        run(places={"a": {"file": "f", "line": "1"}}),
        ".places['a'].line: found '1'",
        "expected a whole number",
    ),
    (
        "a-place-in-no-file",
        run(places={"a": {"file": 3, "line": 1}}),
        ".places['a'].file: found 3",
        "expected a text",
    ),
    (
        "a-place-before-the-file",
        run(places={"a": {"file": "f", "line": -1}}),
        ".places['a'].line: found -1",
        "expected a whole number",
    ),
]

REPORTS: list[FileCase] = [
    *no_files("expected JSON: what gradproof itself writes"),
    *[FileCase(name, content, (says, "expected")) for name, content, says in _TEXTS],
    *[FileCase(name, content, (found, cure)) for name, content, found, cure in _PARTS],
]
