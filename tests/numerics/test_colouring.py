"""Colours of columns: no two of one colour share a row."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from gradproof.numerics.colouring import colour_columns


def colours_of(matrix: scipy.sparse.csc_array) -> np.ndarray:
    return colour_columns(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))


@given(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 30), st.floats(0, 0.5))
def test_columns_of_one_colour_share_no_row(seed: int, m: int, n: int, density: float) -> None:
    matrix = scipy.sparse.random_array((m, n), density=density, rng=np.random.default_rng(seed), format="csc")  # fmt: skip
    colours = colours_of(matrix)
    stored = (matrix.toarray() != 0).astype(int)
    for colour in range(int(colours.max()) + 1):
        assert stored[:, colours == colour].sum(axis=1).max() <= 1
    assert colours.max() + 1 >= stored.sum(axis=1).max()


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_band_needs_no_more_colours_than_it_is_wide(width: int) -> None:
    n = 200
    band = scipy.sparse.diags_array([np.ones(n)] * width, offsets=list(range(width)), shape=(n, n), format="csc")  # fmt: skip
    assert colours_of(band).max() + 1 <= 2 * width - 1
    if width <= 2:
        assert colours_of(band).max() + 1 == width


def test_a_full_row_needs_a_colour_for_each_column() -> None:
    matrix = scipy.sparse.csc_array(np.vstack([np.ones(7), np.eye(7)]))
    assert sorted(colours_of(matrix)) == list(range(7))


def test_no_entries() -> None:
    assert colours_of(scipy.sparse.csc_array((3, 4))).tolist() == [0] * 4
