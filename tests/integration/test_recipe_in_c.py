"""The recipe about a function in C: it compiles as it stands, passes, and a mistake in it is found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "recipes.md"
(C,) = re.findall(r"^```c\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
(PYTHON,) = re.findall(
    r"^```python\n(# springs.py\n.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S
)


def checked(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "spring.c").write_text(source, "utf-8")
    (folder / "springs.py").write_text(PYTHON, "utf-8")
    command = re.findall(r"/\* spring.c: +(.*) \*/", source)[0]
    assert command.startswith("cc ")
    subprocess.run(command.split(), cwd=folder, check=True)
    return subprocess.run(
        [sys.executable, "-m", "gradproof", "check", "springs.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes(tmp_path: Path) -> None:
    done = checked(C, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        ("stretch * stretch * stretch;", "stretch * stretch;", "GP399"),  # the power of the slope
        ("        g[i] = 0.0;\n", "        ;\n", "GP105"),  # added to what was there
        ("g[i] -= force", "g[i] += force", "GP"),
    ],
)
def test_a_mistake_is_found(right: str, wrong: str, code: str, tmp_path: Path) -> None:
    assert C.count(right) >= 1
    broken = C.replace("force = stretch + " + right, "force = stretch + " + wrong)
    broken = broken if broken != C else C.replace(right, wrong)
    done = checked(broken, tmp_path)
    assert done.returncode in (1, 3), done.stdout + done.stderr
    assert code in done.stdout
