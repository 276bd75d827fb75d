"""GP501: a product with a Jacobian is not linear in the vector that it is given."""

from gradproof.judge.catalogue import Cause


def _message(kind: str, ignored: bool, apart: float) -> str:
    if ignored:
        return f"the product is the same for every {kind}"
    return (
        f"the product of a sum of two {kind}s is not the sum of their products: they differ by "
        f"{apart:.1e} of their size"
    )


CAUSE = Cause(
    code="GP501",
    name="cotangent-ignored",
    message=_message,
    advice="Multiply every term of the backward pass by the cotangent that it is given, once.",
    text="""
## What it is

The backward pass does not use the gradient that reaches it from above as it has to: not at all,
not in every term, or not in proportion. Or the forward mode does not so use its tangent.

## How it shows

Jᵀu is linear in u, and J v in v, whatever f is. The product is asked for two vectors and for their
sum; what it returns for the sum is not what it returns for the two together.

## How it comes about

A custom backward that was tested as the last step of a loss, where the cotangent is 1, and returns
the derivative alone. A bias, a penalty or an activation's slope that is added after the
multiplication. A cotangent that is clipped, normalised or compared with 0 on its way.

## Example

```python
import numpy as np
import gradproof as gp


def backward(x, u):
    return np.cos(x)  # for u * np.cos(x)


report = gp.check(np.sin, gp.VJP(backward), np.linspace(0, 1, 5))
```

## What to do

Follow u through the backward pass: it is a factor of every term, exactly once.

## What it is easily taken for

A wrong factor (GP302), where the cotangent happens to be a constant.
""",
)
