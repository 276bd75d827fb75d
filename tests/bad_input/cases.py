"""A malformed call or file, and what its refusal has to say."""

import os
import re
import reprlib
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradproof as gp


class Case(NamedTuple):
    """A call that has to be refused; `says` are parts of its message: where, found, what to do."""

    name: str
    call: Any  # without arguments
    says: tuple[str, ...]
    error: type[gp.GradproofError] = gp.InputError


def shown(value: object) -> str:
    """Return the beginning of what a message shows of a value."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return reprlib.repr(value.item() if isinstance(value, np.generic) else value)[:20]


def of_option(name: str, call: Any, expected: str, values: Iterable[object]) -> list[Case]:
    """Return a case for each value: it is refused by the name of the option."""
    return [
        Case(
            f"{name}={reprlib.repr(value)}",
            lambda value=value: call(value),
            (f"{name}: found {shown(value)}", expected),
        )
        for value in values
    ]


def by_name(cases: Iterable[Any]) -> list[Any]:
    """Return the cases as parameters of a test, of which no name has an address in memory."""
    named = ((case, re.sub(r"x[0-9a-f]{3,}", "x", case.name)) for case in cases)
    return [pytest.param(case, id=f"{number}-{name}") for number, (case, name) in enumerate(named)]


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


class FileCase(NamedTuple):
    """A file that has to be refused: what makes it at a path, and what is said of it."""

    name: str
    make: Any  # its bytes, or what is called with the path
    says: tuple[str, ...]

    def at(self, path: Path) -> Path:
        """Make the file; return its path."""
        if isinstance(self.make, bytes):
            path.write_bytes(self.make)
        else:
            self.make(path)
        return path


def no_files(expected: str) -> list[FileCase]:
    """Return what is no file, which nobody waits for."""
    return [
        FileCase("nothing", lambda path: None, ("no such file", expected)),
        FileCase("a-folder", Path.mkdir, ("folder", expected)),
        FileCase("a-pipe", os.mkfifo, ()),
        FileCase("a-device-without-end", lambda p: p.symlink_to("/dev/zero"), ("device", expected)),
        FileCase("a-device-of-nothing", lambda p: p.symlink_to("/dev/null"), ("device", expected)),
        FileCase("a-link-to-itself", lambda p: p.symlink_to(p), ("symbolic links", expected)),
        FileCase("a-link-to-nothing", lambda p: p.symlink_to("gone"), ("no such file", expected)),
        FileCase("a-socket", _socket, ("device", expected)),
    ]


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # by a short name, as those of sockets have to be
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
