"""torch: normal moves with its mean, and its derivative is given as 0.

Run ``python -m benchmarks.trust.wild.normal`` from the repository's root.
"""

import torch

import gradproof as gp


def report() -> gp.Report:
    """Check reverse mode by mean and deviation, with the same random numbers every time."""
    at = {"mean": torch.tensor([1.0, 2.0]).double(), "std": torch.tensor([0.5, 0.7]).double()}
    return gp.check(lambda t: torch.normal(t["mean"], t["std"]).sum(), gp.autodiff, at)


if __name__ == "__main__":
    print(report())
