"""What a check may spend: evaluations, seconds, and the patience of the user."""

import contextlib
import math
import time
from collections.abc import Iterator

from gradproof.judge.headline import counted
from gradproof.judge.run import INTERRUPTED


class Spent(Exception):
    """Nothing more is to be evaluated: what is measured ends here. Never leaves the engine."""


class Budget:
    """Counts evaluations, and says when it is enough.

    One evaluation is kept back, for the look at the point that ends every check.

    Parameters
    ----------
    evaluations : int, optional
        How many there may be.
    seconds : float, optional
        How long they may take, from the first on; what is running then is not cut off.
    """

    def __init__(self, evaluations: int | None = None, seconds: float | None = None) -> None:
        self._most = math.inf if evaluations is None else evaluations - 1
        self._seconds = math.inf if seconds is None else seconds
        self._end: float | None = None
        self._why = ""
        self.count = 0

    @property
    def is_spent(self) -> bool:
        """Whether evaluations were refused, or the user has interrupted them."""
        return bool(self._why)

    @property
    def why(self) -> str:
        """What has ended the check, in words."""
        return self._why

    def allow(self, wanted: int) -> int:
        """Return how many of some evaluations may be done now, one at least, or raise `Spent`."""
        if not self._why and self.count >= self._most:
            budget = counted(int(self._most) + 1, "evaluation")
            self._why = f"its budget of {budget} was spent"
        if self._end is None:
            self._end = time.monotonic() + self._seconds
        if not self._why and time.monotonic() >= self._end:
            self._why = f"its budget of {self._seconds:g} s was spent"
        if self._why:
            raise Spent(self._why)
        return int(min(wanted, self._most - self.count))

    def interrupt(self) -> None:
        """Refuse all that follows: the user wants an end."""
        self._why = self._why or INTERRUPTED

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Go on behind the block when nothing more may be evaluated in it; Ctrl-C ends it, too."""
        try:
            yield
        except Spent as spent:  # maybe that of another one, which f counts by
            self._why = str(spent)
        except KeyboardInterrupt:
            if self._why:  # the second time at once
                raise
            self.interrupt()
