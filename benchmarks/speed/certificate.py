"""Part: a certificate by random directions, and torch's fast mode at equal power."""

from __future__ import annotations

import math
from typing import Any
from unittest import mock

import numpy as np
import torch
from benchmarks.speed.measuring import Sheet, Times, calls, calls_that_take
from benchmarks.speed.networks import Array

import gradproof as gp

_MOST = 50  # evaluations
_RTOL = 1e-6
_ERROR = 3e-6  # of the norm of the gradient
_N_OF_POWER = 1_000
_PLAN = gp.Plan("project", search=False)


class Sines:
    """sum(sin(x)), the components of its gradient of both signs, and its gradient off by `error`."""

    def __init__(self, n: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng([n, seed])
        self.at = self._rng.uniform(-np.pi, np.pi, n)
        self.claim = np.cos(self.at)
        self.calls = 0

    def f(self, x: Array) -> float:
        """Return the value."""
        return float(np.sum(np.sin(x)))

    def off(self, *, single: bool) -> Sines:
        """Make the gradient wrong, by `_ERROR` of its norm: in one component, or in all."""
        n = self.at.size
        error = np.zeros(n)
        if single:
            error[self._rng.integers(n)] = 1
        else:
            error[:] = self._rng.choice([-1.0, 1.0], n) / math.sqrt(n)
        self.claim += _ERROR * float(np.linalg.norm(self.claim)) * error
        return self

    def report(self, seed: int = 0) -> gp.Report:
        """Return what gradproof says."""
        return gp.check(self.f, self.claim, self.at, plan=_PLAN, seed=seed)

    def torch_passes(self) -> bool:
        """Whether the fast mode of gradcheck accepts the gradient, to the same tolerance.

        Where it does not, it would measure every component for its message: that is left out.
        """
        sines, claim = self, torch.from_numpy(self.claim)

        class Sine(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                sines.calls += 1
                return torch.tensor(sines.f(x.detach().numpy()), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, *upstream: Any) -> Any:
                return upstream[0] * claim

        at = torch.tensor(self.at, requires_grad=True)
        with mock.patch("torch.autograd.gradcheck._run_slow_mode_and_get_error", return_value=""):
            return bool(
                torch.autograd.gradcheck(
                    Sine.apply, (at,), rtol=_RTOL, atol=0, fast_mode=True, raise_exception=False
                )
            )


def run(sheet: Sheet) -> None:
    """Count the price for many sizes, and compare it with a rival's of the same power."""
    runs = _power(sheet)
    rows = []
    for n in (10**3, 10**4, 10**5, 10**6)[: 3 if sheet.quick else 4]:
        sines = Sines(n)
        report = sines.report()
        sheet.require(f"certificate, n = {n:,}: {report.headline}", report.passed)
        sines.torch_passes()
        of_torch = sines.calls
        many = calls_that_take(lambda sines=sines: sines.f(sines.at))  # type: ignore[misc]
        times = Times(
            {
                "alone": calls(lambda sines=sines: sines.f(sines.at), many),  # type: ignore[misc]
                "check": sines.report,
                "torch": sines.torch_passes,
            },
            1 if sheet.quick else 7,
        )
        evaluations = sheet.bound(
            f"certificate, n = {n:,}", report.evaluations, _MOST, timed=False
        )
        equal = runs * times.ratio("torch", "check")
        rows.append(
            (
                f"{n:,}",
                evaluations.replace(".00", ""),
                f"{times.ratio('check', 'alone') * many / report.evaluations:.2f}",
                f"{runs * of_torch:,}",
                sheet.bound(f"torch at equal power, n = {n:,}", equal, 1, at_least=True),
            )
        )
    sheet.table(
        (
            "n",
            "evaluations",
            "wall / evaluations alone",
            "torch's fast mode at equal power: calls of f",
            "its time / ours",
        ),
        rows,
    )


def _power(sheet: Sheet) -> int:
    """Print what is seen of small errors; return by how many runs torch would see as much.

    Every run is counted as if it drew a new direction, which torch does not: its seed is fixed.
    """
    draws = 50 if sheet.quick else 1_000
    rows = []
    most = 1
    for name, single in (("in all components, at random", False), ("in one component", True)):
        made = [Sines(_N_OF_POWER, seed).off(single=single) for seed in range(draws)]
        ours = sum(not one.report(seed).passed for seed, one in enumerate(made)) / draws
        theirs = sum(not one.torch_passes() for one in made) / draws
        runs = _runs(min(ours, 1 - 0.5 / draws), min(theirs, 1 - 0.5 / draws))
        most = max(most, runs)
        rows.append((name, f"{ours:.1%}", f"{theirs:.1%}", runs))
    sheet.table(
        (
            f"error of {_ERROR:.0e} of the norm, n = {_N_OF_POWER:,}, {draws:,} draws",
            "seen by gradproof",
            "by torch's fast mode, once",
            "its runs for the same probability",
        ),
        rows,
    )
    return most


def _runs(wanted: float, once: float) -> int:
    """Return how many independent runs see something with a probability, if one does with `once`.

    A rival that never sees it would never do; it is counted as one that does once in 1,000.
    """
    return max(1, math.ceil(math.log(1 - wanted) / math.log(1 - max(once, 1e-3))))
