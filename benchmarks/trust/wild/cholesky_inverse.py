"""torch: the forward mode of cholesky_inverse contradicts the function and its reverse mode.

Run ``python -m benchmarks.trust.wild.cholesky_inverse`` from the repository's root.
"""

import torch

import gradproof as gp


def report() -> gp.Report:
    """Check forward mode by the triangle that is read."""
    factor = torch.tensor([[2.0, 0.0], [1.0, 3.0]], dtype=torch.float64)
    return gp.check(
        lambda factor: torch.cholesky_inverse(factor.tril()),
        gp.autodiff(mode="forward"),
        factor,
    )


if __name__ == "__main__":
    print(report())
