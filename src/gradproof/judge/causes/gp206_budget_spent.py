"""GP206: the check ended before everything was decided."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP206",
    name="budget-spent",
    message="the check ended before this was decided",
    advice=(
        "Give a larger budget, or ask for less: plan='project' certifies a gradient by a few dozen "
        "evaluations."
    ),
    text="""
## What it is

The check had a budget of evaluations or of time, or was interrupted, and came to its end before
every component was decided.

## How it shows

What was measured by then stands: components that passed, and such as are wrong by more than any
doubt that would still have been looked into. Everything else is inconclusive. A note says how many
evaluations there were, and whether a budget or Ctrl-C ended them.

## How it comes about

A slow function with many parameters, or a budget below what a plan costs: about 25 evaluations
before the first component, one or two for each component, and about 40 for one that is wrong.

## Example

```python
import numpy as np
import gradproof as gp


def energy(w):
    return float(np.sum(np.sin(w)))


report = gp.check(energy, np.cos, np.linspace(0, 3, 500), budget=200)
```

## What to do

Give more, or ask for less: `plan="project"` needs about 30 evaluations whatever the number of
components, `include=` names the tensors that matter. The same seed asks in the same order, so that
a larger budget sees all that a smaller one saw.

## What it is easily taken for

Noise (GP201): there more evaluations would not help.
""",
)
