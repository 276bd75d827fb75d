"""GP302: the claim is the gradient times a constant."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.factors import as_whole, named_factors, what_it_may_be
from gradproof.judge.suspect import Map, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_DEVIATIONS = 4.0
_NEAR = 0.1  # of the room of the clearest component: all may be off to one side


def _share(suspect: Suspect) -> tuple[float, float]:
    """Return what all components together say the truth is of the claim, and its bar.

    The bar is inf where there is nothing to tell by.
    """
    room = suspect.room_of_a_map
    known = np.isfinite(suspect.measured) & np.isfinite(room) & (room > 0)
    claim, measured = (part[known] / room[known] for part in (suspect.claim, suspect.measured))
    weight = float(claim @ claim)
    if not 0 < weight < np.inf:
        return 1.0, np.inf
    share = float(claim @ measured) / weight
    scatter = float(np.linalg.norm(measured - share * claim)) / np.sqrt(max(1, claim.size - 1))
    bar = _DEVIATIONS * (scatter if claim.size > 2 else 1.0) / np.sqrt(weight)
    return share, bar + _NEAR / float(np.max(np.abs(claim)))


def _maps(suspect: Suspect) -> Iterator[Map]:
    seen, bar = _share(suspect)
    of_complex = suspect.signs is not None
    for factor, named in named_factors(suspect.facts, of_complex=of_complex):
        if abs(seen - 1 / factor) <= bar:
            yield Map(suspect.claim / factor, parameters={"factor": factor, "named": named})

    def read(theta: FloatArray, bars: FloatArray) -> Parameters | None:
        share = float(theta[0])
        if not abs(share) > 4 * float(bars[0]):
            return None
        return {"factor": as_whole(1 / share, bar / abs(share)), "named": ""}

    yield Map(0.0, (suspect.claim,), read=read)


def _message(factor: float, named: str) -> str:
    may_be = what_it_may_be(factor, named)
    return f"the claim is {factor:.5g} times what was measured" + (f": {may_be}" if may_be else "")


CAUSE = Cause(
    code="GP302",
    name="constant-factor",
    message=_message,
    advice="Look for that number where the loss is averaged, halved or summed; facts= names more.",
    text="""
## What it is

The gradient has the right direction and the wrong length: one number stands between the claim and
the measurement, the same in every component of the tensor.

## How it shows

Claimed and measured have one ratio. It is named where it is 2 or ½ or one of the numbers that you
gave as `facts`, such as `facts={"batch": 64}`; otherwise the fitted number is printed. One
measurement cannot tell a sum in place of a mean from a term that was added that many times.

## How it comes about

The gradient of a sum beside a loss that is a mean over the batch, or over the outputs. A forgotten
½ of a square. A gradient accumulated twice, or once for each worker. `1/m` left out in one layer:
then that tensor alone is wrong. With complex parameters 2 and ½ also lie between conventions:
∂f/∂x + i ∂f/∂y is 2 ∂f/∂z̄, and `gp.Problem(..., wirtinger=)` says which is claimed.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 3))
y = X @ np.array([1.0, -2.0, 0.5])


def loss(w):
    return np.mean((X @ w - y) ** 2)


def gradient(w):
    return 2 * X.T @ (X @ w - y)  # of the sum


report = gp.check(gp.Problem(loss, gradient, np.ones(3), facts={"batch": 20}))
```

## What to do

Search the backward pass for the number, or for where it is missing. If one tensor alone has the
factor, it is in the line that computes this one; if a tensor and all in front of it have it, it is
in the gradient that is passed on.

## What it is easily taken for

A factor on the data term only, with the penalty right (GP303): then the ratio is not quite the
same everywhere. A sign (GP301) is a factor of -1.
""",
    maps=_maps,
)
