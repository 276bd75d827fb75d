"""GP416: a sparse Jacobian has no entry where f depends on a parameter."""

from gradproof._base.phrases import counted
from gradproof.judge.catalogue import Cause


def _message(count: int, outputs: int = 0) -> str:
    if outputs:
        verb = "depends" if outputs == 1 else "depend"
        return (
            f"{counted(outputs, 'output')} {verb} on more than the pattern of the Jacobian says; "
            "on what, random directions did not tell"
        )
    verb = "is" if count == 1 else "are"
    return (
        f"{counted(count, 'non-zero')} of the Jacobian {verb} missing in the pattern: f moves "
        "there, and the claim has no entry"
    )


CAUSE = Cause(
    code="GP416",
    name="missing-non-zeros",
    message=_message,
    advice=(
        "Add the entries to the pattern. Whoever colours columns by the pattern as it is gets the "
        "derivatives of two parameters added up."
    ),
    text="""
## What it is

An output of f depends on a parameter, and the sparse Jacobian stores nothing at that place, which
claims a derivative of 0.

## How it shows

All entries that are stored may be right. Along dense random directions the output moves by more
than they say, and what is left belongs to one column.

## How it comes about

A term was added to f and not to the pattern; an off-by-one in a stencil, at a boundary above all; a
pattern that was found by differences at a point where the derivative happened to be 0.

## Example

```python
import numpy as np
import scipy.sparse
import gradproof as gp


def f(x):
    y = np.sin(x)
    y[3] += x[7] ** 2
    return y


def jacobian(x):
    return scipy.sparse.diags_array(np.cos(x), format="csr")  # without d y[3] / d x[7]


report = gp.check(f, gp.Jacobian(jacobian), np.linspace(0.1, 1.0, 10))
```

## What to do

Store the entry, and look at its neighbours: a pattern is mostly wrong along a whole boundary.

## What it is easily taken for

Wrong entries in the same row (GP412): the term that is missing is added to one of them wherever
differences are taken by colours.
""",
)
