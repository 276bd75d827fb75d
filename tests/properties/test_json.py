"""Any report becomes JSON, valid by the schema, and the same report again, field by field."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import tempfile
import types
import typing
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from benchmarks.soak.draws import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import gradproof as gp
from gradproof._base.outcomes import Verdict
from gradproof.cli.app import app
from gradproof.judge.reading import record_of
from gradproof.judge.report import Record

SCHEMA = json.loads(files("gradproof.judge").joinpath("report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KEYS = st.text(max_size=5) | st.integers()


def same(one: Any, other: Any) -> bool:
    """Whether two records are equal field by field, types too.

    Null stands for numbers that are not finite, and is read as what it means in its place.
    """
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one) if field.name != "tensors"]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and not math.isfinite(one):
        return not math.isfinite(other)
    return bool(one == other)


def is_told_whole(record: Record) -> None:
    """See that a record is the same after JSON."""
    data = json.loads(record.to_json())
    again = record_of(data)
    assert same(record, again)
    assert again.to_dict() == data


def _of_curves(size: int) -> st.SearchStrategy[gp.Curve]:
    numbers = st.lists(st.floats(), min_size=size, max_size=size).map(tuple)
    one = st.floats()
    return st.builds(
        gp.Curve, st.text(max_size=12), one, one, one, one, numbers, numbers, numbers, one
    )


def _bounds_all_leaves_or_none(found: gp.Certificate) -> bool:
    """Whether a certificate is one that checks make: each leaf has a direction of its own, or none."""
    bounded = {leaf.bound is not None for leaf in found.leaves}
    whole = math.isfinite(found.bound) or found.directions != len(found.leaves)
    return bounded in (set(), {True}) or (bounded == {False} and whole)


def of_type(kind: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Return values of the type that a field of a record is annotated with."""
    arguments = typing.get_args(kind)
    if kind is float:
        return st.floats()
    if kind in (bool, int, str, Verdict):
        return {
            bool: st.booleans(),
            int: st.integers(0, 2**31),
            str: st.text(max_size=12),
            Verdict: st.sampled_from(Verdict),
        }[kind]
    if kind is gp.Curve:  # as many steps as differences
        return st.integers(0, 4).flatmap(_of_curves)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = {field.name for field in dataclasses.fields(kind)} - {"tensors"}
        found = st.builds(
            typing.cast("type", kind), **{field: of_type(hints[field], field) for field in fields}
        )
        return found.filter(_bounds_all_leaves_or_none) if kind is gp.Certificate else found
    if name == "path":
        return st.lists(KEYS | st.tuples(KEYS, KEYS), max_size=3).map(tuple)
    if typing.get_origin(kind) is tuple:
        return st.lists(of_type(arguments[0]), max_size=2).map(tuple)
    if typing.get_origin(kind) is dict:
        numbers = st.floats(allow_nan=False, allow_infinity=False)
        values = st.text(max_size=5) if arguments[1] is str else numbers | KEYS | st.tuples(KEYS)
        return st.dictionaries(st.text(max_size=5), values, max_size=2)
    assert isinstance(kind, types.UnionType), kind
    inner = arguments[0]
    known = st.floats(allow_nan=False, allow_infinity=False) if inner is float else of_type(inner)
    return st.none() | known


@settings(max_examples=30)
@given(record=of_type(Record))
def test_any_record_is_told_whole(record: Record) -> None:
    is_told_whole(record)


@functools.cache
def reports() -> list[gp.Report]:
    """Return reports of random checks: of all shapes, plans and mistakes."""
    found = []
    for number in range(40):
        one = draw(9, number)
        options = one.options | ({"budget": 20 + number} if number % 8 == 0 else {})
        with np.errstate(all="ignore"):
            found.append(gp.check(one.problem(), **options))
    assert {report.verdict for report in found} == set(Verdict)
    return found


def test_reports_of_random_checks_are_told_whole_and_valid() -> None:
    for report in reports():
        VALIDATOR.validate(report.to_dict())
        is_told_whole(report)


def test_a_report_and_what_was_read_of_it_differ_by_nothing() -> None:
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.json", Path(folder) / "after.json"
        for report in reports()[:15]:
            gp.write({"x": report}, before)
            gp.write({"x": gp.Report(**vars(record_of(report.to_dict())))}, after)
            assert before.read_bytes() == after.read_bytes()
            run = CliRunner().invoke(app, ["diff", str(before), str(after)])
            assert run.exit_code == 0, run.output


def test_a_field_that_is_lost_is_noticed() -> None:
    report = next(one for one in reports() if one.verdict == "fail")
    for field in ("verdict", "headline", "seconds", "leaves", "culprits", "causes", "versions"):
        lost: dict[str, Any] = {field: None}
        assert not same(report, dataclasses.replace(report, **lost)), field
