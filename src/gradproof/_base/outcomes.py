"""The three outcomes of a check."""

import enum
from collections.abc import Collection


class Verdict(enum.StrEnum):
    """The outcome of a check, of a leaf or of a component; equal to its own name in lower case.

    Examples
    --------
    >>> from gradproof import Verdict
    >>> Verdict.PASS == "pass"
    True
    """

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


def overall(verdicts: Collection[Verdict]) -> Verdict:
    """Return the verdict on a whole from those on its parts."""
    if Verdict.FAIL in verdicts:
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in verdicts else Verdict.PASS
