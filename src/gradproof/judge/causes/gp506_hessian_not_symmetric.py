"""GP506: second derivatives depend on their order."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP506",
    name="hessian-not-symmetric",
    message="the second derivatives of two orders differ by {apart:.1e} of the largest",
    advice="Look for a block that was transposed, or filled in on one side of the diagonal only.",
    text="""
## What it is

The claimed Hessian is not symmetric, or the product with it is not that of a symmetric matrix.

## How it shows

The matrix is compared with its transpose; of a product, ⟨u, H v⟩ with ⟨v, H u⟩ for random vectors.
No difference is taken for that: where f has continuous second derivatives, the two are the same.
What they differ by has to be more than the tolerance.

## How it comes about

Only one triangle of the matrix was filled in. A mixed block stands at its place and not,
transposed, at the other. A Gauss-Newton term was symmetrised and another was not. The Jacobian of
something else than a gradient.

## Example

```python
import numpy as np
import gradproof as gp


def f(x):
    return x[0] ** 2 * x[1]


def hessian(x):
    return np.array([[2 * x[1], 2 * x[0]], [0.0, 0.0]])  # of the upper triangle


report = gp.check(f, gp.Hessian(hessian), np.array([1.0, 3.0]))
```

## What to do

Fill in both sides, or symmetrise what is one of them.

## What it is easily taken for

A wrong entry (GP412): where only one of two is wrong, both are seen.
""",
)
