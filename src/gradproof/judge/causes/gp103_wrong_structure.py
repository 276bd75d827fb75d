"""GP103: the gradient does not have the structure of the parameters."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP103",
    name="wrong-structure",
    message="found {found}, expected {expected}",
    advice="Return one gradient for each parameter, under its name and in its shape.",
    text="""
## What it is

The gradient does not fit the parameters: a part is missing or left over, or has another shape.

## How it shows

The verdict is fail, and no difference is taken: the shapes alone contradict the claim. The message
names the parameter, what was found there and what was expected.

## How it comes about

A transposed weight matrix, a bias of shape (5,) where (5, 1) is meant, a gradient flattened for an
optimiser, a key forgotten or misspelt, a sum over the wrong axis. NumPy's broadcasting hides many
of these in training: an update `b - rate * db` with two such shapes runs without a word and makes
`b` a matrix.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, 2.0, 3.0])
W = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])

report = gp.check(
    lambda W: float(np.sum((W @ x) ** 2)),
    lambda W: 2 * np.outer(x, W @ x),  # shape (3, 2); np.outer(W @ x, x) is meant
    W,
)
```

## What to do

Return the gradient in the structure of the parameters: the same keys, the same shapes. For a dict
with keys `W1, b1` the keys `dW1, db1` are understood as well.

## What it is easily taken for

A transposed square matrix, whose shape fits: that is a matter of numbers, and the single
components fail.
""",
)
