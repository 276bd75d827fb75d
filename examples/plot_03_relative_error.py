"""
What 1e-7, 1e-5 and 1e-3 mean
=============================

The classic check makes one number out of two gradients, and a table makes a verdict out of the
number. Both have their limits.
"""

# %%
# The number is ‖a − n‖ / (‖a‖ + ‖n‖), for the gradient a that is claimed and the numerical one n.
# Here a is wrong in all of its components, by a known part: 1 % is half a per cent of relative
# error, since both norms are below the line.

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp
from gradproof.textbook import grade, relative_error

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]
rng = np.random.default_rng(0)
truth = rng.standard_normal(1_000)

for part in (1e-8, 1e-6, 1e-4, 1e-2, 1.0):
    error = relative_error(truth * (1 + part), truth)
    print(f"wrong by {part:.0e}   relative error {error:.0e}   {grade(error).sentence}")

# %%
# One number for all
# ------------------
# A norm is made by its largest components. What is small can be wrong altogether, and the number
# stays small. Here one component of a thousand is 100 % wrong, a different one each time:

by_size = np.argsort(np.abs(truth))
sizes, errors = [], []
for place in by_size:
    claimed = truth.copy()
    claimed[place] = 0
    sizes.append(abs(truth[place]))
    errors.append(relative_error(claimed, truth))

small = truth.copy()
small[:500] *= 1e-5  # a tensor whose derivatives are small beside those of another one
claimed = small.copy()
claimed[:500] = 0
print("half of all components forgotten:", grade(relative_error(claimed, small)).sentence)


def shade(ax: plt.Axes) -> None:
    bands = (
        (1e-12, 1e-7, "right"),
        (1e-7, 1e-5, "acceptable"),
        (1e-5, 1e-3, "worrying"),
        (1e-3, 10, "bug"),
    )
    for (low, high, name), strength in zip(bands, (0.0, 0.12, 0.26, 0.42), strict=True):
        ax.axhspan(low, high, color="C1", alpha=strength, lw=0)
        ax.text(
            0.99,
            min(high, 2) * 0.75,
            name,
            transform=ax.get_yaxis_transform(),
            ha="right",
            va="top",
            size=9,
        )


figure, ax = plt.subplots()
shade(ax)
ax.loglog(sizes, errors, ".", ms=4, color="C0", label="one component claimed to be 0")
ax.loglog(
    1e-5,
    relative_error(claimed, small),
    "D",
    color="C3",
    label="500 small components claimed to be 0",
)
ax.set(
    xlabel="size of what was forgotten (typical component: 1)",
    ylabel="relative error",
    ylim=(1e-8, 2),
)
ax.set_title("A component that is wholly wrong can hide in the norm")
ax.legend(loc="upper left")
plt.show()

# %%
# :func:`gradproof.check` judges every component by itself. The same claim, for a function with this
# gradient:

report = gp.check(lambda x: small @ x, claimed, np.zeros(1_000))
print(report.headline)

# %%
# Right gradients on hard ground
# ------------------------------
# The table assumes float64, a smooth function and values of moderate size. Here are five functions,
# each with a gradient that is right, before the textbook loop and before gradproof.

x = rng.standard_normal(20)
noise = np.random.default_rng(1)


def in_float32(x: Array) -> float:
    return float(np.sum(np.sin(x.astype(np.float32)), dtype=np.float32))


def noisy(x: Array) -> float:
    return float(np.sum(np.sin(x)) * (1 + 1e-9 * np.sin(1e9 * np.sum(x))))


def near_a_kink(x: Array) -> float:
    return float(np.sum(np.abs(x - at_kinks)))


at_kinks = x - 1e-8 * np.sign(rng.standard_normal(20))
problems: dict[str, tuple[Callable[[Array], float], Callable[[Array], Array]]] = {
    "smooth": (lambda x: float(np.sum(np.sin(x))), np.cos),
    "1e-8 beside a kink": (near_a_kink, lambda x: np.sign(x - at_kinks)),
    "a constant of 1e6": (lambda x: float(np.sum(np.sin(x)) + 1e6), np.cos),
    "noise of 1e-9": (noisy, np.cos),
    "float32 inside": (in_float32, np.cos),
}
classic, reports = {}, {}
for name, (f, gradient) in problems.items():
    classic[name] = gp.gradient_check(f, gradient, x)["relative_error"]
    reports[name] = gp.check(f, gradient, x)
    print(
        f"{name:<20} {classic[name]:.0e}  {grade(classic[name]).name:<11}",
        reports[name].verdict.value,
        end="",
    )
    print(":", reports[name].headline)

# %%

figure, ax = plt.subplots()
shade(ax)
ax.semilogy(range(len(classic)), list(classic.values()), "o", ms=8, color="C0")
ax.set_xticks(range(len(classic)), list(classic))
ax.set(ylabel="relative error, h = 1e-7", ylim=(1e-10, 2), xlim=(-0.5, 4.9))
ax.set_title("Five right gradients: the table believes one of them")
plt.show()

# %%
# **To take along:** the number is a thermometer on a good day. When it is high, the gradient may be
# wrong, or the day may be hot: :ref:`noise <sphx_glr_gallery_plot_09_noise.py>`, :ref:`kinks
# <sphx_glr_gallery_plot_08_kinks.py>` and :ref:`float32 <sphx_glr_gallery_plot_10_float32.py>` have
# pages of their own.
