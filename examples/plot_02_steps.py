"""
Smaller is not better: the V of the step
========================================

The error of a difference shrinks with the step, until rounding takes over. There is a best step,
and it lies somewhere else for every function.
"""

# %%
# The function is Γ at 2.5. Its derivative has no simple form, so that mpmath tells the truth, to 30
# digits.

import functools
import math

import matplotlib.pyplot as plt
import mpmath
import numpy as np

import gradproof as gp
from gradproof.textbook import central_difference, forward_difference

plt.style.use("tableau-colorblind10")
X = 2.5
with mpmath.workdps(30):
    truth = float(mpmath.diff(mpmath.gamma, X))
print(f"Γ'(2.5) = {truth:.15f}")

# %%
# First, wide steps only. One tenth of the step leaves one tenth of the error with one side, and one
# hundredth with two: the errors are of order h and h².

print("    h    one side  two sides")
for h in (1e-1, 1e-2, 1e-3, 1e-4):
    one, two = (d(math.gamma, X, h) - truth for d in (forward_difference, central_difference))
    print(f"{h:.0e}    {abs(one):.1e}    {abs(two):.1e}")

# %%
# Now all the way down. f is computed to 16 digits, and the difference of two values that agree in
# 12 of them has four left. What is lost grows as 1/h: both errors turn round and climb again.

steps = np.geomspace(1e-14, 1, 240)
errors = {
    "one side": [abs(forward_difference(math.gamma, X, h) - truth) for h in steps],
    "two sides": [abs(central_difference(math.gamma, X, h) - truth) for h in steps],
}

figure, ax = plt.subplots()
for (sides, off), colour in zip(errors.items(), ("C1", "C0"), strict=True):
    ax.loglog(steps, off, ".", ms=3, color=colour, label=sides)
for power, colour, said in ((1, "C1", "∝ h"), (2, "C0", "∝ h²")):
    ax.loglog(steps, 0.4 * steps**power, "--", lw=1, color=colour, label=said)
ax.loglog(steps, 1e-16 / steps, ":", lw=1, color="C3", label="rounding: ∝ 1/h")
ax.set(xlabel="step h", ylabel="error of the difference", ylim=(1e-14, 10))
ax.set_title("Γ at 2.5: two sides reach three digits more, at a wider step")
ax.legend(ncols=2)
plt.show()

# %%
# The classic step of 1e-7 is a good one for a single side. With two sides, 1e-5 would be better.
# And for a function with other scales, both may be far off. This is what a fixed step does to log(1
# + x/s) where s is small:


def logarithm(s: float, x: float) -> float:
    return math.log1p(x / s)


print("   s      relative error at h = 1e-7")
for s in (1.0, 1e-4, 1e-7):
    slope = central_difference(functools.partial(logarithm, s), s, 1e-7)
    print(f"{s:.0e}    {abs(slope * 2 * s - 1):.0e}")

# %%
# The step that gradproof takes
# -----------------------------
# :func:`gradproof.check` measures the noise of f and its natural scale, and takes the smallest step
# that shows an error of the size of the tolerance. It can be watched: f itself writes down where it
# is evaluated.

seen: list[float] = []


def watched(x: float) -> float:
    seen.append(abs(x - X))
    return math.gamma(x)


report = gp.check(watched, truth, X)
of_pass = [h for h in seen if h > 0]
seen.clear()
failing = gp.check(watched, 1.001 * truth, X)
(curve,) = failing.curves
measured = gp.differentiate(math.gamma, X)
print(report.headline, f"({report.evaluations} evaluations)")
print(failing.headline, f"({failing.evaluations} evaluations)")
off = abs(measured.values - truth)
print(f"measured {measured.values:.12f} ± {measured.bars:.0e}, off by {off:.0e}")

# %%
# The right claim took a few tiny steps, to see the noise, and then the smallest step that shows an
# error of 1e-6. For the wrong one there is a whole table. Out of neighbouring rows a slope is
# extrapolated whose error is of a higher order than that of any row, so that wider steps are good
# enough, and rounding is far away.

figure, ax = plt.subplots()
ax.loglog(steps, errors["two sides"], ".", ms=3, color="C2", label="two sides")
table = np.array(curve.steps)
slopes = (np.array(curve.plus) - np.array(curve.minus)) / (2 * table)
ax.loglog(
    table, np.abs(slopes - truth), "o-", ms=4, lw=1, color="C0", label="the table of a wrong claim"
)
ax.axvline(curve.chosen, color="C0", lw=1, label=f"the step it chose: {curve.chosen:.0e}")
ax.axhline(measured.bars, color="C1", ls="--", lw=1, label="error bar of gp.differentiate")
ax.plot(
    of_pass, [3e-14] * len(of_pass), "|", ms=12, color="C3", label="evaluations of a right claim"
)
ax.set(xlabel="step h", ylabel="error of the difference", ylim=(1e-14, 10))
ax.set_title("gradproof extrapolates from wider steps, and its bar says how far that goes")
ax.legend(loc="upper center")
plt.show()

# %%
# **To take along:** a step is an assumption about the function. Let it be measured, and ask for the
# error bar.
