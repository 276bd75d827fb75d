"""GP503: a gradient is less accurate than its arithmetic allows."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP503",
    name="low-precision-accumulation",
    message="the error is {times:.2g} times that of the reference in the same arithmetic",
    advice="Add up in float32 or float64, and round once, at the end.",
    text="""
## What it is

The formula is right as far as can be seen, and the numbers are rounder than they have to be: the
plain function, in the same types, comes far closer to the gradient in float64.

## How it shows

With `gp.Problem(..., reference=)`, the gradient of f is held against that of the reference in
float64, and its error against the error of the reference in the types of f.

## How it comes about

Sums that are added up in float16 or bfloat16. A softmax without its maximum taken out. A variance
as a difference of squares. Intermediate results that are kept in half precision between the forward
and the backward pass. Fast approximations of exp or rsqrt.

## Example

```python
import gradproof as gp
import torch


class Softplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.nn.functional.softplus(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * torch.sigmoid(x.half()).float()


x = torch.linspace(-3, 3, 50)
report = gp.check(
    gp.Problem(
        lambda t: Softplus.apply(t).sum(),
        gp.autodiff,
        x,
        reference=lambda t: torch.nn.functional.softplus(t).sum(),
    )
)
```

## What to do

Look for the narrowest type on the way, and for differences of numbers that are nearly equal.

## What it is easily taken for

A small wrong term. In float64 that stays as large as it is, and rounding is gone: check there, too.
""",
)
