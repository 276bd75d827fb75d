"""Difference quotients: the worked figures, their orders, and what they refuse."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof import InputError
from gradproof.textbook import backward_difference, central_difference, forward_difference

Scheme = Callable[..., float]
SCHEMES: list[Scheme] = [forward_difference, backward_difference, central_difference]


def test_worked_figures_to_the_last_digit() -> None:
    assert central_difference(lambda x: x**2, 3, h=1e-2) == 5.999999999999872
    assert forward_difference(lambda x: x**2, 3, h=1e-2) == 6.009999999999849
    assert central_difference(lambda t: t**3, 1, h=0.01) == 3.0001000000000055
    assert forward_difference(lambda t: t**3, 1, h=0.01) == 3.0301000000000133


@pytest.mark.parametrize(
    ("scheme", "order"),
    [(forward_difference, 1), (backward_difference, 1), (central_difference, 2)],
)
def test_errors_fall_with_the_order_of_the_scheme(scheme: Scheme, order: int) -> None:
    steps = np.array([1e-1, 3e-2, 1e-2, 3e-3, 1e-3])
    errors = [abs(scheme(np.sin, 0.7, h) - np.cos(0.7)) for h in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(order, abs=0.02)


@given(
    coefficients=st.lists(st.integers(-20, 20), min_size=3, max_size=3),
    x=st.integers(-50, 50),
    exponent=st.integers(-6, 2),
)
def test_central_is_exact_for_quadratics(coefficients: list[int], x: int, exponent: int) -> None:
    # Whole numbers and powers of two: every operation is exact in float64.
    a, b, c = coefficients
    h = 2.0**exponent
    assert central_difference(lambda t: a * t * t + b * t + c, x, h) == 2 * a * x + b
    assert forward_difference(lambda t: a * t * t + b * t + c, x, h) == 2 * a * x + b + a * h
    assert backward_difference(lambda t: a * t * t + b * t + c, x, h) == 2 * a * x + b - a * h


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_element_arrays_count_as_numbers(scheme: Scheme) -> None:
    assert scheme(lambda x: np.array([[2 * x]]), np.array([1.5]), 0.5) == 2.0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("h", [0.0, -1e-3, float("nan"), float("inf"), "1e-7", None, 1j, [1, 2]])
def test_an_unusable_step_is_named(scheme: Scheme, h: object) -> None:
    with pytest.raises(InputError, match=r"h: found .*, expected a positive, finite number"):
        scheme(abs, 1.0, h)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_unusable_functions_points_and_values_are_named(scheme: Scheme) -> None:
    with pytest.raises(InputError, match=r"f: found 'sin', expected a function"):
        scheme("sin", 1.0)
    with pytest.raises(InputError, match=r"x: found an array of shape \(2,\).*numerical_gradient"):
        scheme(np.sum, np.zeros(2))
    with pytest.raises(InputError, match=r"f\(.*\): found None, expected one real number"):
        scheme(lambda x: None, 1.0)
    with pytest.raises(InputError, match=r"f\(.*\): found an array of shape \(3,\)"):
        scheme(lambda x: np.full(3, x), 1.0)
    with pytest.raises(InputError, match="expected one real number"):
        scheme(lambda x: 1j * x, 1.0)
