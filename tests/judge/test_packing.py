"""What is kept of large tensors: the worst of their components, each with what was measured."""

import numpy as np
import pytest

from gradproof.judge import folding
from gradproof.judge.packing import packed, unpacked
from gradproof.judge.parts import TensorValues


def test_of_a_large_tensor_the_worst_components_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_TOGETHER", 3)
    measured = np.arange(1.0, 11.0)
    claimed = measured.copy()
    claimed[[2, 5, 8]] += [0.3, -0.5, 0.4]
    tensor = TensorValues("x", (), (10,), claimed, measured, np.full(10, 0.1))
    (data,) = packed([tensor])
    again = unpacked(data, (), "tensors[0]")
    kept = np.flatnonzero(np.isfinite(again.claimed))
    assert kept.tolist() == [2, 5, 8]
    np.testing.assert_array_equal(again.claimed[kept], claimed[kept])
    np.testing.assert_array_equal(again.measured[kept], measured[kept])
