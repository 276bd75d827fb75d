"""Reading labelled images from HDF5 files of the classic layout."""

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError, MissingExtra
from gradproof._base.validation import described, listed

_PARTS = ("train", "test")
_BRIGHTEST = 255.0
# Images scaled to [0, 1] elsewhere may end a rounding error above 1.
_ROUNDING = 1e-6


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
        are flattened by rows, one a column, and white is 1. White is 255, or 1 where no value of
        the file's images is above 1 (those of integers and those of floats each for themselves).
        Y is (1, m).

    Raises
    ------
    InputError
        If there is no such file, it is no HDF5 file, or it does not have this layout; the message
        names the key and lists what is there.
    MissingExtra
        If h5py is not installed.

    Notes
    -----
    Reads every image once, and takes 8 bytes for each of its values.

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
    with _opened(path) as file:
        keys = sorted(file)
        try:
            return _examples(file, keys)
        except InputError as error:
            raise InputError(
                f"{path}: {error}; the file holds {listed(keys, len(keys))}"
            ) from error.__cause__


def _examples(file: Any, keys: list[str]) -> dict[str, Examples]:
    images: dict[str, npt.NDArray[Any]] = {}
    labels: dict[str, npt.NDArray[Any]] = {}
    for part in _PARTS:
        x_key, y_key = f"{part}_set_x", f"{part}_set_y"
        missing = [key for key in (x_key, y_key) if key not in keys]
        if len(missing) == 1:
            raise InputError(f"{missing[0]} is missing")
        if not missing:
            images[part] = _flat_images(_numbers(file, x_key), x_key)
            labels[part] = _label_row(_numbers(file, y_key), len(images[part]), y_key)
    if not images:
        raise InputError("train_set_x and test_set_x are both missing")
    features = [image.shape[1] for image in images.values()]
    if features[0] != features[-1]:
        raise InputError(
            f"test_set_x: found {features[1]} values for each image, expected {features[0]}, "
            "as in train_set_x"
        )
    return {
        part: Examples(_columns(image, _white(image, images.values())), labels[part])
        for part, image in images.items()
    }


def _opened(path: str | os.PathLike[str]) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("reading HDF5 files", package="h5py", extra="hdf5") from error
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputError(f"path: found {described(path)}, expected the path of a file")
    where = os.fspath(path)
    try:
        if os.path.isdir(where):
            raise InputError(f"{where}: is a folder, expected an HDF5 file")
        if not os.path.exists(where):
            raise InputError(f"{where}: no such file")
        return h5py.File(where, "r")
    except OSError as error:
        raise InputError(f"{where}: not a readable HDF5 file ({error})") from error


def _numbers(file: Any, key: str) -> npt.NDArray[Any]:
    try:
        entry = file[key]
        if getattr(entry, "shape", None) is None:  # a group, a named type, a data set of nothing
            raise InputError(f"{key}: found {entry}, expected an array")
        array = np.asarray(entry[()])
    except (KeyError, OSError) as error:  # a link that leads nowhere, a damaged file
        raise InputError(f"{key}: cannot be read ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{key}: found dtype {array.dtype}, expected numbers")
    return array


def _flat_images(image: npt.NDArray[Any], key: str) -> npt.NDArray[Any]:
    """Return the images as rows, or raise where they are none."""
    if image.ndim not in (2, 4):
        raise InputError(
            f"{key}: found shape {image.shape}, "
            "expected (m, height, width, channels) or (m, features)"
        )
    if image.size == 0:
        raise InputError(
            f"{key}: found shape {image.shape}, expected at least one image of at least one value"
        )
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= _BRIGHTEST):  # NaN as well
        raise InputError(
            f"{key}: found values from {low:g} to {high:g}, expected brightness from 0 to 255"
        )
    return image.reshape(len(image), -1)


def _white(image: npt.NDArray[Any], images: Iterable[npt.NDArray[Any]]) -> float:
    """Return the value that stands for 1: that of all images of the kind of `image`."""
    floats = image.dtype.kind == "f"
    largest = max(float(other.max()) for other in images if (other.dtype.kind == "f") == floats)
    return 1.0 if largest <= 1 + _ROUNDING else _BRIGHTEST


def _columns(image: npt.NDArray[Any], white: float) -> npt.NDArray[np.float64]:
    return np.minimum(np.ascontiguousarray(image.T, dtype=np.float64) / white, 1.0)


def _label_row(label: npt.NDArray[Any], m: int, key: str) -> npt.NDArray[np.float64]:
    if label.shape not in ((m,), (1, m), (m, 1)):
        raise InputError(
            f"{key}: found shape {label.shape}, expected {m} labels, one for each image"
        )
    row = label.reshape(1, m).astype(np.float64)
    if not np.isfinite(row).all():
        raise InputError(f"{key}: found labels that are not finite, expected numbers")
    return row
