"""The handwritten digits that come with gradproof."""

import os

import numpy as np
import numpy.typing as npt

from gradproof._base.memory import bytes_of, require_memory
from gradproof._base.validation import whole_number
from gradproof.data.hdf5 import load_h5
from gradproof.data.images import Examples

_SIDE = 8
_IMAGES = 1797


def load_digits(size: int = 64, channels: int = 3) -> dict[str, Examples]:
    """Load 1,797 handwritten digits, labelled 1 where the digit is a 0.

    The images are those of the UCI repository (8 × 8 pixels, CC BY 4.0; see
    ``gradproof/data/digits.LICENSE.md``), enlarged by repeating pixels.

    Parameters
    ----------
    size : int, default 64
        Height and width of an image in pixels.
    channels : int, default 3
        How often every pixel is repeated, as the colours of a grey image: 64 × 64 × 3 gives the
        12,288 features of the classic network.

    Returns
    -------
    dict of str to Examples
        ``"train"`` (1,437 images) and ``"test"`` (360): X of shape (size · size · channels, m) in
        [0, 1], Y of shape (1, m). The default takes 12,288 × 1,797 × 8 bytes = 177 MB.

    Raises
    ------
    InputError
        If `size` or `channels` is no positive whole number, or there is no memory for such images.
    MissingExtra
        If h5py is not installed.

    Notes
    -----
    Reads the file that comes with gradproof, on every call. Source: Alpaydin & Kaynak, *Optical
    Recognition of Handwritten Digits*, UCI Machine Learning Repository (1998),
    doi:10.24432/C50P49.

    Examples
    --------
    >>> from gradproof.data import load_digits
    >>> X, Y = load_digits(size=16, channels=1)["train"]
    >>> X.shape, Y.shape, int(Y.sum())
    ((256, 1437), (1, 1437), 143)
    """
    size = whole_number(size, "size", at_least=1)
    channels = whole_number(channels, "channels", at_least=1)
    shape = (size, size, channels, _IMAGES)
    require_memory(2 * bytes_of(shape), "size, channels", f"images of {shape[:3]}")
    parts = load_h5(os.path.join(os.path.dirname(__file__), "digits.h5"))
    return {name: Examples(_enlarged(X, size, channels), Y) for name, (X, Y) in parts.items()}


def _enlarged(X: npt.NDArray[np.float64], size: int, channels: int) -> npt.NDArray[np.float64]:
    nearest = np.arange(size) * _SIDE // size
    images = X.reshape(_SIDE, _SIDE, -1)[nearest][:, nearest]
    return np.repeat(images[:, :, np.newaxis], channels, axis=2).reshape(-1, X.shape[1])
