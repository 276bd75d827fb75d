"""GP399: the claim is the gradient of something else; no known mistake leads to it."""

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Parameters, Suspect


def _observe(suspect: Suspect) -> Parameters:
    known = np.isfinite(suspect.measured)
    claim = (suspect.claim * suspect.weight)[known]
    truth = (suspect.measured * suspect.weight)[known]
    sizes = float(np.linalg.norm(claim)), float(np.linalg.norm(truth))
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "cosine": float(np.nan_to_num(claim @ truth / (sizes[0] * sizes[1]))),
            "ratio": float(np.nan_to_num(np.divide(*sizes), posinf=0.0)),
        }


def _message(cosine: float, ratio: float) -> str:
    seen = f"claim and measurement have a cosine of {cosine:.3g}, and their lengths a ratio of"
    return f"{seen} {ratio:.3g}; none of the known mistakes leads from one to the other"


CAUSE = Cause(
    code="GP399",
    name="another-function",
    message=_message,
    advice="Check the pieces one by one: each layer or term as a function of its own input.",
    text="""
## What it is

The claim is wrong, and none of the mistakes in this catalogue explains how. This is an answer, too:
what was measured does not carry more.

## How it shows

No factor, penalty, offset, permutation or exchange takes the claim to the measurement. How alike
they are is printed: a cosine of 1 means the same direction, 0 no relation.

## How it comes about

Where the cosine is between 0.5 and 0.99, most of the computation is right and one piece of it is
not: a gradient at parameters of one step ago (stale), a layer whose derivative is slightly wrong,
an approximation taken for the real thing, a term left out. Where it is near 0, something else was
differentiated, or the components belong to other parameters.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 4))


def loss(w):
    return np.mean(np.tanh(X @ w) ** 2)


def gradient(w):
    a = np.tanh(X @ w)
    return 2 / 20 * X.T @ (a * (1 - a))  # the slope of a logistic unit


report = gp.check(loss, gradient, np.linspace(-1, 1, 4))
```

## What to do

Make the problem smaller: one sample, one unit, one layer. Check each piece as a function of its own
input; the first that fails is the one.

## What it is easily taken for

A precision problem (GP203), where the difference is small. Here it is far beyond the bars.
""",
    observe=_observe,
)
