"""
Backpropagation on real digits
==============================

A network from scratch learns to tell whether a handwritten digit is a 0. Its backward pass has two
mistakes. The classic check says that there are some; the pictures show where.
"""

# %%
# The digits come with gradproof, 8 × 8 pixels each. Five of them are enough for a gradient check:
# every further image costs time and shows nothing new.

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.data import load_digits
from gradproof.textbook import network

plt.style.use("tableau-colorblind10")
Tensors = dict[str, npt.NDArray[np.float64]]
X, Y = network.random_examples(*load_digits(size=8, channels=1)["train"], k=5, seed=7)

figure, axes = plt.subplots(1, 5, figsize=(7.6, 1.9))
for ax, image, label in zip(axes, X.T, Y[0], strict=True):
    ax.imshow(image.reshape(8, 8), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    ax.set_title("a 0" if label else "no 0", loc="center")
figure.suptitle("Five digits, and what the network should say", x=0.01, ha="left", size=10.5)
plt.show()

# %%
# The network has 64 inputs, two hidden layers of five, and one output. Forward, backward, and the
# classic check: two evaluations of the cost for every parameter. (The first weights are four times
# as large as is usual, so that the slopes of tanh are not all close to 1.)

layers_dims = [64, 5, 5, 1]
parameters = network.initialize_parameters(layers_dims, seed=1)
parameters["W1"] *= 4
AL, caches = network.L_model_forward(X, parameters, "tanh")
right = network.L_model_backward(AL, Y, caches, "tanh")
difference = network.gradient_check(parameters, right, X, Y, layers_dims)

# %%
# Now a backward pass as someone might have written it. The slope of tanh is forgotten in the first
# hidden layer, and the bias of the second one is summed over the examples where the others are
# averaged.


def backward(AL: npt.NDArray[np.float64], caches: list[network.LayerCache]) -> Tensors:
    first, second, third = caches
    m = Y.shape[1]
    dZ3 = (AL - Y) / m
    dZ2 = (third.W.T @ dZ3) * (1 - second.A**2)
    dZ1 = second.W.T @ dZ2  # * (1 - first.A**2)
    return {
        "dW3": dZ3 @ third.A_prev.T,
        "db3": dZ3.sum(axis=1, keepdims=True),
        "dW2": dZ2 @ second.A_prev.T,
        "db2": m * dZ2.sum(axis=1, keepdims=True),
        "dW1": dZ1 @ first.A_prev.T,
        "db1": dZ1.sum(axis=1, keepdims=True),
    }


wrong = backward(AL, caches)
difference = network.gradient_check(parameters, wrong, X, Y, layers_dims)

# %%
# That is all that the classic check has to say: one number for 361 parameters.
# :func:`gradproof.check` takes the same cost and the same dictionary. ``facts=`` gives a name to
# numbers that a wrong factor may be.


def cost(parameters: Tensors) -> float:
    return network.forward_prop_cost(X, parameters, Y, "tanh")


report = gp.check(gp.Problem(cost, wrong, parameters, facts={"batch": 5}))
print(report)

# %%
# The factor is found, with its name. W1 and b1 are wrong where everything above is right: the
# mistake lies between the second layer and the first, in the line of ``dZ1``. The report also holds
# all components, claimed and measured. A row of W1 belongs to one hidden unit and has a weight for
# each pixel, so that its gradient is an image:

values = {tensor.address: tensor for tensor in report.tensors}
W1 = values["parameters['W1']"]
limit = np.abs(W1.measured).max()
rows = {"claimed": W1.claimed, "measured": W1.measured, "difference": W1.claimed - W1.measured}

figure, axes = plt.subplots(3, 5, figsize=(7.6, 4.6))
for line, (name, gradient) in zip(axes, rows.items(), strict=True):
    for unit, ax in enumerate(line):
        ax.spines[:].set_visible(False)
        shown = ax.imshow(gradient[unit].reshape(8, 8), cmap="PuOr", vmin=-limit, vmax=limit)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name)
for unit, ax in enumerate(axes[0]):
    ax.set_title(f"unit {unit + 1}", loc="center")
figure.colorbar(shown, ax=axes, label="derivative of the cost by the weight", shrink=0.8)
figure.suptitle(
    "The gradient of W1, as images: without the slope, units 1 to 4 learn the wrong picture",
    x=0.01,
    ha="left",
    size=10.5,
)
plt.show()

# %%
# Each image is a sum over the five digits, which should be weighted by their slopes and are all
# weighted by 1. Where these are alike, as in unit 5, hardly anything shows; in unit 1 not even the
# sign is left. Such a gradient still points roughly downhill, so the network learns something, and
# nobody suspects the backward pass.
#
# **To take along:** check on a handful of real examples before training, and look where the report
# points.
