"""GP208: f does not repeat itself, and setting back no known generator makes it."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP208",
    name="random-without-reseed",
    message="no generator that is known could make f repeat itself",
    advice="Where f draws random numbers, say reseed= in gp.Problem: the generator that it draws "
    "from, or a function that seeds. Where it has a state of its own, reset that in it.",
    text="""
## What it is

A function that draws random numbers can be checked if it draws the same ones at every evaluation:
it is then an ordinary function. The global generators of Python, NumPy and torch are set back by
themselves. If f draws any, it is from none of them, and what it draws from was not named.

## How it shows

Three values at the point differ (GP101). None of the global generators moved, or setting them back
did not help, and neither did what was given as `reseed=`. No difference is taken, and the verdict
is inconclusive.

## How it comes about

A `numpy.random.Generator` or `random.Random` that lives outside the function: dropout, a minibatch,
Monte Carlo. A generator of a library of its own. Or no generator at all: a counter, a clock, a
state that moves on from call to call, threads that add up in another order.

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

Name the generator: `gp.Problem(loss, gradient, at, reseed=rng)`; the gradient then has to draw from
it in the same order as f does. A function without arguments that seeds whatever f uses will do as
well: it is called before every evaluation. Where f has a state of its own, reset that in it.

## What it is easily taken for

Noise (GP201), which is different at neighbouring points but repeats at one and the same.
""",
)
