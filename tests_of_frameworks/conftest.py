"""What the tests of all frameworks have: pymanopt is imported before anything else."""

import jax
import pymanopt  # noqa: F401

jax.config.update("jax_enable_x64", False)  # which pymanopt's import turns on for everybody
