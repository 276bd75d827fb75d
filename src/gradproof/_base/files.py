"""Files that are read and written: none that waits for somebody else, or has no end."""

import os
import stat

from gradproof._base.errors import InputError


def require_file(path: str, expected: str) -> None:
    """Raise unless there is a file, no folder, pipe or device; `expected` says of what."""
    mode = _mode(path, expected)
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: is a folder, expected {expected}")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is a pipe or a device, expected {expected}")


def text_of(path: str, expected: str) -> str:
    """Return the text of a file, or of a pipe that is written to; `expected` says of what."""
    mode = _mode(path, expected)
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        require_file(path, expected)
    try:
        # A pipe that nobody writes to is at its end, and not waited for.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as file:
            if stat.S_ISFIFO(mode):
                os.set_blocking(handle, True)
            return file.read().decode("utf-8")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}), expected {expected}"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: found no text, expected {expected}") from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file, or into a pipe that is read from; OSError says why that is not possible."""
    with open(path, "w", encoding="utf-8", opener=_open_for_writing) as file:
        file.write(text)


def _open_for_writing(path: str, flags: int) -> int:
    # Nobody is waited for who reads from a pipe.
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        os.set_blocking(handle, True)
    return handle


def _mode(path: str, expected: str) -> int:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: no such file, expected {expected}") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}), expected {expected}"
        ) from None
    except ValueError:  # a zero byte
        raise InputError(f"{path}: found no name of a file, expected {expected}") from None
