"""GP104: the claimed gradient is infinite or no number somewhere."""

from gradproof.judge.catalogue import Cause


def _advice(count: int, first: str = "") -> str:
    where = f" at {first}" if first else ""
    more = ", and wherever else there are such numbers" if first and count > 1 else ""
    return (
        "Find the 0/0, the division by 0 or the overflow in the gradient"
        f"{where}{more}; f itself is finite here."
    )


CAUSE = Cause(
    code="GP104",
    name="non-finite-gradient",
    message="components of the claimed gradient that are infinite or NaN: {count}",
    advice=_advice,
    text="""
## What it is

The function is finite at the point, but its claimed gradient has components that are infinite or
NaN.

## How it shows

The verdict is fail, and no difference is taken: no finite slope could agree. The report counts the
components, names the parameters that they belong to, and the first of them.

## How it comes about

A 0/0 in the derivative of a square root, a norm or |x| at 0; a logarithm of a probability that has
become exactly 0; an exponential that overflows in the backward pass only. Well known is the trap
in `where`: the branch that is not chosen is differentiated too, and 0 times infinity is NaN.

## Example

```python
import numpy as np
import gradproof as gp


def gradient(x):
    with np.errstate(invalid="ignore"):
        return x / np.sqrt(x**2)  # 0/0 in the first component


report = gp.check(lambda x: float(np.sum(np.sqrt(x**2))), gradient, np.array([0.0, 1.0, 2.0]))
```

## What to do

`np.seterr(all="raise")` stops at the operation that makes the first NaN; in PyTorch
`torch.autograd.set_detect_anomaly(True)` does. Guard the argument, not the result: make the input
of the root or the logarithm safe before it is taken.

## What it is easily taken for

A function that is not finite itself (GP108): there no value exists to begin with.
""",
)
