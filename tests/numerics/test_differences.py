"""One central difference a line: what is kept of two values."""

import numpy as np
import pytest

from gradproof.numerics.differences import Differences
from gradproof.numerics.noise import KAPPA

LINES = np.array([0, 2])
NOISE = 1e-9
# Of φ(t) = 5 + 3 t + 2 t², a step of 0.5 ahead and, as it was realised, 0.25 and 0.5 behind.
OFFSETS = np.array([0.5, 0.5, -0.25, -0.5])


def taken() -> Differences:
    found = Differences(3)
    found.take(LINES, 5 + 3 * OFFSETS + 2 * OFFSETS**2, OFFSETS, 5.0, NOISE)
    return found


def test_nothing_is_known_of_lines_that_were_not_measured() -> None:
    for part in vars(Differences(3)).values():
        assert np.array_equal(part, np.full(3, np.nan), equal_nan=True)
    for part in vars(taken()).values():
        assert np.isnan(part).tolist() == [False, True, False]


def test_values_step_slope_and_noise() -> None:
    found = taken()
    assert found.plus[LINES].tolist() == [7.0, 7.0]
    assert found.minus[LINES].tolist() == [4.375, 4.0]
    assert found.step[LINES].tolist() == [0.375, 0.5]
    assert found.value[LINES] == pytest.approx([3.0, 3.0])  # exact for parabolas
    assert found.noise[LINES] == pytest.approx(KAPPA * NOISE / (np.sqrt(2) * found.step[LINES]))


def test_the_sides_average_to_the_whole_where_steps_are_even() -> None:
    left, right = taken().one_sided(5.0)
    assert (left[2], right[2]) == (2.0, 4.0)
    assert np.isnan(left[1])


def test_lines_are_put_in_and_others_stay() -> None:
    found, other = taken(), Differences(1)
    other.take(np.array([0]), np.array([2.0, 1.0]), np.array([0.5, -0.5]), 1.5, NOISE)
    found.put(np.array([1]), other)
    assert found.plus.tolist() == [7.0, 2.0, 7.0]
    assert found.minus.tolist() == [4.375, 1.0, 4.0]
    assert found.value == pytest.approx([3.0, 1.0, 3.0])
