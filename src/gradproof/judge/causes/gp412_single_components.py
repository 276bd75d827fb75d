"""GP412: a few components are wrong, the rest is right."""

import numpy as np

from gradproof._base.phrases import counted
from gradproof.judge.catalogue import Cause
from gradproof.judge.suspect import IF_SOLVED_FOR, UNFOUND, Parameters, Suspect

_FEW = 0.05  # of a tensor
_AT_MOST = 100


def _observe(suspect: Suspect) -> Parameters | None:
    wrong = int(np.sum(suspect.wrong))
    looked_at = int(np.sum(np.isfinite(suspect.measured)))
    if looked_at < 2 or not 0 < wrong <= min(_AT_MOST, max(1.0, _FEW * looked_at)):
        return None
    return {
        "wrong": wrong,
        "size": suspect.measured.size,
        "looked_at": looked_at,
        "complete": suspect.complete,
        "close": suspect.is_close,
    }


def _message(
    wrong: int,
    size: int,
    looked_at: int,
    complete: bool,
    outputs: int = 0,
    concerned: int = 0,
    **_: bool,
) -> str:
    """Say how many; of a function of several values where, as far as it was looked at."""
    verb = "is" if wrong == 1 else "are"
    what, where = counted(size, "component"), ""
    if outputs:
        what = f"{counted(size, 'column')} of the Jacobian"
        where = f" in {concerned:,} of {outputs:,} outputs" if concerned else ""
        where = " in all outputs" if concerned == outputs else where
    others = ", and no others were seen to be"
    if not complete or looked_at < size:
        right = looked_at - wrong
        seen = "was looked at is" if right == 1 else "were looked at are"
        others = f"; {counted(right, 'other')} that {seen} right"
    return f"{wrong:,} of {what} {verb} wrong{where}{others}{UNFOUND * (not complete)}"


def _advice(close: bool, outputs: int = 0, concerned: int = 0, **_: int) -> str:
    if not outputs:
        look = "Look at what is special about these places: an edge, an index met twice, a branch."
    elif 0 < concerned < outputs:
        look = (
            "Look at the derivatives of these outputs by these parameters: an index met twice, a "
            "branch, an entry written by hand."
        )
    else:
        look = "Look at how the derivatives of all outputs by these parameters are computed."
    return look + IF_SOLVED_FOR * close


CAUSE = Cause(
    code="GP412",
    name="single-components",
    message=_message,
    advice=_advice,
    text="""
## What it is

A few numbers of the tensor are wrong, in no slice of their own.

## How it shows

Most components agree with their measurement; the few that do not are listed as culprits.

## How it comes about

Indices that occur twice: `dW[idx] += g` adds only once in NumPy, `np.add.at` adds every time. A
branch or a clip that is decided differently in forward and backward pass. A value near a kink. An
edge or a corner of an image. Entries written by hand.

## Example

```python
import numpy as np
import gradproof as gp

words = np.array([0, 3, 3, 7])


def loss(table):
    return np.sum(np.sin(table[words]))


def gradient(table):
    d = np.zeros_like(table)
    d[words] += np.cos(table[words])  # word 3 occurs twice, and is added once
    return d


report = gp.check(loss, gradient, np.linspace(0, 1, 30))
```

## What to do

Look at the culprits' indices, and at what the code does at just these. Of a function of several
values each component is a column of the Jacobian, and the culprits say which outputs it concerns.

## What it is easily taken for

A wrong slice (GP411). Or kinks (GP202), where a claim between the slopes of both sides passes.
""",
    observe=_observe,
)
