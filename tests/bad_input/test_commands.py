"""Malformed command lines and files of problems: exit code 2, in a sentence, without a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bad_input.cases import by_name
from tests.bad_input.commands import COMMANDS, PROBLEMS, RIGHT, Command, ProblemFile, prepare

from gradproof.cli import main

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def told(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """Run a command that has to end with code 2; return what it printed on both streams."""
    monkeypatch.setattr(sys, "argv", ["gradproof", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2, out + err
    assert "Traceback" not in out + err
    assert "".join(out + err).replace("\n", "").replace("\t", "").isprintable()
    return out, err


def joined(text: str) -> str:
    """Return a text without the breaks of its lines."""
    return " ".join(text.split()).replace("- ", "-")


@pytest.mark.parametrize("command", by_name(COMMANDS))
def test_a_command_is_refused(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepare(tmp_path)
    out, err = told(command.arguments, monkeypatch, capsys)
    for part in command.says:
        assert part in joined(out + err)
    if command.arguments[0] != "check":  # whose problems and errors are what it prints
        assert err


@pytest.mark.parametrize("file", by_name(PROBLEMS))
def test_a_file_of_problems_is_refused(
    file: ProblemFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("given.py").write_bytes(file.content)
    out, _ = told(("check", "given.py"), monkeypatch, capsys)
    assert out.startswith("ERROR")
    assert "given.py" in out
    for part in file.says:
        assert part in joined(out)


def test_one_that_is_broken_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ok.py").write_text(RIGHT)
    out, _ = told(("check", "gone.py", "ok.py"), monkeypatch, capsys)
    assert "PASS          ok.py::p" in out
    assert "1 pass, 1 could not be run" in out


def test_names_that_are_no_text_are_told_by_a_real_process() -> None:
    name = b"\xff\x1b[31m.json"
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"gradproof", b"show", name],
        capture_output=True,
        env=os.environ | {"PYTHONUTF8": "1"},
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(rb"gradproof: \udcff\x1b[31m.json: no such file")
    assert done.stdout == b""


def test_what_a_pipe_is_given_is_read() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m gradproof show <(sleep 0.2; echo '{{}}')"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert b".schema: found None, expected 1" in done.stderr
