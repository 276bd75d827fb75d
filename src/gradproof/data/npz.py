"""Reading labelled images from archives of NumPy, of the same layout as HDF5 files."""

import os
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.files import require_file
from gradproof._base.memory import require_memory
from gradproof._base.validation import described
from gradproof.data.images import Examples, examples, require_numbers

_METHODS = {0, 8}  # of zipfile, stored and deflated: those of numpy.savez


def load_npz(path: str | os.PathLike[str]) -> dict[str, Examples]:
    """Read labelled images from an archive of NumPy.

    The layout is that of :func:`load_h5`: ``train_set_x`` and ``train_set_y``, or ``test_set_x``
    and ``test_set_y``, or both pairs.

    Parameters
    ----------
    path : str or path-like
        The file, as `numpy.savez` and `numpy.savez_compressed` write it.

    Returns
    -------
    dict of str to Examples
        As :func:`load_h5` does: ``"train"`` and ``"test"``, X of shape (features, m) in [0, 1] and
        Y of shape (1, m), both float64.

    Raises
    ------
    InputError
        If there is no such file, it is no archive of NumPy, or it does not have this layout; the
        message names the key and lists what is there. Arrays of objects are refused, as they would
        be read by pickle, which runs what it reads.

    See Also
    --------
    load_h5 : The same for HDF5 files.

    Notes
    -----
    Reads every image once, and takes 8 bytes for each of its values.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from gradproof.data import load_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     x, y = np.full((7, 4, 4, 3), 51, dtype=np.uint8), [0, 1, 0, 1, 0, 1, 0]
    ...     np.savez(f"{folder}/cats.npz", train_set_x=x, train_set_y=y)
    ...     X, Y = load_npz(f"{folder}/cats.npz")["train"]
    >>> X.shape, Y.shape, float(X[0, 0])
    ((48, 7), (1, 7), 0.2)
    """
    if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
        raise InputError(f"path: found {described(path)}, expected the path of a file")
    where = os.fspath(path)
    require_file(where, "an archive of NumPy")
    with _opened(where) as file, _archive(file, where) as archive:
        return examples(where, sorted(archive.files), lambda key: _numbers(archive, key))


def _opened(where: str) -> IO[bytes]:
    try:
        return open(where, "rb")
    except OSError as error:
        raise InputError(f"{where}: not a readable archive of NumPy ({error})") from error


def _archive(file: IO[bytes], where: str) -> Any:
    try:
        archive = np.load(file, allow_pickle=False)
    # zipfile, zlib and the parser of headers have no exception in common.
    except Exception as error:
        raise InputError(f"{where}: not a readable archive of NumPy ({error})") from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise InputError(f"{where}: found a single array, expected an archive of numpy.savez")
    return archive


def _numbers(archive: Any, key: str) -> npt.NDArray[Any]:
    try:
        members = [one for one in archive.zip.infolist() if one.filename in (key, f"{key}.npy")]
        if len(members) != 1 or members[0].compress_type not in _METHODS:
            raise ValueError("it is there twice, or by another method than numpy.savez has")
        size = members[0].file_size
        require_memory(size, key, f"{size:,} bytes")
        array = archive[key]
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{key}: cannot be read ({error})") from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{key}: found {described(array)}, expected an array")
    require_numbers(key, array.dtype, array.shape)
    return array
