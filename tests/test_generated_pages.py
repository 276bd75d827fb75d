"""Pages that are made when the documentation is built say what the code says."""

import json
import re
from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from docs.extensions import causes

from gradproof.cli.app import app
from gradproof.judge.causes import CATALOGUE

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"


def test_every_command_has_its_help_on_the_page() -> None:
    text = (REFERENCE / "command_line.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{gradproof-help\} ?(\w*)$", text, re.MULTILINE)
    names = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    assert set(shown) == names | {""}
    assert len(shown) == len(names) + 1
    assert set(re.findall(r"^## gradproof (\w+)$", text, re.MULTILINE)) == names


def test_every_object_of_the_schema_has_its_table_and_every_field_its_meaning() -> None:
    schema = json.loads(files("gradproof.judge").joinpath("report.schema.json").read_text("utf-8"))
    objects = {name: spec for name, spec in schema["$defs"].items() if "properties" in spec}
    text = (REFERENCE / "json.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\{json-fields\} ?(\w*)$", text, re.MULTILINE)
    assert set(shown) == {"", *objects}
    for spec in (schema, *objects.values()):
        for name, field in spec["properties"].items():
            assert "description" in field or "$ref" in field, name


def test_all_causes_are_listed() -> None:
    text = causes.index()
    for code, cause in CATALOGUE.items():
        assert f"| [{code}]({code}.md) | {cause.name} | " in text
        assert f"{code} {cause.name} <{code}>" in text


def test_the_page_of_a_cause_has_what_its_example_prints() -> None:
    page = causes.page(CATALOGUE["GP302"])
    before, _, after = page.partition("`print(report)` says:\n\n```text\n")
    assert "## Example" in before
    assert after.startswith("gradproof  FAIL ")
    assert "GP302 constant-factor" in after
    assert "## What to do" in after
    assert CATALOGUE["GP302"].page.startswith(before.rstrip())


@pytest.mark.parametrize("kind", ["base", "class"])
def test_every_page_of_the_api_shows_the_examples_that_use_it(kind: str) -> None:
    folder = REFERENCE.parent / "_templates" / "autosummary"
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(folder.parent))
    templates.filters["underline"] = str
    page = templates.get_template(f"autosummary/{kind}.rst").render(
        fullname="gradproof.Report",
        module="gradproof",
        objname="Report",
        objtype="class",
        methods=["summary"],
    )
    assert ".. autoclass:: Report\n" in page
    assert ("   .. automethod:: summary\n" in page) is (kind == "class")
    assert page.rstrip().endswith(
        ".. minigallery:: gradproof.Report\n   :add-heading: In the gallery"
    )
