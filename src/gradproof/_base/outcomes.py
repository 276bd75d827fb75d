"""The three outcomes of a check."""

import enum


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
