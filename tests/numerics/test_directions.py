"""Directions that are never stored: the same again, independent, and normal."""

import itertools

import numpy as np
from scipy import stats

from gradproof.numerics.directions import CHUNK, Gaussian


def whole(gaussian: Gaussian, direction: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.concatenate([values for _, values in gaussian.chunks(direction)])


def test_a_direction_is_the_same_whenever_and_in_whatever_order_it_is_asked_for() -> None:
    gaussian = Gaussian(3, 0, 2 * CHUNK + 17)
    first = whole(gaussian, 0)
    assert first.shape == (2 * CHUNK + 17,)
    list(gaussian.chunks(5))
    np.testing.assert_array_equal(whole(Gaussian(3, 0, 2 * CHUNK + 17), 0), first)
    parts = [part for part, _ in gaussian.chunks(0)]
    assert parts[0].start == 0
    assert parts[-1].stop == 2 * CHUNK + 17
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))


def test_directions_chunks_seeds_and_places_are_independent() -> None:
    n = CHUNK + 1000
    base = whole(Gaussian(0, 0, n), 0)
    others = [whole(Gaussian(0, 0, n), 1), whole(Gaussian(1, 0, n), 0)]
    others.append(whole(Gaussian(0, n, 2 * n), 0))
    for other in others:
        assert abs(np.corrcoef(base, other)[0, 1]) < 5 / np.sqrt(n)
    assert abs(np.corrcoef(base[:1000], base[CHUNK:])[0, 1]) < 5 / np.sqrt(1000)


def test_the_numbers_are_normal() -> None:
    values = whole(Gaussian(0, 0, 100_000), 0)
    assert stats.kstest(values, "norm").pvalue > 1e-3


def test_seeds_beyond_int64_have_directions_of_their_own() -> None:
    seeds = (0, 1, 2**63 + 5, 2**63 + 7, 2**64 - 1)
    first = {float(Gaussian(seed, 0, 4).chunk(0, 0)[0]) for seed in seeds}
    assert len(first) == len(seeds)
