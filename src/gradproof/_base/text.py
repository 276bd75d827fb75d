"""Words of users where they are shown: they move no cursor, and give no server a command."""

import re
from typing import Any, TextIO

# Lines of a log that servers take for commands of their own: GitHub's, which may be indented, and
# those of it, Azure and TeamCity that begin with two signs, which may stand anywhere.
_COMMAND = re.compile(r"(?m)(?P<colon>^[^\S\n]*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))")


def printable(words: str) -> str:
    """Return words with control characters written out; line breaks stay."""
    if words.replace("\n", "").isprintable():  # nearly always, and quickly seen
        return words
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in words)


def inert(text: str) -> str:
    r"""Return text of which no line is a command for a server; the first sign is written out.

    Names may hold anything, and any part of them may come to stand at the beginning of a line.

    Examples
    --------
    >>> print(inert("  ::error::of a name, as in file.py::name"))
      \x3a:error::of a name, as in file.py::name
    """
    return _COMMAND.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    return r"\x23" if found["colon"] is None else found["colon"] + r"\x3a"


class InertStream:
    """A stream on which nothing that is written in whole lines gives a command."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text; return how much of it there was."""
        self._stream.write(inert(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
