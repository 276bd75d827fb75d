"""GP409: a tensor is claimed to have no gradient at all."""

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Parameters, Suspect


def _observe(suspect: Suspect) -> Parameters | None:
    return None if np.any(suspect.claim) else {}


CAUSE = Cause(
    code="GP409",
    name="zero-leaf",
    message="the claim is 0 throughout, and f depends on it",
    advice="Look for where it is detached, copied by value, or forgotten in the backward pass.",
    text="""
## What it is

The whole gradient of a tensor is claimed to be 0, although moving it moves f.

## How it shows

All claims are 0, and the measurement is not.

## How it comes about

The backward pass never reaches it: an accumulator made by `np.zeros_like` and not filled, a branch
that returns early, `detach`, `stop_gradient`, `no_grad`, a value taken out by `.item()` or
`float()` on the way. A parameter that enters f by a second path that was forgotten.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(p):
    return np.tanh(p["w"] @ x + p["b"])


def gradient(p):
    slope = 1 - np.tanh(p["w"] @ x + p["b"]) ** 2
    return {"w": slope * x, "b": 0.0}


report = gp.check(loss, gradient, {"w": np.ones(3), "b": 0.1})
```

## What to do

Follow the tensor from where it enters f to where its gradient is returned, and find the gap.

## What it is easily taken for

A tensor that f does not use: then 0 is right, and it passes.
""",
    observe=_observe,
)
