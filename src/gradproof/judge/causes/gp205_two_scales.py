"""GP205: f has one slope at one step and another at a smaller one."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP205",
    name="two-scales",
    message="the derivatives measured at two steps differ by {amplitude:.1e} of their size",
    advice="Smooth f below the step: no inner rounding or casts, and iterations run to the end.",
    text="""
## What it is

The function has one slope at one step and another at a smaller one, as a rough road has two: that
of the hill and that of the stone under the wheel.

## How it shows

Two steps that ought to agree measure two derivatives, and nothing says which of them is meant. The
component is inconclusive.

## How it comes about

Structure finer than the step: an inner cast to float32, a rounding or a time step somewhere in the
middle, an iteration that stops when it is good enough and so jumps from one count to the next;
also a true, very fast oscillation.

## Example

```python
import numpy as np
import gradproof as gp


def loss(w):
    return round(float(np.sum(np.sin(w))), 3)  # stairs, each a thousandth high


report = gp.check(loss, np.cos, np.array([0.7, 0.3, 1.1]))
```

## What to do

Look at f along the component, at steps from 1e-2 down to 1e-10: a plot shows stairs or ripples at
once. Take out the cast or the rounding, run the iteration to the end, or check the smooth part
alone.

## What it is easily taken for

A wrong gradient: it often fits the hill, as in the example. Or noise (GP201), which has no slope
at any small step; here even the stone is smooth when seen from close by.
""",
)
