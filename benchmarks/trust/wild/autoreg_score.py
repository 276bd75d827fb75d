"""statsmodels: the score of AutoReg lacks the division by the residual variance.

Run ``python -m benchmarks.trust.wild.autoreg_score`` from the repository's root.
"""

import numpy as np
from statsmodels.tsa.ar_model import AutoReg

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike`, on a random walk."""
    walk = np.cumsum(np.random.default_rng(0).standard_normal(50))
    model = AutoReg(walk, lags=2)
    return gp.check(model.loglike, model.score, np.array([0.1, 0.5, 0.2]))


if __name__ == "__main__":
    print(report())
