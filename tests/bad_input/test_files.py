"""Malformed files: each is refused at once by its path, with what is wrong in it; none is run."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.bad_input.cases import FileCase, by_name
from tests.bad_input.files_of_images import HDF5, NPZ, h5, npz
from tests.bad_input.files_of_journals import JOURNALS
from tests.bad_input.files_of_reports import REPORTS, valid

import gradproof as gp
from gradproof.data import load_h5, load_npz
from gradproof.judge.reading import read

pytestmark = pytest.mark.timeout(60)


def refused(read_file: Callable[[Path], object], case: FileCase, path: Path) -> None:
    """Assert that a file is refused by its path, in printable words."""
    case.at(path)
    with pytest.raises(gp.InputError) as raised:
        read_file(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    for part in case.says:
        assert part in message
    assert message.replace("\n", "").isprintable()
    assert len(message) < 2_000


@pytest.mark.parametrize("case", by_name(REPORTS))
def test_a_report_is_refused(case: FileCase, tmp_path: Path) -> None:
    refused(read, case, tmp_path / "report.json")


def test_what_is_changed_for_the_table_is_a_report(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(valid()))
    assert list(read(path).reports) == ["report"]


@pytest.mark.parametrize("case", by_name(HDF5))
def test_a_file_of_hdf5_is_refused(case: FileCase, tmp_path: Path) -> None:
    refused(load_h5, case, tmp_path / "images.h5")


@pytest.mark.parametrize("case", by_name(NPZ))
def test_an_archive_of_numpy_is_refused_and_never_run(case: FileCase, tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    refused(load_npz, case, path)
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".was-run")] == []


@pytest.mark.parametrize("case", by_name(JOURNALS))
def test_what_is_no_journal_is_refused_and_left_as_it_is(case: FileCase, tmp_path: Path) -> None:
    path = case.at(tmp_path / "run.gp")
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(gp.InputError) as raised:
        gp.check(np.sum, np.ones_like, np.ones(2), journal=path)
    message = str(raised.value)
    assert message.startswith(f"journal: found {str(path)!r}, ")
    for part in case.says:
        assert part in message
    assert before is None or path.read_bytes() == before


def test_a_pickle_of_the_table_would_have_run(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    for case in NPZ:
        if case.name == "a-pickle-as-entry":
            case.at(path)
    assert np.load(path, allow_pickle=True)["train_set_x"].tolist() == [None]
    assert Path(f"{path}.was-run").is_dir()


def test_what_is_changed_for_the_tables_can_be_read(tmp_path: Path) -> None:
    x, y = np.full((2, 3), 51, np.uint8), np.array([0, 1])
    for write, read_images in ((h5, load_h5), (npz, load_npz)):
        path = write(tmp_path / write.__name__, train_set_x=x, train_set_y=y)
        X, Y = read_images(path)["train"]
        assert X.tolist() == [[0.2, 0.2]] * 3
        assert Y.tolist() == [[0.0, 1.0]]
