"""Reading labelled images from HDF5 files of the classic layout."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError, MissingExtra
from gradproof._base.validation import described

_PARTS = ("train", "test")
_BRIGHTEST = 255.0


class Examples(NamedTuple):
    """Inputs and labels, one example a column.

    Parameters
    ----------
    X : ndarray of shape (features, m)
        The inputs: float64 in [0, 1].
    Y : ndarray of shape (1, m)
        The labels, float64.

    Examples
    --------
    >>> from gradproof.data import load_digits
    >>> X, Y = load_digits(size=8, channels=1)["test"]
    >>> X.shape, Y.shape
    ((64, 360), (1, 360))
    """

    X: npt.NDArray[np.float64]
    Y: npt.NDArray[np.float64]


def load_h5(path: str | os.PathLike[str]) -> dict[str, Examples]:
    """Read labelled images from an HDF5 file.

    The file holds ``train_set_x`` and ``train_set_y``, or ``test_set_x`` and ``test_set_y``, or
    both pairs: images of shape (m, height, width, channels) or (m, features), labels of shape
    (m,), (1, m) or (m, 1).

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    dict of str to Examples
        ``"train"`` and ``"test"``, whichever the file has. X is (features, m) in [0, 1]: images
        are flattened by rows, one a column; integers, and floats with values above 1, are taken as
        brightness from 0 to 255. Y is (1, m).

    Raises
    ------
    InputError
        If there is no such file, it is no HDF5 file, or it does not have this layout; the message
        names the key and lists what is there.
    MissingExtra
        If h5py is not installed.

    Examples
    --------
    >>> import tempfile, h5py, numpy as np
    >>> from gradproof.data import load_h5
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with h5py.File(f"{folder}/cats.h5", "w") as file:
    ...         file["train_set_x"] = np.full((7, 4, 4, 3), 51, dtype=np.uint8)
    ...         file["train_set_y"] = np.array([0, 1, 0, 1, 0, 1, 0])
    ...     X, Y = load_h5(f"{folder}/cats.h5")["train"]
    >>> X.shape, Y.shape, float(X[0, 0])
    ((48, 7), (1, 7), 0.2)
    """
    images: dict[str, npt.NDArray[Any]] = {}
    labels: dict[str, npt.NDArray[Any]] = {}
    with _opened(path) as file:
        keys = sorted(file)
        for part in _PARTS:
            x_key, y_key = f"{part}_set_x", f"{part}_set_y"
            if x_key not in keys and y_key not in keys:
                continue
            for key in (x_key, y_key):
                if key not in keys:
                    raise InputError(f"{path}: {key} is missing, found {_listed(keys)}")
            images[part] = _numbers(file[x_key], f"{path}: {x_key}")
            labels[part] = _numbers(file[y_key], f"{path}: {y_key}")
    if not images:
        raise InputError(
            f"{path}: train_set_x and test_set_x are both missing, found {_listed(keys)}"
        )
    brightest = max(_brightest(image, f"{path}: {part}_set_x") for part, image in images.items())
    return {
        part: Examples(
            _columns(images[part], f"{path}: {part}_set_x") / brightest,
            _label_row(labels[part], len(images[part]), f"{path}: {part}_set_y"),
        )
        for part in images
    }


def _opened(path: str | os.PathLike[str]) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("reading HDF5 files", package="h5py", extra="hdf5") from error
    try:
        where = Path(path)
    except TypeError:
        raise InputError(f"path: found {described(path)}, expected the path of a file") from None
    if not where.is_file():
        raise InputError(f"{where}: no such file")
    try:
        return h5py.File(where, "r")
    except OSError as error:
        raise InputError(f"{where}: not a readable HDF5 file ({error})") from error


def _listed(keys: list[str]) -> str:
    return ", ".join(keys) if keys else "an empty file"


def _numbers(entry: Any, name: str) -> npt.NDArray[Any]:
    if not hasattr(entry, "shape"):
        raise InputError(f"{name}: found a group ({_listed(sorted(entry))}), expected an array")
    try:
        array = np.asarray(entry[()])
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: found dtype {array.dtype}, expected numbers")
    return array


def _brightest(image: npt.NDArray[Any], name: str) -> float:
    """Return the value that stands for 1.0, or raise where the values are no brightness."""
    if image.size == 0:
        raise InputError(f"{name}: found shape {image.shape}, expected at least one image")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= _BRIGHTEST):  # NaN as well
        raise InputError(
            f"{name}: found values from {low:g} to {high:g}, expected brightness from 0 to 255"
        )
    return _BRIGHTEST if image.dtype.kind in "iu" or high > 1 else 1.0


def _columns(image: npt.NDArray[Any], name: str) -> npt.NDArray[np.float64]:
    if image.ndim not in (2, 4):
        raise InputError(
            f"{name}: found shape {image.shape}, "
            "expected (m, height, width, channels) or (m, features)"
        )
    return np.ascontiguousarray(image.reshape(len(image), -1).T, dtype=np.float64)


def _label_row(label: npt.NDArray[Any], m: int, name: str) -> npt.NDArray[np.float64]:
    if label.shape not in ((m,), (1, m), (m, 1)):
        raise InputError(
            f"{name}: found shape {label.shape}, expected {m} labels, one for each image"
        )
    return label.reshape(1, m).astype(np.float64)
