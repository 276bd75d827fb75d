"""The layout of labelled images, in whatever file they are; what is none is named."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.memory import bytes_of, require_memory
from gradproof._base.phrases import listed

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


def examples(
    path: str, keys: Sequence[str], read: Callable[[str], npt.NDArray[Any]]
) -> dict[str, Examples]:
    """Return the examples of a file with these keys; `read` returns the array under one of them."""
    try:
        return _examples(read, keys)
    except InputError as error:
        raise InputError(
            f"{path}: {error}; the file holds {listed(keys, len(keys))}"
        ) from error.__cause__


def require_numbers(key: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Raise unless an array that is about to be read is of numbers, and not too large."""
    if dtype.kind not in "biuf":
        raise InputError(f"{key}: found dtype {dtype}, expected numbers")
    require_memory(bytes_of(shape), key, f"shape {shape}")


def _examples(read: Callable[[str], npt.NDArray[Any]], keys: Sequence[str]) -> dict[str, Examples]:
    images: dict[str, npt.NDArray[Any]] = {}
    labels: dict[str, npt.NDArray[Any]] = {}
    for part in _PARTS:
        x_key, y_key = f"{part}_set_x", f"{part}_set_y"
        missing = [key for key in (x_key, y_key) if key not in keys]
        if len(missing) == 1:
            raise InputError(f"{missing[0]} is missing")
        if not missing:
            images[part] = _flat_images(read(x_key), x_key)
            labels[part] = _label_row(read(y_key), len(images[part]), y_key)
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
