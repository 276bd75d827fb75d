"""GP414: each slice of the claim has a factor of its own: an activation's slope is missing."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_MOST_SLICES = 64
_LEAST_LENGTH = 3
_ROOM = 0.02  # beyond 0 and 1
_APART = 0.02


def _maps(suspect: Suspect) -> Iterator[Map]:
    claim = suspect.claim
    for axis in suspect.axes:
        length = suspect.claim.shape[axis]
        if claim.ndim < 2 or not 1 < length <= _MOST_SLICES or claim.size < _LEAST_LENGTH * length:
            continue
        bases = []
        for place in range(length):
            base = np.zeros_like(claim)
            index = (slice(None),) * axis + (place,)
            base[index] = claim[index]
            if np.any(base):
                bases.append(base)

        def read(theta: FloatArray, bars: FloatArray, axis: int = axis) -> Parameters | None:
            slopes = bool(np.all((theta >= -_ROOM) & (theta <= 1 + _ROOM)))
            missing = theta[theta < 1 - _APART]
            if not slopes or np.ptp(theta) < _APART or _is_one_factor(missing):
                return None
            low, high = float(np.min(theta)), float(np.max(theta))
            return {"axis": axis, "low": max(low, 0.0), "high": min(high, 1.0)}

        yield Map(0.0, tuple(bases), read=read)


def _is_one_factor(missing: FloatArray) -> bool:
    """Whether some slices have one factor, and no mask: they are wrong, and the others are not."""
    return missing.size == 0 or bool(np.ptp(missing) < _APART and np.max(missing) > _ROOM)


CAUSE = Cause(
    code="GP414",
    name="masked",
    message=(
        "what was measured is the claim with a factor for each slice of axis {axis}, from "
        "{low:.3g} to {high:.3g}: the slope of an activation, a mask or a weight is missing"
    ),
    advice="Multiply by the slope of the activation, by the mask or by the weight of each unit.",
    text="""
## What it is

Each row (or column) of the claim has a factor of its own, between 0 and 1, to what was measured: as
if the slope of an activation, or a mask, had been left out for each unit.

## How it shows

With one factor for each slice, the claim agrees with the measurement in all components. With a
batch of several samples the slopes differ from sample to sample and no such factors exist: then
this cause cannot be seen.

## How it comes about

`delta` of a layer was taken before the product with the activation's slope, `1 - a**2`,
`a * (1 - a)` or `z > 0`, or a dropout mask was applied forward and not backward. Forgotten weights
of classes or samples look the same.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(W):
    return np.sum(np.tanh(W @ x))


def gradient(W):
    return np.outer(np.ones(4), x)  # without the slope of tanh


report = gp.check(loss, gradient, np.linspace(-1, 1, 12).reshape(4, 3))
```

## What to do

Multiply the gradient that is handed on by the slope, unit by unit, before anything else is done.

## What it is easily taken for

A constant factor (GP302), which is the same in every slice.
""",
    maps=_maps,
)
