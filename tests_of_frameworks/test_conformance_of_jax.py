"""JAX conforms, with its arrays in float64 whether it is set to that or not."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from gradproof.conformance import Framework, conformance

try:
    from jax import enable_x64
except ImportError:  # before version 0.8
    from jax.experimental import enable_x64


def array(numbers: Any) -> Any:
    with enable_x64(True):
        return jnp.asarray(numbers)


@pytest.mark.parametrize("x64", [False, True])
def test_jax_conforms(x64: bool) -> None:
    of = Framework(array, np.asarray, jnp.sin, jnp.cos, jnp.sum, modes=("reverse", "forward"))
    with enable_x64(x64):
        assert len(conformance(of)) == 8
