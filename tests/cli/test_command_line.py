"""The command line: what it finds, what it prints, what it writes, how it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import gradproof as gp
from gradproof.api.explain import codes as all_codes
from gradproof.cli import main
from gradproof.cli.app import app

HEAD = """
import numpy as np
import gradproof as gp

AT = np.array([1.0, -2.0, 0.5])


def f(x):
    return float(np.sum(x**3))

"""
BODIES = {
    "right": "gp.Problem(f, lambda x: 3 * x**2, AT)",
    "wrong": "gp.Problem(f, lambda x: 6 * x**2, {'w': AT}['w'])",
    "undecided": "gp.Problem(lambda x: float('inf'), lambda x: x, AT)",
    "raising": "gp.Problem(lambda x: undefined_name, lambda x: x, AT)",
    "broken_maker": "1 / 0",
    "misused": "gp.Problem(f, 'a text', AT)",
    "no_problem": "3",
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # so that names of files are short, and lines do not break


def file_with(*names: str, name: str = "problems.py") -> str:
    """Write a file with these problems, in this order."""
    path = Path(name)
    parts = [f"\n@gp.problem\ndef {one}():\n    return {BODIES[one]}\n" for one in names]
    path.write_text(HEAD + "\n".join(parts))
    return str(path)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "100"})
    if result.exception is not None:
        assert isinstance(result.exception, SystemExit), result.exception
    return result


def flat(text: str) -> str:
    """Return a text without the line breaks that its width puts in."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["right"], 0),
        (["wrong"], 1),
        (["undecided"], 3),
        (["raising"], 2),
        (["broken_maker"], 2),
        (["misused"], 2),
        (["no_problem"], 2),
        (["right", "undecided"], 3),
        (["undecided", "wrong", "right"], 1),
        (["wrong", "raising", "right"], 2),
    ],
)
def test_the_exit_code_tells_the_worst(names: list[str], code: int) -> None:
    assert run("check", file_with(*names)).exit_code == code


def test_every_problem_is_a_line_in_the_order_of_the_file() -> None:
    target = file_with("wrong", "right", "undecided")
    result = run("check", target)
    named = [flat(line) for line in result.output.splitlines() if target in line]
    assert named == [
        "FAIL problems.py::wrong",
        "PASS problems.py::right right to 1e-06",
        "INCONCLUSIVE problems.py::undecided",
    ]
    last = flat(result.output.splitlines()[-1])
    assert re.fullmatch(r"1 pass, 1 fail, 1 inconclusive [\d,]+ evaluations", last)


def test_what_does_not_pass_is_shown_whole_and_what_passes_in_one_line() -> None:
    passed = run("check", file_with("right"))
    assert flat(passed.output) == "PASS problems.py::right right to 1e-06 "
    failed = run("check", file_with("wrong"))
    assert "claimed = 2.0000 × measured" in failed.output
    undecided = run("check", file_with("undecided"))
    assert "GP108 non-finite-function" in undecided.output
    assert "see: gradproof explain GP108" in undecided.output
    for result in (passed, failed, undecided):
        assert "\x1b" not in result.output
        assert max(map(len, result.output.splitlines())) <= 100


def test_a_name_picks_one_problem() -> None:
    target = file_with("right", "wrong")
    assert run("check", f"{target}::right").exit_code == 0
    assert run("check", f"{target}::wrong").exit_code == 1
    result = run("check", f"{target}::right", f"{target}::wrong")
    assert result.exit_code == 1
    assert "1 pass, 1 fail" in flat(result.output)


