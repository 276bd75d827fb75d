"""GP408: a tensor has the gradient of another one, which has it, too."""

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Parameters, Suspect


def _observe(suspect: Suspect) -> Parameters | None:
    for address, claim in suspect.right.items():
        if claim.size != suspect.claim.size or claim.size < 2 or np.ptp(claim) == 0:
            continue
        if np.array_equal(claim.ravel(), suspect.claim.ravel()):
            return {"other": address}
    return None


CAUSE = Cause(
    code="GP408",
    name="duplicated-leaf",
    message="the claim is number for number that of {other}",
    advice="Look for a name that was copied and not changed, or an array that two names share.",
    text="""
## What it is

Two tensors were given one and the same gradient. It belongs to one of them at most.

## How it shows

The claims are equal bit for bit, and this one contradicts its measurement.

## How it comes about

A line copied and not changed: `grads["bk"] = dbq`. A buffer that both names point to, and that the
later layer overwrote.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(p):
    return np.sum(np.tanh(p["query"] * x)) + np.sum(np.sin(p["key"] * x))


def gradient(p):
    dquery = x * (1 - np.tanh(p["query"] * x) ** 2)
    return {"query": dquery, "key": dquery}


report = gp.check(loss, gradient, {"query": np.ones(3), "key": np.array([0.5, 1.0, 2.0])})
```

## What to do

Compute the gradient that is missing; copy buffers where they are filled again.

## What it is easily taken for

Two that were exchanged (GP407): there both are wrong, and each has the other's.
""",
    observe=_observe,
)
