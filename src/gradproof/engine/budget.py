"""What a check may spend: evaluations, seconds, and the patience of the user."""

import contextlib
import math
import re
import time
from collections.abc import Iterator

from gradproof._base.errors import InputError
from gradproof._base.phrases import counted
from gradproof._base.validation import described, whole_number

# No more digits than anybody needs: Python reads no number of thousands.
_COUNT = r"0*[1-9][0-9]{0,17}"
_TIME = r"\s*([0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})\s*([a-z]+)\s*"
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


class Spent(BaseException):
    """Nothing more is to be evaluated: what is measured ends here. Never leaves the engine.

    No `Exception`, as Ctrl-C is none: f is not to blame, nor may what catches whatever f raises
    go on.
    """


class Budget:
    """Counts evaluations, and says when it is enough.

    Parameters
    ----------
    evaluations : int, optional
        How many there may be.
    seconds : float, optional
        How long they may take, from the first on; what is running then is not cut off.
    kept_back : int, default 1
        How many of the evaluations are not allowed: the look at the point that ends most checks.
    """

    def __init__(
        self, evaluations: int | None = None, seconds: float | None = None, kept_back: int = 1
    ) -> None:
        self._evaluations = math.inf if evaluations is None else evaluations
        self._most = self._evaluations - kept_back
        self._seconds = math.inf if seconds is None else seconds
        self._end: float | None = None
        self.why = ""  # it has ended, in words
        self.interrupted = False  # by Ctrl-C
        self.count = 0
        self.clock = time.monotonic  # processes that go together have one

    @property
    def is_spent(self) -> bool:
        """Whether evaluations were refused, or the user has interrupted them."""
        return bool(self.why)

    def allow(self, wanted: int) -> int:
        """Return how many of some evaluations may be done now, one at least, or raise `Spent`."""
        if not self.why and self.count >= self._most:
            budget = counted(int(self._evaluations), "evaluation")
            self.why = f"its budget of {budget} was spent"
        if self._end is None:
            self._end = self.clock() + self._seconds
        if not self.why and self.clock() >= self._end:
            self.why = f"its budget of {self._seconds:g} s was spent"
        if self.why:
            raise Spent(self.why)
        return int(min(wanted, self._most - self.count))

    def take_one(self) -> None:
        """Count one evaluation that is about to be done, or raise `Spent`."""
        self.allow(1)
        self.count += 1

    @property
    def note(self) -> str:
        """Says after how many evaluations a check ended, and why."""
        return f"the check ended after {counted(self.count, 'evaluation')}: {self.why}"

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Go on behind the block when nothing more may be evaluated in it; Ctrl-C ends it, too."""
        try:
            yield
        except Spent as spent:  # maybe that of another one, which f counts by
            self.why = str(spent)
        except KeyboardInterrupt:
            if self.why:  # the second time at once
                raise
            self.why, self.interrupted = "it was interrupted", True


def budget_of(given: int | str | None, kept_back: int = 1) -> Budget:
    """Return what may be spent: evaluations, a time such as ``"30s"``, or anything."""
    if given is None:
        return Budget()
    if not isinstance(given, str):
        return Budget(whole_number(given, "budget", at_least=1), kept_back=kept_back)
    if re.fullmatch(_COUNT, given):
        return Budget(int(given), kept_back=kept_back)
    found = re.fullmatch(_TIME, given, re.ASCII)
    if found is None or found[2] not in _SECONDS or not float(found[1]):
        raise InputError(
            f"budget: found {described(given)}, expected a number of evaluations, or a time such "
            "as '30s', '5min' or '1h'"
        )
    return Budget(seconds=float(found[1]) * _SECONDS[found[2]])
