"""GP107: f has the same value wherever its argument is moved."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP107",
    name="ignores-its-argument",
    message="f returned the same value wherever its argument was moved, and the claim is not zero",
    advice="Let f compute with its argument, and put it into an object first where it calls one.",
    text="""
## What it is

The function takes an argument and does not use it: its value stays the same wherever the
parameters are moved. Its gradient is zero, and something else is claimed.

## How it shows

Every displaced evaluation returns the very same number, to the last bit. The verdict is fail.

## How it comes about

Most often the body reads a variable of the surrounding code, such as `weights` or `model`, instead
of its own argument; in a notebook that runs without complaint. Or the result is cached, the
parameters are rounded to integers, or a branch is taken that ends in a constant.

## Example

```python
import numpy as np
import gradproof as gp

weights = np.array([1.0, 2.0, 3.0])


def loss(w):
    return float(np.sum(weights**2))  # reads `weights`; `w` is meant


report = gp.check(loss, lambda w: 2 * w, weights)
```

## What to do

Write f so that all it needs comes in by its argument. To see at once, print `loss(weights)` and
`loss(weights + 1)`: they have to differ.

## What it is easily taken for

A wrong gradient: here the gradient may be perfect, and f is the one that is mistaken. Or a
function that depends only weakly on its argument: its values still move in their last digits
(GP201).
""",
)
