"""GP201: f is too noisy to resolve the tolerance."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP201",
    name="noise",
    message=(
        "one value of f carries a noise of {sigma:.1e}, too much to resolve the tolerance at "
        "any step"
    ),
    advice=(
        "Make f more precise: float64, tighter inner tolerances, no rounding, no large "
        "constant added."
    ),
    text="""
## What it is

The values of f are good to so few digits that no step shows its slope as finely as the tolerance
asks. A small step drowns in the noise; a step wide enough to rise above it is no longer small.

## How it shows

The measurement agrees with the claim, but its bar is wider than the tolerance. The components
concerned are inconclusive. The noise was measured from a few values of f close together; nothing
was assumed about it.

## How it comes about

Single or half precision, a large constant beside a small loss, differences of nearly equal
numbers, an inner solver with a loose tolerance, a result rounded for the log.

## Example

```python
import numpy as np
import gradproof as gp


def energy(w):
    return 2e13 + float(np.sum(np.sin(w)))  # the last digit of 2e13 is worth 0.004


report = gp.check(energy, np.cos, np.array([0.5, 1.0, 0.8]))
```

## What to do

Compute in float64, return the unrounded value, subtract the constant, tighten the inner tolerance.
If f cannot be better, ask for less: with an `rtol` that the noise allows the check can decide.

## What it is easily taken for

A random function (GP101), which differs at one and the same point; a noisy one repeats itself
there.
""",
)
