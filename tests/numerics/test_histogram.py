"""Medians of bins, against the exact ones."""

import numpy as np
import pytest

from gradproof.numerics.histogram import Histogram


@pytest.mark.parametrize("size", [1e-300, 1e-8, 1.0, 1e200])
@pytest.mark.parametrize("sigma", [0.0, 1.0, 5.0])
def test_a_median_is_right_to_a_bin(size: float, sigma: float) -> None:
    numbers = size * np.random.default_rng(0).lognormal(0.0, sigma, 10_001)
    numbers[::2] *= -1
    counts = sum(Histogram.count(part) for part in np.split(numbers, [100, 5_000]))
    median = Histogram(np.asarray(counts, dtype=np.float64)).median()
    assert median == pytest.approx(np.median(np.abs(numbers)), rel=0.25)
    if sigma > 0:
        assert median == pytest.approx(np.median(np.abs(numbers)), rel=0.05)


def test_what_has_no_size_is_left_out() -> None:
    numbers = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 3.0])
    median = Histogram(Histogram.count(numbers).astype(np.float64)).median()
    assert median == pytest.approx(3.0, rel=0.25)
    assert Histogram(Histogram.count(numbers[:5]).astype(np.float64)).median() is None
