"""What gradproof raises: errors of its own, each written for the person who reads it."""

__all__ = ["GradproofError", "InputError", "MissingExtra"]


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


class InputError(GradproofError, ValueError):
    """An argument cannot be understood; the message names it and says what was expected.

    Examples
    --------
    >>> import gradproof as gp
    >>> gp.numerical_gradient(abs, 1.0, h=0.0)
    Traceback (most recent call last):
        ...
    gradproof._base.errors.InputError: h: found 0.0, expected a positive, finite number
    """


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

    def __init__(self, needed_for: str, *, package: str, extra: str) -> None:
        super().__init__(
            f"{needed_for} needs {package}, which is not installed: "
            f"pip install 'gradproof[{extra}]'"
        )
