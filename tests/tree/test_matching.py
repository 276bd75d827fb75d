"""Laying a gradient onto parameters: by name, or with a sentence about what is amiss."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest

from gradproof._base.errors import InputError
from gradproof.tree import Constant, Mismatch, flatten, match


class Layer(NamedTuple):
    """Parameters by name."""

    W: Any
    b: Any


@dataclasses.dataclass
class Model:
    """Parameters as fields."""

    W: Any
    b: Any


W = np.zeros((2, 3))
PARAMETERS = {"W1": np.zeros((2, 3)), "b1": np.zeros(2), "c": 1.0}


def matched(at: Any, gradient: Any) -> tuple[list[Any], list[str]]:
    result = match(flatten(at, "params")[0], gradient)
    assert not isinstance(result, Mismatch), result
    return result


def mismatch(at: Any, gradient: Any) -> Mismatch:
    result = match(flatten(at, "params")[0], gradient)
    assert isinstance(result, Mismatch), result
    return result


def test_values_come_in_the_order_of_the_parameters_not_of_the_gradient() -> None:
    gradient = {"c": 3.0, "b1": np.ones(2), "W1": np.ones((2, 3))}
    values, notes = matched(PARAMETERS, gradient)
    assert values[0] is gradient["W1"]
    assert values[1] is gradient["b1"]
    assert values[2] == 3.0
    assert notes == []


@pytest.mark.parametrize(
    ("at", "gradient"),
    [
        (Layer(np.zeros(2), 1.0), Layer(np.ones(2), 5.0)),
        (Model(np.zeros(2), 1.0), Model(np.ones(2), 5.0)),
        (Model(np.zeros(2), 1.0), {"b": 5.0, "W": np.ones(2)}),
        ({"m": [Layer(np.zeros(2), 1.0)]}, {"m": [Layer(np.ones(2), 5.0)]}),
        ([np.zeros(2), 1.0], (np.ones(2), 5.0)),
        ((np.zeros(2), 1.0), [np.ones(2), np.array(5.0)]),
        ({"W": np.zeros(2), "n": None, "b": 1.0}, {"W": np.ones(2), "b": 5}),
        ({"W": np.zeros(2), "b": 1.0}, {"W": np.ones(2), "n": None, "b": 5}),
    ],
)
def test_a_gradient_in_the_structure_of_the_parameters_is_taken_as_it_is(
    at: Any, gradient: Any
) -> None:
    values, notes = matched(at, gradient)
    np.testing.assert_array_equal(values[0], np.ones(2))
    assert values[1] == 5.0
    assert notes == []


def test_prefixed_keys_are_read_and_what_is_no_parameter_left_out() -> None:
    gradient = {
        "dA0": np.ones((9, 9)),
        "dW1": np.ones((2, 3)),
        "dA1": np.zeros(3),
        "db1": np.full(2, 2.0),
        "dc": 3.0,
    }
    values, notes = matched(PARAMETERS, gradient)
    assert values[0] is gradient["dW1"]
    assert values[1] is gradient["db1"]
    assert values[2] == 3.0
    assert notes == [
        "the gradient's keys d<name> were read as <name>; left out, as no parameters: dA0, dA1"
    ]


def test_prefixed_keys_alone_are_noted_too() -> None:
    values, notes = matched({"w": 1.0}, {"dw": 2.0})
    assert values == [2.0]
    assert notes == ["the gradient's keys d<name> were read as <name>"]


def test_a_parameter_whose_own_name_begins_with_d_is_no_prefix() -> None:
    values, notes = matched({"w": 1.0, "dw": 2.0}, {"w": 3.0, "dw": 4.0})
    assert values == [3.0, 4.0]
    assert notes == []


def test_a_parameter_named_like_an_activation_is_kept() -> None:
    values, _ = matched({"A1": 1.0, "w": 2.0}, {"dA1": 3.0, "dw": 4.0, "dA2": 5.0})
    assert values == [3.0, 4.0]


def test_a_prefixed_key_that_belongs_to_nothing_is_amiss() -> None:
    found = mismatch({"w": 1.0}, {"dw": 2.0, "dv": 3.0})
    assert found == Mismatch("gradient['dv']", "a gradient", "none: params has no such parameter")


def test_one_array_is_read_as_the_gradient_of_a_list_of_numbers() -> None:
    for at in ([1.0, 2.0, 3.0], (1.0, np.float64(2.0), 3), {"a": 1.0, "b": 2.0, "c": 3.0}):
        values, notes = matched(at, np.array([4.0, 5.0, 6.0]))
        assert values == [4.0, 5.0, 6.0]
        assert notes == ["the gradient is one array for a list of numbers"]


@pytest.mark.parametrize("shape", [(2,), (3, 1), (1, 3), ()])
def test_one_array_of_another_shape_is_amiss(shape: tuple[int, ...]) -> None:
    found = mismatch([1.0, 2.0, 3.0], np.ones(shape))
    assert found == Mismatch(
        "params",
        f"one array of shape {shape}",
        "a gradient for each of params[0], params[1], params[2]",
    )


def test_one_array_for_several_tensors_is_amiss() -> None:
    found = mismatch({"W": np.ones(2), "b": 1.0}, np.ones(2))
    assert found.address == "params"
    assert found.found == "one array of shape (2,)"
    assert found.expected == "a gradient for each of params['W'], params['b']"


def test_long_lists_of_parameters_are_cut() -> None:
    found = mismatch({f"w{i}": 1.0 for i in range(20)}, 1.0)
    assert "params['w5'] and 14 more" in found.expected
    assert "w6" not in found.expected


def test_a_missing_leaf_is_named_with_what_is_there() -> None:
    found = mismatch(PARAMETERS, {"W1": np.ones((2, 3)), "c": 1.0})
    assert found.address == "params['b1']"
    assert found.found == "no gradient"
    assert found.expected == ("one of shape (2,) (there is gradient['W1'], gradient['c'])")


@pytest.mark.parametrize("nothing", [None, {}, [], (None,)])
def test_no_gradient_at_all_is_said(nothing: Any) -> None:
    found = mismatch(np.ones(2), nothing)
    assert found == Mismatch(
        "params", "no gradient", "one of shape (2,) (there is no gradient at all)"
    )


def test_none_in_the_place_of_a_gradient_is_a_missing_one() -> None:
    found = mismatch({"W": np.ones(2), "b": 1.0}, {"W": np.ones(2), "b": None})
    assert (found.address, found.found) == ("params['b']", "no gradient")


def test_a_leaf_left_over_is_named() -> None:
    gradient = {"W1": np.ones((2, 3)), "b1": np.ones(2), "c": 1.0, "W2": np.ones(4)}
    assert mismatch(PARAMETERS, gradient) == Mismatch(
        "gradient['W2']", "a gradient", "none: params has no such parameter"
    )


@pytest.mark.parametrize(
    ("at", "gradient", "address", "found", "expected"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), "params", "shape (3, 2)", "shape (2, 3)"),
        ({"b": np.ones(5)}, {"b": np.ones((5, 1))}, "params['b']", "shape (5, 1)", "shape (5,)"),
        ({"b": np.ones(5)}, {"b": 1.0}, "params['b']", "shape ()", "shape (5,)"),
        ({"b": 1.0}, {"b": np.ones(1)}, "params['b']", "shape (1,)", "shape ()"),
        ([1.0, np.empty((0, 2))], [1.0, np.empty(0)], "params[1]", "shape (0,)", "shape (0, 2)"),
        (
            Layer(np.ones(2), np.ones(2)),
            Layer(np.ones(2), np.ones(3)),
            "params.b",
            "shape (3,)",
            "shape (2,)",
        ),
        (
            {"m": [Model(np.ones(2), np.ones(2))]},
            {"m": [Model(np.ones(3), np.ones(2))]},
            "params['m'][0].W",
            "shape (3,)",
            "shape (2,)",
        ),
    ],
)
def test_a_wrong_shape_is_named_with_both_shapes(
    at: Any, gradient: Any, address: str, found: str, expected: str
) -> None:
    assert mismatch(at, gradient) == Mismatch(address, found, expected)


def test_claims_of_complex_numbers_are_read_as_their_parts() -> None:
    tree, _ = flatten({"z": np.ones(2, complex), "c": 1j, "x": 1.0}, "p")
    found = match(tree, {"z": np.array([1 + 2j, 3 - 4j]), "c": 5.0, "x": 6.0})
    assert not isinstance(found, Mismatch)
    z, c, x = found[0]
    assert z.tolist() == [[1, 2], [3, -4]]
    assert c.tolist() == [5, 0]
    assert x == 6
    amiss = match(tree, {"z": np.ones(2), "c": 1.0, "x": 1j})
    assert amiss == Mismatch("p['x']", "a gradient of dtype complex", "real numbers")
    amiss = match(tree, {"z": np.ones((2, 2)), "c": 1.0, "x": 1.0})
    assert amiss == Mismatch("p['z']", "shape (2, 2)", "shape (2,)")


def test_keys_with_and_without_a_d_are_not_guessed() -> None:
    at = {"W": np.ones(3)}
    found = match(flatten(at, "p")[0], {"W": np.ones(3), "dW": 2 * np.ones(3)})
    assert isinstance(found, Mismatch)
    assert found.address == "gradient['dW']"


@pytest.mark.parametrize(("claim", "told"), [(77.0, 1), (2j, 1), (None, 0), (0.0, 0), ("tanh", 0)])
def test_a_claim_for_what_goes_along_is_said_to_be_unchecked(claim: object, told: int) -> None:
    tree, _ = flatten({"w": np.ones(3), "b": Constant(0.5)}, "p")
    found = match(tree, {"w": np.ones(3), "b": claim})
    assert not isinstance(found, Mismatch)
    assert len(found[1]) == told
    assert all(note.startswith("p['b']: went along unchanged and unchecked") for note in found[1])


@pytest.mark.parametrize(
    ("gradient", "found", "expected"),
    [
        (
            (W,),
            "a tuple of one gradient",
            "the gradient itself, [0] of it: a comma behind a value makes a tuple",
        ),
        ([W], "a list of one gradient", "the gradient itself"),
        ((W, 1.5), "a tuple of 2, of which [0] would fit", "that alone: put [0] behind the call"),
        ((1.5, W, {}), "a tuple of 3, of which [1] would fit", "that alone: put [1] behind"),
        (((1.5, {}), W), "a tuple of 2, of which [1] would fit", "that alone: put [1] behind"),
        ((W, W), "no gradient", "one of shape (2, 3) (there is gradient[0], gradient[1])"),
        ((1.5, {}), "no gradient", "one of shape (2, 3) (there is gradient[0]"),
        ("a word", "a str", "shape (2, 3)"),
        (object(), "a object", "shape (2, 3)"),
        (1.5, "shape ()", "shape (2, 3)"),
    ],
    ids=range(10),
)
def test_what_is_a_gradient_in_something_else_is_told(
    gradient: object, found: str, expected: str
) -> None:
    amiss = mismatch(W, gradient)
    assert amiss.found.startswith(found)
    assert amiss.expected.startswith(expected)


def test_a_tuple_around_one_leaf_is_told_at_the_leaf() -> None:
    tree, _ = flatten({"w": W, "b": 1.0}, "p")
    assert match(tree, {"w": (W,), "b": 1.0}) == Mismatch(
        "p['w']",
        "a gradient in a tuple or list",
        "the gradient itself, of shape (2, 3): a comma behind a value makes a tuple",
    )
    assert match(tree, ({"w": W, "b": 1.0},)) == Mismatch(
        "p['w']",
        "a tuple of one gradient",
        "the gradient itself, [0] of it: a comma behind a value makes a tuple",
    )


def test_numbers_in_a_list_at_a_leaf_are_no_gradient_in_a_tuple() -> None:
    tree, _ = flatten({"w": np.ones(3), "b": 1.0}, "p")
    expected = "one array of shape (3,): np.array(…) makes one of numbers"
    for numbers in ([1.0, 2.0, 3.0], (1.0, 2.0, 3.0), [1.0], [np.ones(3), np.ones(3)]):
        found = match(tree, {"w": numbers, "b": 1.0})
        assert found == Mismatch("p['w']", "a tuple or list", expected)


def test_a_mapping_that_is_no_dict_is_told() -> None:
    class Options(dict[str, Any]):
        pass

    found = match(flatten({"w": W}, "p")[0], Options(w=W))
    assert isinstance(found, Mismatch)
    assert "(there is a Options, of which dict(…) makes one that is read)" in found.expected


class Series:
    """What is asked of a Series of pandas."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self.shape = (len(values),)

    def keys(self) -> list[str]:
        return list(self._values)

    def to_dict(self) -> dict[str, Any]:
        return dict(self._values)

    def to_numpy(self) -> Any:
        return self.__array__()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(list(self._values.values()), dtype)


