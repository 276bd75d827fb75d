"""Checks of single values, with messages that name the parameter, what was found and expected."""

import math
import reprlib
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError

_REAL_KINDS = "biuf"


def described(value: object) -> str:
    """Say what a value is in a few words, never a whole array."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return reprlib.repr(value)


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
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nesting
        raise InputError(
            f"{name}: found {described(value)}, expected an array of numbers"
        ) from error
    if array.dtype.kind not in _REAL_KINDS:
        raise InputError(f"{name}: found {described(value)}, expected an array of real numbers")
    return array


def _real_number(value: object) -> float | None:
    if type(value) is float:  # the common case of an inner loop
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.size != 1 or array.dtype.kind not in _REAL_KINDS:
        return None
    return float(array.item())
