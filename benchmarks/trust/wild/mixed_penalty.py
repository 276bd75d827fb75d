"""statsmodels: the profile score of MixedLM leaves out what a penalty on fixed effects adds to it.

Run ``python -m benchmarks.trust.wild.mixed_penalty`` from the repository's root.
"""

import numpy as np
from statsmodels.base._penalties import L2
from statsmodels.regression.mixed_linear_model import MixedLM

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike` as ``fit(fe_pen=L2(30.0), reml=False)`` calls them."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal((60, 2))])
    groups = np.repeat(np.arange(10), 6)
    y = x @ [1.0, 0.5, -0.5] + rng.standard_normal(10)[groups] + rng.standard_normal(60)
    model = MixedLM(y, x, groups)
    model._freepat, model._cov_sing = None, 0  # these and the next ones are what fit sets
    model.fe_pen, model.cov_pen, model.reml = L2(30.0), None, False
    return gp.check(model.loglike, model.score, np.array([0.7]))


if __name__ == "__main__":
    print(report())
