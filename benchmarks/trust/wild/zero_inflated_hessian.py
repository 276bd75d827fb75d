"""statsmodels: the Hessian of ZeroInflatedPoisson has zeros for all mixed derivatives.

Run ``python -m benchmarks.trust.wild.zero_inflated_hessian`` from the repository's root.
"""

import numpy as np
from statsmodels.discrete.count_model import ZeroInflatedPoisson

import gradproof as gp


def report() -> gp.Report:
    """Check `hessian` against `score`, which is right."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal(60)])
    y = rng.poisson(np.exp(x @ [0.5, 0.3])) * (rng.random(60) < 0.7)
    model = ZeroInflatedPoisson(y, x)
    at = np.array([-0.4, 0.4, 0.2])
    hessian = gp.Hessian(model.hessian, gradient=model.score)
    return gp.check(model.loglike, hessian, at)


if __name__ == "__main__":
    print(report())
