"""GP202: f has a kink at the point; a claim between its slopes is a subgradient."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP202",
    name="kink",
    message="f has a kink here: its slope is {left:.6g} on the left, {right:.6g} on the right",
    advice=(
        "Check at a point beside the kink; at the kink itself any slope in between can be meant."
    ),
    text="""
## What it is

The function bends sharply at the point. It has one slope to the left and another to the right, so
no derivative: any slope in between is a subgradient.

## How it shows

The one-sided slopes stay apart when the step shrinks, where those of a smooth function close up. A
claim that is the slope of one side, or lies between the two, passes, flagged by this code; one
clearly outside fails. It is inconclusive where the claim is too close to one of the two to tell, or
where several components lie between their slopes, but all of them together fit no direction.

## How it comes about

`abs`, `maximum`, ReLU and hinge losses at their corner, an L1 penalty at weight 0, a maximum or a
median with ties, a clip at its bound. Initial values such as 0 land on corners exactly.

## Example

```python
import numpy as np
import gradproof as gp

# The largest of three equal numbers: frameworks share the slope out evenly among the three.
report = gp.check(lambda x: float(np.max(x)), lambda x: (x == x.max()) / 3, np.ones(3))
```

## What to do

Move the point off the corner, `at + 1e-3 * np.random.default_rng(0).normal(size=at.shape)`, and
check there. If your optimiser does stop at corners, make sure that it can live with a subgradient.

## What it is easily taken for

Two scales (GP205): there the slope depends on the step, here on the side.
""",
)
