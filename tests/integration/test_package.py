"""What is shipped: the wheel, the sdist, their size, and the licences of what is in them."""

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST = 2 * 2**20  # bytes of the wheel
OURS = {".py", ".txt", ".md", ".json", ".js", ".css", ".j2", ".typed"}  # written here, as text
pytestmark = pytest.mark.integration


def build(source: Path, folder: Path, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder), *options],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, as they are built from the work tree."""
    folder = tmp_path_factory.mktemp("shipped")
    build(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(shipped: Path) -> zipfile.ZipFile:
    (path,) = shipped.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_is_small(shipped: Path) -> None:
    (path,) = shipped.glob("*.whl")
    assert path.stat().st_size <= LARGEST


def test_the_wheel_of_the_sdist_is_the_same(
    shipped: Path, wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    (sdist,) = shipped.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        files.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build(source, tmp_path / "again", "-t", "wheel")
    (again,) = (tmp_path / "again").glob("*.whl")
    with zipfile.ZipFile(again) as other:
        assert sorted(other.namelist()) == sorted(wheel.namelist())
        differing = [name for name in wheel.namelist() if wheel.read(name) != other.read(name)]
    assert differing == []


def test_the_sdist_has_what_its_reader_needs(shipped: Path) -> None:
    (sdist,) = shipped.glob("*.tar.gz")
    with tarfile.open(sdist) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "CITATION.cff"} <= names
    assert {"Makefile", "conftest.py", "tests/conftest.py", "docs/conf.py", ".ci/run"} <= names


def test_every_file_of_data_has_its_licence(wheel: zipfile.ZipFile) -> None:
    """What is no text of ours has a licence beside it, and that is told in the metadata."""
    names = wheel.namelist()
    inside = [name for name in names if not name.split("/")[0].endswith(".dist-info")]
    data = [name for name in inside if Path(name).suffix not in OURS]
    assert data == ["gradproof/data/digits.h5"]
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    told = email.message_from_bytes(wheel.read(metadata))
    assert told["License-Expression"] == "Apache-2.0"
    for name in data:
        licence = str(Path(name).with_suffix(".LICENSE.md"))
        assert licence in inside
        assert f"src/{licence}" in told.get_all("License-File", [])
        assert re.search(r"Licen[cs]e:?\*\* .*\S", wheel.read(licence).decode())


def test_the_page_brings_no_strangers_code(wheel: zipfile.ZipFile) -> None:
    """Scripts, styles and templates are ours: nothing is loaded, and no notice of another's."""
    for name in wheel.namelist():
        if Path(name).suffix in {".js", ".css", ".j2"}:
            text = wheel.read(name).decode()
            assert not re.search(r"copyright|@license|\bMIT\b|@import|url\(|base64", text, re.I), (
                name
            )
            assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text), name


def test_the_wheel_is_whole_and_has_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    (information,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"gradproof", "pytest_gradproof.py", information}
    source = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in wheel.namelist() if not name.startswith(information)} == source
