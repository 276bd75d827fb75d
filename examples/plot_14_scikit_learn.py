"""
A bug in a famous library
=========================

The gradient that scikit-learn's ``MLPRegressor`` gives to its optimiser is not that of the loss. It
has been known since 2017, and ``gradproof demo sklearn`` shows it in a terminal.
"""

# %%
# L-BFGS asks the regressor for loss and gradient together. To ask the same, record what it is asked
# with:

import textwrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.neural_network import MLPRegressor

import gradproof as gp

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]
Tensors = dict[str, Array]
print("scikit-learn", sklearn.__version__)


class Recorder(MLPRegressor):
    def _loss_grad_lbfgs(self, packed: Array, *rest: Any) -> Any:
        self.recorded = packed.copy(), rest
        return MLPRegressor._loss_grad_lbfgs(self, packed, *rest)


def recorded(outputs: int, alpha: float) -> gp.Problem:
    """Return what L-BFGS is given, at its first step."""
    rng = np.random.default_rng(0)
    model = Recorder(hidden_layer_sizes=3, activation="tanh", solver="lbfgs", alpha=alpha, tol=1e9)
    model.set_params(random_state=0)
    X, y = rng.standard_normal((20, 4)), rng.standard_normal((20, outputs))
    model.fit(X, y if outputs > 1 else y.ravel())
    packed, rest = model.recorded
    shapes = [layer.shape for layer in (*model.coefs_, *model.intercepts_)]
    cuts = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    names = ("W1", "W2", "b1", "b2")

    def unpack(vector: Array) -> Tensors:
        parts = zip(names, np.split(vector, cuts), shapes, strict=True)
        return {name: part.reshape(shape) for name, part, shape in parts}

    def loss_and_gradient(weights: Tensors) -> tuple[float, Tensors]:
        vector = np.concatenate([weights[name].ravel() for name in names])
        loss, slope = MLPRegressor._loss_grad_lbfgs(model, vector, *rest)
        return loss, unpack(slope)

    # True: f returns its value and its gradient, as with jac=True of SciPy.
    return gp.Problem(loss_and_gradient, True, unpack(packed), facts={"outputs": outputs})


def rolled(problem: gp.Problem) -> tuple[gp.Report, Array, Array]:
    """Return the report with all that was claimed, and all that was measured."""
    report = gp.check(problem)
    parts = [(tensor.claimed.ravel(), tensor.measured.ravel()) for tensor in report.tensors]
    claimed, measured = (np.concatenate(part) for part in zip(*parts, strict=True))
    return report, claimed, measured


# %%
# With one output all is well. With three of them:

print(gp.check(recorded(outputs=1, alpha=0)).headline)
print(gp.check(recorded(outputs=3, alpha=0)))

# %%
# The loss is a mean over samples and outputs, its gradient one over samples only. All components
# lie on a line through 0 whose slope is the number of outputs:

figure, ax = plt.subplots()
for outputs, marker, colour in ((1, "o", "C0"), (2, "s", "C1"), (3, "^", "C3"), (5, "D", "C4")):
    report, claimed, measured = rolled(recorded(outputs, alpha=0))
    name = f"{outputs} output{'s' * (outputs > 1)}: {report.verdict.value}"
    ax.plot(measured, claimed, marker, ms=5, color=colour, label=name)
    ends = np.array([measured.min(), measured.max()])
    ax.plot(ends, outputs * ends, lw=0.8, color=colour, zorder=0)
ax.set(xlabel="measured derivative", ylabel="derivative claimed by scikit-learn")
ax.set_title("k outputs: the gradient is k times too large")
ax.legend()
plt.show()

# %%
# What it does
# ------------
# A factor on everything would be harmless: the minimum stays where it is. But there is a penalty,
# and its gradient is right. gradproof finds both, the factor and what it does not apply to:

report = gp.check(recorded(outputs=3, alpha=2.0))
for cause in report.causes:
    print(cause.code, textwrap.fill(cause.message, 80))

# %%
# So the optimiser is told of another loss than the one it is given, one in which the penalty counts
# k times too little, and its line search compares the two. Where the gradient that it sees is 0,
# the loss has a slope left. Already where it starts they differ:

figure, ax = plt.subplots(figsize=(7.6, 3.2))
alphas = np.geomspace(1e-3, 10, 7)
for outputs, marker, colour in ((2, "s", "C1"), (3, "^", "C3"), (5, "D", "C4")):
    angles = []
    for alpha in alphas:
        _, claimed, measured = rolled(recorded(outputs, alpha))
        cosine = claimed @ measured / np.linalg.norm(claimed) / np.linalg.norm(measured)
        angles.append(np.degrees(np.arccos(min(cosine, 1.0))))
    ax.semilogx(alphas, angles, marker + "-", ms=5, lw=1, color=colour, label=f"{outputs} outputs")
ax.set(xlabel="alpha, the strength of the penalty", ylabel="angle, in degrees")
ax.set_title("With a penalty the gradient points elsewhere, too")
ax.legend()
plt.show()

# %%
# **To take along:** a gradient that trains is not a gradient that is right. The issue is `number
# 8349 <https://github.com/scikit-learn/scikit-learn/issues/8349>`_; :doc:`/found_in_the_wild` has
# others of its kind.
