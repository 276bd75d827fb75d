"""
The forgotten penalty
=====================

Regularisation belongs in the cost *and* in the gradient. When it is in the cost alone, training
runs as before, and the penalty does nothing.
"""

# %%
# The cost of a network with an L2 penalty, λ/2m · Σ‖W‖², here with λ = 0.7 and m = 5 examples:

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.data import load_digits
from gradproof.textbook import network

plt.style.use("tableau-colorblind10")
Tensors = dict[str, npt.NDArray[np.float64]]
LAMBDA, M = 0.7, 5
X, Y = network.random_examples(*load_digits(size=8, channels=1)["train"], k=M)
layers_dims = [64, 5, 5, 1]
parameters = network.initialize_parameters(layers_dims)


def cost(parameters: Tensors) -> float:
    return network.forward_prop_cost(X, parameters, Y, lambd=LAMBDA)


# %%
# The gradient is right with ``lambd=`` and wrong without:

AL, caches = network.L_model_forward(X, parameters)
right = network.L_model_backward(AL, Y, caches, lambd=LAMBDA)
forgotten = network.L_model_backward(AL, Y, caches)

for gradients in (right, forgotten):
    network.gradient_check(parameters, gradients, X, Y, layers_dims, lambd=LAMBDA)

# %%
# gradproof says what is missing, and how much of it:

report = gp.check(cost, forgotten, parameters)
print(report)
print(f"λ/m = {LAMBDA / M:g}")

# %%
# How does it know? What is missing in a component is proportional to the parameter itself, with the
# same factor in all of the tensors. All points lie on a line through 0, and its slope is λ/m. The
# biases have no penalty, and nothing is missing there.

figure, ax = plt.subplots()
markers = {"W1": ("o", "C0"), "W2": ("s", "C1"), "W3": ("^", "C3")}
for tensor in report.tensors:
    name = str(tensor.path[0])
    missing = tensor.measured - tensor.claimed
    marker, colour = markers.get(name, ("+", "C2"))
    label = name if name in markers else None
    ax.plot(parameters[name].ravel(), missing.ravel(), marker, ms=5, color=colour, label=label)
ends = np.array(ax.get_xlim())
ax.plot(ends, LAMBDA / M * ends, "--", lw=1, color="C3", label="slope λ/m", zorder=0)
ax.plot([], [], "+", color="C2", label="biases, all at 0")
ax.set(xlabel="parameter", ylabel="measured − claimed derivative")
ax.set_title("What is missing is 0.14 times the parameter: an L2 penalty")
ax.legend()
plt.show()

# %%
# Its relatives
# -------------
# The same line has another slope where the penalty is there, but not as it should be. Three that
# people make:


def with_penalty(strength: float, biases: float = 0.0) -> Tensors:
    added = {
        f"d{name}": (strength if name[0] == "W" else biases) * value for name, value in at.items()
    }
    return {key: forgotten_at[key] + value for key, value in added.items()}


# Biases that are not 0, so that a penalty on them shows.
at = {name: value + 0.1 * (name[0] == "b") for name, value in parameters.items()}
AL, caches = network.L_model_forward(X, at)
forgotten_at = network.L_model_backward(AL, Y, caches)
variants = {
    "the 2 of the square": with_penalty(2 * LAMBDA / M),
    "the wrong sign": with_penalty(-LAMBDA / M),
    "on biases, too": with_penalty(LAMBDA / M, biases=LAMBDA / M),
}
for name, gradients in variants.items():
    report = gp.check(cost, gradients, at)
    print(f"{name}: {report.verdict.value}")
    for cause in report.causes:
        print(f"    {cause.code} {', '.join(cause.addresses)}: {cause.message}")

# %%
# Checking with λ = 0 to have it simpler would pass them all: **check the cost that is trained,**
# with everything that is in it.
