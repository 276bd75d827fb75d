"""GP304: a constant is added to every component."""

from collections.abc import Iterator

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect


def _maps(suspect: Suspect) -> Iterator[Map]:
    yield Map(
        suspect.claim,
        (np.ones_like(suspect.claim),),
        read=lambda theta, bars: {"offset": -float(theta[0])},
    )


CAUSE = Cause(
    code="GP304",
    name="constant-offset",
    message="the claim is {offset:+.4g} off in every component, by the same amount",
    advice="Look for a term that does not depend on the component: an ε, a Lagrange multiplier.",
    text="""
## What it is

The claim differs from the measurement by one number, the same in all components of the tensor.

## How it shows

Claimed minus measured is constant within the bars, whatever the size of the component.

## How it comes about

A term of the loss that is linear in the sum of the parameters and was forgotten, or added without
being there: a constraint on their sum, the 1 of an entropy (the derivative of x log x is
log x + 1). A mean that was subtracted from the gradient, or should have been: the last step of a
softmax, a normalisation.

## Example

```python
import numpy as np
import gradproof as gp


def negative_entropy(p):
    return np.sum(p * np.log(p))


report = gp.check(negative_entropy, np.log, np.array([0.1, 0.2, 0.3, 0.4]))  # log(p) + 1
```

## What to do

Differentiate once more by hand, term by term, and look for the constant that was printed.

## What it is easily taken for

A missing penalty (GP401, GP402): there the difference follows the parameters or their signs; where
all parameters have one sign, that of an L1 penalty is constant as well.
""",
    maps=_maps,
)
