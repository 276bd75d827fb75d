"""statsmodels: two count models square their last derivative instead of multiplying it by alpha.

Run ``python -m benchmarks.trust.wild.dispersion_transform`` from the repository's root.
"""

import numpy as np
from statsmodels.discrete.discrete_model import GeneralizedPoisson, NegativeBinomialP

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike` as ``fit(use_transparams=True)`` calls them."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal((60, 2))])
    y = rng.poisson(np.exp(x @ [0.5, 0.3, -0.2]))
    models = {"GeneralizedPoisson": GeneralizedPoisson(y, x), "NB-P": NegativeBinomialP(y, x)}
    for model in models.values():
        model._transparams = True  # what fit sets: the last parameter is the logarithm of alpha
    return gp.check(
        lambda at: sum(model.loglike(at[name]) for name, model in models.items()),
        lambda at: {name: model.score(at[name]) for name, model in models.items()},
        {name: np.array([0.5, 0.3, -0.2, -0.8]) for name in models},
    )


if __name__ == "__main__":
    print(report())
