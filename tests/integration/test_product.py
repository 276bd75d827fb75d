"""The product as a user meets it: built, installed into an empty environment, run."""

import re
import shlex
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
_, README_TEXT = (ROOT / "README.md").read_text(encoding="utf-8").split("without make:\n\n```sh\n")
README_LINES = README_TEXT.split("```")[0].splitlines()


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("gradproof-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "gradproof/py.typed" in names
    assert "gradproof/cli/starters/numpy.py.txt" in names
    assert "pytest_gradproof.py" in names
    assert "gradproof/data/digits.h5" in names
    assert "gradproof/render/html/templates/page.html.j2" in names
    assert "gradproof/render/html/assets/page.css" in names
    assert any(name.endswith("digits.LICENSE.md") for name in names)
    return wheel


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and the extra `demo`; returns its bin folder."""
    folder = tmp_path_factory.mktemp("installed")
    create, install, demo = README_LINES[:3]
    assert (create, demo) == ("python3 -m venv .venv", ".venv/bin/gradproof demo")
    venv.create(folder / ".venv", with_pip=True)
    program, *arguments = shlex.split(install.replace("'.[", f"'{built}["))
    run(folder / program, *arguments, "-q", cwd=folder)
    return folder / ".venv" / "bin"


def test_the_demo_runs_whole_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "gradproof", "demo", cwd=tmp_path)
    assert "61,481 parameters" in shown
    assert re.search(r"textbook loop +122,962 ", shown)
    assert re.search(r"relative error \S+e-0[89]: very likely right", shown)
    assert "30 of 61,481 components differ" in shown
    assert "db1 5 of 5, dW2 25 of 25" in shown
    assert re.search(r"gradproof  PASS   error below \S+ of the gradient, 99.9 % sure", shown)
    assert re.search(r"gradproof  FAIL   2 of 6 tensors are wrong", shown)
    assert re.search(r"b1'\].*\s+all of it: claimed = 4\.0000 × measured", shown)
    assert re.search(r"W2'\].*\s+all of it: claimed = 2\.0000 × measured", shown)


def test_the_bug_in_scikit_learn_is_shown_or_said_to_be_mended(installed: Path) -> None:
    shown = run(installed / "gradproof", "demo", "sklearn")
    assert "has mended it" in shown or re.search(r"3 +0 +FAIL +GP302 +3\.0000", shown), shown


def test_a_file_of_problems_is_checked_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "problems.py"
    path.write_text(
        "import numpy as np, gradproof as gp\n"
        "@gp.problem\n"
        "def sines():\n"
        "    return gp.Problem(lambda x: np.sum(np.sin(x)), np.cos, np.linspace(0, 1, 5))\n"
    )
    shown = run(installed / "gradproof", "check", path, "--json", tmp_path / "report.json")
    assert shown.startswith("PASS")
    assert (tmp_path / "report.json").exists()


def test_a_starter_runs_from_the_wheel_and_as_a_test(installed: Path, tmp_path: Path) -> None:
    run(installed / "gradproof", "init", "numpy", cwd=tmp_path)
    assert run(installed / "gradproof", "check", "test_gradients.py", cwd=tmp_path)
    run(installed / "python", "-m", "pip", "install", "-q", "pytest")
    shown = run(installed / "python", "-m", "pytest", "-q", cwd=tmp_path)
    assert "1 passed" in shown


# Each line needs an extra that is not installed; the line to paste names it.
MISSING = {
    "gp.data.load_digits()": "hdf5",
    "gp.write(wrong, 'picture.png')": "plot",
    "wrong.plot()": "plot",
    "gp.check(lambda x: np.sum(x**2), gp.autodiff, np.ones(3))": "autograd",
}
IN_THE_CORE = """
import sys
import numpy as np, gradproof as gp
from gradproof.textbook import network
assert gp.check(lambda x: np.sum(x**2), lambda x: 2 * x, np.ones(3)).passed
assert gp.gradient_check(lambda x: x**2, lambda x: 2 * x, 3.0)["passed"]
assert abs(gp.numerical_gradient(np.sin, 1.0) - np.cos(1.0)) < 1e-6
parameters = network.initialize_parameters([4, 3, 1], seed=0)
assert parameters.keys() == {"W1", "b1", "W2", "b2"}
wrong = gp.check(np.sin, lambda x: 2.0, 1.0)
print(wrong)
for line in LINES:
    try:
        eval(line)
    except gp.MissingExtra as error:
        print(line, "->", error)
    else:
        print(line, "-> nothing is missing")
assert not {"torch", "jax", "tensorflow", "autograd", "h5py", "matplotlib"} & set(sys.modules)
"""


def test_the_base_dependencies_suffice_for_the_core(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / "bin"
    run(binaries / "python", "-m", "pip", "install", "-q", str(built))

    program = tmp_path / "program.py"
    program.write_text(IN_THE_CORE.replace("LINES", repr(list(MISSING))), encoding="utf-8")
    shown = run(binaries / "python", "-I", program, cwd=tmp_path)
    assert "the derivative is wrong" in shown
    for line, extra in MISSING.items():
        (told,) = (told for told in shown.splitlines() if told.startswith(f"{line} ->"))
        assert f"which is not installed: pip install 'gradproof[{extra}]'" in told, told

    run(binaries / "gradproof", "init", "numpy", cwd=tmp_path)
    options = ("--html", "report.html", "--json", "report.json")
    shown = run(binaries / "gradproof", "check", "test_gradients.py", *options, cwd=tmp_path)
    assert shown.startswith("PASS")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<html" in page
    assert "pass" in run(binaries / "gradproof", "show", "report.json", cwd=tmp_path).lower()
    assert "constant-factor" in run(binaries / "gradproof", "explain", "GP302", cwd=tmp_path)
    for command, extra in (
        (("check", "test_gradients.py", "--jobs", "2"), "parallel"),
        (("demo",), "hdf5"),
    ):
        done = subprocess.run(
            [binaries / "gradproof", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert f"pip install 'gradproof[{extra}]'" in " ".join(done.stderr.split())


def test_the_digits_are_rebuilt_to_the_same_images(tmp_path: Path) -> None:
    rebuilt = tmp_path / "digits.h5"
    run(sys.executable, ROOT / "tools" / "build_digits.py", rebuilt)
    shipped = ROOT / "src" / "gradproof" / "data" / "digits.h5"
    with h5py.File(rebuilt) as new, h5py.File(shipped) as old:
        assert sorted(new) == sorted(old)
        for key in new:
            np.testing.assert_array_equal(new[key][()], old[key][()])
