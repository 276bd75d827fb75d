"""torch: softshrink and hardshrink with a threshold of 0 have no derivative at 0.

Run ``python -m benchmarks.trust.wild.shrink_at_zero`` from the repository's root.
"""

from typing import Any

import numpy as np
import torch

import gradproof as gp

SHRINKS = {"soft": torch.nn.functional.softshrink, "hard": torch.nn.functional.hardshrink}
WEIGHTS = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)


def value(at: dict[str, Any]) -> Any:
    """Return a weighted sum of both: as they shrink by nothing, of the parameters themselves."""
    return sum(SHRINKS[name](x, lambd=0.0) @ WEIGHTS for name, x in at.items())


def gradient(at: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    """Return what autograd says of it."""
    tensors = {name: torch.tensor(x, requires_grad=True) for name, x in at.items()}
    value(tensors).backward()
    return {name: x.grad.numpy() for name, x in tensors.items()}


def report() -> gp.Report:
    """Check autograd at three numbers, one of which is 0."""
    x = np.array([-0.5, 0.0, 1.5])
    return gp.check(
        lambda at: value({name: torch.tensor(x) for name, x in at.items()}).item(),
        gradient,
        {name: x.copy() for name in SHRINKS},
    )


if __name__ == "__main__":
    print(report())
