"""GP505: the products from the two sides are not those of one matrix."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP505",
    name="adjoint-mismatch",
    message=(
        "⟨u, J v⟩ of the forward mode and ⟨Jᵀ u, v⟩ of the reverse mode differ by {apart:.1e} of "
        "their size"
    ),
    advice="Check each of the two by itself; the one that passes tells where the other is wrong.",
    text="""
## What it is

A vector-Jacobian product and a Jacobian-vector product of the same function, or the two products of
a linear operator, belong to two different matrices.

## How it shows

For random u and v the two numbers ⟨u, J v⟩ and ⟨Jᵀ u, v⟩ are the same, whatever J is. No difference
is taken for that: it holds to rounding.

## How it comes about

Forward and reverse mode were written separately, and one of them is wrong. An interpolation or a
projection whose adjoint was approximated by its inverse, or by another interpolation. A convolution
with other padding on the way back.

## Example

```python
import numpy as np
import gradproof as gp

A = np.arange(6.0).reshape(2, 3)


def vjp(x, u):
    return A.T @ u


def jvp(x, v):
    return A[:, ::-1] @ v


report = gp.check(lambda x: A @ x, gp.VJP(vjp, jvp=jvp), np.ones(3))
```

## What to do

Check the two by themselves: `gp.VJP(vjp)` and `gp.JVP(jvp)`; of an operator, its `rmatvec` and its
`matvec`.

## What it is easily taken for

A product that is not linear (GP501), which is looked for first.
""",
)
