"""torch: max_unpool gives a derivative to numbers that others have overwritten.

Run ``python -m benchmarks.trust.wild.max_unpool`` from the repository's root.
"""

import torch

import gradproof as gp


def report() -> gp.Report:
    """Check reverse mode where two numbers go to one place: the last one stays."""
    indices = torch.tensor([[1, 1, 3]])
    return gp.check(
        lambda x: torch.nn.functional.max_unpool1d(x, indices, 2).sum(),
        gp.autodiff,
        torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64),
    )


if __name__ == "__main__":
    print(report())
