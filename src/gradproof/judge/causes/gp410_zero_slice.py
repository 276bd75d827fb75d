"""GP410: some slices or a block of a tensor are claimed to have no gradient."""

import numpy as np

from gradproof.judge.catalogue import Cause
from gradproof.judge.patterns import Slices, wrong_block
from gradproof.judge.suspect import UNFOUND, Parameters, Suspect

_MOSTLY = 0.7  # of the components of a slice: some may have no gradient, as claimed


def _observe(suspect: Suspect) -> Parameters | None:
    slices = _zero_slices(suspect)
    return None if slices is None else {"slices": slices, "complete": suspect.complete}


def _zero_slices(suspect: Suspect) -> str | None:
    wrong, claim, part = suspect.wrong, suspect.claim, suspect.located
    if part is not None:
        return None if np.any(part.of(claim)) else suspect.words(part)
    found = []
    for axis in range(wrong.ndim if wrong.ndim > 1 else 0):
        rest = tuple(k for k in range(wrong.ndim) if k != axis)
        places = np.flatnonzero(np.any(wrong, axis=rest))
        zero = places[~np.any(np.take(claim, places, axis), axis=rest)]
        share = np.take(wrong, places, axis).mean() if places.size else 0.0
        if 0 < places.size == zero.size < wrong.shape[axis] and share >= _MOSTLY:
            found.append(Slices(axis, tuple(places.tolist())))
    if not found:
        block = None if np.any(claim[wrong]) else wrong_block(wrong)
        return None if block is None else suspect.words(block)
    return suspect.words(min(found, key=lambda one: len(one.places)))


def _message(slices: str, complete: bool) -> str:
    elsewhere = ", and wrong nowhere else" if complete else UNFOUND
    return f"the claim is 0 in {slices}, where f moves{elsewhere}"


CAUSE = Cause(
    code="GP410",
    name="zero-slice",
    message=_message,
    advice="Look for a loop that ends too early, a slice that is too short, a mask.",
    text="""
## What it is

A row, a column, another slice or a block of a tensor is claimed to have no gradient, although
moving it moves f. The rest of the tensor is right.

## How it shows

All components that contradict their measurement are claimed to be 0, and fill whole slices or a
block.

## How it comes about

A loop over `range(1, n)` for `range(n)`. An embedding whose padding row is left out in the backward
pass and not in the forward pass. Gates of an LSTM stacked in one matrix, of which one is forgotten.
A mask that is one too wide.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(W):
    return np.sum(np.tanh(W @ x))


def gradient(W):
    dW = np.outer(1 - np.tanh(W @ x) ** 2, x)
    dW[3] = 0
    return dW


report = gp.check(loss, gradient, np.arange(15.0).reshape(5, 3) / 15)
```

## What to do

See which index the slice has in the loop or the mask that fills it.

## What it is easily taken for

A slice that is wrong in another way (GP411), or a whole tensor without gradient (GP409).
""",
    observe=_observe,
)
