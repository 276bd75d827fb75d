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


def test_within_a_bin_the_median_is_where_half_of_the_numbers_are_below() -> None:
    # Bins of a quarter: two in [1, 1.25), three in [1.25, 1.5), of which a sixth is below.
    counts = Histogram.count(np.array([1.0, -1.2, 1.3, 1.3, -1.4]))
    assert np.flatnonzero(counts).size == 2
    assert Histogram(counts.astype(np.float64)).median() == 1.25 + 0.25 / 6


def test_counting_takes_no_memory_beside_the_scratch_and_changes_no_number() -> None:
    numbers, scratch = np.array([-1.0, 2.0]), np.full(2, np.nan)
    counts = Histogram.count(numbers, scratch)
    assert numbers.tolist() == [-1.0, 2.0]
    assert np.flatnonzero(counts).tolist() == scratch.view(np.int64).tolist()
    assert counts.size == Histogram.BINS


def test_what_is_handed_in_is_copied() -> None:
    counts = Histogram.count(np.array([0.0, 1.0, np.inf])).astype(np.float64)
    before = counts.copy()
    Histogram(counts)
    assert np.array_equal(counts, before)
