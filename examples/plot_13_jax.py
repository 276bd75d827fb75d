"""
JAX: a rule that forgets what comes in
======================================

``jax.custom_vjp`` replaces the derivative of a function by a rule. A rule can be right for the
function alone and wrong wherever it is used.
"""

# %%
# A softplus that does not overflow, with a rule of its own. The rule returns the slope, σ(x), and
# forgets to multiply it by the cotangent that comes in:

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

import gradproof as gp

plt.style.use("tableau-colorblind10")


@jax.custom_vjp
def softplus(x: jax.Array) -> jax.Array:
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def forward(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    return softplus(x), x


def backward(x: jax.Array, incoming: jax.Array) -> tuple[jax.Array]:
    return (jax.nn.sigmoid(x),)


softplus.defvjp(forward, backward)

# %%
# The obvious test passes. The derivative of a sum by each of its terms is 1, and a factor of 1 can
# be forgotten:

x = jnp.linspace(-2.0, 2.0, 21)
print(gp.check(lambda x: softplus(x).sum(), gp.autodiff, x).headline)

# %%
# Whatever is checked by its sum has a cotangent of 1. Let something come after it, and all is
# wrong:

after = gp.check(lambda x: (softplus(x) ** 2).sum(), gp.autodiff, x)
print(after.verdict.value, "-", after.headline)

# %%
# Hand over the function itself
# -----------------------------
# An f that returns an array is checked with a random cotangent: as if something came after it,
# which is different for every output. And what comes out has to be proportional to what goes in.
# That is a question of its own, for which nothing has to be differentiated:

report = gp.check(softplus, gp.autodiff, x)
print(report)

# %%

(tensor,) = report.tensors
figure, (left, right) = plt.subplots(1, 2)
(summed,) = gp.check(lambda x: softplus(x).sum(), gp.autodiff, x, plan="every").tensors
for ax, values, title in (
    (left, summed, "f = Σ softplus: the rule looks right"),
    (right, tensor, "random cotangents: it is not"),
):
    ax.plot(x, values.measured, "o", mfc="none", ms=8, color="C0", label="measured")
    ax.plot(x, values.claimed, ".", color="C1", label="claimed by the rule")
    ax.set(xlabel="x", ylabel="derivative")
    ax.set_title(title)
left.legend()
plt.show()

# %%
# The rule, mended:


def backward_mended(x: jax.Array, incoming: jax.Array) -> tuple[jax.Array]:
    return (incoming * jax.nn.sigmoid(x),)


softplus.defvjp(forward, backward_mended)
print(gp.check(softplus, gp.autodiff, x).headline)

# %%
# **To take along:** a sum at the end is the gentlest of tests. Check the function that has the
# rule, not its sum.
