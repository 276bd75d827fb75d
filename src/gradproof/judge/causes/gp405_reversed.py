"""GP405: the claim runs backwards along an axis."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    for axis in suspect.axes:
        length = suspect.claim.shape[axis]
        if length > 1:
            yield Map(np.flip(suspect.claim, axis), parameters={"axis": axis})


CAUSE = Cause(
    code="GP405",
    name="reversed",
    message="the claim runs backwards along axis {axis}: reversed, it is what was measured",
    advice="Look for a [::-1], a flip or a loop from the end that the forward pass has not.",
    text="""
## What it is

Every number is right, and their order along one axis is reversed.

## How it shows

Flipped along that axis, the claim agrees with the measurement in all components.

## How it comes about

A backward pass through time collects its gradients from the last step to the first. A convolution
flips its kernel, a cross-correlation does not, and the gradient has the other convention.

## Example

```python
import numpy as np
import gradproof as gp

signal = np.random.default_rng(0).standard_normal(12)


def loss(kernel):
    return np.sum(np.convolve(signal, kernel, mode="valid") ** 2)


def gradient(kernel):
    y = np.convolve(signal, kernel, mode="valid")
    return np.correlate(signal, 2 * y, mode="valid")


report = gp.check(loss, gradient, np.array([1.0, 0.5, -0.3]))
```

## What to do

Reverse the result along that axis, or collect it from the other end.

## What it is easily taken for

A shift (GP406): with two components, and in periodic ones, both are the same.
""",
    maps=_maps,
)