def test_a_series_is_read_by_its_labels_where_they_are_the_names() -> None:
    tree, _ = flatten({"a": 1.0, "b": 2.0}, "p")
    assert match(tree, Series({"b": 3.0, "a": 4.0})) == ([4.0, 3.0], [])
    by_place = match(tree, Series({"0": 3.0, "1": 4.0}))
    assert not isinstance(by_place, Mismatch)
    assert by_place[0] == [3.0, 4.0]


class Tensor:
    requires_grad = True
    shape = (2, 3)


def test_a_tensor_that_cannot_be_read_is_told_with_the_cure() -> None:
    tree, _ = flatten({"w": W}, "p")
    said = r"gradient\['w'\]: found a tensor that requires a gradient.*\.detach\(\)\.numpy\(\)"
    with pytest.raises(InputError, match=said):
        match(tree, {"w": Tensor()})


def test_what_is_behind_a_mask_is_no_claim() -> None:
    hidden = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(InputError, match=r"gradient\['b1'\]: found .* 1 of 2 numbers are masked"):
        match(flatten(PARAMETERS, "params")[0], {**PARAMETERS, "b1": hidden})
    open_to_all = np.ma.array([1.0, 2.0], mask=[False, False])
    numbers, _ = matched(PARAMETERS, {**PARAMETERS, "b1": open_to_all})
    assert any(one is open_to_all for one in numbers)
