"""
float32: the check that cries wolf
==================================

In single precision seven digits are kept. A difference with the classic step has none of them left,
and every gradient looks wrong.
"""

# %%
# A loss in float32, as it would be for training, and its gradient:

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.textbook import relative_error

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.floating]
rng = np.random.default_rng(0)
X = rng.standard_normal((50, 8)).astype(np.float32)
y = rng.standard_normal(50).astype(np.float32)
w = (0.3 * rng.standard_normal(8)).astype(np.float32)


def loss(w: Array) -> np.floating:
    return np.mean((np.tanh(X @ w) - y) ** 2)


def gradient(w: Array) -> Array:
    a = np.tanh(X @ w)
    slopes: Array = X.T @ ((a - y) * (1 - a**2)) * (2 / 50)
    return slopes


print("loss:", loss(w).dtype, "  gradient:", gradient(w).dtype)

# %%
# The two-sided difference, in the types as they are. At h = 1e-7, w + h is w for most weights, and
# where it is not, the loss hardly does. The best step is near 1e-2, and four digits is all that it
# gives:


def differences(dtype: npt.DTypeLike, h: float) -> Array:
    at = w.astype(dtype)
    moves = np.eye(8, dtype=dtype) * at.dtype.type(h)
    return np.array([(loss(at + move) - loss(at - move)) / (2 * h) for move in moves])


truth = gradient(w.astype(np.float64))
steps = np.geomspace(1e-12, 1, 100)
figure, ax = plt.subplots()
for dtype, colour in ((np.float32, "C1"), (np.float64, "C0")):
    errors = [relative_error(differences(dtype, h), truth) for h in steps]
    ax.loglog(steps, np.maximum(errors, 1e-16), ".", color=colour, label=np.dtype(dtype).name)
ax.axvline(1e-7, color="C3", lw=1, label="the classic step")
ax.axhline(1e-5, color="C3", lw=1, ls="--", label="the classic tolerance")
ax.set(xlabel="step h", ylabel="relative error of a right gradient")
ax.set_title("In float32 no step reaches the tolerance")
ax.legend()
plt.show()

# %%
# So the check cries wolf, and the usual remedy is a tolerance that lets everything pass. A gradient
# without its 2 has a relative error of a third, and a right one at 1e-7 has more:

print(f"right gradient, h = 1e-7:     {relative_error(differences(np.float32, 1e-7), truth):.2f}")
print(f"without the 2, exact slopes:  {relative_error(truth / 2, truth):.2f}")

# %%
# Promotion
# ---------
# :func:`gradproof.check` tries f in float64, at exactly the same numbers. If f accepts them and is
# the same function there, it is measured so; the claim stays that of float32, with its rounding
# taken into account.

print(gp.check(loss, gradient, w))

# %%
# And where f turns everything into float32 itself, as a kernel would? Then it is measured as it is,
# at steps that suit it. The tolerance is wider, and the first line says so:


def kernel(w: Array) -> np.floating:
    return loss(w.astype(np.float32))


print(gp.check(kernel, gradient, w).headline)
print(gp.check(kernel, lambda w: gradient(w) / 2, w))

# %%
# If f can return the terms of the loss, let it: rounding is then that of single terms. What can be
# seen in which form? Ask for sharper and sharper tolerances, until the answer is *inconclusive*:


def terms(w: Array) -> Array:
    return (np.tanh(X @ w.astype(np.float32)) - y) ** 2


tolerances = [factor * 10**-k for k in range(2, 8) for factor in (1, 2, 5)]
figure, ax = plt.subplots(figsize=(7.6, 3.2))
forms = {
    "float32 inside": gp.Problem(kernel, gradient, w),
    "the same, as terms": gp.Problem(terms, gradient, w, terms="mean"),
    "promoted": gp.Problem(loss, gradient, w),
}
for place, problem in enumerate(forms.values()):
    attained = min(rtol for rtol in tolerances if gp.check(problem, rtol=rtol).passed)
    ax.semilogx(attained, place, "o", ms=9, color="C0")
    ax.text(attained, place + 0.18, f"{attained:.0e}", ha="center")
ax.set_yticks(range(3), list(forms))
ax.set(xlabel="smallest rtol= with which the check passes", ylim=(-0.5, 2.6), xlim=(1e-8, 1))
ax.set_title("How sharply the same gradient is seen")
plt.show()

# %%
# **To take along:** low precision is no reason for a wide tolerance. Check in float64 what is
# trained in float32.