@pytest.mark.parametrize(
    ("content", "suffix", "words"),
    [
        ("raise ImportError('no such thing')", "", "does not import"),
        ("import a_module_that_is_not_there", "", "No module named 'a_module_that_is_not_there'"),
        ("def broken(:", "", "SyntaxError"),
        ("x = 1\n", "", "found no problem, expected functions under @gradproof.problem"),
        (HEAD, "::f", "found no problem, expected functions under @gradproof.problem"),
        (
            HEAD + "@gp.problem\ndef there():\n    return 1\n",
            "::missing",
            "found no problem 'missing', there are there",
        ),
        (HEAD, "::", "found no name behind '::', expected FILE::NAME"),
        (None, "", "no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_the_matter(
    content: str | None, suffix: str, words: str
) -> None:
    path = Path("given.py")
    if content is not None:
        path.write_text(content)
    result = run("check", f"{path}{suffix}")
    assert result.exit_code == 2
    assert result.output.startswith("ERROR")
    assert words in flat(result.output)
    assert "given.py" in result.output
    assert "Traceback" not in result.output


def test_what_is_no_python_file_is_named() -> None:
    path = Path("notes.txt")
    path.write_text("x")
    for target in (path, Path()):
        result = run("check", str(target))
        assert result.exit_code == 2
        assert result.output.startswith("ERROR")


def test_errors_are_told_by_the_line_in_the_users_file() -> None:
    target = file_with("raising")
    result = run("check", target)
    line = Path(target).read_text().splitlines().index("    return " + BODIES["raising"]) + 1
    assert f"problems.py:{line} in <lambda>" in result.output.replace("\n", "")
    assert "NameError: name 'undefined_name' is not defined" in flat(result.output)
    assert "engine" not in result.output


def test_a_function_that_returns_something_else_is_named() -> None:
    result = run("check", file_with("no_problem"))
    assert "no_problem(): found int, expected a gradproof.Problem" in flat(result.output)


def test_others_still_run_after_an_error() -> None:
    first = file_with("raising", "broken_maker", "no_problem", "right", name="a.py")
    second = file_with("wrong", name="b.py")
    result = run("check", first, "none.py", second)
    assert result.exit_code == 2
    text = flat(result.output)
    assert "PASS a.py::right" in text
    assert "FAIL b.py::wrong" in text
    assert re.search(r"1 pass, 1 fail, 4 could not be run [\d,]+ evaluations", text)


def test_json_holds_all_reports_and_errors() -> None:
    target = file_with("right", "wrong", "raising", "undecided")
    out = Path("out.json")
    result = run("check", target, "--json", str(out), "--seed", "5", "--rtol", "1e-4")
    assert result.exit_code == 2
    data = json.loads(out.read_text())
    assert set(data) == {"reports", "errors", "places"}
    line = Path(target).read_text().splitlines().index("def wrong():")  # from 1, the decorator
    assert data["places"][f"{target}::wrong"] == {"file": target, "line": line}
    verdicts = {name.removeprefix(target): r["verdict"] for name, r in data["reports"].items()}
    assert verdicts == {"::right": "pass", "::wrong": "fail", "::undecided": "inconclusive"}
    assert list(data["errors"]) == [f"{target}::raising"]
    assert "NameError" in data["errors"][f"{target}::raising"]
    right = data["reports"][f"{target}::right"]
    assert (right["seed"], right["rtol"], right["schema"]) == (5, 1e-4, 1)
    assert data["reports"][f"{target}::undecided"]["value"] is None


def test_json_is_written_where_nothing_went_wrong_too() -> None:
    out = Path("out.json")
    target = file_with("right")
    assert run("check", target, "--json", str(out)).exit_code == 0
    data = json.loads(out.read_text())
    assert data["errors"] == {}
    assert data["reports"][f"{target}::right"]["culprits"] == []


def test_a_disk_that_is_full_in_the_end_is_said() -> None:
    done = command("check", file_with("right"), "--json", "/dev/full")
    assert done.returncode == 2
    assert done.stdout.startswith("PASS")
    assert done.stderr == "gradproof: /dev/full: cannot be written (No space left on device)\n"


@pytest.mark.parametrize("option", ["--output", "--html", "--json"])
def test_files_that_cannot_be_written_are_told_before_anything_runs(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = file_with("right")
    Path("folder").mkdir()
    for path, said in {
        "no/file": "found no/file, expected a file in a folder that is there: make no first",
        f"{target}/file": f"found {target}/file, expected a file in a folder that is there",
        "folder": "found the folder folder, expected the name of a file",
    }.items():
        result = run("check", target, option, path)
        assert result.exit_code == 2
        assert f"Invalid value for '{option}': {said}" in flat(result.output)
        assert "PASS" not in result.output
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    for path in ("new", target):
        result = run("check", target, option, path)
        assert result.exit_code == 2
        assert f"found {path}, expected a file that may be written" in flat(result.output)
    assert not Path("new").exists()


def test_show_refuses_what_it_cannot_write_as_well() -> None:
    result = run("show", file_with("right"), "--html", "no/page.html")
    assert result.exit_code == 2
    assert "make no first" in flat(result.output)


def test_options_reach_the_check_and_are_validated() -> None:
    target = file_with("right")
    assert run("check", target, "--rtol", "1e-4").exit_code == 0
    for bad in (["--rtol", "0"], ["--rtol", "2"], ["--rtol", "nan"]):
        result = run("check", target, *bad)
        assert result.exit_code == 2
        assert "rtol: found" in flat(result.output)
    for bad in (["--seed", "-1"], ["--seed", "x"], ["--plan", "every"], ["--rtol", "x"]):
        assert run("check", target, *bad).exit_code == 2
    assert run("check").exit_code == 2


def test_files_import_their_neighbours_and_leave_the_path_as_it_was() -> None:
    Path("neighbour_of_problems.py").write_text(HEAD + "scale = 3\n")
    path = Path("uses.py")
    path.write_text(
        "import dataclasses\n"
        "import gradproof as gp\n"
        "from neighbour_of_problems import AT, f, scale\n\n\n"
        "@dataclasses.dataclass\nclass P:\n    x: 'object'\n\n\n"
        "@gp.problem\n"
        "def right():\n    return gp.Problem(lambda p: f(p.x), "
        "lambda p: P(scale * p.x**2), P(AT))\n"
    )
    before = list(sys.path)
    try:
        result = run("check", str(path))
        assert result.exit_code == 0, result.output
        assert sys.path == before
    finally:
        sys.modules.pop("neighbour_of_problems", None)


def test_problems_that_a_file_imports_are_not_its_own() -> None:
    file_with("wrong", name="others_problems.py")
    path = Path("own.py")
    path.write_text(
        HEAD + "from others_problems import wrong\n\n\n"
        "@gp.problem\ndef right():\n    return " + BODIES["right"] + "\n"
    )
    try:
        result = run("check", str(path))
    finally:
        sys.modules.pop("others_problems", None)
    assert result.exit_code == 0, result.output
    assert "wrong" not in result.output


def test_explain_prints_the_page_in_any_case() -> None:
    assert run("explain", "GP103").output == gp.explain("GP103")
    assert run("explain", "gp103").output == gp.explain("GP103")


def test_explaining_an_unknown_code_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gradproof", "explain", "GP999"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("gradproof: code: found 'GP999', expected one of GP101, ")
    assert len(error.splitlines()) == 1


def test_codes_lists_all_with_their_names() -> None:
    result = run("codes")
    assert result.exit_code == 0
    listed = dict(line.split("  ") for line in result.output.splitlines())
    assert listed == all_codes()
    assert listed["GP103"] == "wrong-structure"
    assert list(listed) == sorted(listed)


def test_the_bug_in_scikit_learn_is_shown_with_its_factors() -> None:
    result = run("demo", "sklearn")
    assert result.exit_code == 0, result.output
    for factor in (2, 3, 5):
        for code in ("GP302", "GP303"):
            assert f"{code}   {factor}.0000" in result.output
    assert "FAIL" in result.output
    assert max(map(len, result.output.splitlines())) <= 100


def test_a_demo_that_there_is_not_is_refused() -> None:
    assert run("demo", "weather").exit_code == 2


def command(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gradproof", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_runs_as_a_module() -> None:
    version = command("--version")
    assert (version.returncode, version.stdout) == (0, f"gradproof {gp.__version__}\n")
    checked = command("check", file_with("wrong"))
    assert checked.returncode == 1
    assert checked.stdout.startswith("FAIL")
    assert checked.stderr == ""
    nothing = command()
    assert "check" in nothing.stdout + nothing.stderr
    assert "explain" in nothing.stdout + nothing.stderr


INTERRUPTED = """
import numpy as np
import gradproof as gp

calls = 0

@gp.problem
def ended():
    def f(x):
        global calls
        calls += 1
        if calls == 30:
            raise KeyboardInterrupt
        return np.sum(np.sin(x))
    return gp.Problem(f, np.cos, np.linspace(0.1, 3, 50))

@gp.problem
def never_begun():
    raise RuntimeError("checked after Ctrl-C")
"""


def test_ctrl_c_ends_the_run_with_what_is_known() -> None:
    Path("long.py").write_text(INTERRUPTED)
    result = run("check", "long.py")
    assert result.exit_code == 3
    assert "it was interrupted" in result.output
    assert "never_begun" not in result.output


def test_a_budget_is_for_each_problem() -> None:
    target = file_with("right")
    result = run("check", target, "--budget", "5", "--json", "out.json")
    assert result.exit_code == 3
    (report,) = json.loads(Path("out.json").read_text())["reports"].values()
    assert report["evaluations"] <= 5
    assert [cause["code"] for cause in report["causes"]] == ["GP206"]


def test_a_budget_that_makes_no_sense_is_told_once_before_anything_runs() -> None:
    result = run("check", file_with("right", "wrong"), "--budget", "5 parsecs")
    assert result.exit_code == 2
    assert "Invalid value for '--budget': found '5 parsecs', expected" in flat(result.output)
    assert "problems.py" not in result.output


IN_CLASSES = (
    HEAD
    + """
class Cubes:
    @staticmethod
    @gp.problem
    def right():
        return gp.Problem(f, lambda x: 3 * x**2, AT)

    @gp.problem
    @staticmethod
    def wrong():
        return gp.Problem(f, lambda x: 6 * x**2, AT)

    class Deeper:
        @classmethod
        @gp.problem
        def right(cls):
            return gp.Problem(f, lambda x: 3 * x**2, AT)

    itself = f


Again = Cubes
"""
)
A_METHOD = """
    @gp.problem
    def method(self):
        raise AssertionError("called without a self")
"""


def test_problems_inside_of_classes_are_found() -> None:
    Path("classes.py").write_text(IN_CLASSES)
    result = run("check", "classes.py")
    assert result.exit_code == 1, result.output
    found = re.findall(r"(PASS|FAIL) +classes.py::([\w.]+)", result.output)
    assert found == [
        ("PASS", "Cubes.right"),
        ("FAIL", "Cubes.wrong"),
        ("PASS", "Cubes.Deeper.right"),
    ]
    for name in ("Cubes.right", "Cubes::right"):
        assert run("check", f"classes.py::{name}").exit_code == 0
    assert "there are Cubes.right, Cubes.wrong" in run("check", "classes.py::right").output


def test_what_else_a_class_has_is_not_looked_into() -> None:
    raising = "    itself = type('Raising', (), {'__get__': lambda *_: 1 / 0})()\n"
    options = "Options = type('Options', (dict,), {'__getattr__': dict.__getitem__})()\n"
    Path("classes.py").write_text(IN_CLASSES.replace("    itself = f\n", raising) + options)
    result = run("check", "classes.py::Cubes.right")
    assert result.exit_code == 0, result.output


def test_a_problem_that_takes_a_self_is_told_and_not_passed_over() -> None:
    Path("classes.py").write_text(IN_CLASSES.replace("    itself = f\n", A_METHOD))
    result = run("check", "classes.py")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert "Cubes.method(): found the argument 'self', expected a function without" in said
    assert "in a class put @staticmethod above it" in said
    assert "2 passed" in said or "2 pass" in said


def test_a_problem_of_another_library_is_told_from_ours() -> None:
    Path("another.py").write_text(
        HEAD + "class Problem:\n    pass\n\n\n@gp.problem\ndef one():\n    return Problem()\n"
    )
    said = " ".join(run("check", "another.py").output.split())
    assert "found _gradproof_another.Problem, expected a gradproof.Problem" in said
