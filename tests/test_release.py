"""What a release says of itself is the same everywhere."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import gradproof as gp

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE = ["numpy", "optree", "scipy", "rich", "typer", "jinja2"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """Return the table of what was tested, without its head."""
    lines = text("docs/tables/compatibility.md").splitlines()[2:]
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines]


def test_the_changelog_and_the_citation_are_of_this_version() -> None:
    releases = re.findall(r"^## \[?(\d[^\s\]]*)", text("CHANGELOG.md"), re.MULTILINE)
    assert releases[0] == gp.__version__
    cited = dict(re.findall(r"^([a-z-]+): (\S.*)$", text("CITATION.cff"), re.MULTILINE))
    assert cited["version"] == gp.__version__
    assert cited["license"] == PROJECT["license"]
    assert gp.__version__ in text("CHANGELOG.md").split(cited["date-released"].strip('"'))[0]


def test_the_base_dependencies_are_those_that_are_told() -> None:
    needed = [Requirement(one) for one in PROJECT["dependencies"]]
    assert sorted(one.name for one in needed) == sorted(BASE)


FREE = [
    "",
    *(extra for extra in PROJECT["optional-dependencies"] if extra not in {"docs", "bench"}),
]


@pytest.mark.parametrize("extra", FREE)
def test_no_release_to_come_is_shut_out(extra: str) -> None:
    """A newer release mends what an older one does wrong; those of our own tools may be pinned."""
    listed = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    for one in map(Requirement, listed):
        assert {part.operator for part in one.specifier} <= {">="}, one


def test_the_classifiers_are_the_interpreters_that_were_tested() -> None:
    passed = {row[0] for row in rows() if row[1] == "base" and row[-1].endswith("passed")}
    seen = {".".join(version.split(".")[:2]) for version in passed}
    told = {one.split(":: ")[-1] for one in PROJECT["classifiers"] if ":: 3." in one}
    assert told == seen
    assert PROJECT["requires-python"] == f">={min(seen, key=lambda one: int(one[2:]))}"


def test_every_lower_bound_was_tested_as_it_stands() -> None:
    """The oldest release that is allowed ran, on the interpreter that it has a wheel for."""
    head = text("docs/tables/compatibility.md").splitlines()[0]
    columns = [part.strip() for part in head.strip("|").split("|")]
    tested = [dict(zip(columns, row, strict=True)) for row in rows() if row[2] == "oldest"]
    for one in map(Requirement, PROJECT["dependencies"]):
        (bound,) = one.specifier
        oldest = tested[0][one.name]
        assert (oldest + ".").startswith(bound.version + "."), f"{one}: {oldest} was tested"
    for extra in ("torch", "jax"):
        (needed,) = (
            one
            for one in map(Requirement, PROJECT["optional-dependencies"][extra])
            if one.name == extra
        )
        (bound,) = needed.specifier
        versions = [row["extra"] for row in tested if row["with"] == extra]
        assert any((one + ".").startswith(bound.version + ".") for one in versions), extra
