"""Part: a certificate by random directions, and torch's fast mode at equal power."""

from __future__ import annotations

import functools
import math
from typing import Any
from unittest import mock

import numpy as np
import torch
from benchmarks.speed.measuring import Sheet, Times, calls, calls_that_take
from benchmarks.speed.networks import Array

import gradproof as gp

_MOST = 50  # evaluations
_DIRECTIONS = 8  # of a certificate
_ERROR = 3e-5  # of the norm of the gradient
_N_OF_POWER = 1_000
_DEFAULTS: dict[str, float] = {}
_AS_OURS = {"rtol": 1e-6, "atol": 0.0}
_RIGHT_ONES = 20
_PLAN = gp.Plan("project")


class Sines:
    """sum(sin(x)), whose gradient has components of both signs, and a claim for that."""

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

    def report(self, seed: int = 0, plan: gp.Plan = _PLAN) -> gp.Report:
        """Return what gradproof says."""
        return gp.check(self.f, self.claim, self.at, plan=plan, seed=seed)

    def torch_passes(self, tolerances: dict[str, float] = _DEFAULTS) -> bool:
        """Whether the fast mode of gradcheck accepts the gradient.

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
                    Sine.apply, (at,), fast_mode=True, raise_exception=False, **tolerances
                )
            )


def run(sheet: Sheet) -> None:
    """Count the price for many sizes, and compare it with a rival's of the same power."""
    by_default, as_ours = _power(sheet)
    rows = []
    for n in (10**3, 10**4, 10**5, 10**6)[: 2 if sheet.quick else 4]:
        sines = Sines(n)
        report = sines.report()
        sheet.require(f"certificate, n = {n:,}: {report.headline}", report.passed)
        sines.torch_passes()
        calls_of_torch = sines.calls
        evaluate = functools.partial(sines.f, sines.at)
        many = calls_that_take(evaluate)
        times = Times(
            {
                "alone": calls(evaluate, many),
                "check": sines.report,
                "torch": sines.torch_passes,
            },
            1 if sheet.quick else 7,
        )
        evaluations = sheet.bound(f"certificate, n = {n:,}", report.evaluations, _MOST, timed=False)
        once = times.ratio("torch", "check")
        refused = sum(not Sines(n, seed).torch_passes(_AS_OURS) for seed in range(_RIGHT_ONES))
        rows.append(
            (
                f"{n:,}",
                evaluations.replace(".00", ""),
                f"{times.ratio('check', 'alone') * many / report.evaluations:.2f}",
                f"{by_default * calls_of_torch:,}",
                sheet.bound(
                    f"torch at equal power, n = {n:,}", by_default * once, 1, at_least=True
                ),
                f"{as_ours * calls_of_torch:,}",
                f"{as_ours * once:.2f}",
                f"{refused} of {_RIGHT_ONES}",
            )
        )
    sheet.table(
        (
            "n",
            "evaluations",
            "wall / evaluations alone",
            "torch's fast mode, same power: calls",
            "time / ours",
            "with our tolerance: calls",
            "time / ours",
            "right ones it refuses so",
        ),
        rows,
    )


def _power(sheet: Sheet) -> tuple[int, int]:
    """Print what one direction misses; return by how many runs torch misses as little as we do.

    That is with its own tolerances, and with ours. Every run is counted as if it drew a new
    direction, which torch does not: its seed is fixed.
    """
    draws = 20 if sheet.quick else 1_000
    one = gp.Plan("project", directions=1, search=False)
    rows = []
    most = [1, 1]
    for name, single in (("in all components, at random", False), ("in one component", True)):
        made = [Sines(_N_OF_POWER, seed).off(single=single) for seed in range(draws)]
        ours = _share(sum(wrong.report(seed, one).passed for seed, wrong in enumerate(made)), draws)
        theirs = [
            _share(sum(wrong.torch_passes(tolerances) for wrong in made), draws)
            for tolerances in (_DEFAULTS, _AS_OURS)
        ]
        runs = [math.ceil(_DIRECTIONS * math.log(ours) / math.log(miss)) for miss in theirs]
        most = [max(pair) for pair in zip(most, runs, strict=True)]
        rows.append((name, *(f"{miss:.1%}" for miss in (ours, *theirs)), *runs))
    sheet.table(
        (
            f"error of {_ERROR:.0e} of the norm, n = {_N_OF_POWER:,}, {draws:,} draws",
            "missed by one direction of gradproof",
            "by torch's fast mode",
            "with rtol=1e-6, atol=0",
            f"its runs to miss as little as {_DIRECTIONS} directions",
            "with rtol=1e-6, atol=0",
        ),
        rows,
    )
    return most[0], most[1]


def _share(count: int, draws: int) -> float:
    """Return a share that is neither 0 nor 1: what was never seen may happen half a time."""
    return (count + 0.5) / (draws + 1)
