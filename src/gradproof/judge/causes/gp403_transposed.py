"""GP403: the claim is the gradient with two axes exchanged."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    shape = suspect.claim.shape
    for first, second in combinations(suspect.axes, 2):
        if shape[first] == shape[second] > 1:
            axes = f"{first} and {second}" if len(suspect.axes) > 2 else ""
            yield Map(np.swapaxes(suspect.claim, first, second), parameters={"axes": axes})


def _message(axes: str) -> str:
    if axes:
        return f"the claim is what was measured with axes {axes} exchanged"
    return "the claim is the transpose of what was measured"


CAUSE = Cause(
    code="GP403",
    name="transposed",
    message=_message,
    advice="Exchange the factors of the matrix product, or transpose one of them.",
    text="""
## What it is

Every number is right and stands in the wrong place: rows and columns are exchanged. The shape of a
square tensor does not show it.

## How it shows

The transpose of the claim agrees with the measurement in all components. Of a square Jacobian, the
columns that were measured are rows of the claim.

## How it comes about

`x @ delta.T` for `delta @ x.T`. A formula for row vectors in code with columns. A weight that one
library stores as (inputs, outputs) and another as (outputs, inputs).

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(W):
    return np.sum(np.tanh(W @ x))


def gradient(W):
    return np.outer(x, 1 - np.tanh(W @ x) ** 2)


report = gp.check(loss, gradient, np.arange(9.0).reshape(3, 3) / 9)
```

## What to do

Write the shapes beside the product; with an oblong matrix the mistake would have been an error.
Test with oblong shapes.

## What it is easily taken for

Another memory order (GP404), which is the same mistake in an oblong tensor.
""",
    maps=_maps,
)
