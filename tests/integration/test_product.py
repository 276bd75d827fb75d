"""The product as a user meets it: built, installed into an empty environment, run."""

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.integration


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and the extra `demo`; returns its bin folder."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("gradproof-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "gradproof/py.typed" in names
    assert "gradproof/data/digits.h5" in names
    assert any(name.endswith("digits.LICENSE.md") for name in names)
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / "bin"
    run(binaries / "python", "-m", "pip", "install", "-q", f"{wheel}[demo]")
    return binaries


def test_the_demo_runs_whole_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "gradproof", "demo", cwd=tmp_path)
    assert "61,481 parameters" in shown
    assert "122,962 evaluations" in shown
    assert re.search(r"relative error \S+e-0[89]: very likely right", shown)
    assert "30 of 61,481 components differ" in shown
    assert "db1 5 of 5, dW2 25 of 25" in shown


def test_the_digits_are_rebuilt_to_the_same_images(tmp_path: Path) -> None:
    rebuilt = tmp_path / "digits.h5"
    run(sys.executable, ROOT / "tools" / "build_digits.py", rebuilt)
    shipped = ROOT / "src" / "gradproof" / "data" / "digits.h5"
    with h5py.File(rebuilt) as new, h5py.File(shipped) as old:
        assert sorted(new) == sorted(old)
        for key in new:
            np.testing.assert_array_equal(new[key][()], old[key][()])
