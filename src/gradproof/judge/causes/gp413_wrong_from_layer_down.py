"""GP413: everything up to one tensor is wrong, and everything behind it is right."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP413",
    name="wrong-from-layer-down",
    message="all tensors up to {first} are wrong, and all from {right} on are right",
    advice="Look at what the backward pass hands on between these two.",
    text="""
## What it is

A backward pass goes from the last tensor to the first, and each gradient is made from the one that
was handed on. Here all are right until one place, and all wrong from there on down.

## How it shows

In the order of the parameters, a run from the first on contradicts its measurement, and all behind
it agree. That the order is the one of the forward pass is taken from the parameters as they are.

## How it comes about

The mistake is in what is handed on between the two tensors that are named: the slope of the
activation between them, `W.T` for `W`, a mask, a normalisation, a sum that is missing.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(p):
    return np.sum(p["W2"] @ np.tanh(p["W1"] @ x + p["b1"]) + p["b2"])


def gradient(p):
    a = np.tanh(p["W1"] @ x + p["b1"])
    delta = np.sum(p["W2"], axis=0) * (1 - a)  # the slope is 1 - a²
    return {"W1": np.outer(delta, x), "b1": delta, "W2": np.tile(a, (2, 1)), "b2": np.ones(2)}


rng = np.random.default_rng(0)
at = {
    "W1": rng.standard_normal((4, 3)),
    "b1": rng.standard_normal(4),
    "W2": rng.standard_normal((2, 4)),
    "b2": np.zeros(2),
}
report = gp.check(loss, gradient, at)
```

## What to do

Check the pieces between the two tensors alone: the activation, the product, the normalisation.

## What it is easily taken for

Several mistakes. Mend this one first, and check again.
""",
)
