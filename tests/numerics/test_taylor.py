"""What a claimed slope leaves of f shrinks as h², that of a wrong one as h."""

from typing import Any

import numpy as np
import pytest

from gradproof.numerics.taylor import left_over

STEPS = 2.0 ** -np.arange(1, 12)


def seen(claimed: float, plus: Any, minus: Any, noise: float = 0.0) -> Any:
    return left_over(STEPS.tolist(), plus, minus, claimed=claimed, noise=noise)


@pytest.mark.parametrize(("error", "order"), [(0.0, 2.0), (0.5, 1.0)])
def test_the_order_and_the_smallest_step_at_which_it_shows(error: float, order: float) -> None:
    # f = 3 t + 2 t², claimed 3 + error: left are 2 h² + error h on the worse side.
    noise = 1e-6 if error == 0 else 0.0
    found, place = seen(3 + error, 3 * STEPS + 2 * STEPS**2, -3 * STEPS + 2 * STEPS**2, noise)
    left = 2 * STEPS**2 + error * STEPS
    h = STEPS[left > 10 * noise][-6:]
    assert found == pytest.approx(order, abs=0.1)
    rest = 2 * h**2 + error * h
    assert found == pytest.approx(np.polyfit(np.log10(h), np.log10(rest), 1)[0])
    assert place == pytest.approx((h[-1], rest[-1]))


def test_either_side_tells() -> None:
    for plus, minus in [(STEPS**2, 0 * STEPS), (0 * STEPS, STEPS**2), (np.inf * STEPS, STEPS**2)]:
        found, place = seen(0.0, plus, minus)
        assert found == pytest.approx(2)
        assert place == pytest.approx((STEPS[-1], STEPS[-1] ** 2))


def test_what_is_no_more_than_noise_or_rounding_shows_nothing() -> None:
    assert seen(0.0, STEPS**2, STEPS**2, noise=1.0) == (None, None)
    few = STEPS[1] ** 2 / 10 * 1.01  # two steps are above ten times that
    assert seen(0.0, STEPS**2, STEPS**2, noise=few) == (None, None)
    assert seen(0.0, STEPS**2, STEPS**2, noise=few / 5)[0] == pytest.approx(2)
    rounded = 3 * STEPS * (1 + 4e-16)
    assert seen(3.0, rounded, -rounded) == (None, None)
