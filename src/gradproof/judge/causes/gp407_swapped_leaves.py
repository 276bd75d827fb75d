"""GP407: two tensors of one shape have each other's gradient."""

from collections.abc import Iterator

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    for address, claim in suspect.wrong_too.items():
        if claim.size == suspect.claim.size:
            yield Map(claim.reshape(suspect.claim.shape), also=(address,))


CAUSE = Cause(
    code="GP407",
    name="swapped-leaves",
    message="each has the gradient that belongs to the other",
    advice="Exchange the two where they are returned, stored or unpacked.",
    text="""
## What it is

Two tensors of the same size were given each other's gradient.

## How it shows

The claim for the one agrees with the measurement of the other, both ways.

## How it comes about

A tuple that is returned in one order and unpacked in another: `dq, dk = backward(...)`. A list
sorted by name here and by layer there. Names copied and not changed, as with the gates of an LSTM.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(p):
    return np.sum(p["query"] * x) * np.sum(p["key"] ** 2)


def gradient(p):
    dquery, dkey = x * np.sum(p["key"] ** 2), 2 * p["key"] * np.sum(p["query"] * x)
    return {"query": dkey, "key": dquery}


report = gp.check(loss, gradient, {"query": np.ones(3), "key": np.array([0.5, 1.0, 2.0])})
```

## What to do

Return gradients by name, and unpack them by name.

## What it is easily taken for

One gradient handed out twice (GP408): there one of the two is right.
""",
    maps=_maps,
)
