"""Claims at multiples of the parameters: a polynomial through twelve of them is exact."""

import numpy as np
import pytest

from gradproof.judge.elsewhere import LEAST, MOST, Elsewhere, at_factor, best_factor, scaled_by
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import flatten


def gradient(c: float) -> FloatArray:
    """Return a claim whose components are polynomials in the factor of the parameters."""
    return np.array([3 * c**2, -5 * c**3, 2.0, c**11])


def slope(c: float) -> FloatArray:
    return np.array([6 * c, -15 * c**2, 0.0, 11 * c**10])


NODES = np.array([gradient(c) for c in scaled_by().tolist()])


def test_the_parameters_are_scaled_by_the_roots_of_a_chebyshev_polynomial() -> None:
    k = np.arange(12)
    roots = -np.cos((2 * k + 1) * np.pi / 24)
    assert scaled_by() == pytest.approx(1.025 + 0.225 * roots)
    assert scaled_by().min() > LEAST
    assert scaled_by().max() < MOST


@pytest.mark.parametrize("factor", [0.8, 0.93, 1.0, 1.1, 1.25])
def test_the_claim_at_a_factor_and_its_derivative(factor: float) -> None:
    value, change = at_factor(tuple(NODES), factor)
    assert value == pytest.approx(gradient(factor), rel=1e-10)
    assert change == pytest.approx(slope(factor), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("factor", [0.81, 0.9301, 1.0, 1.1234, 1.24])
def test_the_factor_at_which_claims_are_right_is_found_to_rounding(factor: float) -> None:
    found = best_factor(NODES, gradient(factor), np.full(4, 1e-6))
    assert found == pytest.approx(factor, rel=1e-10)


def test_what_is_measured_better_counts_more() -> None:
    y = np.array([gradient(0.9)[0], gradient(1.1)[1], 2.0, gradient(1.1)[3]])
    known = np.array([1e-9, 1.0, 1.0, 1.0])
    assert best_factor(NODES, y, known) == pytest.approx(0.9, rel=1e-6)
    assert best_factor(NODES, y, 1 / known) == pytest.approx(1.1, rel=1e-2)


def test_there_is_none_at_the_ends_nor_without_numbers_nor_where_nothing_changes() -> None:
    room = np.full(4, 1e-6)
    for factor in (0.7, 1.4):
        assert best_factor(NODES, gradient(factor), room) is None
    assert best_factor(NODES[:, :0], np.zeros(0), room[:0]) is None
    assert best_factor(np.zeros_like(NODES), gradient(1.0), room) is None
    assert best_factor(np.full_like(NODES, np.inf), gradient(1.0), room) is None
    assert best_factor(NODES, gradient(1.0), np.array([1.0, 0.0, 1.0, 1.0])) is None


def test_of_a_leaf_there_is_its_own_part_in_its_shape() -> None:
    tree, _ = flatten({"a": np.zeros(2), "b": np.zeros((1, 2))}, "t")
    all_ = Elsewhere(tuple(NODES), False, "float16", np.arange(4.0))
    part = all_.of(tree.leaves[1])
    assert part.scaled is not None
    assert part.rounded_by is not None
    assert np.array_equal(part.scaled[3], NODES[3][None, 2:])
    assert np.array_equal(part.rounded_by, [[2.0, 3.0]])
    assert (part.constant, part.rounded_to) == (False, "float16")
    nothing = Elsewhere(None, True, None).of(tree.leaves[0])
    assert nothing.scaled is None
    assert nothing.rounded_by is None
    assert nothing.rounded_to is None
    assert nothing.constant
