"""GP203: claim and measurement differ by little more than the tolerance."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP203",
    name="precision",
    message=(
        "claim and measurement differ by a relative {discrepancy:.1e}: more than the "
        "tolerance, but so little that f itself may be that inexact"
    ),
    advice="Compute f more exactly; if the difference stays the same, the gradient is wrong by it.",
    text="""
## What it is

The claim and the measurement differ, but by so little that either can be meant: a small mistake in
the gradient, or a function that is itself only good to so many digits.

## How it shows

The difference is beyond the tolerance, yet within ten times the usual one, or hardly wider than
the error bar. The component is inconclusive. A mistake in a formula is rarely that small; nearly
all are far beyond.

## How it comes about

An exact gradient beside an approximate function: quadrature with few nodes, a series cut short, a
rational approximation of a special function, an iteration stopped early. Constants with few
digits. A penalty so weak that leaving it out hardly shows.

## Example

```python
import numpy as np
import gradproof as gp


def integral(x):  # of exp(-t²) from 0 to x, by the midpoint rule with 180 nodes
    t = x * (np.arange(180) + 0.5) / 180
    return float(x * np.mean(np.exp(-(t**2))))


report = gp.check(integral, lambda x: np.exp(-(x**2)), 1.5)
```

## What to do

Make f more exact, with twice the nodes or a tighter tolerance. If the difference shrinks, the
gradient was right; if it stays, the gradient is wrong by that much. Or say what is good enough:
`rtol=1e-4`.

## What it is easily taken for

Noise (GP201): there the bar is wide. Here the bar is narrow, and the difference is small.
""",
)
