"""torch: the reverse mode of as_strided_scatter keeps the places that it should leave out.

Run ``python -m benchmarks.trust.wild.as_strided_scatter`` from the repository's root.
"""

from typing import Any

import numpy as np
import torch

import gradproof as gp


def value(x: Any) -> Any:
    """Return a weighted sum of a 3 × 3 tensor, four of whose entries are overwritten by 10."""
    tens = torch.full((2, 2), 10.0, dtype=torch.float64)
    weights = torch.arange(1.0, 10.0, dtype=torch.float64).reshape(3, 3)
    return (torch.as_strided_scatter(x, tens, (2, 2), (2, 1), 0) * weights).sum()


def gradient(x: np.ndarray[Any, Any]) -> Any:
    """Return what autograd says of it."""
    tensor = torch.tensor(x, requires_grad=True)
    value(tensor).backward()
    return tensor.grad.numpy()


def report() -> gp.Report:
    """Check autograd against the function."""
    at = np.arange(9.0).reshape(3, 3)
    return gp.check(lambda x: value(torch.tensor(x)).item(), gradient, at)


if __name__ == "__main__":
    print(report())
