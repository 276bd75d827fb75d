"""The schemes against polynomials in exact arithmetic, rounded once: bars hold the error."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp
from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.numerics.richardson import Estimates, central, one_sided
from gradproof.numerics.table import Table

Array = npt.NDArray[Any]
COEFFICIENTS = st.lists(st.integers(-8, 8), min_size=1, max_size=7)
# Numbers that both types have; a polynomial is as smooth as its natural scale says.
POINTS = st.integers(-64, 64).filter(bool).map(lambda k: k / 16)


def exactly(coefficients: list[int], x: float) -> Fraction:
    total = Fraction(0)
    for coefficient in reversed(coefficients):
        total = total * Fraction(x) + coefficient
    return total


def slope(coefficients: list[int], x: float) -> float:
    return float(exactly([k * c for k, c in enumerate(coefficients)][1:], x))


def rounded(coefficients: list[int], dtype: Any) -> Callable[[float], float]:
    return lambda x: float(dtype(float(exactly(coefficients, x))))


def filled(coefficients: list[int], x: float, dtype: Any) -> tuple[Table, float, float]:
    """Return a full table at a point, the roundoff, and the noise of the rounded polynomial."""
    f = rounded(coefficients, dtype)
    u = UNIT_ROUNDOFF_64 if dtype is np.float64 else UNIT_ROUNDOFF_32
    scale = abs(x)
    # Of all terms: where the value happens to be small, so is its own rounding, but not around.
    size = sum(abs(c) * scale**k for k, c in enumerate(coefficients))
    noise = 0.6 * u * size
    place = np.array([x])
    table = Table(np.array([scale]), np.array([u]), place, value_at_zero=f(x), noise_of_f=noise)
    while (block := table.ask()) is not None:
        there = dtype(x + block.offsets)
        table.tell(np.array([f(float(one)) for one in there]), there.astype(float) - x)
    return table, u, noise


def holds(found: Estimates, truth: float) -> None:
    value, truncation, noise = found.take(found.best)
    assert abs(value[0] - truth) <= truncation[0] + noise[0], (value, truncation, noise, truth)


@settings(max_examples=60)
@given(coefficients=COEFFICIENTS, x=POINTS, dtype=st.sampled_from([np.float64, np.float32]))
def test_bars_of_tables_hold(coefficients: list[int], x: float, dtype: Any) -> None:
    table, u, noise = filled(coefficients, x, dtype)
    truth = slope(coefficients, x)
    holds(central(table, roundoff=u, noise_of_f=noise).doubted(), truth)
    for side in (-1, 1):
        holds(one_sided(table, side, roundoff=u, noise_of_f=noise).doubted(), truth)


@settings(max_examples=15)
@given(
    polynomials=st.lists(st.tuples(COEFFICIENTS, POINTS), min_size=1, max_size=3),
    k=st.integers(-30, 30),
)
def test_bars_of_differentiate_hold(polynomials: list[tuple[list[int], float]], k: int) -> None:
    def f(x: Array) -> Any:
        total = sum(exactly(c, float(one)) for (c, _), one in zip(polynomials, x, strict=True))
        return np.float64(float(total)) * 2.0**k

    found = gp.differentiate(f, np.array([x for _, x in polynomials]))
    for (c, x), value, bar in zip(polynomials, found.values, found.bars, strict=True):
        assert abs(value - slope(c, x) * 2.0**k) <= bar


def test_another_slope_is_not_held() -> None:
    coefficients, x = [1, -2, 3, 1], 1.5
    table, u, noise = filled(coefficients, x, np.float64)
    found = central(table, roundoff=u, noise_of_f=noise).doubted()
    holds(found, slope(coefficients, x))
    with pytest.raises(AssertionError):
        holds(found, slope(coefficients, x) * (1 + 1e-6))
