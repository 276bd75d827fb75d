"""Every component of tensors as data: packed as text, and no more than can be looked at."""

import base64
import binascii
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.memory import bytes_of, require_memory
from gradproof._base.validation import described
from gradproof.judge.folding import most_of_each, worst_places
from gradproof.judge.parts import TensorValues

_PARTS = ("claimed", "measured", "bar")
_MOST = 2**32  # no tensor of which components were measured one by one has as many
_KEYS = {"address", "path", "shape", "place", *_PARTS}


def packed(tensors: Sequence[TensorValues]) -> Iterator[dict[str, Any]]:
    """Yield each tensor as data; `place` where only some components are kept."""
    most = most_of_each(tensor.claimed.size for tensor in tensors)
    for tensor in tensors:
        place = None if tensor.claimed.size <= most else _worst_places(tensor, most)
        parts = {name: getattr(tensor, name).ravel() for name in _PARTS}
        kept = parts if place is None else {name: part[place] for name, part in parts.items()}
        yield {
            "address": tensor.address,
            "path": tensor.path,
            "shape": list(tensor.shape),
            "place": None if place is None else as_base64(place.astype("<i8")),
            **{name: as_base64(part.astype("<f8")) for name, part in kept.items()},
        }


def unpacked(data: Any, path: tuple[Any, ...], name: str, *, others: int = 0) -> TensorValues:
    """Return the tensor that data describes; NaN at components that were not kept.

    `others` is how many components there are of tensors beside it.
    """
    if not isinstance(data, Mapping) or set(data) != _KEYS:
        raise InputError(f"{name}: found {described(data)}, expected the keys of a packed tensor")
    shape = data["shape"]
    sizes = isinstance(shape, (list, tuple)) and all(type(n) is int and n >= 0 for n in shape)
    if not sizes or math.prod(shape) >= _MOST:
        raise InputError(f"{name}.shape: found {described(shape)}, expected a list of sizes")
    size = math.prod(shape)
    needed = len(_PARTS) * bytes_of([size + others])
    require_memory(needed, f"{name}.shape", described(shape))
    place: Any = slice(None)
    if data["place"] is not None:
        place = _numbers(data["place"], "<i8", f"{name}.place")
        if not np.all((place >= 0) & (place < size)):
            raise InputError(f"{name}.place: found places outside of the shape {tuple(shape)}")
    expected = size if data["place"] is None else place.size
    parts = {}
    for part in _PARTS:
        values = _numbers(data[part], "<f8", f"{name}.{part}")
        if values.size != expected:
            raise InputError(f"{name}.{part}: found {values.size:,} numbers, expected {expected:,}")
        parts[part] = np.full(size, np.nan)
        parts[part][place] = values
        parts[part] = parts[part].reshape(shape)
    address = data["address"]
    if not isinstance(address, str):
        raise InputError(f"{name}.address: found {described(address)}, expected a text")
    return TensorValues(address, path, tuple(shape), **parts)


def _worst_places(tensor: TensorValues, most: int) -> npt.NDArray[np.int64]:
    place = worst_places(tensor.claimed - tensor.measured, tensor.bar, most)
    return place[place < tensor.claimed.size]


def as_base64(values: npt.NDArray[Any]) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(values.tobytes()).decode("ascii")


def _numbers(data: Any, kind: str, name: str) -> npt.NDArray[Any]:
    try:
        return np.frombuffer(base64.b64decode(data, validate=True), dtype=kind)
    except (TypeError, ValueError, binascii.Error):
        raise InputError(f"{name}: found {described(data)}, expected packed numbers") from None
