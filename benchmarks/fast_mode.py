"""gradproof beside torch's fast gradcheck: ``python benchmarks/fast_mode.py``, on sum(sin(x)).

What passes that is wrong, and what it costs to fail: a gradient of which one component is 0, one
that is off by half everywhere, up or down, at random or in turn. The exit code is 1 where gradproof
misses one of them.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import gradproof as gp

Array = npt.NDArray[np.float64]

_POSITIONS = 40
_DRAWS = 10


class Counted:
    """sum(sin(x)) in NumPy and in torch, with a gradient times `factor`, and its calls counted."""

    def __init__(self, factor: Array) -> None:
        self.calls = 0
        self.factor = factor
        self.at = np.random.default_rng(factor.size).uniform(-1, 1, factor.size)

    def torch_passes(self) -> bool:
        """Whether the fast mode of gradcheck accepts the gradient."""
        counted, factor = self, torch.tensor(self.factor)

        class Sine(torch.autograd.Function):  # type: ignore[misc]
            @staticmethod
            def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
                counted.calls += 1
                ctx.save_for_backward(x)
                return torch.sin(x).sum()

            @staticmethod
            def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
                (x,) = ctx.saved_tensors
                return upstream[0] * torch.cos(x) * factor

        at = torch.tensor(self.at, requires_grad=True)
        self.calls = 0
        return bool(
            torch.autograd.gradcheck(Sine.apply, (at,), fast_mode=True, raise_exception=False)
        )

    def report(self) -> gp.Report:
        """Return what gradproof says."""
        return gp.check(lambda x: np.sum(np.sin(x)), np.cos(self.at) * self.factor, self.at)


def zeroed(n: int) -> list[Counted]:
    """Return gradients of which one component is 0."""
    cases = []
    for place in np.linspace(0, n - 1, _POSITIONS).astype(int):
        factor = np.ones(n)
        factor[place] = 0
        cases.append(Counted(factor))
    return cases


def halves(n: int) -> list[Counted]:
    """Return gradients of which every component is half or one and a half times what is right."""
    signs = [np.random.default_rng(seed).choice([-0.5, 0.5], n) for seed in range(_DRAWS)]
    return [Counted(1 + sign) for sign in signs]


def in_turn(n: int) -> list[Counted]:
    """Return the gradient whose components are half, one and a half, half … of what is right."""
    return [Counted(1 + np.where(np.arange(n) % 2, 0.5, -0.5))]


def main() -> int:
    """Print the table and return the exit code."""
    cases: list[tuple[str, Callable[[int], list[Counted]], int]] = [
        ("one component 0", zeroed, 1_000),
        ("one component 0", zeroed, 5_000),
        ("all wrong by half, at random", halves, 20_000),
        ("all wrong by half, in turn", in_turn, 20_000),
    ]
    missed = False
    print(
        "| wrong gradient | n | torch fast passes | gradproof passes | torch, calls of f to fail | "
        "gradproof, evaluations |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, make, n in cases:
        wrong = make(n)
        passed, calls = [], []
        for one in wrong:
            passed.append(one.torch_passes())
            if not passed[-1]:
                calls.append(one.calls)
        reports = [one.report() for one in wrong]
        accepted = sum(report.passed for report in reports)
        missed |= any(report.verdict != "fail" for report in reports)
        price = f"{np.median(calls):,.0f}" if calls else "–"
        evaluations = np.median([report.evaluations for report in reports])
        print(
            f"| {name} | {n:,} | {sum(passed)} of {len(wrong)} | {accepted} of {len(wrong)} | "
            f"{price} | {evaluations:,.0f} |",
            flush=True,
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
