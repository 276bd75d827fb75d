"""torch: cholesky_solve gives a derivative to the triangle that it does not read.

Run ``python -m benchmarks.trust.wild.cholesky_solve`` from the repository's root.
"""

from typing import Any

import numpy as np
import torch

import gradproof as gp

B = torch.tensor([[1.0], [2.0]], dtype=torch.float64)


def value(factor: Any) -> Any:
    """Return the first component of the solution of ``factor @ factor.T @ x = B``."""
    return torch.cholesky_solve(B, factor)[0, 0]


def gradient(factor: np.ndarray[Any, Any]) -> Any:
    """Return what autograd says of it."""
    tensor = torch.tensor(factor, requires_grad=True)
    value(tensor).backward()
    return tensor.grad.numpy()


def report() -> gp.Report:
    """Check autograd with a zero in the other triangle, and with a number that is ignored."""
    at = {"zero": np.array([[2.0, 0.0], [0.5, 1.0]]), "five": np.array([[2.0, 5.0], [0.5, 1.0]])}
    return gp.check(
        lambda at: sum(value(torch.tensor(factor)).item() for factor in at.values()),
        lambda at: {name: gradient(factor) for name, factor in at.items()},
        at,
    )


if __name__ == "__main__":
    print(report())
