"""GP401: an L2 penalty is missing, or there is one too much."""

from collections.abc import Iterator

from gradproof.judge.catalogue import Cause
from gradproof.judge.penalised import but, penalised
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    for x, spared in penalised(suspect):
        yield Map(
            suspect.claim,
            (x,),
            parameters=spared,
            read=lambda theta, bars: {"penalty": float(theta[0])},
            is_partial=bool(spared),
        )


def _message(penalty: float, spared: str = "") -> str:
    times, of = f"{abs(penalty):.4g} times the parameters{but(spared)}", "that of an L2 penalty"
    if penalty > 0:
        return f"{times} is missing in the claim: {of}"
    return f"the claim has {times} too much: {of}"


CAUSE = Cause(
    code="GP401",
    name="l2-term",
    message=_message,
    advice="Compare how the penalty enters the loss and the gradient: not at all, halved, twice.",
    text="""
## What it is

Claim and measurement differ by a multiple of the parameters themselves: the gradient of
½ λ ‖x‖², that one of the two has and the other has not, or has twice.

## How it shows

The difference divided by the parameter is one number λ in all components of the tensor. Or it is so
in all but the first or the last component of a vector, row or column of a matrix: penalties mostly
spare an intercept.

## How it comes about

Regularisation was added to the loss and forgotten in the backward pass, or in one layer of it. The
gradient of λ ‖x‖² was taken to be λ x, not 2 λ x: then half of it is missing. The penalty is
divided by the number of samples in one place only. Or the optimiser adds weight decay, and the
gradient has it already.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 4))
y = X @ np.array([1.0, -2.0, 0.5, 1.5])


def loss(w):
    return np.mean((X @ w - y) ** 2) + 0.1 * np.sum(w**2)


def gradient(w):
    return 2 / 20 * X.T @ (X @ w - y)  # without the penalty


report = gp.check(loss, gradient, np.linspace(-1, 2, 4))
```

## What to do

Add the term that was printed, or take it away. If λ is half of what you expect, a 2 is missing; if
it is a fraction of it, look for a division by the number of samples.

## What it is easily taken for

An L1 penalty (GP402), whose gradient follows the signs of the parameters and not their size.
""",
    maps=_maps,
)
