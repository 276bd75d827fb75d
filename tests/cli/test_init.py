"""`gradproof init`: files that run as they are, by the command line and as plain Python."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gradproof as gp
from gradproof.cli.app import app
from gradproof.cli.starting import Starter, start, text_of


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["numpy", "scipy"])
def test_a_starter_passes_as_it_is(name: str) -> None:
    done = CliRunner().invoke(app, ["init", name])
    assert done.exit_code == 0
    assert done.output == ("wrote test_gradients.py; now: gradproof check test_gradients.py\n")
    checked = subprocess.run(
        [sys.executable, "-m", "gradproof", "check", "test_gradients.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.startswith("PASS")
    subprocess.run([sys.executable, "test_gradients.py"], check=True, capture_output=True)


def test_nothing_is_ever_overwritten() -> None:
    path = Path("mine.py")
    path.write_text("precious")
    done = subprocess.run(
        [sys.executable, "-m", "gradproof", "init", "numpy", "mine.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gradproof: mine.py: is there already and was left as it is")
    assert path.read_text() == "precious"


def test_a_folder_gets_a_file_of_the_usual_name() -> None:
    Path("tests").mkdir()
    assert start(Starter.NUMPY, Path("tests")) == Path("tests/test_gradients.py")
    with pytest.raises(gp.InputError, match="tests/test_gradients.py: is there already"):
        start(Starter.SCIPY, Path("tests"))
    with pytest.raises(gp.InputError, match="cannot be written"):
        start(Starter.SCIPY, Path("none/x.py"))


@pytest.mark.parametrize("starter", Starter)
def test_starters_are_in_the_style_that_linters_ask_for(starter: Starter) -> None:
    path = Path("test_gradients.py")
    path.write_text(text_of(starter))
    options = ["--isolated", "--line-length", "100"]
    for command in (["check", "--select", "E,F,W,I,B,D,N,UP"], ["format", "--check"]):
        extra = ["--config", "lint.pydocstyle.convention='numpy'"] if command[0] == "check" else []
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *options, *extra, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_starter_for_every_name_and_no_other() -> None:
    import importlib.resources

    folder = importlib.resources.files("gradproof.cli").joinpath("starters")
    names = {item.name.removesuffix(".py.txt") for item in folder.iterdir()}
    assert names == {starter.value for starter in Starter}
    assert CliRunner().invoke(app, ["init", "fortran"]).exit_code == 2
