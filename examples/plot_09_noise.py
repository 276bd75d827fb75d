"""
Noise: a solver, and a Monte-Carlo value
========================================

Many functions are computed to a few digits only. What their differences can show is limited, and an
honest check says how far it sees.
"""

# %%
# A damped oscillation, y″ = −k y − y′/2, from y = 1. f(k) is y after ten seconds, by LSODA, an
# adaptive solver, with a relative tolerance of 1e-5. The exact solution is known, and so is its
# derivative by k:

import math

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

import gradproof as gp

plt.style.use("tableau-colorblind10")
Array = npt.NDArray[np.float64]
T, AT = 10.0, 2.0


def solved(k: float, method: str = "LSODA") -> float:
    def motion(t: float, state: Array) -> list[float]:
        return [state[1], -k * state[0] - 0.5 * state[1]]

    found = solve_ivp(motion, (0, T), [1.0, 0.0], method, rtol=1e-5, atol=1e-7)
    return float(found.y[0, -1])


def exact(k: float) -> float:
    w = math.sqrt(k - 1 / 16)
    return math.exp(-T / 4) * (math.cos(w * T) + math.sin(w * T) / (4 * w))


def slope(k: float) -> float:
    w = math.sqrt(k - 1 / 16)
    by_w = -T * math.sin(w * T) + T * math.cos(w * T) / (4 * w) - math.sin(w * T) / (4 * w**2)
    return math.exp(-T / 4) * by_w / (2 * w)


# %%
# Seen closely, the solver's answer is made of pieces. It takes other steps for another k, and then
# its error bends or jumps. Differences at small steps are those of the error, and at wide ones
# those of the curve:

offsets = np.linspace(-2e-2, 2e-2, 161)
off = [1e6 * (solved(AT + t) - exact(AT + t)) for t in offsets]
steps = np.geomspace(1e-9, 0.5, 50)
errors = [abs((solved(AT + h) - solved(AT - h)) / (2 * h) - slope(AT)) for h in steps]

figure, (left, right) = plt.subplots(1, 2)
left.plot(offsets, off, ".", ms=3, color="C0")
left.set(xlabel="k − 2", ylabel="solver − exact solution, in 1e-6")
left.set_title("The error of the solver bends and jumps")
right.loglog(steps, errors, ".", color="C0", label="two-sided difference")
right.axhline(abs(slope(AT)), color="C3", ls="--", lw=1, label="size of the derivative")
right.set(xlabel="step h", ylabel="error of the difference")
right.set_title("A V whose valley is high")
right.legend(loc="upper center")
right.set_ylim(1e-7, 30)
plt.show()

# %%
# The derivative that is measured has an error bar, and the truth lies within it:

measured = gp.differentiate(solved, AT)
print(f"measured {measured.values:.6f} ± {measured.bars:.0e}   exact {slope(AT):.6f}")

# %%
# The textbook loop, the right derivative and a step of 1e-7:

classic = gp.gradient_check(solved, slope, AT)
print(f"relative error {classic['relative_error']:.1e}, passed: {classic['passed']}")

# %%
# gradproof finds the noise first, then how far it can see in spite of it. The first line says what
# the pass is worth:

print(gp.check(solved, slope, AT))

# %%
# Wrong claims, off by a thousandth and by a tenth. The first is too close to be told from a right
# one across the jumps, and passes; but the headline says to how much, and a note says why. Whoever
# needs more can ask for it, and gets no verdict then:

for part, rtol in ((1.1, None), (1.001, None), (1.001, 1e-6)):
    report = gp.check(solved, lambda k, part=part: part * slope(k), AT, rtol=rtol)
    print(f"claim × {part}, rtol={rtol}: {report.verdict.value}, {report.headline}")
    for said in (*report.notes, *(f"{cause.code} {cause.message}" for cause in report.causes)):
        print(f"    {said}")

# %%
# The noise may also be a smooth one. An explicit Runge-Kutta method has fewer jumps, and is off by
# a little: its answer is smooth in k here, with a slope of its own. gradproof asks for the
# derivative of f as it stands, and the exact one is not that. If that difference does not matter,
# it can be told so:

for rtol in (None, 1e-4):
    report = gp.check(lambda k: solved(k, "RK45"), slope, AT, rtol=rtol)
    print(f"RK45, rtol={rtol}: {report.verdict.value}, {report.headline}")
measured = gp.differentiate(lambda k: solved(k, "RK45"), AT)
print(f"measured {measured.values:.6f} ± {measured.bars:.0e}   exact {slope(AT):.6f}")

# %%
# Monte Carlo
# -----------
# The mean of exp(σ z) over 10,000 random z, a new sample at every call. Its noise is 1 % of the
# value, and there is nothing to see for any step:

rng = np.random.default_rng(0)


def monte_carlo(sigma: float) -> float:
    return float(np.mean(np.exp(sigma * rng.standard_normal(10_000))))


def its_slope(sigma: float) -> float:
    z = rng.standard_normal(10_000)
    return float(np.mean(z * np.exp(sigma * z)))


print(gp.check(monte_carlo, its_slope, 1.0))

# %%
# The advice is to fix the sample. Then f is smooth, and the derivative along the same sample is
# exact:

print(gp.check(gp.Problem(monte_carlo, its_slope, 1.0, reseed=rng)))

# %%

sigmas = np.linspace(0.98, 1.02, 81)
fresh = [monte_carlo(sigma) for sigma in sigmas]
same = []
for sigma in sigmas:
    rng = np.random.default_rng(0)
    same.append(monte_carlo(sigma))

figure, ax = plt.subplots(figsize=(7.6, 3.2))
ax.plot(sigmas, fresh, ".", color="C1", label="a new sample for each value")
ax.plot(sigmas, same, color="C0", label="the same sample for all")
ax.set(xlabel="σ", ylabel="mean of exp(σ z)")
ax.set_title("Common random numbers turn dust into a line")
ax.legend()
plt.show()

# %%
# **To take along:** *inconclusive* is an answer. It says why, and what would help.
