"""``gradproof check --jobs``: several processes evaluate, with the answer of one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gradproof.cli.app import app

PROBLEMS = """
import os
import time
import neighbour
import numpy as np
import gradproof as gp

def f(x):
    time.sleep(0.005)
    with open(neighbour.FOLDER + "/" + str(os.getpid()), "w"):
        pass
    return float(np.sum(np.sin(x)))

@gp.problem
def wrong():
    x = np.linspace(0.1, 1.0, 60)
    claim = np.cos(x)
    claim[7] *= 2
    return gp.Problem(f, claim, x)
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seen").mkdir()
    Path("problems.py").write_text(PROBLEMS)
    Path("neighbour.py").write_text(f"FOLDER = {str(tmp_path / 'seen')!r}\n")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", *arguments], env={"COLUMNS": "100"})


def test_processes_evaluate_and_say_what_one_says() -> None:
    alone = run("problems.py::wrong", "--json", "alone.json")
    assert len(list(Path("seen").iterdir())) == 1
    both = run("problems.py::wrong", "--jobs", "2", "--json", "both.json")
    assert alone.exit_code == both.exit_code == 1, both.output
    assert len(list(Path("seen").iterdir())) > 1
    found = [json.loads(Path(name).read_text()) for name in ("alone.json", "both.json")]
    culprits = [next(iter(one["reports"].values()))["culprits"] for one in found]
    assert culprits[0] == culprits[1]
    assert [c["index"] for c in culprits[0]] == [[7]]


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_senseless_number_is_refused(jobs: str) -> None:
    done = run("problems.py", "--jobs", jobs)
    assert done.exit_code == 2
    assert "--jobs" in done.output
