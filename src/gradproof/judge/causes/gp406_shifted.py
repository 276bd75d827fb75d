"""GP406: the claim is displaced along an axis."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect

_SHIFTS = (1, -1, 2, -2)


def _maps(suspect: Suspect) -> Iterator[Map]:
    for axis in suspect.axes:
        length = suspect.claim.shape[axis]
        for by in _SHIFTS:
            if 2 * abs(by) < length or (by == 1 and length == 2):
                back = np.roll(suspect.claim, -by, axis)
                parameters = {"axis": axis, "by": by, "filled": False}
                yield Map(back, parameters=parameters)
                lost = np.arange(-by, 0) if by > 0 else np.arange(-by)
                if not np.any(back.take(lost, axis)):
                    np.moveaxis(back, axis, 0)[lost] = np.nan
                    yield Map(back, parameters={**parameters, "filled": True})


def _message(axis: int, by: int, filled: bool) -> str:
    zeros = ", with 0 where nothing was left" if filled else ""
    return f"the claim is what was measured, shifted by {by:+d} along axis {axis}{zeros}"


CAUSE = Cause(
    code="GP406",
    name="shifted",
    message=_message,
    advice="Look for an index that is off by one, a roll, or padding on one side only.",
    text="""
## What it is

Every number is right, and all of them stand a place or two beside their own.

## How it shows

Rolled back along that axis, the claim agrees with the measurement in all components; or in all but
those at the end that were pushed out, where the other end was filled with zeros.

## How it comes about

An index that starts at 1 in one place and at 0 in the other. A label or a state that belongs to the
step before. `np.roll` in the wrong direction: that of a shift forward is a shift back.

## Example

```python
import numpy as np
import gradproof as gp


def loss(x):
    return np.sum(np.roll(x, 1) * np.arange(5.0) ** 2)


def gradient(x):
    return np.arange(5.0) ** 2  # of the shifted x, not of x


report = gp.check(loss, gradient, np.linspace(0.1, 1, 5))
```

## What to do

Roll the gradient back by what was printed; then look for the index that made it necessary.

## What it is easily taken for

Swapped or reversed components (GP405): with two components, all of these are the same.
""",
    maps=_maps,
)
