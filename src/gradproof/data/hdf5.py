"""Reading labelled images from HDF5 files of the classic layout."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError, MissingExtra
from gradproof._base.files import require_file
from gradproof._base.validation import described
from gradproof.data.images import Examples, examples, require_numbers


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
        return examples(os.fspath(path), _keys(file, path), lambda key: _numbers(file, key))


def _opened(path: str | os.PathLike[str]) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("reading HDF5 files", package="h5py", extra="hdf5") from error
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputError(f"path: found {described(path)}, expected the path of a file")
    where = os.fspath(path)
    require_file(where, "an HDF5 file")
    try:
        return h5py.File(where, "r")
    except Exception as error:  # what h5py raises depends on where a file is damaged
        raise InputError(f"{where}: not a readable HDF5 file ({error})") from error


def _keys(file: Any, path: str | os.PathLike[str]) -> list[str]:
    try:
        return sorted(file)
    except Exception as error:  # a damaged directory
        raise InputError(f"{path}: not a readable HDF5 file ({error})") from error


def _numbers(file: Any, key: str) -> npt.NDArray[Any]:
    try:
        _require_its_own(file, key)
        entry = file[key]
        if getattr(entry, "shape", None) is None:  # a group, a named type, a data set of nothing
            raise InputError(f"{key}: found {entry}, expected an array")
        if entry.external or entry.is_virtual:
            raise InputError(
                f"{key}: found data that lie in another file, expected them in this one"
            )
        require_numbers(key, entry.dtype, entry.shape)
        return np.asarray(entry[()])
    except InputError:
        raise
    except Exception as error:  # a link that leads nowhere, a damaged file
        raise InputError(f"{key}: cannot be read ({error})") from error


def _require_its_own(file: Any, key: str) -> None:
    """Raise where a key is a link into another file: what is read is the file that was named."""
    import h5py

    if isinstance(file.get(key, getlink=True), h5py.ExternalLink):
        raise InputError(
            f"{key}: cannot be read (a link into another file: copy the array into this one)"
        )
