"""GP507: a complex derivative is claimed of a function that has none."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP507",
    name="not-holomorphic",
    message=(
        "f has no complex derivative: ∂f/∂y and i ∂f/∂x, which would be the same, differ by "
        "{apart:.2g} of their size"
    ),
    advice=(
        "Look for conj, abs, .real and .imag in f; where they belong there, claim a gp.VJP, whose "
        "products hold for any f."
    ),
    text="""
## What it is

One complex number is claimed for the derivative of a complex f by a complex z = x + iy, so that
df = f'(z) dz. Such a number is there only where f is holomorphic. This one is not: what f does
along the imaginary axis is not i times what it does along the real one.

## How it shows

The derivatives of f by the real and by the imaginary part of the first wrong component are
measured; the equations of Cauchy and Riemann, ∂f/∂y = i ∂f/∂x, do not hold for them. Whatever is
claimed is then wrong in one of the two.

## How it comes about

A conjugate, an absolute value, a real part on the way: `np.vdot`, `np.abs`, `A.conj().T` applied to
what depends on z. Or f is real for all that matters, and its type is complex.

## Example

```python
import numpy as np
import gradproof as gp

z = np.array([1 + 2j, 0.5 - 1j])
report = gp.check(lambda z: z * np.abs(z), gp.Jacobian(lambda z: np.diag(2 * np.abs(z))), z)
```

## What to do

If f is meant to be holomorphic, find what in it is not. Else there are two derivatives, ∂f/∂z and
∂f/∂z̄: check the product of both with a cotangent as a `gp.VJP`, or with a tangent as a `gp.JVP`.
If f is real, return its `.real`, and claim its gradient.

## What it is easily taken for

A conjugate that is missing in the claim (GP306): then f has a complex derivative, and the claim is
its conjugate.
""",
)
