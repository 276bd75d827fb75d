"""statsmodels: the second derivative of the Gumbel copula's generator is not a number.

Run ``python -m benchmarks.trust.wild.gumbel_generator`` from the repository's root.
"""

from typing import Any

import numpy as np
from statsmodels.distributions.copula.transforms import TransfGumbel

import gradproof as gp

_THETA = 1.7


def report() -> gp.Report:
    """Check `deriv2` against `deriv`, which is right."""
    generator = TransfGumbel()

    def second(t: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.real(generator.deriv2(t, _THETA))

    return gp.check(lambda t: np.sum(generator.deriv(t, _THETA)), second, np.array([0.2, 0.5, 0.8]))


if __name__ == "__main__":
    print(report())
