"""GP101: f returns different values at the same point."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP101",
    name="random-function",
    message=(
        "f returns different values at the same point: they spread by {spread:.1e} of their size"
    ),
    advice="Fix the seed inside f, or check in evaluation mode, so that f repeats itself.",
    text="""
## What it is

The function has no single value at the point: most often it draws random numbers, new ones at every
call. Those of the global generators of Python, NumPy and torch are repeated by themselves; this is
about all others, and about functions with a state that moves on.

## How it shows

f is called three times at the point before anything else. The three values differ by more than
rounding explains, and the verdict is inconclusive: a difference of two such values, divided by a
small step, would measure the dice and not the slope. No more evaluations are spent.

## How it comes about

Dropout, a fresh minibatch or augmentation at every call, Monte Carlo sampling, a model left in
training mode, a generator that lives outside the function and moves on. Or no dice at all: a
counter, a clock, a cache, threads that add up in another order.

## Example

```python
import numpy as np
import gradproof as gp

rng = np.random.default_rng(0)


def loss(w):
    kept = rng.random(w.shape) < 0.5  # dropout: other components at every call
    return float(np.sum((kept * w) ** 2))


report = gp.check(loss, lambda w: 2 * w, np.arange(1.0, 9.0))
```

## What to do

Say what f draws from, `gp.Problem(loss, gradient, at, reseed=rng)`: f and its gradient get the same
numbers every time. Or make the generator inside the function, from a fixed seed. Or check in
evaluation mode, on one fixed batch. Averaging many calls does not help: the noise shrinks far too
slowly.

## What it is easily taken for

Noise (GP201): there f repeats itself at the same point, and only neighbouring points scatter.
""",
)
