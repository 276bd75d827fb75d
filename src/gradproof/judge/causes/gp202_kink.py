"""GP202: f has a kink at the point, and the claim lies between its slopes."""

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
no derivative; and the claim lies between the two.

## How it shows

The one-sided slopes stay apart when the step shrinks, where those of a smooth function close up.
The component is inconclusive: any slope in between can be meant, and none is wrong. A claim that
is the slope of one side passes; one clearly outside the two is not excused by the kink.

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
