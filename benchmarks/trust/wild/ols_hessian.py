"""statsmodels: the Hessian of OLS lacks a factor 2 in one of its terms.

Run ``python -m benchmarks.trust.wild.ols_hessian`` from the repository's root.
"""

import numpy as np
import statsmodels.api as sm

import gradproof as gp


def report() -> gp.Report:
    """Check `hessian` of the profile likelihood against `score`, which is right."""
    rng = np.random.default_rng(0)
    x = sm.add_constant(rng.standard_normal((40, 2)))
    model = sm.OLS(x @ [1.0, 0.5, -0.3] + rng.standard_normal(40), x)
    at = np.array([0.4, 0.2, -0.3])
    hessian = gp.Hessian(model.hessian, gradient=model.score)
    return gp.check(model.loglike, hessian, at)


if __name__ == "__main__":
    print(report())
