"""GP105: two calls of the gradient at the same point differ."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP105",
    name="gradient-changes-between-calls",
    message="two calls of the gradient at the same point differ by {difference:.1e} of its size",
    advice="Fix the seed inside the gradient, and reset whatever it adds to from call to call.",
    text="""
## What it is

The gradient function, called twice at the same point, returns two different gradients. Which of
them is claimed?

## How it shows

The gradient is called twice before any difference is taken. Where the results differ by more than
rounding, the verdict is inconclusive, although f itself repeats.

## How it comes about

Gradients that add up: a buffer filled with `+=` and never set back to zero, such as `.grad`
without `zero_grad()`. Random numbers: a minibatch, or a dropout mask, drawn in the backward pass
only, and from a generator that is not known (those of Python, NumPy and torch are repeated). A
cache that belongs to the point of the call before.

## Example

```python
import numpy as np
import gradproof as gp

total = np.zeros(3)


def gradient(x):
    global total
    total = total + 2 * x  # never set back to zero: the second call returns twice the first
    return total


report = gp.check(lambda x: float(np.sum(x**2)), gradient, np.array([1.0, 2.0, 3.0]))
```

## What to do

Let the gradient begin from a fresh array of zeros. Draw random numbers from a generator made
inside the function with a fixed seed, the same one that f uses.

## What it is easily taken for

A constant factor: at the third call the accumulated gradient is three times too large, and it
looks like a factor forgotten on paper. Or a random function (GP101), where f changes as well.
""",
)
