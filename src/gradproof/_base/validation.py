"""Checks of single values, with messages that name the parameter, what was found and expected."""

import decimal
import math
import numbers
import reprlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.floats import is_real

_REAL_KINDS = "biuf"
_REAL_TYPES = (numbers.Real, decimal.Decimal)
_FLOAT64 = np.dtype(np.float64)


def is_table(value: Any) -> bool:
    """Whether a value is a Series or DataFrame of pandas, or what is like it."""
    try:
        return callable(value.to_numpy) and isinstance(value.shape, tuple)
    except Exception:  # of whatever it is, which is to be described and no more
        return False


def described(value: Any) -> str:
    """Say what a value is in a few words, never a whole array."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if is_table(value):
        return f"a {type(value).__name__} of shape {value.shape}"
    plain = isinstance(value, np.generic) and not isinstance(value, np.bool_)  # which is no bool
    return reprlib.repr(value.item() if plain else value)


def require_detached(value: Any, name: str) -> None:
    """Raise where a tensor of PyTorch lets nobody read its numbers, as it requires a gradient."""
    if getattr(value, "requires_grad", False) is True:
        raise InputError(
            f"{name}: found a tensor that requires a gradient, which NumPy cannot read, expected "
            "an array, as the point has; .detach().numpy() makes one of it"
        )


def require_unmasked(value: Any, name: str) -> None:
    """Raise where some numbers of an array are masked: what is behind a mask is no claim."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        hidden = int(np.ma.getmaskarray(value).sum())
        raise InputError(
            f"{name}: found an array of which {hidden:,} of {value.size:,} numbers are masked, "
            "expected all of them; .filled(0.0) says what they are"
        )


def require_callable(value: object, name: str, signature: str) -> None:
    """Raise unless `value` can be called; `signature` shows how it will be."""
    if not callable(value):
        raise InputError(
            f"{name}: found {described(value)}, expected a function, called as {signature}"
        )


def positive_number(value: object, name: str) -> float:
    """Return `value` as a float, or raise unless it is one number in (0, inf)."""
    number = _real_number(value)
    if number is None or not (math.isfinite(number) and number > 0):
        raise InputError(f"{name}: found {described(value)}, expected a positive, finite number")
    return number


def real_number(value: object, name: str, *, hint: str = "") -> float:
    """Return `value` as a float, or raise unless it is one real number (inf and nan are)."""
    number = _real_number(value)
    if number is None:
        raise InputError(f"{name}: found {described(value)}, expected one real number{hint}")
    return number


def whole_number(value: object, name: str, *, at_least: int) -> int:
    """Return `value` as an int, or raise unless it is a whole number from `at_least` on."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= at_least:
        return int(value)
    raise InputError(
        f"{name}: found {described(value)}, expected a whole number, {at_least} or more"
    )


def real_array(value: object, name: str) -> npt.NDArray[Any]:
    """Return `value` as an array (not a copy where it is one), or raise unless it holds reals."""
    require_unmasked(value, name)
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nesting
        raise InputError(
            f"{name}: found {described(value)}, expected an array of numbers"
        ) from error
    if array.dtype.kind not in _REAL_KINDS:
        raise InputError(
            f"{name}: found {described(value)}, expected an array of real numbers"
            f"{_cure(value, array)}"
        )
    return array


def float64_array(value: object, name: str) -> npt.NDArray[np.float64]:
    """Return `value` in float64 (not a copy where it is so), or raise unless it holds reals."""
    if type(value) is np.ndarray and value.dtype == _FLOAT64:  # the common case of an inner loop
        return value
    array = real_array(value, name)
    with np.errstate(over="ignore"):  # what is beyond float64 is inf
        return array.astype(_FLOAT64, copy=False)


def _cure(value: object, array: npt.NDArray[Any]) -> str:
    if isinstance(value, Iterator):
        return "; list(...) makes one of a generator"
    if array.dtype == object and array.ndim > 0:
        return "; .astype(float) makes one of an array of objects"
    return ""


def _real_number(value: object) -> float | None:
    if isinstance(value, float):  # the common case of an inner loop; np.float64 is one
        return float(value)
    if value is np.ma.masked:  # no value, of which NumPy makes 0
        return math.nan
    try:
        if not isinstance(value, _REAL_TYPES) or isinstance(value, np.generic):
            array = np.asarray(value)
            if array.size != 1 or not (is_real(array.dtype) or array.dtype.kind == "O"):
                return None
            value = array.item()
        return float(value) if isinstance(value, _REAL_TYPES) else None
    except (ValueError, OverflowError):  # ragged nesting; a whole number beyond float64
        return None
