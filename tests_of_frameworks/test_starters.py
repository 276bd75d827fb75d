"""The starter files of frameworks run as they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradproof.cli.starting import Starter, start


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_starter_passes_as_it_is(name: str, tmp_path: Path) -> None:
    path = start(Starter(name), tmp_path / "test_gradients.py")
    done = subprocess.run(
        [sys.executable, "-m", "gradproof", "check", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
