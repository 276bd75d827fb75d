"""
Why two sides: the secants of a difference
==========================================

A derivative is the slope of a tangent. A difference is the slope of a secant, and it matters where
the secant is drawn.
"""

# %%
# Take two functions whose derivatives everybody knows: x² has the slope 6 at 3, and θ³ has the
# slope 3 at 1. The steps are wide here, so that there is something to see.

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from gradproof.textbook import backward_difference, central_difference, forward_difference

plt.style.use("tableau-colorblind10")
Function = Callable[[float], float]


def square(x: float) -> float:
    return x**2


def cube(theta: float) -> float:
    return theta**3


# %%
# The one-sided difference goes from the point to the right, (f(x + h) − f(x)) / h. The two-sided
# one goes from the left of the point to its right, (f(x + h) − f(x − h)) / 2h: its triangle is
# twice as wide, and it leans on neither side.


def draw_secants(ax: plt.Axes, f: Function, x: float, h: float, slope: float, name: str) -> None:
    around = np.linspace(x - 1.5 * h, x + 1.5 * h, 200)
    ax.plot(around, [f(one) for one in around], color="C3", label=f"f({name})")
    ax.plot(around, f(x) + slope * (around - x), ":", color="C3", label=f"tangent: {slope:g}")
    triangles = (
        ("C0", x - h, central_difference(f, x, h), "two sides"),
        ("C1", x, forward_difference(f, x, h), "one side"),
    )
    for colour, left, secant, sides in triangles:
        corners = [(left, f(left)), (x + h, f(left)), (x + h, f(x + h))]
        ax.fill(*zip(*corners, strict=True), color=colour, alpha=0.25, lw=0)
        ends = [left, x + h]
        ax.plot(ends, [f(end) for end in ends], "o-", color=colour, label=f"{sides}: {secant:.4g}")
    ax.set_xlabel(name)
    ax.set_ylabel(f"f({name})")
    ax.legend(title="slopes", alignment="left")


figure, axes = plt.subplots(1, 2)
draw_secants(axes[0], square, 3.0, 1.0, slope=6, name="x")
axes[0].set_title("x² at 3, h = 1: two sides are exact")
draw_secants(axes[1], cube, 1.0, 0.4, slope=3, name="θ")
axes[1].set_title("θ³ at 1, h = 0.4: two sides are closer")
plt.show()

# %%
# On a parabola the secant of two sides is parallel to the tangent, whatever the step. On the cube
# it is off by h², the one-sided one by 3h + h². With the classic h = 0.01:

h = 0.01
print(f"(1.01³ − 0.99³) / 0.02 = {(1.01**3 - 0.99**3) / 0.02:.4f}")
for difference in (central_difference, forward_difference, backward_difference):
    print(f"{difference.__name__:>20}  {difference(cube, 1.0, h):.4f}")

# %%
# The one-sided differences miss by +0.0301 and −0.0299. The two-sided one is the mean of both: what
# they get wrong in opposite directions cancels, and 0.0001 is left.
#
# What follows from it
# --------------------
# Say someone has written 3.03 θ² for the derivative. One side cannot tell, since its own error is
# as large as the mistake; two sides can. This is by how much the difference and the claim differ:

wrong = 3.03 * 1.0**2
for difference in (forward_difference, central_difference):
    print(f"{difference.__name__:>20}  {difference(cube, 1.0, h) - wrong:+.4f}")

# %%
# The price is a second evaluation for every parameter. :func:`gradproof.check` pays it where it is
# needed. It asks for no step, since there is no step that suits every function:
# :ref:`sphx_glr_gallery_plot_02_steps.py` shows why.

import gradproof as gp

print(gp.check(cube, lambda theta: 3.03 * theta**2, 1.0))

# %%
# **To take along:** a difference has an error of its own, and a check is worth as much as the error
# is small.
