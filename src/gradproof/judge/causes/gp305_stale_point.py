"""GP305: the claim is the gradient at another point."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.elsewhere import at_factor, best_factor
from gradproof.judge.suspect import Map, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_ROUNDINGS = 10.0  # times what rounding by most of the spacing does
_AS_IT_IS = 1e-9  # relative: the point itself


def _maps(suspect: Suspect) -> Iterator[Map]:
    """Yield the claim at the parameters times the factor that explains the measurements best."""
    scaled = suspect.elsewhere and suspect.elsewhere.scaled
    if not scaled:
        return
    known = np.isfinite(suspect.measured) & np.isfinite(suspect.room)
    nodes = np.array([claim[known] for claim in scaled])
    y, room = suspect.measured[known], suspect.room[known]
    if suspect.seen is not None:
        along = np.array([suspect.seen.project(claim) for claim in scaled])
        nodes = np.concatenate([nodes, along], axis=1)
        y = np.concatenate([y, suspect.seen.measured])
        room = np.concatenate([room, suspect.seen.room])
    factor = best_factor(nodes, y, room)
    if factor is None or abs(factor - 1) < _AS_IT_IS:
        return
    value, slope = at_factor(scaled, factor)

    def read(theta: FloatArray, bars: FloatArray) -> Parameters:
        return {"times": 1 / (factor + float(theta[0]))}

    yield Map(value, (slope,), read=read)


def _observe(suspect: Suspect) -> Parameters | None:
    elsewhere = suspect.elsewhere
    if elsewhere is None:
        return None
    if elsewhere.constant:
        return {"constant": True}
    if elsewhere.rounded_to is None or elsewhere.rounded_by is None:
        return None
    # What is wrong by far more than rounding makes of it has another cause.
    known = np.isfinite(suspect.measured)
    off, rounding = (np.linalg.norm(part[known]) for part in (suspect.off, elsewhere.rounded_by))
    return {"rounded_to": elsewhere.rounded_to} if off <= _ROUNDINGS * rounding else None


def _message(times: float = 1.0, constant: bool = False, rounded_to: str = "") -> str:
    if constant:
        return (
            "the gradient is the same at other parameters, bit for bit, and f is no straight line: "
            "it is a constant, or is computed from other parameters than those that it is given"
        )
    if rounded_to:
        return f"the gradient is computed at the parameters rounded to {rounded_to}"
    return f"the claim is the gradient at {times:.6g} times the parameters"


CAUSE = Cause(
    code="GP305",
    name="stale-point",
    message=_message,
    advice="Let the gradient be computed from the parameters that it is given, and from no others.",
    text="""
## What it is

The claim is a gradient of the right function, at other parameters than those it is asked at.

## How it shows

Where nothing else explains the claim and it is a function, it is asked at other parameters. Its
numbers stay the same, bit for bit, where those of f do not; or they stay the same as long as the
parameters do, rounded to a type or to some digits; or at all parameters times one factor it is what
was measured at the point.

## How it comes about

The gradient reads parameters of its own: those of the start, or a copy made before the last step of
the optimiser. Activations of a forward pass are kept and not computed anew. The parameters decay
between the forward and the backward pass. They are kept in half precision, or in a file with few
digits, and the gradient reads them there. A formula has lost its variable: 2 in the place of 2x for
the derivative of x².

## Example

```python
import numpy as np
import gradproof as gp

w0 = np.array([0.5, -1.0, 2.0])


def loss(w):
    return np.sum(np.exp(w) * w)


def gradient(w):
    return np.exp(w0) * (1 + w0)  # of w0, not of w


report = gp.check(loss, gradient, w0 + [0.1, -0.2, 0.3])
```

## What to do

See which parameters the backward pass reads. A gradient that comes as numbers cannot be asked
elsewhere: pass the function that computes it.

## What it is easily taken for

Another function (GP399): a gradient of one step ago is close to the right one, and that is all that
numbers alone can show.
""",
    maps=_maps,
    observe=_observe,
)
