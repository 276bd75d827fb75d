"""Which parameters of a tensor a penalty is of: all, or all but an intercept among them."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.suspect import Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_LEAST = 4  # slices of an axis, of which one may be an intercept


def penalised(suspect: Suspect) -> Iterator[tuple[FloatArray, Parameters]]:
    """Yield the parameters, 0 where they are spared, and what is spared, if anything is.

    An intercept is the first or the last of a vector, a row or a column of a matrix.
    """
    x = suspect.x
    yield x, {}
    for axis in suspect.axes:
        for place in (0, -1):
            where = (slice(None),) * axis + (place,)
            if x.shape[axis] >= _LEAST and np.any(x[where]):
                rest = x.copy()
                rest[where] = 0.0
                yield rest, {"spared": f"[{':, ' * axis}{place}]"}


def but(spared: str) -> str:
    """Return the words for what is spared."""
    return f" but {spared}" if spared else ""
