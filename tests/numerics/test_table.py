"""The escalation table: where it asks, what it is told, what it costs, and where it stops."""

from collections.abc import Callable

import numpy as np
import pytest

from gradproof._base.floats import UNIT_ROUNDOFF_32, UNIT_ROUNDOFF_64
from gradproof.numerics.protocol import FloatArray
from gradproof.numerics.table import LARGEST_STEP, Table

Lines = Callable[[FloatArray, FloatArray], FloatArray]


def fill(
    f: Lines,
    x: FloatArray,
    *,
    scale: FloatArray | None = None,
    roundoff: float = UNIT_ROUNDOFF_64,
    noise: float = 1e-16,
) -> tuple[Table, int]:
    """Let a table ask for φ(t) = f(k, x + t) - f(k, x) on line k; return it and its price."""
    at_zero = f(np.arange(x.size, dtype=np.float64), x)
    table = Table(
        np.abs(x) if scale is None else scale,
        np.full(x.size, roundoff),
        x,
        value_at_zero=0.0,
        noise_of_f=noise,
    )
    spent = 0
    while (block := table.ask()) is not None:
        spent += block.lines.size
        there = x[block.lines] + block.offsets
        if roundoff == UNIT_ROUNDOFF_32:
            there = there.astype(np.float32).astype(np.float64)
        with np.errstate(all="ignore"):
            values = f(block.lines.astype(np.float64), there)
        table.tell(values - at_zero[block.lines], there - x[block.lines])
    return table, spent


def sine(_: FloatArray, x: FloatArray) -> FloatArray:
    return np.sin(x)


