"""Checks of single values, with messages that name the parameter, what was found and expected."""

import decimal
import inspect
import math
import numbers
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.errors import InputError
from gradproof._base.floats import is_real

_REAL_KINDS = "biuf"
_REAL_TYPES = (numbers.Real, decimal.Decimal)
_FLOAT64 = np.dtype(np.float64)
_COUNTS = "no argument", "one argument", "two arguments", "three arguments"
_AS_WRITTEN: dict[str, Any] = {}
if sys.version_info >= (3, 14):  # else annotations are evaluated, which may name what is only typed
    import annotationlib

    _AS_WRITTEN["annotation_format"] = annotationlib.Format.STRING


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


def require_arguments(
    function: Callable[..., Any],
    name: str,
    call: str,
    given: Sequence[object],
    named: Iterable[str] = (),
    *,
    hint: str = "",
) -> None:
    """Raise if a function does not take what it is called with; `call` shows how it will be.

    `hint` tells of a function that takes more than that, by place, what to do about it.
    What it raises itself once it is called is its own affair, and so is what tells no signature.
    """
    signature = own_signature_of(function)
    if signature is None or _takes(signature, given, named):
        return
    by_place = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    taken = sum(one.kind in by_place for one in signature.parameters.values())
    hint = hint if taken > len(given) else ""
    raise InputError(
        f"{name}: found a function of {_without_values(signature)}, but it is called with "
        f"{_count_of(given)}, {call}{hint}"
    )


def note_arguments(
    error: TypeError, function: Callable[..., Any], name: str, call: str, given: Sequence[object]
) -> None:
    """Say in a note where a function wraps another one that does not take what it was called with.

    Whether that is what raised the error, only its wrapper knows.
    """
    signature = signature_of(function)
    if signature is not None and not _takes(signature, given):
        error.add_note(
            f"gradproof: {name} wraps a function of {_without_values(signature)}, and is called "
            f"with {_count_of(given)}, {call}"
        )


def own_signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return what a function itself takes: a wrapper may add arguments, or take some apart.

    Compiled ones tell no signature; they take what the function takes that they are made of.
    """
    return signature_of(function, follow_wrapped=False) or signature_of(function)


def signature_of(
    function: Callable[..., Any], *, follow_wrapped: bool = True
) -> inspect.Signature | None:
    """Return the signature of a function, or of what it wraps; None where it tells none."""
    try:
        return inspect.signature(function, follow_wrapped=follow_wrapped, **_AS_WRITTEN)
    except Exception:  # builtins have none, and an object may raise whatever it is asked for
        return None


def _takes(
    signature: inspect.Signature, given: Sequence[object], named: Iterable[str] = ()
) -> bool:
    try:
        signature.bind(*given, **dict.fromkeys(named))
    except TypeError:
        return False
    return True


def _count_of(given: Sequence[object]) -> str:
    return _COUNTS[len(given)] if len(given) < len(_COUNTS) else f"{len(given)} arguments"


class _Elided:
    def __repr__(self) -> str:
        return "…"


def _without_values(signature: inspect.Signature) -> inspect.Signature:
    """Return a signature without annotations and default values, of which any may be large."""
    parameters = [
        one.replace(
            annotation=one.empty, default=one.empty if one.default is one.empty else _Elided()
        )
        for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters, return_annotation=signature.empty)


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
