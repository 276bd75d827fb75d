"""GP415: a parameter was broadcast, and its gradient was not summed."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP415",
    name="unsummed-broadcast",
    message=(
        "a parameter of shape {expected} was used at {found}, and its gradient still has that "
        "shape: it has to be summed over axes {axes}"
    ),
    advice="Sum the gradient over the axes along which the parameter was repeated.",
    text="""
## What it is

A bias, a scale or a number is used for every sample of a batch. Its gradient is the sum over all of
them; the claim still has one entry for each.

## How it shows

The shape of the claim is the one that the parameter is broadcast to.

## How it comes about

`db = dZ` for `db = np.sum(dZ, axis=1, keepdims=True)`. NumPy repeats the bias by itself in the
forward pass, and nothing sums its gradient in the backward pass.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((3, 20))
W = np.ones((2, 3))


def loss(b):
    return np.sum(np.tanh(W @ X + b))


def gradient(b):
    return 1 - np.tanh(W @ X + b) ** 2  # not summed over the samples


report = gp.check(loss, gradient, np.zeros((2, 1)))
```

## What to do

`np.sum(..., axis=..., keepdims=True)` over the axes that are named.

## What it is easily taken for

A gradient of the wrong structure (GP103), which it is as well. A mean for a sum (GP302).
""",
)
