"""What `import gradproof` loads, seen in a fresh interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPORT = """
import json, sys
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def modules_after(statement: str) -> set[str]:
    # What measures coverage loads modules of its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    run = subprocess.run(
        [sys.executable, "-I", "-c", REPORT.format(statement=statement)],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(run.stdout))


def test_importing_gradproof_loads_nothing_beyond_numpy_and_optree() -> None:
    extra = modules_after("import gradproof") - modules_after("import numpy, optree")
    foreign = {name for name in extra if name not in sys.stdlib_module_names}
    assert foreign == {"gradproof"}


def test_the_comparison_sees_a_foreign_module() -> None:
    assert "h5py" in modules_after("import h5py") - modules_after("import numpy, optree")


def test_a_check_loads_executors_and_a_database_only_when_they_are_asked_for(
    tmp_path: Path,
) -> None:
    check = "import gradproof; gradproof.check(lambda x: x**2, lambda x: 2 * x, 3.0{})"
    assert not {"sqlite3", "concurrent"} & modules_after(check.format(""))
    assert "sqlite3" in modules_after(check.format(f", journal={str(tmp_path / 'run.gp')!r}"))


def test_what_a_first_report_loads_leaves_the_users_random_numbers_alone() -> None:
    script = """
import random
import gradproof as gp
report = gp.check(lambda x: x**2, lambda x: 2 * x, 3.0)
random.seed(3)
{use}
print(random.random())
"""
    printed = [
        subprocess.run(
            [sys.executable, "-I", "-c", script.format(use=use)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for use in (
            "",
            "str(report); report._repr_html_()",
            "gp.check(lambda x: x**2, lambda x: 2 * x, 3.0, progress=True)",
        )
    ]
    assert len(set(printed)) == 1, printed