@pytest.mark.parametrize(
    ("roundoff", "price", "ratio"), [(UNIT_ROUNDOFF_64, 36, 5.0), (UNIT_ROUNDOFF_32, 22, 3.0)]
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e8])
def test_price_and_levels(roundoff: float, price: int, ratio: float, scale: float) -> None:
    x = np.array([1.0, 0.5, 0.25]) * scale
    table, spent = fill(lambda k, v: np.sin(v / scale), x, roundoff=roundoff)
    assert spent == price * x.size
    assert table.plus.shape == (price // 2, x.size)
    wanted = LARGEST_STEP * x * ratio ** -np.arange(price // 2)[:, np.newaxis]
    # Down to where a step is no more than a few units in the last place of x.
    np.testing.assert_allclose(table.t_plus, wanted, rtol=0, atol=2 * roundoff * np.max(x))
    np.testing.assert_allclose(table.t_minus, -wanted, rtol=0, atol=2 * roundoff * np.max(x))
    assert np.all(table.t_plus[-1] > 10 * roundoff * x)


def test_each_line_goes_as_far_as_its_own_parameter() -> None:
    """Where the one beside it is coarser, or finer, and on a root that goes on to smaller steps."""
    x = np.array([1.0, 2.0, 3.0, 4.0])
    roundoff = np.array([UNIT_ROUNDOFF_64, UNIT_ROUNDOFF_32] * 2)

    def filled(which: list[int]) -> Table:
        table = Table(
            x[which], roundoff[which], x[which], value_at_zero=0.0, noise_of_f=UNIT_ROUNDOFF_64
        )
        while (block := table.ask()) is not None:
            root = np.array(which)[block.lines] >= 2
            with np.errstate(invalid="ignore"):
                values = np.where(root, np.sqrt(block.offsets), np.sin(block.offsets))
            table.tell(values, block.offsets)
        return table

    together = filled([0, 1, 2, 3])
    lengths = []
    for line in range(4):
        alone = filled([line])
        lengths.append(len(alone.plus))
        for name in ("plus", "minus", "t_plus", "t_minus"):
            column = getattr(together, name)[:, line]
            np.testing.assert_array_equal(column[: lengths[-1]], getattr(alone, name)[:, 0])
            assert np.all(np.isnan(column[lengths[-1] :]))
    assert lengths == [18, 11, 21, 12]


def test_what_counts_is_where_f_was_not_where_it_was_asked_for() -> None:
    x = np.array([1.0, 1e3])
    scale = np.array([1e-3, 1.0])
    table, _ = fill(lambda k, v: v, x, scale=scale)
    asked = LARGEST_STEP * scale * 5.0 ** -np.arange(18)[:, np.newaxis]
    assert np.any(table.t_plus != asked)
    # On f(x) = x the realised offsets are the differences of values, bit for bit.
    both = table.plus - table.minus
    np.testing.assert_array_equal(both, table.t_plus - table.t_minus)
    # The nominal ones would have made slopes wrong by per cents.
    assert np.max(np.abs(both / (2 * asked) - 1)) > 1e-2


def test_nothing_is_asked_where_there_is_no_line() -> None:
    nothing = np.zeros(0)
    table = Table(nothing, nothing, nothing, value_at_zero=1.0, noise_of_f=1e-16)
    assert table.ask() is None
    assert table.plus.shape == (0, 0)


@pytest.mark.parametrize("distance", [1e-12, 2e-13, 2e-14])
def test_beside_an_edge_smaller_steps_follow(distance: float) -> None:
    # log(x - 1 + d): on one side the domain ends at a distance d.
    def f(k: FloatArray, x: FloatArray) -> FloatArray:
        return np.log((x - 1) + distance)

    table, spent = fill(f, np.ones(1))
    assert spent > 36
    assert np.isfinite(table.minus[-1, 0])
    assert table.t_plus[-1, 0] < table.t_plus[17, 0]
    # The same function a distance of 1 from its edge needs nothing more.
    assert fill(lambda k, x: np.log(x), np.ones(1))[1] == 36


def test_the_extra_levels_end_after_eight() -> None:
    # The derivative of √x diverges at 0, and no ulp of 0 stands in the way.
    table, spent = fill(
        lambda k, x: np.sqrt(x), np.zeros(1), scale=np.ones(1), roundoff=UNIT_ROUNDOFF_32
    )
    assert spent == 22 + 2 * 8
    assert table.plus.shape == (19, 1)
    assert np.all(np.isnan(table.minus))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_extra_levels_end_at_a_hundred_quadrillionth_of_the_scale(scale: float) -> None:
    table, spent = fill(lambda k, x: np.sqrt(x), np.zeros(1), scale=np.full(1, scale))
    assert spent == 36 + 2 * 6
    assert 8 * 2.0**-60 <= table.t_plus[-1, 0] / scale < 5 * 8 * 2.0**-60


def test_the_extra_levels_end_a_few_units_in_the_last_place_of_the_parameter() -> None:
    table, spent = fill(lambda k, x: np.sqrt(x - 1), np.ones(1))
    assert 36 < spent < 36 + 2 * 8
    smallest = table.t_plus[-1, 0]
    assert 8 * 2 * UNIT_ROUNDOFF_64 <= smallest < 5 * 8 * 2 * UNIT_ROUNDOFF_64


def test_extra_levels_are_asked_of_unsettled_lines_only() -> None:
    def f(k: FloatArray, x: FloatArray) -> FloatArray:
        return np.where(k == 1, np.sqrt(x), np.sin(x))

    table, spent = fill(f, np.zeros(3), scale=np.ones(3))
    assert spent == 3 * 36 + 2 * 6
    assert np.all(np.isnan(table.plus[18:, [0, 2]]))
    assert np.all(np.isnan(table.t_plus[18:, [0, 2]]))
    assert np.all(np.isfinite(table.plus[18:, 1]))


def test_a_cusp_is_unsettled_on_both_sides_and_a_kink_on_none() -> None:
    cusp, spent = fill(lambda k, x: np.sqrt(np.abs(x)), np.zeros(1), scale=np.ones(1))
    assert spent == 36 + 2 * 6
    np.testing.assert_array_equal(cusp.plus, cusp.minus)
    assert fill(lambda k, x: np.abs(x), np.zeros(1), scale=np.ones(1))[1] == 36


def test_noise_alone_asks_for_nothing_more() -> None:
    rng = np.random.default_rng(0)

    def noisy(k: FloatArray, x: FloatArray) -> FloatArray:
        return np.sin(x) + 1e-6 * rng.standard_normal(x.size)

    known, unknown = 0, 0
    for _ in range(20):
        known += fill(noisy, np.linspace(0.5, 1.5, 10), noise=1e-6)[1]
        unknown += fill(noisy, np.linspace(0.5, 1.5, 10), noise=1e-16)[1]
    assert known == 20 * 10 * 36
    assert unknown > known  # where the noise is not known, it looks like a slope that never settles


def test_where_f_is_nowhere_finite_the_table_still_ends() -> None:
    table, spent = fill(lambda k, x: np.where(x == 1.0, 1.0, np.nan), np.ones(1))
    assert spent <= 36 + 2 * 8
    assert not np.any(np.isfinite(table.plus))
