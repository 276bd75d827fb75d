"""statsmodels: GLM.score(scale=s) of the binomial family divides by s, loglike(scale=s) does not.

Run ``python -m benchmarks.trust.wild.binomial_scale`` from the repository's root.
"""

import numpy as np
import statsmodels.api as sm

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike`, both with the scale 2."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal((60, 2))])
    y = (x @ [0.5, 0.3, -0.2] + rng.logistic(size=60) > 0).astype(float)
    model = sm.GLM(y, x, family=sm.families.Binomial())
    return gp.check(
        lambda b: model.loglike(b, scale=2.0),
        lambda b: model.score(b, scale=2.0),
        np.array([0.2, 0.1, -0.1]),
    )


if __name__ == "__main__":
    print(report())
