"""Whether a function takes what it will be called with, asked of its signature."""

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gradproof._base.errors import InputError
from gradproof._base.validation import require_callable

_COUNTS = "no argument", "one argument", "two arguments", "three arguments"
_AS_WRITTEN: dict[str, Any] = {}
if sys.version_info >= (3, 14):  # else annotations are evaluated, which may name what is only typed
    import annotationlib

    _AS_WRITTEN["annotation_format"] = annotationlib.Format.STRING


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


def require_function(value: Any, name: str, called: str, *arguments: str, hint: str = "") -> None:
    """Raise unless `value` is a function of these arguments, called by that name."""
    call = f"{called}({', '.join(arguments)})"
    require_callable(value, name, call)
    require_arguments(value, name, call, arguments, hint=hint)


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
