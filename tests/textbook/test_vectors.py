"""Rolling parameters into a vector and back."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradproof import InputError
from gradproof.textbook import dictionary_to_vector, gradients_to_vector, vector_to_dictionary

DIMS = st.lists(st.integers(1, 5), min_size=2, max_size=14)


def drawn(dims: list[int], seed: int) -> dict[str, npt.NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    parameters = {}
    for layer in range(1, len(dims)):
        parameters[f"W{layer}"] = rng.standard_normal((dims[layer], dims[layer - 1]))
        parameters[f"b{layer}"] = rng.standard_normal((dims[layer], 1))
    return parameters


@given(dims=DIMS, seed=st.integers(0, 99), shuffle=st.randoms())
def test_round_trips_are_exact_for_any_number_of_layers_and_order_of_keys(
    dims: list[int], seed: int, shuffle: object
) -> None:
    parameters = drawn(dims, seed)
    keys = list(parameters)
    shuffle.shuffle(keys)  # type: ignore[attr-defined]
    vector = dictionary_to_vector({key: parameters[key] for key in keys})
    assert vector.shape == (sum(v.size for v in parameters.values()), 1)
    back = vector_to_dictionary(vector, dims)
    assert list(back) == list(parameters)
    for key, value in parameters.items():
        np.testing.assert_array_equal(back[key], value)
        assert back[key].shape == value.shape
    np.testing.assert_array_equal(dictionary_to_vector(back), vector)


@given(dims=DIMS, seed=st.integers(0, 99))
def test_gradients_are_in_the_order_of_the_parameters_without_activations(
    dims: list[int], seed: int
) -> None:
    parameters = drawn(dims, seed)
    gradients = {f"d{key}": value for key, value in reversed(parameters.items())}
    gradients |= {f"dA{layer}": np.ones((3, 1)) for layer in range(len(dims))}
    np.testing.assert_array_equal(gradients_to_vector(gradients), dictionary_to_vector(parameters))


def test_the_parts_are_copies() -> None:
    vector = np.arange(3.0)
    vector_to_dictionary(vector, [2, 1])["W1"][0, 0] = 99.0
    assert vector[0] == 0.0


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(
        InputError, match="vector: found 4 numbers, expected 3, .* layers \\[2, 1\\]"
    ):
        vector_to_dictionary(np.zeros(4), [2, 1])
    with pytest.raises(
        InputError, match=r"layers_dims: found \[3\], expected .*at least two layers"
    ):
        vector_to_dictionary(np.zeros(4), [3])
    with pytest.raises(InputError, match=r"layers_dims\[1\]: found 0"):
        vector_to_dictionary(np.zeros(4), [3, 0, 1])
    with pytest.raises(InputError, match="parameters: b1 missing, found W1"):
        dictionary_to_vector({"W1": np.zeros((1, 1))})
    with pytest.raises(InputError, match="parameters: W1, b1 missing"):
        dictionary_to_vector({})
    with pytest.raises(InputError, match="parameters: found the key 'gamma1', expected W1, b1"):
        dictionary_to_vector({"gamma1": np.zeros((1, 1))})
    with pytest.raises(InputError, match="gradients: found the key 'W1', expected dW1, db1"):
        gradients_to_vector({"W1": np.zeros((1, 1))})
    with pytest.raises(InputError, match="gradients: dW1 missing, found dW2, db2, db1"):
        gradients_to_vector(dict.fromkeys(["dW2", "db2", "db1"], np.zeros((1, 1))))
