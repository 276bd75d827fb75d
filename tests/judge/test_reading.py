"""From data back to records: what was written is read as it was, and what was not is refused."""

import copy
import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.folding import MOST_COMPONENTS
from gradproof.judge.parts import TensorValues
from gradproof.judge.reading import read, record_of, run_of
from gradproof.judge.run import Place, Run
from gradproof.render.html.maps import heat_map


def wrong() -> gp.Report:
    at = {"w": np.array([1.0, -2.0, 0.5]), ("a", 1): 2.0}
    return gp.check(
        lambda t: np.sum(t["w"] ** 3) + t[("a", 1)] ** 2,
        lambda t: {"w": 6 * t["w"] ** 2, ("a", 1): 2 * t[("a", 1)]},
        at,
    )


MAKERS: dict[str, Callable[[], gp.Report]] = {
    "pass": lambda: gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones((2, 3))),
    "fail": wrong,
    "components": lambda: gp.check(
        lambda x: np.sum(np.sin(x)), lambda x: np.cos(x) + np.eye(7)[3], np.linspace(0, 1, 7)
    ),
    "certificate": lambda: gp.check(
        lambda x: np.sum(np.sin(x)), np.cos, np.ones(50), plan="project"
    ),
    "a tensor that does nothing": lambda: gp.check(
        lambda t: t["a"] ** 2,
        lambda t: {"a": 2 * t["a"], "b": np.zeros(3)},
        {"a": 1.0, "b": np.ones(3)},
        plan="leaves",
    ),
    "nothing claimed, each by itself": lambda: gp.check(
        lambda t: np.sum((t["a"] - 1) ** 2) + (t["b"] - 1) ** 2,
        lambda t: {"a": 2 * (t["a"] - 1), "b": 2 * (t["b"] - 1)},
        {"a": np.ones(3), "b": 1.0},
        plan="leaves",
    ),
    "nothing claimed, all together": lambda: gp.check(
        lambda t: np.sum((t["a"] - 1) ** 2) + (t["b"] - 1) ** 2,
        lambda t: {"a": 2 * (t["a"] - 1), "b": 2 * (t["b"] - 1)},
        {"a": np.ones(3), "b": 1.0},
        plan=gp.Plan("project", directions=2),
    ),
    "controls": lambda: gp.check(lambda t: t**2, lambda t: 2 * t, 3.0, self_test=True),
    "no value": lambda: gp.check(lambda x: math.inf, lambda x: x, np.ones(2)),
    "nan claimed": lambda: gp.check(lambda t: t**2, lambda t: math.nan, 3.0),
    "kink": lambda: gp.check(abs, lambda x: 0.3, 0.0),
    "noise": lambda: gp.check(lambda x: round(float(np.sin(x)), 2), np.cos, 0.7),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=list(MAKERS))
def test_what_is_read_is_what_was_written(make: Callable[[], gp.Report]) -> None:
    report = make()
    data = report.to_dict()
    again = record_of(json.loads(report.to_json()))
    assert again.to_dict() == data
    assert gp.Report(**vars(again)).summary() == report.summary()
    # Types, too: tuples are tuples, and numbers that are not finite what they mean; null keeps no
    # inf apart from nan where a value of f was it.
    same = repr(again).replace("Record", "Report", 1) == repr(report)
    assert same or make is MAKERS["no value"]
    assert again.certificate == report.certificate


def test_single_components_of_tensors_come_along_where_they_are_asked_for() -> None:
    report = wrong()
    assert report.tensors
    assert record_of(report.to_dict()).tensors == ()
    again = record_of(json.loads(report.to_json(tensors=True)))
    leaves = {leaf.path for leaf in again.leaves}
    for tensor, read_again in zip(report.tensors, again.tensors, strict=True):
        assert read_again.path in leaves
        assert read_again.shape == tensor.shape
        for part in ("claimed", "measured", "bar"):
            np.testing.assert_array_equal(getattr(read_again, part), getattr(tensor, part))
    assert report.curves
    assert record_of(report.to_dict()).curves == report.curves


