"""GP411: some slices or a block of a tensor are wrong, the rest is right."""

import numpy as np

from gradproof._base.phrases import counted
from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import UNFOUND, Parameters, Suspect


def _observe(suspect: Suspect) -> Parameters | None:
    wrong, parts = suspect.wrong, suspect.parts
    if not parts:
        return None
    inside = np.any([part.mask(wrong.shape) for part in parts], axis=0)
    words = " and ".join(map(suspect.words, parts))
    return {
        "slices": words,
        "elsewhere": int(np.sum(wrong & ~inside)),
        "complete": suspect.complete,
    }


def _message(slices: str, elsewhere: int, complete: bool) -> str:
    if elsewhere:
        are = "is" if elsewhere == 1 else "are"
        return (
            f"nearly all of the error is in {slices}; elsewhere "
            f"{counted(elsewhere, 'component')} {are} wrong by less"
        )
    return f"the claim is wrong in {slices}{', and nowhere else' if complete else UNFOUND}"


CAUSE = Cause(
    code="GP411",
    name="wrong-slice",
    message=_message,
    advice="Look at what is special about these: the first or last of a loop, one gate, one head.",
    text="""
## What it is

The wrong components are those of a row, a column or another slice of the tensor, or fill a block
of neighbours.

## How it shows

Nearly all of the discrepancy lies in these slices, and most of their components contradict their
measurement.

## How it comes about

One of several tensors that are rolled into one vector. An edge that is treated like the middle, the
first or last step of a loop, one of several gates or heads stacked in one tensor, one class whose
label is coded differently.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(W):
    return np.sum(np.tanh(W @ x))


def gradient(W):
    dW = np.outer(1 - np.tanh(W @ x) ** 2, x)
    dW[3] = x - x**2  # another formula in one row
    return dW


report = gp.check(loss, gradient, np.arange(15.0).reshape(5, 3) / 15)
```

## What to do

Follow that index through the backward pass. If what is wrong has a cause of its own (a factor, a
sign, a penalty), that is printed beside it.

## What it is easily taken for

Single components (GP412), where no slice is wrong as a whole.
""",
    observe=_observe,
)
