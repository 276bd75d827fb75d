"""GP601: the gradient on a manifold is no tangent vector."""

from gradproof.judge.catalogue import Cause

_TANGENT_PART = {"pass": "is right", "fail": "is wrong, too"}


def _message(off: float, tangent: str) -> str:
    rest = _TANGENT_PART.get(tangent, "could not be decided")
    percent = float(f"{100 * off:.2g}")  # of two digits, and no power of ten
    return (
        f"the gradient is not tangent, {percent:g} % of its length is normal to the manifold; "
        f"its tangent part {rest}"
    )


def _advice(off: float, tangent: str) -> str:
    if tangent == "pass":
        return "Project the gradient onto the tangent space; its tangent part is right."
    return "Project the gradient onto the tangent space, and look for what else is wrong."


CAUSE = Cause(
    code="GP601",
    name="not-tangent",
    message=_message,
    advice=_advice,
    text="""
## What it is

A Riemannian gradient is a tangent vector of the manifold. The claimed one has a part that points
out of the tangent space.

## How it shows

The claimed gradient is compared with what the `project` of the manifold makes of it. Slopes along
the manifold cannot show it: what is normal to all tangents changes none of them, so that every
Taylor test passes. Steps that an optimiser takes along such a gradient leave the manifold, and its
norm does not become 0 at the solution.

## How it comes about

The Euclidean gradient in the place of the Riemannian one: the projection was forgotten, or done at
another point than the gradient. A projection to another manifold, such as the one onto symmetric
matrices where the tangents are skew.

## Example

```python
import numpy as np
import gradproof as gp

A = np.diag([1.0, 2.0, 4.0])
sphere = gp.Manifold(
    retract=lambda x, v: (x + v) / np.linalg.norm(x + v),
    project=lambda x, z: z - (x @ z) * x,
)


def gradient(x):
    return 2 * A @ x  # of the space around the sphere


x = np.array([2.0, 1.0, 2.0]) / 3
report = gp.check(gp.Problem(lambda x: x @ A @ x, gradient, x, manifold=sphere))
```

## What to do

Return `project(x, gradient)`; with a metric of its own also what takes the Euclidean gradient to
the Riemannian one.

## What it is easily taken for

A wrong gradient of the cost: its tangent part is measured by itself, and the message says what came
out.
""",
)
