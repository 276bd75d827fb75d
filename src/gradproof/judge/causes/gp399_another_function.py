"""GP399: the claim is the gradient of something else; no known mistake leads to it."""

import math

import numpy as np

from gradproof._base.phrases import counted
from gradproof.judge.catalogue import Cause
from gradproof.judge.factors import what_it_may_be
from gradproof.judge.fit import largest
from gradproof.judge.suspect import IF_SOLVED_FOR, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray

_ALIKE = 1e-3  # relative: ratios of several tensors
_TELLING = 3  # components, from which on what has one ratio is a factor
_NEARLY = 1e-2  # of their length: a cosine and a ratio would be told as 1


def _observe(suspect: Suspect) -> Parameters:
    known = np.isfinite(suspect.measured)
    claim, truth = suspect.claim[known], suspect.measured[known]
    sizes = [_length(part) for part in (claim, truth)]
    if not all(sizes):
        return {"cosine": 0.0, "ratio": 0.0, "size": int(known.sum()), "close": False}
    cosine = float((claim / sizes[0]) @ (truth / sizes[1]))
    return {
        "cosine": cosine,
        "ratio": sizes[0] / sizes[1],
        "size": int(known.sum()),
        "close": suspect.is_close,
    }


def _length(values: FloatArray) -> float:
    unit = largest(values)
    return unit * float(np.linalg.norm(values / unit)) if 0 < unit < np.inf else 0.0


def _message(
    cosine: float, cosine_to: float, ratio: float, ratio_to: float, size: int, **_: bool
) -> str:
    if cosine_to > cosine:
        return (
            f"claims and measurements have cosines from {cosine:.3g} to {cosine_to:.3g}; none of "
            "the known mistakes leads from one to the other"
        )
    apart = math.sqrt((1 - ratio) ** 2 + 2 * ratio * max(0.0, 1 - cosine))
    if apart < _NEARLY:
        return (
            f"claim and measurement differ by {apart:.1e} of their length; none of the known "
            "mistakes leads from one to the other"
        )
    if abs(cosine) > 1 - 1e-6:
        return _ratio_in_words(float(np.sign(cosine)), ratio, ratio_to, size)
    seen = f"claim and measurement have a cosine of {cosine:.3g}, and their lengths a ratio of"
    return f"{seen} {ratio:.3g}; none of the known mistakes leads from one to the other"


def _ratio_in_words(sign: float, ratio: float, ratio_to: float, size: int) -> str:
    """Say what lies between claim and measurement, which may be a factor and may be not."""
    if ratio_to > ratio * (1 + _ALIKE):
        numbers = f"{sign * ratio:.4g} to {sign * ratio_to:.4g}"
        return f"the claims are {numbers} times what was measured, each tensor another number"
    said = f"the claimed derivative is {sign * ratio:.4g} times the measured one"
    if 0 < ratio < 1:
        said = f"the measured derivative is {sign / ratio:.4g} times the claimed one"
    may_be = what_it_may_be(sign * ratio, "")
    said += f": {may_be}" if may_be else ""
    if size >= _TELLING:
        return f"{said}; no factor is within all bars"
    does = "does" if size == 1 else "do"
    return f"{said}; {counted(size, 'component')} {does} not tell a factor from other mistakes"


def _advice(close: bool, **_: float) -> str:
    look = "Check the pieces one by one: each layer or term as a function of its own input."
    return look + IF_SOLVED_FOR * close


CAUSE = Cause(
    code="GP399",
    name="another-function",
    message=_message,
    advice=_advice,
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

Where the difference is small, f may be the one that is off. What an ODE solver, a fixed point or an
inner optimisation gives to a tolerance is a smooth function of its own as long as it takes the same
steps; its slope is not that of the exact solution, and an exact gradient is not the derivative of
what is computed.

## Example

```python
import math

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
input; the first that fails is the one. Where f is solved for to a tolerance, tighten that: a
difference that shrinks with it is an error of f, one that stays is an error of the gradient.

## What it is easily taken for

A precision problem (GP203), where the difference is small. Here it is far beyond the bars.
""",
    observe=_observe,
)
