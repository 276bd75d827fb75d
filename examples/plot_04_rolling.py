"""
Many tensors, one vector: rolling θ
===================================

The classic loop moves one number at a time. So the parameters of a network are first rolled into
one long vector, and the gradients in the same order.
"""

# %%
# A small network, on two random examples:

import matplotlib.pyplot as plt
import numpy as np

import gradproof as gp
from gradproof.textbook import (
    dictionary_to_vector,
    gradients_to_vector,
    largest_differences,
    network,
    relative_error,
    vector_to_dictionary,
)

plt.style.use("tableau-colorblind10")
layers_dims = [4, 3, 2, 1]
rng = np.random.default_rng(0)
X, Y = rng.standard_normal((4, 2)), np.array([[0.0, 1.0]])
parameters = network.initialize_parameters(layers_dims)
theta = dictionary_to_vector(parameters)
print({name: value.shape for name, value in parameters.items()})
print("θ:", theta.shape)

# %%
# W1 row by row, then b1, then W2 … and back again, with nothing lost:

back = vector_to_dictionary(theta, layers_dims)
print("the same:", all(np.array_equal(back[name], parameters[name]) for name in parameters))

figure, axes = plt.subplot_mosaic(
    [list(parameters), ["theta"] * len(parameters)],
    height_ratios=[3, 1],
    width_ratios=[4, 1, 3, 1, 2, 1],
)
limit = np.abs(theta).max()
for name, value in parameters.items():
    axes[name].imshow(value, cmap="PuOr", vmin=-limit, vmax=limit)
    axes[name].set_title(f"{name}\n{value.shape[0]} × {value.shape[1]}", loc="center")
shown = axes["theta"].imshow(theta.T, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto")
start = 0
for name, value in parameters.items():
    axes["theta"].axvline(start - 0.5, color="C3")
    axes["theta"].text(start - 0.3, -0.6, name, va="bottom")
    start += value.size
for ax in axes.values():
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set(xticks=[], yticks=[])
axes["theta"].set_xlabel(f"θ: {theta.size} numbers, in this order")
figure.colorbar(shown, ax=list(axes.values()), label="value of the parameter", shrink=0.9)
figure.suptitle("Rolling: every number gets one place in θ", x=0.01, ha="left", size=10.5)
plt.show()

# %%
# The classic check
# -----------------
# Two evaluations of the cost for each number of θ, at ±1e-7, and the relative error of both
# vectors:

AL, caches = network.L_model_forward(X, parameters)
gradients = network.L_model_backward(AL, Y, caches)
difference = network.gradient_check(parameters, gradients, X, Y, layers_dims)

# %%
# The rolling has to be the same for both. It is easily not: a dictionary that is sorted by name has
# all the W before all the b, and then a right gradient looks wrong.

numerical = network.numerical_gradient(parameters, X, Y, layers_dims)
by_layer = gradients_to_vector(gradients)
by_name = np.concatenate([gradients[f"d{name}"].reshape(-1, 1) for name in sorted(parameters)])
print(f"rolled as θ is:   {relative_error(by_layer, numerical):.0e}")
print(f"sorted by name:   {relative_error(by_name, numerical):.0e}")

figure, ax = plt.subplots()
places = np.arange(theta.size)
ax.plot(places, numerical, "o", ms=9, mfc="none", color="C3", label="numerical")
ax.plot(places, by_layer, ".", color="C0", label="claimed, rolled as θ is")
ax.plot(places, by_name, "x", color="C1", label="claimed, sorted by name")
ax.set(xlabel="place in θ", ylabel="derivative of the cost")
ax.set_title("The same gradient in another order: from b1 on it fits no more")
ax.legend()
plt.show()

# %%
# Without rolling
# ---------------
# :func:`gradproof.check` takes the dictionary as it is. Names are kept, and there is no order to
# get wrong; keys ``dW1`` are read as those of ``W1``, and ``dA1`` is left aside. Two wrong factors,
# as an example:

gradients["db1"] *= 4
gradients["dW2"] *= 2


def cost(parameters: dict[str, np.ndarray]) -> float:
    return network.forward_prop_cost(X, parameters, Y)


print(gp.check(cost, gradients, parameters))

# %%
# Whoever stays with the vector gets the names back by cutting it:

measured = {
    f"d{name}": value for name, value in vector_to_dictionary(numerical, layers_dims).items()
}
claimed = {name: gradients[name] for name in measured}
for one in largest_differences(claimed, measured, k=3):
    print(f"{one.address:<10} claimed {one.a:+.4f}   measured {one.b:+.4f}")

# %%
# **To take along:** most of what goes wrong in rolling is order. Compare tensors under their names,
# and it cannot.