def test_of_large_tensors_the_worst_component_of_each_block_comes_along() -> None:
    size = 2 * MOST_COMPONENTS
    measured, bar = np.linspace(1.0, 2.0, size), np.full(size, 1e-7)
    claimed = measured.copy()
    claimed[123_457] += 1.0
    parts = (part.reshape(-1, 500) for part in (claimed, measured, bar))
    large = TensorValues("W", ("W",), (size // 500, 500), *parts)
    report = dataclasses.replace(wrong(), tensors=(large,))
    text = report.to_json(tensors=True)
    assert len(text) < 4 / 3 * 32 * MOST_COMPONENTS + 50_000
    (read_again,) = record_of(json.loads(text)).tensors
    kept = np.isfinite(read_again.measured)
    assert MOST_COMPONENTS / 3 < np.sum(kept) <= MOST_COMPONENTS
    assert kept.ravel()[123_457]
    np.testing.assert_array_equal(read_again.claimed[kept], large.claimed[kept])
    before, after = (heat_map(one, 10_000) for one in (large, read_again))
    assert (before.largest, before.folding) == (after.largest, after.folding)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("claimed", "AAA", "claimed: found 'AAA', expected packed numbers"),
        ("bar", "", "bar: found 0 numbers, expected 3"),
        ("shape", [-1], "shape: found [-1], expected a list of sizes"),
        ("shape", [2**70], "shape: found [1180591620717411303424], expected a list of sizes"),
        ("place", "AwAAAAAAAAA=", "place: found places outside of the shape (3,)"),
        ("path", None, "path: found None, expected a list"),
        ("extra", 1, " found {'address':"),
    ],
)
def test_what_are_no_components_is_refused_by_its_place(key: str, value: Any, words: str) -> None:
    data = wrong().to_dict(tensors=True)
    number = next(k for k, one in enumerate(data["tensors"]) if one["shape"] == [3])
    data["tensors"][number][key] = value
    with pytest.raises(gp.InputError) as refused:
        record_of(data)
    place = f"report.tensors[{number}]"
    assert str(refused.value).startswith(f"{place}.{words}" if words[0] != " " else f"{place}:")


BREAKAGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another schema": (
        lambda d: d.update(schema=2),
        "report.schema: found 2, expected 1; a newer gradproof wrote it: update this one",
    ),
    "no schema": (
        lambda d: d.pop("schema"),
        "report.schema: found None, expected 1; expected what",
    ),
    "an old schema": (lambda d: d.update(schema=0), "report.schema: found 0, expected 1; expected"),
    "true": (lambda d: d.update(schema=True), "report.schema: found True, expected 1"),
    "no verdict": (lambda d: d.pop("verdict"), "report: found no verdict"),
    "verdict": (
        lambda d: d["leaves"][1].update(verdict="PASS"),
        "report.leaves[1].verdict: found 'PASS', expected pass, fail or inconclusive",
    ),
    "an unhashable verdict": (
        lambda d: d.update(verdict=[]),
        "report.verdict: found [], expected pass, fail or inconclusive",
    ),
    "key": (
        lambda d: d.update(colour="red"),
        "report: found the key 'colour', which no report has",
    ),
    "text": (
        lambda d: d.update(value="5.0"),
        "report.value: found '5.0', expected a number or null",
    ),
    "half": (
        lambda d: d.update(evaluations=1.5),
        "report.evaluations: found 1.5, expected a whole number",
    ),
    "list": (lambda d: d.update(leaves={}), "report.leaves: found {}, expected a list"),
    "dict": (lambda d: d.update(causes=[3]), "report.causes[0]: found 3, expected a dict"),
    "note": (lambda d: d.update(notes=[None]), "report.notes[0]: found None, expected a text"),
    "truth": (
        lambda d: d.update(interrupted=1),
        "report.interrupted: found 1, expected true or false",
    ),
    "versions": (lambda d: d.update(versions=[]), "report.versions: found [], expected a dict"),
}


@pytest.mark.parametrize(("broken", "words"), BREAKAGES.values(), ids=list(BREAKAGES))
def test_what_is_no_report_is_refused_by_its_place(
    broken: Callable[[dict[str, Any]], object], words: str
) -> None:
    data = copy.deepcopy(MAKERS["fail"]().to_dict())
    record_of(data)
    broken(data)
    with pytest.raises(gp.InputError) as refused:
        record_of(data)
    assert str(refused.value).startswith(words)


def test_a_run_is_read_whole_and_a_report_alone_by_the_name_of_its_file(tmp_path: Path) -> None:
    report = wrong()
    run = Run({"a.py::one": report}, {"b.py": "does not import"}, {"a.py::one": Place("a.py", 3)})
    path = tmp_path / "all.json"
    path.write_text(json.dumps(run.to_dict()))
    again = read(path)
    assert again.to_dict() == run.to_dict()
    assert again.places == run.places
    single = tmp_path / "one.json"
    single.write_text(report.to_json())
    assert list(read(single).reports) == ["one"]
    old = {key: part for key, part in run.to_dict().items() if key != "places"}
    assert run_of(old).reports.keys() == run.reports.keys()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "found no JSON (Expecting property name"),
        ("[1]", "x: found [1], expected a report as a dict"),
        ("{}", "x.schema: found None, expected 1"),
        ('{"reports": [1]}', "x.reports: found [1], expected a dict by name"),
        ('{"reports": {"a": 1}}', "x.reports['a']: found 1, expected a report as a dict"),
        ('{"reports": {}, "errors": {"a": 1}}', "x.errors['a']: found 1, expected a text"),
        ('{"reports": {}, "places": {"a": 1}}', "x.places['a']: found 1, expected a file and a"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(gp.InputError) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: {words}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match="none.json: no such file, expected JSON"):
        read(tmp_path / "none.json")
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(gp.InputError, match="found no text"):
        read(binary)
