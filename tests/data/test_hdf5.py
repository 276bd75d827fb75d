"""Reading images: every layout that is promised, and an error that names what is wrong."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits as sklearn_digits

from gradproof import InputError, MissingExtra
from gradproof.data import load_digits, load_h5


def write(path: Path, **arrays: Any) -> Path:
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return path


def test_images_become_columns_in_zero_to_one(tmp_path: Path) -> None:
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    path = write(tmp_path / "a.h5", train_set_x=images, train_set_y=[1, 0])
    loaded = load_h5(path)
    assert list(loaded) == ["train"]
    X, Y = loaded["train"]
    np.testing.assert_array_equal(X, images.reshape(2, 36).T / 255)
    np.testing.assert_array_equal(Y, [[1.0, 0.0]])
    assert X.dtype == Y.dtype == np.float64


@pytest.mark.parametrize("label_shape", [(2,), (1, 2), (2, 1)])
def test_flat_images_only_test_keys_and_any_label_shape(
    tmp_path: Path, label_shape: tuple[int, ...]
) -> None:
    path = write(
        tmp_path / "a.h5",
        test_set_x=np.array([[0.0, 0.5, 1.0], [0.25, 0.0, 0.0]]),
        test_set_y=np.array([0, 1]).reshape(label_shape),
        list_classes=[b"no", b"yes"],
    )
    loaded = load_h5(str(path))
    assert list(loaded) == ["test"]
    np.testing.assert_array_equal(loaded["test"].X, [[0.0, 0.25], [0.5, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(loaded["test"].Y, [[0.0, 1.0]])


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        ([[255.0]], [[1.0]], (1.0, 1 / 255)),  # one white for both parts
        ([[255]], [[1]], (1.0, 1 / 255)),
        ([[255]], [[0.5]], (1.0, 0.5)),  # integers and floats each have their own
        ([[1]], [[51.0]], (1.0, 0.2)),
        ([[1]], [[0]], (1.0, 0.0)),  # black and white in integers
        ([[True]], [[False]], (1.0, 0.0)),
        ([[1 + 9e-7]], [[0.5]], (1.0, 0.5)),  # a rounding error above white is white
        ([[1 + 2e-6]], [[0.5]], ((1 + 2e-6) / 255, 0.5 / 255)),
    ],
)
def test_white_is_one(
    tmp_path: Path, train: npt.ArrayLike, test: npt.ArrayLike, expected: tuple[float, float]
) -> None:
    path = write(
        tmp_path / "a.h5", train_set_x=train, train_set_y=[1], test_set_x=test, test_set_y=[0]
    )
    loaded = load_h5(path)
    assert (loaded["train"].X[0, 0], loaded["test"].X[0, 0]) == expected


def test_missing_keys_are_named_with_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", train_set_x=np.zeros((2, 3)), labels=[0, 1])
    with pytest.raises(
        InputError, match=r"a\.h5: train_set_y is missing; the file holds labels, train_set_x$"
    ):
        load_h5(path)
    path = write(tmp_path / "b.h5", images=np.zeros((2, 3)))
    with pytest.raises(
        InputError, match=r"b\.h5: train_set_x and test_set_x .*missing; the file holds images$"
    ):
        load_h5(path)
    with pytest.raises(InputError, match="both missing; the file holds nothing$"):
        load_h5(write(tmp_path / "c.h5"))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (
            np.zeros((2, 3, 4)),
            [0, 1],
            r"train_set_x: found shape \(2, 3, 4\), expected \(m, height",
        ),
        (np.float64(1), [0], r"train_set_x: found shape \(\), expected \(m, height"),
        (np.zeros((2, 0)), [0, 1], r"found shape \(2, 0\), .* one image of at least one value"),
        (np.zeros((2, 3)), [0, np.nan], "train_set_y: found labels that are not finite"),
        (np.zeros((2, 3)), [0, 1, 1], r"train_set_y: found shape \(3,\), expected 2 labels"),
        (np.zeros((0, 3)), [], r"train_set_x: found shape \(0, 3\), expected at least one image"),
        (
            np.full((2, 3), -1.0),
            [0, 1],
            "train_set_x: found values from -1 to -1, expected brightn",
        ),
        (np.full((2, 3), 300), [0, 1], "train_set_x: found values from 300 to 300"),
        (np.full((2, 3), np.nan), [0, 1], "train_set_x: found values from nan to nan"),
        (np.array([[b"a", b"b"]]), [0], r"train_set_x: found dtype .*, expected numbers"),
    ],
)
def test_wrong_shapes_and_values_are_named(
    tmp_path: Path, x: npt.ArrayLike, y: npt.ArrayLike, message: str
) -> None:
    path = write(tmp_path / "a.h5", train_set_x=x, train_set_y=y, classes=[b"no"])
    with pytest.raises(
        InputError, match=message + ".*; the file holds classes, train_set_x, train_set_y$"
    ):
        load_h5(path)


def test_parts_of_different_features_are_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.h5",
        train_set_x=np.zeros((2, 4, 4, 3)),
        train_set_y=[0, 1],
        test_set_x=np.zeros((1, 12)),
        test_set_y=[0],
    )
    with pytest.raises(
        InputError, match="test_set_x: found 12 values for each image, expected 48, as in train_se"
    ):
        load_h5(path)


@pytest.mark.parametrize("key", ["train_set_x", "train_set_y"])
@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (h5py.SoftLink("/nowhere"), r"cannot be read \(.*\)"),
        (h5py.ExternalLink("nowhere.h5", "/x"), r"cannot be read \(.*\)"),
        (np.dtype(np.float64), "found <HDF5 named type .*>, expected an array"),
        (h5py.Empty("f8"), "found <HDF5 dataset .*shape None.*>, expected an array"),
    ],
)
def test_what_is_no_array_is_named(tmp_path: Path, key: str, thing: object, message: str) -> None:
    entries = {"train_set_x": np.zeros((1, 3)), "train_set_y": [1]} | {key: thing}
    path = write(tmp_path / "a.h5", **entries)
    with pytest.raises(
        InputError, match=f"{key}: {message}; the file holds train_set_x, train_set_y$"
    ):
        load_h5(path)


def test_a_group_in_the_place_of_an_array_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", **{"train_set_x/first": [1], "train_set_y": [1]})
    with pytest.raises(InputError, match="train_set_x: found <HDF5 group .*>, expected an array"):
        load_h5(path)


def test_what_is_no_hdf5_file_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.h5"
    text.write_text("not HDF5")
    with pytest.raises(InputError, match=r"notes\.h5: not a readable HDF5 file"):
        load_h5(text)
    with pytest.raises(InputError, match=r"nothing\.h5: no such file"):
        load_h5(tmp_path / "nothing.h5")
    with pytest.raises(InputError, match="is a folder, expected an HDF5 file"):
        load_h5(tmp_path)
    for unusable in (None, "", b"a.h5", 3):
        with pytest.raises(InputError, match="path: found .*, expected the path of a file"):
            load_h5(unusable)  # type: ignore[arg-type]
    whole = write(tmp_path / "whole.h5", train_set_x=np.zeros((9, 99)), train_set_y=np.zeros(9))
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"cut\.h5: not a readable HDF5 file"):
        load_h5(cut)


def test_without_h5py_the_line_to_paste_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gradproof\[hdf5\]'"):
        load_digits()


def test_the_digits_are_those_of_scikit_learn() -> None:
    source = sklearn_digits()
    digits = load_digits(size=8, channels=1)
    X = np.concatenate([digits["train"].X, digits["test"].X], axis=1)
    Y = np.concatenate([digits["train"].Y, digits["test"].Y], axis=1)
    np.testing.assert_array_equal(np.rint(X * 16), source.data.T)
    np.testing.assert_array_equal(Y[0], source.target == 0)


def test_enlarging_repeats_pixels_and_channels() -> None:
    small = load_digits(size=8, channels=1)["test"].X.reshape(8, 8, -1)
    large = load_digits()["test"].X
    assert large.shape == (12288, 360)
    assert 0.0 <= large.min() < large.max() == 1.0
    image = large.reshape(64, 64, 3, -1)
    for channel in range(3):
        np.testing.assert_array_equal(image[::8, ::8, channel], small)
        np.testing.assert_array_equal(image[7::8, 7::8, channel], small)
    odd = load_digits(size=5, channels=2)["test"].X.reshape(5, 5, 2, -1)
    np.testing.assert_array_equal(odd[4, 0, 1], small[6, 0])


@pytest.mark.parametrize("options", [{"size": 0}, {"size": 8.0}, {"channels": -1}])
def test_sizes_are_checked(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected a whole number, 1 or more"):
        load_digits(**options)
