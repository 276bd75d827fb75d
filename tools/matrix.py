"""Run tests on every interpreter there is, with the oldest and the newest of what is needed.

``make matrix`` runs this; ``--write`` keeps what was seen in ``docs/tables/compatibility.md``.
Interpreters are looked for on the path and among those of pyenv. Each cell is an environment of
its own with the wheel, what it needs and the tools of the tests, and nothing else. The oldest are
the lowest releases that pyproject.toml allows and that have a wheel for the interpreter.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "tables" / "compatibility.md"
INTERPRETERS = ("3.11", "3.12", "3.13", "3.14", "3.15")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
TOOLS = ("pytest>=8.3", "pytest-timeout>=2.3", "hypothesis>=6.120", "mpmath>=1.3")
# Those of the core that need nothing but it, of every floor, without the long ones.
CORE = """
    tests/tree tests/textbook/test_checking.py tests/textbook/test_comparison.py
    tests/textbook/test_differences.py tests/textbook/test_input.py tests/textbook/test_vectors.py
    tests/judge/test_vetoes.py tests/judge/test_reading.py tests/engine/test_verdicts.py
    tests/render/test_formats.py tests/render/test_terminal.py tests/cli/test_exits.py
    tests/test_scipy.py
"""
TESTS = {
    "base": tuple(CORE.split()),
    "torch": (
        "tests_of_frameworks/test_torch.py",
        "tests_of_frameworks/test_conformance_of_torch.py",
    ),
    "jax": (
        "tests_of_frameworks/test_jax.py",
        "tests_of_frameworks/test_conformance_of_jax.py",
    ),
}
WRONG = ("failures", "errors", "skipped")
SHOWN = ("numpy", "scipy", "optree", "rich", "typer", "jinja2")
HEAD = ("Python", "with", "versions", *SHOWN, "extra", "tests")


def interpreter(version: str) -> str | None:
    """Return the path of an interpreter that runs, or None."""
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    installed = sorted(pyenv.glob(f"{version}.*/bin/{name}"))
    for path in filter(None, [shutil.which(name), *map(str, installed)]):
        tried = subprocess.run([path, "-c", ""], capture_output=True, check=False)
        if tried.returncode == 0:  # what pyenv has on the path need not run
            return path
    return None


def uv(*arguments: str | Path) -> str:
    """Run uv, and return what it prints."""
    command = ["uv", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def installed(python: str, extra: str, resolution: str, wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel in it, and return its interpreter."""
    uv("venv", "--quiet", "--no-project", "--python", python, folder)
    inside = folder / "bin" / "python"
    install = ("pip", "install", "--quiet", "--only-binary", ":all:", "--python", inside)
    extras = () if extra == "base" else ("--extra", extra)
    uv(*install, "--resolution", resolution, "-r", "pyproject.toml", *extras)
    uv(*install, "--no-deps", wheel)
    uv(*install, *TOOLS)
    return inside


def tested(python: Path, extra: str, folder: Path) -> str:
    """Run the tests of an environment, and return their outcome in words."""
    report = folder / "tests.xml"
    # The tests of one framework are not to need another, which their conftest.py imports.
    options = ("--noconftest", "-p", "conftest") if extra != "base" else ()
    pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not integration")
    subprocess.run(
        [*pytest, *options, f"--junitxml={report}", *TESTS[extra]],
        cwd=ROOT,
        env=os.environ | {"CI": "true", "OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"},
        check=False,
    )
    if not report.exists():
        return "**failed to start**"
    suite = ElementTree.parse(report).getroot()[0]
    total, wrong = int(suite.get("tests", 0)), sum(int(suite.get(x, 0)) for x in WRONG)
    return f"**{wrong} of {total:,} failed**" if wrong else f"{total:,} passed"


def cell(python: str, extra: str, versions: str, wheel: Path) -> list[str]:
    """Run one cell, and return its row of the table."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        inside = installed(python, extra, RESOLUTIONS[versions], wheel, Path(name) / "venv")
        listed = json.loads(uv("pip", "list", "--python", inside, "--format", "json"))
        release = {one["name"]: one["version"] for one in listed}
        full = subprocess.check_output([inside, "-c", "import sys; print(sys.version.split()[0])"])
        with_it = release.get(extra, "")
        outcome = tested(inside, extra, Path(name))
        shown = [release[one] for one in SHOWN]
        return [full.decode().strip(), extra, versions, *shown, with_it, outcome]


def seen() -> list[list[str]]:
    """Return the rows that the table has."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()[2:] if TABLE.exists() else []
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines]


def as_table(rows: list[list[str]]) -> str:
    """Return rows as a table; of two of the same cell the later one counts."""
    by_cell = {(row[1], tuple(map(int, row[0].split(".")[:2])), row[2]): row for row in rows}
    in_order = [
        by_cell[key] for key in sorted(by_cell, key=lambda key: (*key[:2], key[2][0] != "o"))
    ]
    table = [HEAD, ["---"] * len(HEAD), *in_order]
    return "\n".join(f"| {' | '.join(row)} |" for row in table) + "\n"


def main() -> int:
    """Run the cells that the command line asks for, and return the exit code."""
    parser = argparse.ArgumentParser(prog="tools/matrix.py", description=__doc__)
    parser.add_argument("--python", nargs="+", default=INTERPRETERS, metavar="3.X")
    parser.add_argument("--with", nargs="+", default=["base"], choices=TESTS, dest="extras")
    parser.add_argument("--versions", nargs="+", default=[*RESOLUTIONS], choices=RESOLUTIONS)
    parser.add_argument("--write", action="store_true", help="write the table of the docs")
    options = parser.parse_args()
    found = {version: interpreter(version) for version in options.python}
    rows, failed = [], False
    known = seen() if options.write else []
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        uv("build", "--quiet", "--wheel", "--out-dir", folder)
        (wheel,) = Path(folder).glob("*.whl")
        for extra in options.extras:
            for version, python in found.items():
                for versions in options.versions if python else ():
                    print(f"Python {version}, {extra}, {versions}", flush=True)
                    try:
                        rows.append(cell(str(python), extra, versions, wheel))
                    except RuntimeError as error:
                        failed = True
                        print(error)
                    if options.write:  # at once: what follows may take long
                        TABLE.write_text(as_table(known + rows), encoding="utf-8")
    print(as_table(rows))
    for version in (version for version, python in found.items() if not python):
        print(f"not run: python{version} was not found")
    return int(failed or any("failed" in row[-1] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
