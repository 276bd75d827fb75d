"""Relative error, grades and the largest differences."""

import math

import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradproof import InputError
from gradproof.textbook import Grade, grade, largest_differences, relative_error

VALUES = st.floats(-1e300, 1e300)
PAIRS = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[hnp.arrays(np.float64, n, elements=VALUES)] * 2)
)


@given(PAIRS)
def test_relative_error_against_mpmath(pair: tuple[npt.NDArray[np.float64], ...]) -> None:
    a, b = pair
    with mpmath.workdps(50):
        distance = mpmath.norm([mpmath.mpf(x) - mpmath.mpf(y) for x, y in zip(a, b, strict=True)])
        total = mpmath.norm(a.tolist()) + mpmath.norm(b.tolist())
        expected = float(distance / total) if total else 0.0
    assert relative_error(a, b) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_relative_error_at_its_ends() -> None:
    assert relative_error(np.zeros((2, 2)), np.zeros((2, 2))) == 0.0
    assert relative_error([1.0, 2.0], [-1.0, -2.0]) == 1.0
    assert relative_error([0.0], [3.0]) == 1.0
    assert relative_error(2.0, 1.0) == pytest.approx(1 / 3)
    assert relative_error([], []) == 0.0
    assert type(relative_error([1], [2])) is float


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_relative_error_of_something_not_finite_is_nan(bad: float) -> None:
    assert math.isnan(relative_error([1.0, bad], [1.0, 2.0]))


def test_relative_error_never_broadcasts() -> None:
    with pytest.raises(InputError, match=r"b: found shape \(2, 1\), expected \(2,\), as in a"):
        relative_error(np.ones(2), np.ones((2, 1)))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (0.0, Grade.RIGHT),
        (1e-7, Grade.RIGHT),
        (np.nextafter(1e-7, 1), Grade.ACCEPTABLE),
        (1e-5, Grade.ACCEPTABLE),
        (np.nextafter(1e-5, 1), Grade.WORRYING),
        (1e-3, Grade.WORRYING),
        (np.nextafter(1e-3, 1), Grade.BUG),
        (1.0, Grade.BUG),
        (math.inf, Grade.BUG),
        (math.nan, Grade.BUG),
    ],
)
def test_grades_at_their_bounds(error: float, expected: Grade) -> None:
    assert grade(error) is expected


def test_every_grade_has_a_sentence_of_its_own_and_negative_errors_none() -> None:
    assert len({g.sentence for g in Grade}) == 4
    with pytest.raises(InputError, match="error: found -1.0"):
        grade(-1.0)


def test_largest_differences_in_order_with_index_and_values() -> None:
    a = np.zeros((3, 4))
    b = np.zeros((3, 4))
    b[1, 2], b[2, 3], a[0, 1] = 5.0, -7.0, 1.0
    found = largest_differences(a, b, k=2)
    assert [(d.index, d.a, d.b) for d in found] == [((2, 3), 0.0, -7.0), ((1, 2), 0.0, 5.0)]
    assert found[0].address == "[2, 3]"
    assert found[0].size == 7.0


def test_equal_components_are_never_listed_and_nan_comes_first() -> None:
    assert largest_differences([1.0, 2.0], [1.0, 2.0]) == []
    found = largest_differences(
        [1.0, math.inf, 5.0, math.nan, math.inf, 0.0],
        [2.0, math.inf, math.inf, 0.0, -math.inf, math.nan],
    )
    assert [d.index for d in found] == [(3,), (5,), (2,), (4,), (0,)]
    assert [d.index for d in largest_differences([math.inf, math.nan], [0, 0], k=1)] == [(1,)]
    across = largest_differences({"a": [math.inf, 1.0], "b": [math.nan]}, {"a": [0, 0], "b": [0]})
    assert [d.address for d in across] == ["b[0]", "a[0]", "a[1]"]


def test_ten_differences_are_listed_by_default() -> None:
    assert len(largest_differences(np.arange(1.0, 13.0), np.zeros(12))) == 10


def test_single_numbers_have_a_difference_too() -> None:
    assert [(d.index, d.size) for d in largest_differences(3.0, 1.0)] == [((), 2.0)]
    assert largest_differences(1.0, 1.0) == []


def test_differences_beyond_float64_warn_of_nothing() -> None:
    assert largest_differences([1.5e308], [-1.5e308])[0].size == math.inf


def test_largest_differences_of_mappings_name_the_tensor() -> None:
    claimed = {"W1": np.ones((2, 2)), "b1": np.ones(2)}
    measured = {"b1": np.array([1.0, 0.5]), "W1": np.array([[1.0, 1.0], [0.9, 1.0]])}
    assert [d.address for d in largest_differences(claimed, measured)] == ["b1[1]", "W1[1, 0]"]


@given(PAIRS, st.integers(1, 8))
def test_largest_differences_are_the_largest(
    pair: tuple[npt.NDArray[np.float64], ...], k: int
) -> None:
    a, b = pair[0] / 2, pair[1] / 2
    sizes = sorted((s for s in np.abs(a - b) if s > 0), reverse=True)
    assert [d.size for d in largest_differences(a, b, k)] == sizes[:k]


def test_largest_differences_refuses_what_does_not_match() -> None:
    with pytest.raises(InputError, match=r"b: found the keys \['W'\], expected the keys \['V'\]"):
        largest_differences({"V": [1.0]}, {"W": [1.0]})
    with pytest.raises(InputError, match="b: found an array, expected the keys"):
        largest_differences({"V": [1.0]}, [1.0])
    with pytest.raises(InputError, match=r"b\['V'\]: found shape \(2,\), expected \(1,\)"):
        largest_differences({"V": [1.0]}, {"V": [1.0, 2.0]})
    with pytest.raises(InputError, match="k: found 0, expected a whole number, 1 or more"):
        largest_differences([1.0], [2.0], k=0)
