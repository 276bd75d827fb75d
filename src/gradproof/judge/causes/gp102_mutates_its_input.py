"""GP102: f changes the argument that it is given."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP102",
    name="mutates-its-input",
    message="f changed the argument that it was given",
    advice="Let f work on a copy, or write x = x - m where it says x -= m.",
    text="""
## What it is

The function writes into its own argument: after the call the parameters are no longer what they
were before it, or their container no longer holds them.

## How it shows

The parameters are compared bit for bit before and after the first call, and so is what their
container holds. From then on every call
gets a fresh copy, so the verdict stands and can well be a pass. Your own arrays are never touched
by a check. But whoever else calls this function loses their parameters.

## How it comes about

An operation in place: `x -= x.mean()`, `x[x < 0] = 0`, `x.sort()`, `out=x`, `np.clip(x, 0, 1, x)`.
A view is enough: `x.reshape(-1)`, `x.T` and `x[1:]` all share the memory of `x`. Or an entry of a
container that is put in anew or taken out: `p["w"] = p["w"] / norm`, `p.pop("w")`, `model.w = w`.

## Example

```python
import numpy as np
import gradproof as gp


def variance(x):
    x -= x.mean()  # in place: the caller's array is centred as well
    return float(np.mean(x**2))


report = gp.check(variance, lambda x: 2 * (x - x.mean()) / x.size, np.array([1.0, 2.0, 4.0]))
```

## What to do

Make a new array: `x = x - x.mean()`, `np.sort(x)`, `np.where(x < 0, 0, x)`; or begin the function
with `x = x.copy()`, or with `p = dict(p)` where it takes a dictionary.

## What it is easily taken for

A random function (GP101): a function that changes its input differs from call to call as well when
it is called twice on one array, although no dice are thrown.
""",
)
