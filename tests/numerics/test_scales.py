"""Natural scales: what they must not depend on."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradproof.numerics.scales import lifted_scales, natural_scales, typical_effect

Array = npt.NDArray[np.float64]
VECTORS = hnp.arrays(np.float64, 7, elements=st.floats(-100, 100).filter(lambda v: abs(v) > 1e-3))


@given(x=VECTORS, claim=VECTORS)
def test_a_scale_is_at_least_the_component_and_positive(x: Array, claim: Array) -> None:
    scales = natural_scales(x, claim)
    assert np.all(scales >= np.abs(x))
    assert np.all(scales > 0)


@given(x=VECTORS, claim=VECTORS, exponent=st.integers(-30, 30))
def test_rescaling_all_parameters_rescales_the_scales(
    x: Array, claim: Array, exponent: int
) -> None:
    factor = 2.0**exponent
    np.testing.assert_array_equal(
        natural_scales(x * factor, claim / factor), natural_scales(x, claim) * factor
    )


@given(x=VECTORS, claim=VECTORS, exponent=st.integers(-30, 30))
def test_the_typical_effect_depends_on_units_of_f_only(
    x: Array, claim: Array, exponent: int
) -> None:
    factor = 2.0**exponent
    effect = typical_effect(claim, natural_scales(x, claim))
    assert typical_effect(claim / factor, natural_scales(x * factor, claim / factor)) == effect
    assert typical_effect(claim * factor, natural_scales(x, claim * factor)) == effect * factor


def test_a_steep_component_at_zero_gets_a_short_scale() -> None:
    x = np.array([1.0, 1.0, 1.0, 0.0])
    scales = natural_scales(x, np.array([1.0, 1.0, 1.0, 1e6]))
    assert scales.tolist() == [1.0, 1.0, 1.0, 1e-6]


def test_one_huge_component_hides_neither_scale_nor_effect_of_the_others() -> None:
    x = np.array([1e12, 1.0, 1.0, 1.0, 0.0])
    claim = np.array([1.0, 1.0, 1.0, 1.0, 1.0])
    assert natural_scales(x, claim)[4] == 1.0
    assert typical_effect(claim, natural_scales(x, claim)) == 1.0


def test_zeros() -> None:
    assert natural_scales(np.zeros(3), np.ones(3)).tolist() == [1.0, 1.0, 1.0]
    assert typical_effect(np.zeros(3), np.ones(3)) == 0.0
    assert natural_scales(np.array([0.0, 2.0]), np.zeros(2)).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_extreme_claims_neither_overflow_nor_vanish(size: float) -> None:
    effect = typical_effect(np.full(4, size), np.ones(4))
    assert effect == pytest.approx(size)


def test_outliers_have_the_effect_of_their_leaf_along_a_direction() -> None:
    x = np.array([1.0] * 97 + [0.0, 0.0, -0.5])
    claim = np.array([1.0] * 97 + [1e9, -1e6, 1e4])
    lifted = lifted_scales(x, claim)
    assert lifted[:97].tolist() == [1.0] * 97
    assert lifted[99] == 0.5  # its own size is more
    np.testing.assert_allclose(lifted[97:99] * np.abs(claim[97:99]), np.sqrt(100 / 3))
    claim[97:] = 9.0  # in the units of the others, or not far from it
    np.testing.assert_array_equal(lifted_scales(x, claim), natural_scales(x, claim))


@given(x=VECTORS, claim=VECTORS, exponent=st.integers(-30, 30))
def test_moves_are_at_most_the_median_and_rescale(x: Array, claim: Array, exponent: int) -> None:
    factor, lifted = 2.0**exponent, lifted_scales(x, claim)
    np.testing.assert_array_equal(lifted_scales(x * factor, claim / factor), lifted * factor)
    assert np.all(lifted >= natural_scales(x, claim))
    assert np.all(lifted <= np.maximum(np.abs(x), np.median(np.abs(x))))
