"""
One wrong number among a million
================================

A loop over a million parameters needs two million evaluations. To find a single one that is wrong,
a few hundred are enough.
"""

# %%
# A table of weights, 1000 × 1000, close to the minimum of a function of all of them. In its
# gradient an index is off somewhere, so that one place has something added that belongs elsewhere.
# It is ten times as large as a typical component:

import time

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt

import gradproof as gp

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]


rng = np.random.default_rng(0)
minimum = rng.standard_normal((1000, 1000))
W = minimum + 1e-3 * rng.standard_normal((1000, 1000))


def energy(W: Array) -> float:
    off = (W - minimum[: len(W), : len(W)]).ravel()
    return float(off @ off) / 2


def right(W: Array) -> Array:
    return W - minimum[: len(W), : len(W)]


def wrong(W: Array) -> Array:
    claimed = right(W)
    claimed[len(W) // 3, len(W) // 3] += 1e-2
    return claimed


started = time.perf_counter()
found = gp.check(energy, wrong, W, plan="leaves")
seconds = time.perf_counter() - started
print(found)

# %%
# How it is found
# ---------------
# ``plan="leaves"`` moves all numbers of a tensor at once, along one random direction. The slope
# along it is compared with what the gradient says of that direction. If the two differ, the tensor
# is wrong somewhere, and the search begins: parts of it are moved by themselves, in groups that are
# drawn so that a few of them give away the place. What it names in the end was measured by itself,
# as any single derivative.
#
# The price hardly depends on the size of the tensor. It has a step where the error is less than a
# tenth of what the direction shows: a few hundred evaluations are then spent on the question
# whether f jumps, before anything is called wrong.

sides = (10, 32, 100, 316)
prices = [
    gp.check(energy, wrong, W[:side, :side].copy(), plan="leaves").evaluations for side in sides
]
sizes = [side**2 for side in (*sides, 1000)]
prices.append(found.evaluations)

figure, ax = plt.subplots()
ax.loglog(sizes, [2 * size for size in sizes], "s-", color="C1", label="the textbook loop, 2n")
ax.loglog(sizes, prices, "o-", color="C0", label="gradproof, until the place is named")
for size, price in zip(sizes, prices, strict=True):
    ax.annotate(
        str(price),
        (size, price),
        xytext=(0, -14),
        textcoords="offset points",
        ha="center",
        color="C0",
    )
ax.set(xlabel="number of parameters n", ylabel="evaluations of f", ylim=(30, 5e6))
ax.set_title("The price of a needle hardly grows with the haystack")
ax.legend()
plt.show()

# %%
# At the pace of this page, the loop over all of them would take

at_pace = 2 * W.size * seconds / found.evaluations
print(f"{at_pace / 3600:.0f} hours, instead of {seconds:.0f} seconds")

# %%
# What it does not see
# --------------------
# One direction shows the sum of all errors in a tensor, each of them times a random number. A
# single one that is small beside the rest can drown in the tolerance. The certificate of a pass
# says how large it may be:

for directions in (1, 8, 40):
    plan = gp.Plan("project", directions=directions)
    certificate = gp.check(energy, right, W[:100, :100].copy(), plan=plan).certificate
    assert certificate is not None  # a pass along directions has one
    single = certificate.leaves[0].single
    print(f"{directions:>2} directions: errors from {single:.2g} typical components on would show")

# %%
# **To take along:** ask first whether anything is wrong, with a few directions. Search only then.
