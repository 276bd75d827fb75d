"""GP207: the slope of f grows without end as the step shrinks."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP207",
    name="derivative-diverges",
    message="the slope of f grows without end as the step shrinks: there is no derivative here",
    advice="Check at a point beside the edge or cusp; at it no finite gradient is right.",
    text="""
## What it is

At the point f is finite, but its slope is not: it grows as the step shrinks, as that of a square
root does at 0.

## How it shows

The differences over ever smaller steps do not settle; each is larger than the one before. The
component is inconclusive, whatever was claimed.

## How it comes about

A square root, a norm to a power below 1, x log x, or an inverse sine at the end of its domain; a
distance between two points that coincide; a cusp in the middle of a function.

## Example

```python
import numpy as np
import gradproof as gp

report = gp.check(lambda x: np.sum(np.sqrt(x)), lambda x: np.zeros_like(x), np.array([0.0]))
```

## What to do

Check a little inside the domain. If the point itself matters to your optimiser, put a small
constant under the root, so that f has a gradient there.

## What it is easily taken for

A domain edge (GP204), where the slope from inside settles, or a kink (GP202), which has two.
""",
)
