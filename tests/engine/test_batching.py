"""Which batches are used: those that are quicker, the overhead of a single call not counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from gradproof.engine import batching
from gradproof.engine.batching import Batches
from gradproof.frameworks.numpy_space import NumpySpace
from gradproof.numerics.protocol import FloatArray, IntArray
from gradproof.problems import Batched
from gradproof.tree import flatten


class Clock:
    """Time that passes only where it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(("of_a_point", "used"), [(20.0, False), (5.0, True)])
def test_the_overhead_of_calling_few_is_not_that_of_a_point(
    monkeypatch: pytest.MonkeyPatch, of_a_point: float, used: bool
) -> None:
    clock = Clock()
    monkeypatch.setattr(batching, "time", clock)
    at = np.linspace(1, 2, 400)

    class Sums:
        sizes: Sequence[int] = ()

        def many(self, leaves: Sequence[Any]) -> Any:
            clock.now += of_a_point * len(leaves[0])
            return np.sum(leaves[0], axis=1)

    def alone(lines: IntArray, offsets: FloatArray) -> FloatArray:
        clock.now += 100 + 10 * lines.size
        return float(np.sum(at)) + offsets

    space = NumpySpace(*flatten(at, "x"))
    batches = Batches(cast(Batched, Sums()), space, float(np.sum(at)))
    some = np.arange(15)
    step = np.full(15, 1e-3)
    batches.try_out(some, step, alone, indistinct=1e-9, todo=400, seconds=1e-5)
    assert batches.evaluations == clock.now == 0  # in all, less than a trial
    batches.try_out(some, step, alone, indistinct=1e-9, todo=400, seconds=10)
    assert not batches.fails
    assert bool(batches.size) is used
