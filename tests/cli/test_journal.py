"""``gradproof check --journal``: a run of several problems that goes on where it was ended."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gradproof.cli.app import app

PROBLEMS = """
import numpy as np
import gradproof as gp

AT = np.linspace(0.1, 1.0, 40)

def f(x):
    with open("calls", "a") as file:
        file.write(".")
    return float(np.sum(np.sin(x)))

@gp.problem
def right():
    return gp.Problem(f, np.cos, AT)

@gp.problem
def wrong():
    return gp.Problem(f, lambda x: 2 * np.cos(x), AT)
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("problems.py").write_text(PROBLEMS)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], env={"COLUMNS": "100"})


def calls() -> int:
    return Path("calls").stat().st_size


def test_each_problem_has_a_journal_and_the_next_run_goes_on() -> None:
    first = run("problems.py", "--journal", "kept/run", "--json", "first.json")
    assert first.exit_code == 1
    names = sorted(path.name for path in Path("kept/run").iterdir())
    assert names == ["problems.py%3A%3Aright.gp", "problems.py%3A%3Awrong.gp"]
    before = calls()
    assert run("problems.py", "--journal", "kept/run").exit_code == 1
    assert calls() - before == 2 * 4  # at the points only
    again = run("problems.py", "--journal", "kept/run", "--seed", "1")
    assert again.exit_code == 2
    assert "a journal of a check with another seed" in " ".join(again.output.split())


def test_a_folder_that_cannot_be_is_told_before_anything_is_run() -> None:
    done = run("problems.py", "--journal", "problems.py")
    assert done.exit_code == 2
    assert "expected a folder" in done.output
    assert not Path("calls").exists()
