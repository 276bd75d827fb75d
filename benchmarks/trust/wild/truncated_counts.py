"""statsmodels: the score of truncated count models forgets which parameterization was asked for.

Run ``python -m benchmarks.trust.wild.truncated_counts`` from the repository's root.
"""

import numpy as np
from statsmodels.discrete.truncated_model import (
    TruncatedLFGeneralizedPoisson,
    TruncatedLFNegativeBinomialP,
)

import gradproof as gp


def report() -> gp.Report:
    """Check `score` against `loglike`, for both values of p of both models."""
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(60), rng.standard_normal((60, 2))])
    y = rng.poisson(np.exp(x @ [0.5, 0.3, -0.2]))
    models = {
        f"{name}, p={p}": model(y[y > 0], x[y > 0], p=p)
        for name, model in (
            ("GeneralizedPoisson", TruncatedLFGeneralizedPoisson),
            ("NegativeBinomialP", TruncatedLFNegativeBinomialP),
        )
        for p in (1, 2)
    }
    return gp.check(
        lambda at: sum(model.loglike(at[name]) for name, model in models.items()),
        lambda at: {name: model.score(at[name]) for name, model in models.items()},
        {name: np.array([0.5, 0.3, -0.2, 0.3]) for name in models},
    )


if __name__ == "__main__":
    print(report())
