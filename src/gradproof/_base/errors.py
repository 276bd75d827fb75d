"""What gradproof raises: errors of its own, each written for the person who reads it.

The classes say that they live in ``gradproof``, where users import them and tracebacks show them.
"""

import functools
from typing import Any

from gradproof._base.text import printable

__all__ = ["GradproofError", "InputError", "JournalError", "MissingExtra"]


class GradproofError(Exception):
    """Base class of every error that gradproof raises.

    Examples
    --------
    >>> import gradproof as gp
    >>> try:
    ...     gp.numerical_gradient("sin", 1.0)
    ... except gp.GradproofError as error:
    ...     print(type(error).__name__)
    InputError
    """

    __module__ = "gradproof"

    def __str__(self) -> str:
        # Messages name keys and files, which may hold what a terminal obeys.
        return printable(super().__str__())


class InputError(GradproofError, ValueError):
    """An argument cannot be understood; the message names it and says what was expected.

    Examples
    --------
    >>> import gradproof as gp
    >>> gp.numerical_gradient(abs, 1.0, h=0.0)
    Traceback (most recent call last):
        ...
    gradproof.InputError: h: found 0.0, expected a positive, finite number
    """

    __module__ = "gradproof"


class JournalError(InputError):
    """A journal is none, belongs to another check, or cannot be used; the message says which.

    Examples
    --------
    >>> import gradproof as gp
    >>> try:
    ...     gp.check(abs, lambda x: 1.0, 2.0, journal="no/such/folder/run.gp")
    ... except gp.JournalError as error:
    ...     print(str(error).partition(" (")[0])
    journal: found 'no/such/folder/run.gp', no file that can be written
    """

    __module__ = "gradproof"


class MissingExtra(GradproofError, ImportError):
    """An optional dependency is not installed; the message is the line to paste.

    Parameters
    ----------
    needed_for : str
        What the dependency is needed for, as the subject of a sentence.
    package : str
        The package that could not be imported.
    extra : str
        The extra of gradproof that brings it.

    Examples
    --------
    >>> from gradproof import MissingExtra
    >>> print(MissingExtra("reading HDF5 files", package="h5py", extra="hdf5"))
    reading HDF5 files needs h5py, which is not installed: pip install 'gradproof[hdf5]'
    """

    __module__ = "gradproof"

    def __init__(self, needed_for: str, *, package: str, extra: str) -> None:
        super().__init__(
            f"{needed_for} needs {package}, which is not installed: "
            f"pip install 'gradproof[{extra}]'"
        )
        self._arguments = {"needed_for": needed_for, "package": package, "extra": extra}

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is unpickled from its positional arguments alone.
        return functools.partial(type(self), **self._arguments), ()
