"""
Kinks: ReLU, and the absolute value
===================================

At a kink there is no derivative, and beside one a difference may look across it. The textbook loop
then calls right gradients wrong.
"""

# %%
# Take \|x\| at 1e-5. The slope is 1, without a doubt. But a step that is wider than 1e-5 lands on
# the other branch:

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.textbook import central_difference, network, relative_error

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]
AT = 1e-5
steps = np.geomspace(1e-12, 1, 150)
beside = [abs(central_difference(abs, AT, h) - 1) for h in steps]
smooth = [abs(central_difference(np.exp, 0.0, h) - 1) for h in steps]

figure, (left, right) = plt.subplots(1, 2, width_ratios=[2, 3])
around = np.linspace(-3e-5, 4e-5, 200)
left.plot(around * 1e5, np.abs(around) * 1e5, color="C3")
for h, colour in ((4e-6, "C0"), (2.5e-5, "C1")):
    ends = np.array([AT - h, AT + h]) * 1e5
    left.plot(ends, np.abs(ends), "o-", color=colour, label=f"h = {h:.1e}")
left.set(xlabel="x, in 1e-5", ylabel="|x|, in 1e-5")
left.set_title("A wide step looks across")
left.legend()
right.loglog(steps, np.maximum(smooth, 1e-17), ".", ms=4, color="C2", label="exp at 0: a V")
right.loglog(steps, np.maximum(beside, 1e-17), ".", ms=4, color="C1", label="|x| at 1e-5: a wall")
right.axvline(AT, color="C3", lw=1, ls=":", label="distance to the kink")
right.set(xlabel="step h", ylabel="error of the difference", ylim=(1e-13, 10))
right.set_title("Beyond the kink the error is no longer small")
right.legend()
plt.show()

# %%
# In a network with ReLU every unit has a kink, and there are thousands of units. The classic step
# of 1e-7 meets one sooner or later. Here a bias puts the second unit 3e-8 beside its kink:

layers_dims = [3, 4, 1]
X, Y = np.array([[0.5], [-1.0], [2.0]]), np.ones((1, 1))
parameters = network.initialize_parameters(layers_dims)
parameters["b1"][1] = 3e-8 - parameters["W1"][1] @ X
AL, caches = network.L_model_forward(X, parameters, "relu")
gradients = network.L_model_backward(AL, Y, caches, "relu")
numerical = network.numerical_gradient(
    parameters, X, Y, layers_dims, hidden_layers_activation_fn="relu"
)
difference = network.gradient_check(
    parameters, gradients, X, Y, layers_dims, hidden_layers_activation_fn="relu"
)


def cost(parameters: dict[str, Array]) -> float:
    return network.forward_prop_cost(X, parameters, Y, "relu")


print(gp.check(cost, gradients, parameters))

# %%
# gradproof tries smaller steps before it says that something is wrong. Where they side with the
# claim, it is right.
#
# Exactly on the kink
# -------------------
# At 0 the slope of \|x\| is −1 on the left and 1 on the right, and whatever lies between is a
# subgradient. The two-sided difference is 0. The textbook loop takes that for the truth:

print("claim   textbook   gradproof")
for claim in (-1.3, -1.0, 0.0, 0.3, 1.0, 1.3):
    report = gp.check(abs, claim, 0.0)
    error = relative_error([claim], [central_difference(abs, 0.0)])
    said = [cause.message for cause in report.causes if cause.code == "GP202"] or report.notes
    print(f"{claim:+.1f}    {error:<8g}   {report.verdict.value}: {said[0]}")

# %%
# What a framework returns at a kink is a convention: PyTorch has 0 for \|x\| and for ReLU.
# gradproof accepts the slope of either side and all between them, and says so with GP202, since an
# optimiser that sits there gets no direction from it. What lies outside of them is wrong:

print(gp.check(abs, 0.3, 0.0))

# %%

claims = np.linspace(-2, 2, 21)
colours = {"pass": "C0", "fail": "C1", "inconclusive": "C2"}
figure, ax = plt.subplots(figsize=(7.6, 3.2))
around = np.linspace(-1, 1, 101)
seen = set()
for claim in claims:
    verdict = gp.check(abs, claim, 0.0).verdict.value
    label = None if verdict in seen else f"claim: {verdict}"
    seen.add(verdict)
    ax.plot(around, claim * around, color=colours[verdict], lw=0.8, alpha=0.7, label=label)
ax.plot(around, np.abs(around), color="C3", lw=2.5, label="|x|")
ax.set(xlabel="x", ylabel="f, and lines of the claimed slope", ylim=(-1, 1.1))
ax.set_title("At the kink a claim passes if its line stays below the function")
ax.legend(loc="lower center", frameon=True, framealpha=1)
plt.show()

# %%
# **To take along:** when a check fails beside a kink, do not raise the tolerance. Step less far.
