"""GP301: the claim is the negative of the gradient."""

from collections.abc import Iterator

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    yield Map(-suspect.claim)


CAUSE = Cause(
    code="GP301",
    name="sign-flipped",
    message="the claim is the negative of what was measured",
    advice="Turn the sign around; where f is a loss, see whether its score is differentiated.",
    text="""
## What it is

Everything about the gradient is right but its sign: it leads uphill where downhill is meant.

## How it shows

In every component the claim is minus the measurement, within the bars.

## How it comes about

The gradient of a log likelihood beside a function that is its negative. `y - prediction` for
`prediction - y`. A reward that is maximised, handed to something that minimises. A minus that was
forgotten when a formula was copied, as in the derivative of a cosine.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 3))
y = X @ np.array([1.0, -2.0, 0.5])


def loss(w):
    return np.mean((X @ w - y) ** 2)


def gradient(w):
    return 2 / 20 * X.T @ (y - X @ w)  # the residual the wrong way round


report = gp.check(loss, gradient, np.ones(3))
```

## What to do

Look for the difference that is written the wrong way round. If the sign is wrong in some tensors
only, the difference enters the backward pass where the first of them does.

## What it is easily taken for

A constant factor (GP302) of -1; any other negative factor is reported there.
""",
    maps=_maps,
)
