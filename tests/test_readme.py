"""What the README shows is what gradproof prints, and its figures are those that were measured."""

import re
import tomllib
from pathlib import Path

import numpy as np
from tests.test_pictures import README
from typer.testing import CliRunner

from gradproof.cli.app import app

ROOT = Path(__file__).parents[1]
ROWS = {
    "gradproof": "gradproof",
    "textbook loop, step 1e-7": "loop-1e-7",
    "scipy `check_grad`": "scipy-check-grad",
    "torch `gradcheck`": "torch-slow",
    "the same, fast mode": "torch-fast",
    "jax `check_grads`": "jax",
    "autograd `check_grads`": "autograd",
    "numdifftools": "numdifftools",
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def measured() -> dict[tuple[str, str], list[int]]:
    """Return the numbers of the published table: right, false alarms, open, wrong, misses, open."""
    text = (ROOT / "docs" / "tables" / "rivals.md").read_text(encoding="utf-8")
    rows = [cells(line) for line in text.split("**By family")[0].splitlines() if "| float" in line]
    return {(row[0], row[1]): [int(cell.split()[0]) for cell in row[2:8]] for row in rows}


def test_the_table_of_rivals_has_the_published_numbers() -> None:
    found = measured()
    in_both = [(name, found[key, "float64"], found[key, "float32"]) for name, key in ROWS.items()]
    expected = [[name, str(a[1]), str(b[1]), str(a[4] + b[4])] for name, a, b in in_both]
    block = README[README.index("| checker |") :].split("\n\n")[0]
    head, _, *rows = map(cells, block.splitlines())
    assert rows == expected
    in_float64, in_float32 = found["gradproof", "float64"], found["gradproof", "float32"]
    assert [int(re.findall(r"\d+", cell)[0]) for cell in head[1:]] == [
        in_float64[0],
        in_float32[0],
        in_float64[3] + in_float32[3],
    ]
    left = np.add(in_float64, in_float32)
    assert f"that is {left[2]} right and {left[5]} wrong ones" in " ".join(README.split())


def test_the_extras_are_there_and_bring_what_is_said() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    names = {"PyTorch": "torch", "JAX": "jax", "TensorFlow": "tensorflow"}
    block = README[README.index("| extra |") :].split("\n\n")[0]
    told = {name.strip("`"): brings for name, brings, _ in map(cells, block.splitlines()[2:])}
    for name, brings in told.items():
        needed = " ".join(extras[name]).replace("gradproof[hdf5]", " ".join(extras["hdf5"]))
        assert all(names.get(one, one) in needed for one in brings.split(", "))
    tutorial = (ROOT / "docs" / "tutorial" / "first_check.md").read_text(encoding="utf-8")
    assert set(re.findall(r"gradproof\[(\w+)\]", tutorial)) <= told.keys()
    (everything,) = re.findall(r"gradproof\[([\w,]+)\]", " ".join(extras["all"]))
    assert told.keys() == {*everything.split(","), "all"}


def test_the_demonstration_prints_what_is_shown() -> None:
    (block,) = re.findall(r"```text\n\$ gradproof demo sklearn\n(.*?)```", README, re.DOTALL)
    done = CliRunner().invoke(app, ["demo", "sklearn"], env={"COLUMNS": "100"})

    def lines(text: str) -> list[str]:
        # Versions and prices may change; what is found may not.
        text = re.sub(r"scikit-learn [\d.]+,", "scikit-learn,", text)
        kept = [re.sub(r" +\d+$", "", line.rstrip()) for line in text.splitlines()]
        return [line for line in kept if line and line.strip() != "…"]

    printed = lines(done.stdout)
    for line in lines(block):
        assert line in printed
