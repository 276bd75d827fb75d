"""GP303: the data term has a wrong factor, the penalty is right."""

from collections.abc import Iterator

from gradproof.judge.catalogue import Cause
from gradproof.judge.factors import what_it_may_be
from gradproof.judge.penalised import but, penalised
from gradproof.judge.suspect import Map, Parameters, Suspect
from gradproof.numerics.protocol import FloatArray


def _maps(suspect: Suspect) -> Iterator[Map]:
    # claim = c d + p x of a truth d + p x:  truth = claim / c + p (1 - 1/c) x
    def read(theta: FloatArray, bars: FloatArray) -> Parameters | None:
        share, rest = theta.tolist()
        if not (abs(share) > 4 * bars[0] and abs(share - 1) > 4 * bars[0]):
            return None
        penalty = rest / (1 - share)
        return {"factor": 1 / share, "penalty": penalty} if penalty > 4 * bars[1] else None

    for x, spared in penalised(suspect):
        yield Map(0.0, (suspect.claim, x), parameters=spared, read=read)


def _message(factor: float, penalty: float, spared: str = "") -> str:
    may_be = what_it_may_be(factor, "")
    return (
        f"the data term is {factor:.5g} times what it should be, beside a penalty of {penalty:.4g} "
        f"times the parameters{but(spared)} that is right" + (f" ({may_be})" if may_be else "")
    )


CAUSE = Cause(
    code="GP303",
    name="factor-and-penalty",
    message=_message,
    advice="Look for that number where the data term is averaged; leave the penalty as it is.",
    text="""
## What it is

The gradient of a loss with an L2 penalty in which one of the two terms has a wrong factor: the data
term. The penalty is what it should be.

## How it shows

No single factor takes the claim to the measurement, but a factor on the claim and a multiple of the
parameters do, in all components at once. From the two numbers follow the factor of the data term
and the penalty's coefficient. Tensors without a penalty (biases) show the factor alone, and are
counted to the same cause.

## How it comes about

The loss is a mean over samples and outputs, its gradient a mean over samples only, while the
penalty is added to both in the same way. scikit-learn's `MLPRegressor` with several outputs is of
this kind.

## Example

```python
import numpy as np
import gradproof as gp

X = np.random.default_rng(0).standard_normal((20, 5))
y = X @ np.array([1.0, -2.0, 0.5, 1.5, 0.0])


def loss(w):
    return np.mean((X @ w - y) ** 2) / 2 + 0.05 * np.sum(w**2)


def gradient(w):
    return 2 / 20 * X.T @ (X @ w - y) + 0.1 * w  # of twice the data term


report = gp.check(loss, gradient, np.linspace(1, 2, 5))
```

## What to do

Compare how loss and gradient average the data term: over samples, over outputs, over both; and
what each is divided by.

## What it is easily taken for

A constant factor (GP302), which it is without a penalty, and nearly is with a weak one. A missing
penalty (GP401): there the data term is right.
""",
    maps=_maps,
)
