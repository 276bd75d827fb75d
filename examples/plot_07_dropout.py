"""
Dropout: the dice have to stand still
=====================================

With dropout the cost is a random number. The difference of two random numbers over a tiny step is
no derivative.
"""

# %%
# A network that drops a fifth of its hidden units, with a new mask at every call:

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.data import load_digits
from gradproof.textbook import (
    dictionary_to_vector,
    gradients_to_vector,
    network,
    relative_error,
    vector_to_dictionary,
)

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]
X, Y = network.random_examples(*load_digits(size=8, channels=1)["train"], k=5)
layers_dims = [64, 5, 5, 1]
parameters = network.initialize_parameters(layers_dims)
dice = np.random.default_rng(0)


def random_cost(parameters: dict[str, Array]) -> float:
    seed = int(dice.integers(2**32))  # a new mask
    return network.forward_prop_cost(X, parameters, Y, keep_prob=0.8, seed=seed)


def fixed_cost(parameters: dict[str, Array]) -> float:
    return network.forward_prop_cost(X, parameters, Y, keep_prob=0.8, seed=7)


# %%
# Move one weight, and look at the cost:

offsets = np.linspace(-1, 1, 121)


def along(offset: float) -> dict[str, Array]:
    moved = {name: value.copy() for name, value in parameters.items()}
    moved["W3"][0, 2] += offset
    return moved


figure, ax = plt.subplots()
ax.plot(
    offsets, [random_cost(along(t)) for t in offsets], ".", color="C1", label="a new mask each time"
)
ax.plot(
    offsets, [fixed_cost(along(t)) for t in offsets], color="C0", label="the same mask each time"
)
ax.set(xlabel="W3[0, 2], moved by", ylabel="cost")
ax.set_title("With new masks there is no curve to have a slope")
ax.legend()
plt.show()

# %%
# The classic check on the random cost, against the gradient of backpropagation. That gradient is
# right, for the mask it was made with:

AL, caches = network.L_model_forward(X, parameters, keep_prob=0.8, seed=7)
gradients = network.L_model_backward(AL, Y, caches)
theta = dictionary_to_vector(parameters)
numerical = gp.numerical_gradient(
    lambda t: random_cost(vector_to_dictionary(t, layers_dims)), theta
)
claimed = gradients_to_vector(gradients)
print(f"relative error: {relative_error(claimed, numerical):.6f}")
print(f"largest derivative, claimed:   {np.abs(claimed).max():.2g}")
print(f"largest derivative, numerical: {np.abs(numerical).max():.2g}")

# %%
# A million instead of a half: the step of 1e-7 turns the jump from one mask to the
# next into a slope. gradproof sees it before it measures anything, and does not call the gradient
# wrong:

report = gp.check(random_cost, gradients, parameters)
print(report)

# %%
# Three ways to check it after all
# --------------------------------
# *Switch it off,* with ``keep_prob=1``. That checks everything but the dropout.
#
# *Keep the mask,* by a seed that is set before every evaluation. Then cost and gradient are those
# of one thinned network, and the gradient has to pass through the same mask:

difference = network.gradient_check(parameters, gradients, X, Y, layers_dims, keep_prob=0.8, seed=7)
print(gp.check(fixed_cost, gradients, parameters).headline)

# %%
# *Let gradproof keep it.* A generator that is named in ``reseed=`` is set back before every
# evaluation, of cost and gradient alike. They get the same random numbers and therefore the same
# mask. The global generators of NumPy, Python and PyTorch need not even be named.


def random_gradients(parameters: dict[str, Array]) -> dict[str, Array]:
    seed = int(dice.integers(2**32))  # the same draw as in the cost
    AL, caches = network.L_model_forward(X, parameters, keep_prob=0.8, seed=seed)
    return network.L_model_backward(AL, Y, caches)


report = gp.check(gp.Problem(random_cost, random_gradients, parameters, reseed=dice))
print(report)

# %%
# Is the check worth anything, with a mask? Forget the mask on the way back, which is the mistake
# that dropout invites:


def without_mask(parameters: dict[str, Array]) -> dict[str, Array]:
    seed = int(dice.integers(2**32))
    AL, caches = network.L_model_forward(X, parameters, keep_prob=0.8, seed=seed)
    return network.L_model_backward(AL, Y, [cache._replace(mask=None) for cache in caches])


report = gp.check(gp.Problem(random_cost, without_mask, parameters, reseed=dice))
print(report.headline)
for leaf in report.leaves:
    print(f"  {leaf.address}  {leaf.verdict.value}")

# %%
# The last layer is right: no mask lies between it and the cost. **To take along:** random is no
# obstacle, if the same random numbers are there at every evaluation.
