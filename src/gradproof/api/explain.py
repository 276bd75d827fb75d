"""The catalogue of causes, as text."""

from gradproof._base.errors import InputError
from gradproof._base.validation import described


def explain(code: str) -> str:
    """Return the page of a cause: what it is, how it shows and comes about, what to do.

    Parameters
    ----------
    code : str
        A code such as ``"GP103"`` or its name, ``"wrong-structure"``, in any case.

    Returns
    -------
    str
        The page, in Markdown.

    Raises
    ------
    InputError
        If there is no such code; the message lists those that there are.

    Notes
    -----
    Costs no evaluation.

    Examples
    --------
    >>> import gradproof as gp
    >>> print(gp.explain("GP103").splitlines()[0])
    # GP103 wrong-structure
    >>> gp.explain("wrong-structure") == gp.explain("GP103")
    True
    """
    from gradproof.judge.causes import CATALOGUE  # imported when used, as in `check`

    names = {cause.name: cause for cause in CATALOGUE.values()}
    cause = None
    if isinstance(code, str):
        cause = CATALOGUE.get(code.upper()) or names.get(code.lower())
    if cause is None:
        raise InputError(
            f"code: found {described(code)}, expected one of {', '.join(sorted(CATALOGUE))}, "
            "or its name"
        )
    return cause.page


def codes() -> dict[str, str]:
    """Return the names of all causes by their codes."""
    from gradproof.judge.causes import CATALOGUE

    return {code: cause.name for code, cause in sorted(CATALOGUE.items())}
