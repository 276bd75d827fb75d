"""statsmodels: the derivative of the generator of the Frank copula has the wrong sign.

Run ``python -m benchmarks.trust.wild.frank_generator`` from the repository's root.
"""

import numpy as np
from statsmodels.distributions.copula.transforms import TransfFrank

import gradproof as gp


def report() -> gp.Report:
    """Check `deriv` against `evaluate`, summed over three points, for theta = 2."""
    frank = TransfFrank()
    return gp.check(
        lambda t: np.sum(frank.evaluate(t, 2.0)),
        lambda t: frank.deriv(t, 2.0),
        np.array([0.2, 0.5, 0.8]),
    )


if __name__ == "__main__":
    print(report())
