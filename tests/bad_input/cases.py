"""A malformed call or file, and what its refusal has to say."""

import reprlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradproof as gp


class Case(NamedTuple):
    """A call that has to be refused; `says` are parts of its message: where, found, what to do."""

    name: str
    call: Callable[[], object]
    says: tuple[str, ...]
    error: type[gp.GradproofError] = gp.InputError


def shown(value: object) -> str:
    """Return the beginning of what a message shows of a value."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return reprlib.repr(value.item() if isinstance(value, np.generic) else value)[:20]


def of_option(
    name: str, call: Callable[[Any], object], expected: str, values: Iterable[object]
) -> list[Case]:
    """Return a case for each value: it is refused by the name of the option."""
    return [
        Case(
            f"{name}={reprlib.repr(value)}",
            lambda value=value: call(value),
            (f"{name}: found {shown(value)}", expected),
        )
        for value in values
    ]


def by_name(cases: Iterable[Case]) -> list[Any]:
    """Return the cases as parameters of a test."""
    return [pytest.param(case, id=f"{number}-{case.name}") for number, case in enumerate(cases)]


def refused(case: Case) -> None:
    """Assert that a call is refused by an error of ours that says all of it, in printable words."""
    with pytest.raises(gp.GradproofError) as raised:
        case.call()
    message = str(raised.value)
    assert type(raised.value) is case.error, message
    for part in case.says:
        assert part in message
    assert message.replace("\n", "").isprintable()
    assert len(message) < 10_000
