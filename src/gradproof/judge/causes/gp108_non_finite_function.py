"""GP108: f is infinite or no number at the point itself."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP108",
    name="non-finite-function",
    message="f is {value} at the point itself",
    advice="Check at a point where f is finite, or mend f: a logarithm of 0, a division by 0.",
    text="""
## What it is

The function is infinite or NaN at the very point where its gradient is to be checked.

## How it shows

The verdict is inconclusive: where there is no value there is no derivative to compare with. No
further evaluation is spent.

## How it comes about

A logarithm of 0, a division by 0, an exponential that overflows, a NaN in the data.

## Example

```python
import numpy as np
import gradproof as gp

report = gp.check(lambda x: float(np.log(x)), lambda x: 1 / x, 0.0)
```

## What to do

Check at a point where the function is finite. If it should be finite here, follow the first value
that is not: `np.seterr(all="raise")` stops at the operation that makes it.

## What it is easily taken for

A domain edge (GP204): there f is finite at the point, but not everywhere around it.
""",
)
