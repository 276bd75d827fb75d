"""Central quotients over uneven steps, against exact parabolas."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradproof.numerics.quotients import central_quotient

NUMBERS = st.floats(-10, 10)
STEPS = st.floats(1e-3, 1)


@given(NUMBERS, NUMBERS, NUMBERS, STEPS, STEPS)
def test_exact_for_parabolas(a: float, b: float, c: float, up: float, down: float) -> None:
    def f(t: float) -> np.ndarray:
        return np.array([a + b * t + c * t**2])

    found = central_quotient(f(up), f(-down), np.array([up]), np.array([-down]), a)
    rounding = 1e-15 * (abs(a) + abs(b) + abs(c)) / min(up, down) ** 2 * max(up, down)
    assert abs(found[0] - b) <= 20 * rounding + 1e-14


@given(NUMBERS, NUMBERS, STEPS)
def test_the_plain_central_difference_where_steps_are_even(
    plus: float, minus: float, step: float
) -> None:
    found = central_quotient(
        np.array([plus]), np.array([minus]), np.array([step]), np.array([-step]), 1.0
    )
    assert found[0] == (plus - minus) / (2 * step)
