"""Complex numbers as pairs of real ones, in the memory that they are in."""

from typing import Any

import numpy as np
import pytest

from gradproof._base.complexes import as_complex, as_parts, is_complex

Z = np.array([[1 + 2j, 3 - 4j], [5j, 6]])


@pytest.mark.parametrize("dtype", ["c8", "c16", ">c16", np.clongdouble])
@pytest.mark.parametrize(
    "make", [np.array, np.asfortranarray, lambda z: z[:, ::-1], lambda z: z[0, 0]]
)
def test_there_and_back(dtype: Any, make: Any) -> None:
    z = make(Z.astype(dtype))
    parts = as_parts(z)
    assert parts.shape == (*z.shape, 2)
    assert np.array_equal(parts[..., 0], z.real)
    assert np.array_equal(parts[..., 1], z.imag)
    back = as_complex(parts)
    assert back.dtype.newbyteorder("=") == z.dtype.newbyteorder("=")
    assert np.array_equal(back, z)
    assert np.shares_memory(back, parts)


def test_a_contiguous_array_is_viewed_and_never_changed() -> None:
    assert np.shares_memory(as_parts(Z), Z)
    assert as_parts([1.0, 2.0]).tolist() == [[1, 0], [2, 0]]


def test_what_is_complex() -> None:
    assert all(map(is_complex, (1j, np.complex64(1j), Z)))
    assert not any(map(is_complex, (1.0, 1, np.ones(2), "1j", None, np.float32(1), [1j])))
