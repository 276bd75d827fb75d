"""A file that ends the interpreter must not turn a failed run green."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gradproof.cli.app import app

HEAD = "import sys\nimport numpy as np\nimport gradproof as gp\n"
WRONG = """
@gp.problem
def wrong():
    return gp.Problem(lambda x: np.sum(x**2), lambda x: x, np.ones(2))
"""
ENDING = """
@gp.problem
def ending():
    def f(x):
        sys.exit(0)
    return gp.Problem(f, lambda x: x, np.ones(2))
"""


@pytest.mark.parametrize("text", ["sys.exit(0)\n", WRONG + ENDING, ENDING])
def test_system_exit_counts_as_broken_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "problems.py"
    path.write_text(HEAD + text)
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 2, done.output
    assert "SystemExit" in done.output


def test_frames_of_a_folder_that_is_called_gradproof_too_are_the_users(tmp_path: Path) -> None:
    folder = tmp_path / "gradproof"
    folder.mkdir()
    path = folder / "problems.py"
    path.write_text(HEAD + "def helper():\n    raise RuntimeError('mine')\nhelper()\n")
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 2
    assert "in helper" in done.output
