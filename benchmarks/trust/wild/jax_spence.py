"""JAX: the reverse-mode gradient of spence is NaN between 1 and 2.

Run ``python -m benchmarks.trust.wild.jax_spence`` from the repository's root.
"""

import jax
import numpy as np

import gradproof as gp

jax.config.update("jax_enable_x64", True)


def report() -> gp.Report:
    """Check the gradient of a sum of dilogarithms."""

    def f(x: np.ndarray) -> float:
        return float(jax.scipy.special.spence(x).sum())

    gradient = jax.grad(lambda x: jax.scipy.special.spence(x).sum())
    return gp.check(f, lambda x: np.asarray(gradient(x)), np.array([0.4, 1.2, 1.7, 3.0]))


if __name__ == "__main__":
    print(report())
