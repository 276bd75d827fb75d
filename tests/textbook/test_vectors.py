"""Rolling parameters into a vector and back."""

from typing import Any

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


def test_the_column_has_the_common_dtype_of_the_parts() -> None:
    W1, b1 = np.ones((1, 2), dtype=np.float32), np.ones((1, 1), dtype=np.float32)
    assert dictionary_to_vector({"W1": W1, "b1": b1}).dtype == np.float32
    assert gradients_to_vector({"dW1": W1, "db1": b1.astype(float)}).dtype == np.float64


@pytest.mark.parametrize("dims", [[2, 1], (2, 1), range(2, 0, -1), np.array([2, 1])])
def test_dimensions_are_a_list_a_tuple_a_range_or_an_array_of_whole_numbers(dims: Any) -> None:
    parts = vector_to_dictionary([[1.0], [2.0], [3.0]], dims)
    assert [part.tolist() for part in parts.values()] == [[[1.0, 2.0]], [[3.0]]]


@pytest.mark.parametrize(
    "dims",
    [
        *({2, 1}, {2: 0, 1: 0}, b"\x02\x01", "21", 2, None, iter([2, 1]), [2]),
        *(np.array(2), np.array([2]), np.array([2.0, 1.0]), np.array([[2, 1]])),
    ],
)
def test_other_dimensions_are_refused(dims: Any) -> None:
    with pytest.raises(InputError, match="layers_dims: found .*, expected a list of the units"):
        vector_to_dictionary([1.0, 2.0, 3.0], dims)


@pytest.mark.parametrize("shape", [(), (1, 3), (3, 1, 1), (1, 1, 3)])
def test_what_is_no_column_is_refused(shape: tuple[int, ...]) -> None:
    vector = np.zeros(3).reshape(shape) if shape else np.zeros(())
    with pytest.raises(
        InputError, match=r"vector: found shape \(.*\), expected \(n, 1\) or \(n,\)"
    ):
        vector_to_dictionary(vector, [2, 1])


def test_shapes_that_are_no_network_are_named() -> None:
    good = drawn([2, 3, 1], seed=0)
    for wrong, message in (
        ({"W1": np.zeros(6)}, r"\['W1'\]: found shape \(6,\), expected \(units, units of the"),
        ({"b1": np.zeros(3)}, r"\['b1'\]: found shape \(3,\), expected \(3, 1\), one row for"),
        ({"W2": np.zeros((1, 2))}, r"\['W2'\]: found shape \(1, 2\), expected 3 columns"),
        ({"b2": np.zeros((1, 3))}, r"\['b2'\]: found shape \(1, 3\), expected \(1, 1\)"),
    ):
        with pytest.raises(InputError, match="parameters" + message):
            dictionary_to_vector(good | wrong)
        gradients = {f"d{key}": value for key, value in (good | wrong).items()}
        with pytest.raises(InputError, match="gradients" + message.replace("['", "['d")):
            gradients_to_vector(gradients)


def test_what_is_no_mapping_is_named() -> None:
    with pytest.raises(
        InputError, match=r"parameters: found \[1\], expected a mapping of W1, b1, W2"
    ):
        dictionary_to_vector([1])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="gradients: found None, expected a mapping of dW1, db1"):
        gradients_to_vector(None)  # type: ignore[arg-type]


def test_long_lists_of_missing_keys_are_cut() -> None:
    with pytest.raises(
        InputError, match="^parameters: W1, b1, W2, b2, W3, b3 and 1,999,993 more mis"
    ):
        dictionary_to_vector({"W1000000": np.zeros((1, 1))})
    with pytest.raises(InputError, match="^parameters: W1, b1 missing, found nothing$"):
        dictionary_to_vector({})


def test_the_parts_are_copies() -> None:
    vector = np.arange(3.0)
    vector_to_dictionary(vector, [2, 1])["W1"][0, 0] = 99.0
    assert vector[0] == 0.0


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(
        InputError, match="vector: found 4 numbers, expected 3, .* layers \\[2, 1\\]"
    ):
        vector_to_dictionary(np.zeros(4), np.array([2, 1]))  # type: ignore[arg-type]
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
