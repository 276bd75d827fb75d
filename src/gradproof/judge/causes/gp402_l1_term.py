"""GP402: an L1 penalty is missing, or there is one too much."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.penalised import but, penalised
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    for x, spared in penalised(suspect):
        signs = np.sign(x)
        if np.any(signs > 0) and np.any(signs < 0):  # else it is a constant offset
            yield Map(
                suspect.claim,
                (signs,),
                parameters=spared,
                read=lambda theta, bars: {"penalty": float(theta[0])},
                is_partial=bool(spared),
            )


def _message(penalty: float, spared: str = "") -> str:
    times = f"{abs(penalty):.4g} times the parameters' signs{but(spared)}"
    if penalty > 0:
        return f"{times} is missing in the claim: an L1 penalty"
    return f"the claim has {times} too much: an L1 penalty"


CAUSE = Cause(
    code="GP402",
    name="l1-term",
    message=_message,
    advice="Compare how the penalty enters the loss and the gradient: not at all, or twice.",
    text="""
## What it is

Claim and measurement differ by a number times the signs of the parameters: the gradient of λ Σ|x|,
that one of the two has and the other has not, or has twice.

## How it shows

The difference has one size λ in all components of the tensor, and the sign of the parameter.

## How it comes about

A lasso penalty was added to the loss and forgotten in the backward pass, or in one layer of it. Or
it is handled elsewhere, by a proximal step, and should not be in the loss that is checked.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 4))
y = X @ np.array([1.0, -2.0, 0.5, 1.5])


def loss(w):
    return np.mean((X @ w - y) ** 2) + 0.1 * np.sum(np.abs(w))


def gradient(w):
    return 2 / 20 * X.T @ (X @ w - y)  # without the penalty


report = gp.check(loss, gradient, np.array([1.0, -1.0, 2.0, -0.5]))
```

## What to do

Add `λ * np.sign(x)` to the gradient, or take it away.

## What it is easily taken for

A constant offset (GP304), which it is where all parameters have one sign. An L2 penalty (GP401),
whose gradient grows with the parameters.
""",
    maps=_maps,
)
