"""GP204: f is not finite on one side of the point."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP204",
    name="domain-edge",
    message="f is not finite on one side, and the other side alone does not settle it",
    advice="Check at a point inside the domain, or move the parameter away from its bound.",
    text="""
## What it is

The point lies on the edge of where the function is defined: f is finite at the point and on one
side of it, and infinite or NaN on the other.

## How it shows

Beside the point one of the two values is not a finite number, however short the step. There is no
central difference, and the slope is taken from the side that is left. Where that side does not
resolve the tolerance, the component is inconclusive. An `ArithmeticError` or a `ValueError` raised
by f beside the point counts as such a value.

## How it comes about

A square root or a logarithm at the end of its domain, a power with a fraction in the exponent at
0, a variance or a probability exactly on its bound, a matrix that is just singular.

## Example

```python
import numpy as np
import gradproof as gp

# Defined from 0 on, where the slope from the right is 2; the constant drowns it in rounding.
report = gp.check(lambda x: 1e9 + 2 * x + np.sqrt(x) ** 3, lambda x: 2 + 1.5 * np.sqrt(x), 0.0)
```

## What to do

Check a little inside the domain, at 0.1 instead of 0: a formula that is right there is right at
the edge. Or change the parameter, to the logarithm of the variance, say, so that no edge is left.

## What it is easily taken for

A function that is not finite at the point itself (GP108). Or a kink (GP202), where both sides
exist.
""",
)
