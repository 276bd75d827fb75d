"""GP106: the value returned with the gradient is not that of f."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP106",
    name="value-differs-with-gradient",
    message="f gives {value!r}, but the value returned with the gradient is {with_gradient!r}",
    advice=(
        "Let both come from the same code: one of the two has a term or a factor that the "
        "other has not."
    ),
    text="""
## What it is

The gradient function returns `(value, gradient)`, and its value is not the one that f returns at
the same point. Two functions are in play.

## How it shows

The check goes on with the values of f alone, so the verdict says whether the gradient is that of
f. The two values are reported, whatever the verdict is.

## How it comes about

A penalty that only one of the two has, a mean in one and a sum in the other, other data, a
constant left out because it has no gradient, training mode here and evaluation mode there, float32
in a fused kernel.

## Example

```python
import numpy as np
import gradproof as gp

y = np.array([1.0, 2.0, 3.0])


def loss(w):
    return float(np.sum((w - y) ** 2) + 0.1 * np.sum(w**2))


def value_and_gradient(w):
    value = float(np.sum((w - y) ** 2))  # without the penalty, which the gradient has
    return value, 2 * (w - y) + 0.2 * w


report = gp.check(loss, value_and_gradient, np.array([0.5, 0.5, 0.5]))
```

## What to do

Write the loss once and derive both from it, `loss = lambda w: value_and_gradient(w)[0]`; then
check that pair. A line search that sees one function and the slope of another stalls.

## What it is easily taken for

A wrong gradient. It may be right, for the other function: see first which of the two you mean.
""",
)
