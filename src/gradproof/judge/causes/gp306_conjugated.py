"""GP306: the claim is the complex conjugate of the gradient."""

from collections.abc import Iterator

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect

_TIMES = {1.0: "", 2.0: "twice ", 0.5: "half "}


def _maps(suspect: Suspect) -> Iterator[Map]:
    if suspect.signs is not None:
        turned = suspect.claim * suspect.signs
        for factor in _TIMES:
            yield Map(turned / factor, parameters={"factor": factor}, is_partial=True)


def _message(factor: float) -> str:
    return f"the claim is {_TIMES[factor]}the complex conjugate of what was measured"


CAUSE = Cause(
    code="GP306",
    name="conjugated",
    message=_message,
    advice="Conjugate it, or say in which convention it is meant: gp.Problem(..., wirtinger=).",
    text="""
## What it is

The derivatives by the real parts are right, those by the imaginary parts have the wrong sign: the
claim is the complex conjugate of what it is said to be.

## How it shows

With the sign of all imaginary parts turned around the claim agrees with the measurement. So it does
where it is half or twice that: the derivative ∂f/∂z is half the conjugate of ∂f/∂x + i ∂f/∂y.

## How it comes about

There are two conventions. The direction in which a real f of z = x + iy grows fastest is
∂f/∂x + i ∂f/∂y, which is 2 ∂f/∂z̄; PyTorch has it. `jax.grad` returns ∂f/∂x - i ∂f/∂y, which is
2 ∂f/∂z. Code that is carried from one to the other steps uphill along the imaginary parts. Or a
matrix was transposed and not conjugated, `A.T` for `A.conj().T`; or a cotangent was multiplied by
the derivative of a holomorphic function, and not by its conjugate.

## Example

```python
import numpy as np
import gradproof as gp

z = np.array([1 + 2j, 0.5 - 1j, -1 + 0.3j])
report = gp.check(lambda z: np.sum(np.abs(z) ** 2), lambda z: 2 * z.conj(), z)
```

## What to do

Where the numbers are meant in the other convention, say so:
`gp.Problem(..., wirtinger="conjugated")`, and `"dz"` or `"dzbar"` where ∂f/∂z or ∂f/∂z̄ is claimed.
Else look for a conjugate that is missing, or too many.

## What it is easily taken for

A sign (GP301) where all of the gradient is imaginary: one measurement cannot tell the two apart.
With real parameters only there is nothing to conjugate.
""",
    maps=_maps,
)
