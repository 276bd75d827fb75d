"""The extrapolated derivative against closed forms in mpmath: error bars hold, and are not wide."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.richardson import central
from gradproof.numerics.table import Table

FUNCTIONS: dict[str, tuple[Callable[[FloatArray], FloatArray], Callable[..., Any]]] = {
    "exp": (np.exp, mpmath.exp),
    "sin": (np.sin, mpmath.cos),
    "log": (np.log, lambda x: 1 / x),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2),
    "x³": (lambda x: x**3, lambda x: 3 * x**2),
    "exp(sin 3x)": (
        lambda x: np.exp(np.sin(3 * x)),
        lambda x: 3 * mpmath.cos(3 * x) * mpmath.exp(mpmath.sin(3 * x)),
    ),
    "tanh(x) + 1e6": (lambda x: np.tanh(x) + 1e6, lambda x: mpmath.sech(x) ** 2),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
}


def measure(
    f: Callable[[FloatArray], FloatArray], x: FloatArray, dtype: type, *, doubted: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Run one table for every point, on an f that computes in `dtype`."""
    u = UNIT_ROUNDOFF_64 if dtype is np.float64 else UNIT_ROUNDOFF_32
    values, bars = np.empty((2, x.size))
    for k, at in enumerate(x.astype(dtype)):
        value = float(f(at))
        noise = 0.7 * u * abs(value)
        table = Table(
            np.array([abs(float(at))]),
            np.array([u]),
            np.array([float(at)]),
            value_at_zero=value,
            noise_of_f=noise,
        )
        while (block := table.ask()) is not None:
            moved = (at + block.offsets).astype(dtype)
            with np.errstate(all="ignore"):
                table.tell(f(moved).astype(np.float64), moved.astype(float) - float(at))
        estimates = central(table, roundoff=u, noise_of_f=noise)
        if doubted:
            estimates = estimates.doubted()
        slope, truncation, of_noise = estimates.take(estimates.best)
        values[k], bars[k] = slope[0], (truncation + of_noise)[0]
    return values, bars


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_bars_hold_and_are_not_wide(dtype: type) -> None:
    x = np.random.default_rng(5).uniform(0.2, 3.0, 250)
    missed, ratios, total = 0, [], 0
    for f, derivative in FUNCTIONS.values():
        values, bars = measure(f, x, dtype)
        truth = np.array([float(derivative(mpmath.mpf(float(at)))) for at in x.astype(dtype)])
        error = np.abs(values - truth)
        missed += int(np.sum(~(error <= bars)))
        ratios.append(np.median(bars / np.maximum(error, 1e-300)))
        total += x.size
    assert missed <= (0 if dtype is np.float64 else total // 500)
    assert np.median(ratios) < 100


def test_two_steps_that_agree_by_accident_are_no_evidence() -> None:
    # Central differences at h are 1 + a h² + b h⁴: the two widest, at 0.2 and 0.04, are the same.
    b = 2.0
    a = -b * (0.2**2 + 0.04**2)

    def f(x: FloatArray) -> FloatArray:
        u = x - 1
        return 1e8 + u + a * u**3 + b * u**5

    value, bar = measure(f, np.array([1.0]), np.float64)
    assert abs(value[0] - 1) > bar[0]
    value, bar = measure(f, np.array([1.0]), np.float64, doubted=True)
    assert abs(value[0] - 1) <= bar[0]


def test_doubt_costs_little_where_f_is_smooth() -> None:
    x = np.random.default_rng(6).uniform(0.2, 3.0, 100)
    for f, _ in FUNCTIONS.values():
        _, trusted = measure(f, x, np.float64)
        _, bars = measure(f, x, np.float64, doubted=True)
        assert np.all(bars >= trusted)
        assert np.median(bars / trusted) < 1.5


def test_a_domain_that_ends_nearby_is_left_out_of_the_table() -> None:
    x = np.array([1e-3])
    values, bars = measure(lambda t: np.where(t > 0, np.log(t), np.nan), x, np.float64)
    assert abs(values[0] - 1000) <= bars[0] < 1e-3


def test_a_function_that_is_nowhere_finite_has_no_value() -> None:
    values, bars = measure(lambda t: np.where(t == 1.0, 1.0, np.nan), np.array([1.0]), np.float64)
    assert np.isnan(values[0])
    assert not np.isfinite(bars[0]) or np.isnan(bars[0])


def test_a_constant_has_derivative_zero() -> None:
    values, bars = measure(lambda t: np.full_like(t, 2.5), np.array([1.0]), np.float64)
    assert values[0] == 0
    assert 0 < bars[0] < 1e-13
