"""JAX: expn takes a real order and says that it does not depend on it.

Run ``python -m benchmarks.trust.wild.jax_expn`` from the repository's root.
"""

import jax
import jax.numpy as jnp
from jax.scipy.special import expn

import gradproof as gp


def report() -> gp.Report:
    """Check reverse mode by the order and by the argument."""
    with jax.enable_x64(True):
        at = {"n": jnp.asarray([2.5, 3.5]), "x": jnp.asarray([1.5, 2.0])}
        return gp.check(lambda t: jnp.sum(expn(t["n"], t["x"])), gp.autodiff, at)


if __name__ == "__main__":
    print(report())
