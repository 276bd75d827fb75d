"""GP602: the gradient belongs to the Euclidean metric."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP602",
    name="metric-forgotten",
    message=(
        "the claim is the Euclidean gradient: it has the measured slopes with the sum of products, "
        "and not with the inner product of the manifold"
    ),
    advice="Convert it to the metric: the Riemannian gradient g has ⟨g, v⟩ₓ = Df(x)[v] for all v.",
    text="""
## What it is

The gradient depends on the inner product: it is the tangent vector g with ⟨g, v⟩ₓ = Df(x)[v] for
every tangent v. The claim has that property with the Euclidean inner product, and not with the one
of the manifold.

## How it shows

The slopes that the claim has with the `inner` of the manifold are not those of f. Asked again with
the sum of the products in the place of `inner`, the check passes.

## How it comes about

The Euclidean gradient was projected and not converted. For positive definite matrices with the
affine-invariant metric tr(P⁻¹ U P⁻¹ V) the Riemannian gradient is P G P, with the symmetric part G
of the Euclidean one.

## Example

```python
import numpy as np
import gradproof as gp

inv = np.linalg.inv
positive = gp.Manifold(
    retract=lambda P, V: P + V + V @ inv(P) @ V / 2,
    project=lambda P, Z: (Z + Z.T) / 2,
    inner=lambda P, U, V: np.trace(inv(P) @ U @ inv(P) @ V),
)
P = np.array([[2.0, 0.5], [0.5, 1.0]])


def gradient(P):
    return inv(P)  # of the Euclidean metric; that of this one is P itself


report = gp.check(
    gp.Problem(lambda P: np.log(np.linalg.det(P)), gradient, P, manifold=positive)
)
```

## What to do

Convert the Euclidean gradient: solve ⟨g, v⟩ₓ = Df(x)[v] for g. If the Euclidean metric is meant,
leave `inner` out.

## What it is easily taken for

A constant factor (GP302), where the metric is that at this point.
""",
)
