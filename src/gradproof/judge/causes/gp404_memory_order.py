"""GP404: the numbers of the claim were laid out in another order than they are read in."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradproof._base.complexes import as_complex, as_parts
from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import Map, Suspect

_MOST_SHAPES = 64


def _maps(suspect: Suspect) -> Iterator[Map]:
    if suspect.signs is None:
        yield from map(Map, _orders(suspect.claim))
    elif suspect.axes:
        numbers = as_complex(np.ascontiguousarray(suspect.claim))
        yield from (Map(as_parts(one)) for one in _orders(numbers))


def _orders(claim: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Return what the truth would be if numbers had been read in another order."""
    if claim.ndim >= 2 and len(set(claim.shape)) > 1:
        back = claim.reshape(claim.shape[::-1])
        yield back.transpose()
        yield claim.transpose().reshape(claim.shape)
    elif claim.ndim == 1:
        sides = [side for side in range(2, claim.size // 2 + 1) if claim.size % side == 0]
        for side in sides[:_MOST_SHAPES]:
            yield claim.reshape(side, claim.size // side).T.ravel()


CAUSE = Cause(
    code="GP404",
    name="memory-order",
    message="the numbers are those measured, laid out by columns and read by rows (or the reverse)",
    advice="Look for reshape and ravel: a transpose belongs there, or another order= argument.",
    text="""
## What it is

Every number is right, and the order is not: they were written column by column and are read row by
row, or the reverse. The shape is as it should be.

## How it shows

Rearranged from one order to the other, the claim agrees with the measurement in all components.

## How it comes about

`dW.T.reshape(W.shape)`, or `reshape` in the place of `transpose`. Parameters rolled into a vector
by `ravel(order="F")` and out of it by `reshape`. Arrays from Fortran, MATLAB, R or Julia.

## Example

```python
import numpy as np
import gradproof as gp

x = np.array([1.0, -2.0, 0.5])


def loss(W):
    return np.sum(np.tanh(W @ x))


def gradient(W):
    return np.outer(x, 1 - np.tanh(W @ x) ** 2).reshape(W.shape)


report = gp.check(loss, gradient, np.arange(6.0).reshape(2, 3) / 6)
```

## What to do

Transpose where the axes are to be exchanged; reshape only what is laid out as it is read.

## What it is easily taken for

A transpose (GP403), which is the same in a square tensor.
""",
    maps=_maps,
)
