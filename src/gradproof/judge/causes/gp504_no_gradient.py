"""GP504: the framework finds no path from the value of f to a tensor."""

from gradproof.judge.catalogue import Cause

CAUSE = Cause(
    code="GP504",
    name="no-gradient",
    message="automatic differentiation finds no path to it from the value of f: it was taken for 0",
    advice="Where f is meant to use it, look for detach, stop_gradient, .item(), .data, no_grad.",
    text="""
## What it is

The framework returns no gradient at all for a tensor, which is read as one of 0.

## How it shows

`torch.autograd.grad` returns None for it, and so does a `tf.GradientTape`. If f does not move with
it, 0 is right and the check passes; if f does, it fails, and the tensor is claimed to be 0
throughout (GP409).

## How it comes about

A layer that is built and not used, a head of another task, an embedding of inputs that do not
occur. Or the path is cut: `detach`, `stop_gradient`, `.item()`, `.data`, `no_grad`, a conversion to
NumPy and back, a custom `Function` whose `backward` returns None.

## Example

```python
import gradproof as gp
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.used = torch.nn.Linear(3, 2, dtype=torch.float64)
        self.unused = torch.nn.Linear(3, 2, dtype=torch.float64)

    def forward(self, x):
        return self.used(x)


x = torch.ones(4, 3, dtype=torch.float64)
report = gp.check(lambda model: model(x).tanh().sum(), gp.autodiff, Model())
```

## What to do

Where the tensor is not meant to matter, nothing; else follow it through the forward pass to where
the path is cut.

## What it is easily taken for

A gradient of 0 that is computed: a unit that is not active, a weight of 0 behind it.
""",
)
