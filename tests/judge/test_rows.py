"""Mistakes of rows of a Jacobian, as a few of its columns tell them."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradproof.judge.rows import Columns, causes_of_rows, is_transposed
from gradproof.tree import flatten

OUTPUTS, _ = flatten({"a": np.zeros((2, 3)), "b": np.zeros(2)}, "output")
RNG = np.random.default_rng(0)
TRUTH = RNG.uniform(1, 2, (8, 5))


def columns(claimed: Any, **changed: Any) -> Columns:
    return dataclasses.replace(
        Columns("t['u']", range(5), claimed, TRUTH, np.full(TRUTH.shape, 1e-6)), **changed
    )


def told(*parts: Columns, outputs: Any = OUTPUTS) -> list[tuple[str, tuple[str, ...]]]:
    found = causes_of_rows(outputs, parts, {"batch": 4.0})
    return [(one.code, one.addresses) for one in found]


def times(factor: float, *rows: int) -> Any:
    claimed = TRUTH.copy()
    claimed[list(rows)] *= factor
    return claimed


def test_an_output_is_wrong_where_some_column_is_further_off_than_its_room() -> None:
    claimed = TRUTH.copy()
    claimed[3, 2] += 0.9e-6
    claimed[5, 4] -= 1.1e-6
    assert np.flatnonzero(columns(claimed).wrong).tolist() == [5]
    claimed[3, 2] = np.nan  # not decided
    assert np.flatnonzero(columns(claimed).wrong).tolist() == [5]


@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GP301"), (4.0, "GP302"), (0.0, "GP409")])
def test_single_numbers_are_named_and_whole_tensors_as_such(factor: float, code: str) -> None:
    assert told(columns(times(factor, 4))) == [(code, ("d output['a'][1, 1] / d t['u']",))]
    assert told(columns(times(factor, 6, 7))) == [(code, ("d output['b'] / d t['u']",))]
    assert told(columns(times(factor, 0, 5))) == [
        (code, ("d output['a'][0, 0] / d t['u']", "d output['a'][1, 2] / d t['u']"))
    ]


def test_every_leaf_of_the_parameters_has_columns_of_its_own() -> None:
    right, wrong = columns(TRUTH), columns(times(2.0, 7), address="t['v']")
    assert told(right) == told() == []
    assert told(right, wrong) == [("GP302", ("d output['b'][1] / d t['v']",))]
    both = told(columns(times(2.0, 7)), wrong)
    assert both == [("GP302", ("d output['b'][1] / d t['u']", "d output['b'][1] / d t['v']"))]


def test_facts_name_a_factor() -> None:
    (cause,) = causes_of_rows(OUTPUTS, [columns(times(4.0, 6, 7))], {"batch": 4.0})
    assert "batch" in cause.message


def test_where_one_output_stays_unexplained_nothing_is_said() -> None:
    claimed = times(2.0, 0)
    claimed[5] += RNG.uniform(1, 2, 5)
    assert told(columns(claimed)) == []


def test_conjugates_of_complex_outputs_and_of_complex_parameters() -> None:
    outputs, _ = flatten({"z": np.zeros(4, dtype=complex)}, "output")
    claimed = TRUTH.copy()
    claimed[1::2] *= -1
    of_parts = tuple(f"d output['z'][{k}].imag / d t['u']" for k in range(4))
    assert told(columns(claimed), outputs=outputs) == [("GP301", of_parts), ("GP306", of_parts)]
    signs = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    assert told(columns(TRUTH * signs, signs=signs)) == [
        ("GP306", ("d output['a'] / d t['u']", "d output['b'] / d t['u']"))
    ]
    # Of both it is the product of their signs.
    claimed = TRUTH * np.outer(np.tile([1.0, -1.0], 4), signs)
    assert told(columns(claimed, signs=signs), outputs=outputs) == [
        ("GP306", ("d output['z'] / d t['u']",))
    ]
    # Single numbers have the signs of their rows.
    claimed = TRUTH.copy()
    claimed[2] *= signs
    assert told(columns(claimed, signs=signs)) == [("GP306", ("d output['a'][0, 2] / d t['u']",))]


def test_a_transpose_is_told_by_two_columns_within_their_room() -> None:
    whole = RNG.uniform(1, 2, (8, 8))
    places = [1, 4]
    room = np.full((8, 2), 1e-6)
    seen = Columns("t['u']", places, whole[:, places], whole[places].T, room)
    assert is_transposed([seen], whole)
    assert not is_transposed([seen], whole.T)
    assert not is_transposed([dataclasses.replace(seen, signs=np.ones(2))], whole)
    assert not is_transposed([seen], whole[:, :7])
    one = Columns("t['u']", places[:1], whole[:, [1]], whole[[1]].T, room[:, :1])
    assert not is_transposed([one], whole)
    assert is_transposed([one, one], whole)
    for off, expected in [(0.9e-6, True), (1.1e-6, False)]:
        measured = seen.measured.copy()
        measured[3, 1] += off
        assert is_transposed([one, dataclasses.replace(seen, measured=measured)], whole) is expected
