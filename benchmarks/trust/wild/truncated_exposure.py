"""statsmodels: TruncatedLFPoisson takes the logarithm of its exposure twice, in some places.

Run ``python -m benchmarks.trust.wild.truncated_exposure`` from the repository's root.
"""

import numpy as np
from statsmodels.discrete.truncated_model import TruncatedLFPoisson

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike`, with exposures above 1, where both are finite."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal((60, 2))])
    y = 1 + rng.poisson(np.exp(x @ [0.5, 0.3, -0.2]))
    model = TruncatedLFPoisson(y, x, exposure=rng.uniform(1.5, 3, 60))
    return gp.check(model.loglike, model.score, np.array([0.5, 0.3, -0.2]))


if __name__ == "__main__":
    print(report())
