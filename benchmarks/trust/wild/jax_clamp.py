"""JAX: clamp has no derivative left where its lower limit is above the upper one.

Run ``python -m benchmarks.trust.wild.jax_clamp`` from the repository's root.
"""

import jax
import jax.numpy as jnp
import numpy as np

import gradproof as gp


def value(t: jax.Array) -> jax.Array:
    """Return numbers clamped between limits, the lower one too high in the last of them."""
    lower, x, upper = t
    return jnp.sum(jax.lax.clamp(lower, x, upper))


def report() -> gp.Report:
    """Check reverse mode inside, at both limits, and with the limits exchanged."""
    at = np.array([[1.0, 1.0, 1.0, 2.0], [1.5, 0.0, 3.0, 0.0], [2.0, 2.0, 2.0, 1.0]])
    with jax.enable_x64(True):
        return gp.check(value, gp.autodiff, jnp.asarray(at))


if __name__ == "__main__":
    print(report())
