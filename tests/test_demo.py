"""`gradproof demo`, on smaller images than a user sees; the whole of it runs in the integration."""

import io
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from gradproof import __version__
from gradproof.cli import main
from gradproof.cli.app import app
from gradproof.demo import digits
from gradproof.textbook import network


@pytest.mark.parametrize("width", [60, 80, 100])
def test_right_passes_wrong_is_caught_and_both_tensors_are_named(width: int) -> None:
    out = io.StringIO()
    assert digits.run(Console(file=out, width=width), size=8, channels=1, seed=0)
    text = out.getvalue()
    assert "very likely right" in text
    assert "almost surely a bug" in text
    assert "db1 5 of 5" in text
    assert "dW2 25 of 25" in text
    assert max(map(len, text.splitlines())) <= width


def test_a_wrong_backward_pass_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    backward = network.L_model_backward

    def broken(*args: Any) -> object:
        gradients = backward(*args)
        return gradients | {"dW3": gradients["dW3"] * 1.01}

    monkeypatch.setattr(network, "L_model_backward", broken)
    assert not digits.run(Console(file=io.StringIO()), size=8, channels=1)
    assert CliRunner().invoke(app, ["demo", "--size", "8", "--channels", "1"]).exit_code == 1


def test_command_line() -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["--version"]).output == f"gradproof {__version__}\n"
    shown = runner.invoke(app, ["demo", "--size", "8", "--channels", "1"])
    assert shown.exit_code == 0, shown.output
    assert "very likely right" in shown.output
    assert runner.invoke(app, ["demo", "--size", "0"]).exit_code == 2
    assert runner.invoke(app, ["nonsense"]).exit_code == 2


def test_what_is_missing_is_one_sentence_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    monkeypatch.setattr("sys.argv", ["gradproof", "demo"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("gradproof: reading HDF5 files needs h5py")
