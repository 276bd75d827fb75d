"""statsmodels: penalties with a restriction apply their weights after it instead of before.

Run ``python -m benchmarks.trust.wild.weighted_penalties`` from the repository's root.
"""

import numpy as np
from statsmodels.base._penalties import ConstraintsPenalty, L2Univariate, SCADSmoothed

import gradproof as gp


def report() -> gp.Report:
    """Check `deriv` against `func` of two penalties, with unequal weights and a restriction."""
    weights = np.array([1.0, 2.0, 3.0])
    restriction = np.random.default_rng(0).standard_normal((3, 3))
    penalties = {
        "SCADSmoothed": SCADSmoothed(1.0, weights=weights, restriction=restriction),
        "ConstraintsPenalty": ConstraintsPenalty(L2Univariate(), weights, restriction),
    }
    return gp.check(
        lambda at: sum(penalty.func(at[name]) for name, penalty in penalties.items()),
        lambda at: {name: penalty.deriv(at[name]) for name, penalty in penalties.items()},
        {name: np.array([2.0, -1.5, 1.2]) for name in penalties},
    )


if __name__ == "__main__":
    print(report())
