"""What a search found in a leaf, in the units of f, as code and in words."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradproof.judge.located import Located, culprits, mistakes
from gradproof.judge.patterns import Block, Slices
from gradproof.judge.probed import _not_found
from gradproof.judge.suspect import Slopes
from gradproof.tree import flatten

TREE, _ = flatten({"s": 0.0, "a": np.zeros((3, 4)), "b": np.zeros(2)}, "t")
CLAIM = np.arange(15.0)
UNIT = 2.0


def located(**changed: Any) -> Located:
    """Return two components of `a` that were measured, of which the first is wrong."""
    found = Located(
        number=1,
        places=np.array([1, 6]),
        wrong=np.array([True, False]),
        value=np.array([20.0, 7.0]),
        bar=np.array([0.125, 0.25]),
        truncation=np.array([0.03125, 0.0]),
        beyond=np.array([0.5, 0.75]),
        part=None,
        widespread=False,
        many=False,
        rest=0.0,
        floor=0.01,
        slopes=None,
    )
    return dataclasses.replace(found, **changed)


def test_wrong_components_are_told_in_the_units_of_f() -> None:
    (one,) = located().components(TREE, CLAIM, UNIT)
    assert (one.address, one.path, one.index) == ("t['a'][0, 1]", ("a",), (0, 1))
    assert (one.claimed, one.measured, one.bar) == (4.0, 40.0, 0.25)  # of place 1 + 1
    assert (one.truncation, one.noise, one.visible) == (0.0625, 0.1875, 1.25)


def test_a_number_has_no_index() -> None:
    one = located(number=0, places=np.array([0]), wrong=np.array([True]), value=np.array([9.0]))
    (found,) = one.components(TREE, CLAIM, UNIT)
    assert (found.address, found.index, found.claimed) == ("t['s']", (), 0.0)


def test_culprits_are_ranked_by_effect_over_all_leaves() -> None:
    of_b = located(
        number=2,
        places=np.array([0, 1]),
        wrong=np.array([True, True]),
        value=np.array([13.0 - 1.0, 14.0 - 6.0]),
    )
    scale = np.ones(15)
    scale[2] = 0.25  # an effect of 18 / 4 beside those of 1 and 6
    found = culprits(TREE, [located(), of_b], CLAIM, scale, UNIT)
    assert [one.address for one in found] == ["t['b'][1]", "t['a'][0, 1]", "t['b'][0]"]
    scale[2] = 1.0
    found = culprits(TREE, [located(), of_b], CLAIM, scale, UNIT)
    assert found[0].address == "t['a'][0, 1]"


def test_where_all_was_found_the_others_are_as_claimed() -> None:
    claim, scale = np.arange(1.0, 13.0).reshape(3, 4), np.full(12, 0.5)
    one = located()
    assert one.is_complete
    measured, room, rounding, slopes = one.measurements(claim, scale, UNIT, 1e-3)
    expected = claim.copy()
    expected[0, 1], expected[1, 2] = 40.0, 14.0
    assert np.array_equal(measured, expected)
    assert slopes is None
    assert np.flatnonzero(rounding).tolist() == [1, 6]
    assert rounding[0, 1] == pytest.approx(2 * 0.5 - 1e-3 * 2)
    assert rounding[1, 2] == pytest.approx(2 * 0.75 - 1e-3 * 7)
    typical = np.sqrt(np.mean((claim * 0.5) ** 2))
    expected = 1e-3 * claim + 0.01 * typical / 0.5
    least = 2 * np.array([0.125, 0.25])
    for place, value, bar, of_rounding in zip(
        [(0, 1), (1, 2)], [40.0, 14.0], least, [rounding[0, 1], rounding[1, 2]], strict=True
    ):
        rest = room[place] - of_rounding - 1e-3 * value
        assert rest / bar == pytest.approx((room[0, 1] - rounding[0, 1] - 0.04) / least[0])
        assert rest >= bar
        expected[place] = room[place]
    assert room == pytest.approx(expected)


@pytest.mark.parametrize("open_", [{"rest": 0.5}, {"widespread": True}])
def test_where_not_all_was_found_nothing_is_known_of_the_others(open_: dict[str, Any]) -> None:
    one = located(**open_)
    assert not one.is_complete
    measured, room, _, _ = one.measurements(np.ones((3, 4)), np.ones(12), UNIT, 1e-3)
    assert np.sum(np.isfinite(measured)) == 2
    assert room[2, 3] == 1e-3
    # But outside of the part that holds the error all is as claimed.
    part = located(**open_, part=Slices(0, (0,)))
    measured, room, _, _ = part.measurements(np.ones((3, 4)), np.ones(12), UNIT, 1e-3)
    assert np.isnan(measured[0]).tolist() == [True, False, True, True]
    assert np.all(np.isfinite(measured[1:]))
    assert room[2, 3] == pytest.approx(1e-3 + 0.01)


def test_slopes_come_along_in_the_units_of_f() -> None:
    seen = Slopes(
        np.array([3.0]), np.array([0.5]), np.array([0.25]), lambda g: g.sum(keepdims=True)
    )
    one = located(slopes=seen, widespread=True)
    slopes = one.measurements(np.ones((3, 4)), np.ones(12), UNIT, 1e-3)[3]
    assert slopes is not None
    assert slopes.measured == 6.0
    assert slopes.room / slopes.rounding == 2.0
    assert slopes.room >= 1.0
    assert slopes.project is seen.project


def everything(wrong: Any) -> dict[str, Any]:
    """Return what it is where all twelve components were measured."""
    return {
        "places": np.arange(12),
        "wrong": np.isin(np.arange(12), wrong),
        **dict.fromkeys(("value", "bar", "truncation", "beyond"), np.ones(12)),
    }


@pytest.mark.parametrize(
    ("changed", "address", "words", "wrong", "size"),
    [
        ({}, "t['a']", "1 of 12 components", 1, 12),
        ({"part": Slices(0, (2,))}, "t['a'][2, :]", "row 2", 4, 12),
        (
            {"part": Block(((0, 1), (1, 2)))},
            "t['a'][0:2, 1:3]",
            "rows 0 to 1, columns 1 to 2",
            4,
            12,
        ),
        (everything(np.arange(4, 8)), "t['a'][1, :]", "row 1", 4, 12),
        (everything([0, 1, 4, 5]), "t['a'][0:2, 0:2]", "rows 0 to 1, columns 0 to 1", 4, 12),
        (everything(np.arange(12)), "t['a']", "all of it", 12, 12),
        (everything([0, 7]), "t['a']", "2 of 12 components", 2, 12),
        ({"widespread": True}, "t['a']", "1 of 2 components looked at", 1, 2),
        (
            {"widespread": True, "wrong": np.array([True, True])},
            "t['a']",
            "all of it, as far as 2 components tell",
            2,
            2,
        ),
        ({"widespread": True, "many": True}, "t['a']", "more than 100 of 12 components", 1, 12),
    ],
)
def test_the_part_that_is_wrong_as_code_and_in_words(
    changed: dict[str, Any], address: str, words: str, wrong: int, size: int
) -> None:
    pattern = located(**changed).pattern(TREE)
    assert pattern is not None
    assert (pattern.address, pattern.words) == (address, words)
    assert (pattern.wrong, pattern.size, pattern.path) == (wrong, size, ("a",))


def test_where_nothing_was_found_there_is_nothing_to_say() -> None:
    assert located(wrong=np.array([False, False])).pattern(TREE) is None


def test_of_a_number_it_is_one_of_one() -> None:
    one = located(number=0, places=np.array([0]), wrong=np.array([True]))
    pattern = one.pattern(TREE)
    assert pattern is not None
    assert pattern.words == "1 of 1 component"


def test_exchanged_tensors_are_explained_by_what_others_claim() -> None:
    tree, _ = flatten({"a": np.zeros(6), "b": np.zeros(6), "c": np.zeros(6)}, "t")
    rng = np.random.default_rng(0)
    a, b, c = rng.uniform(1, 2, (3, 6))

    def found(number: int, value: Any) -> Located:
        tiny = np.full(6, 1e-9)
        return located(
            number=number,
            places=np.arange(6),
            wrong=np.ones(6, dtype=bool),
            value=value,
            bar=tiny,
            truncation=tiny,
            beyond=tiny,
        )

    def causes(claim: Any, *values: Any) -> list[tuple[str, tuple[str, ...]]]:
        explained = mistakes(
            tree,
            [],
            [found(number, value / UNIT) for number, value in enumerate(values)],
            claim=np.concatenate(claim) / UNIT,
            x=np.ones(18),
            scale=np.ones(18),
            unit=UNIT,
            rtol=1e-6,
            facts={"batch": 3.0},
            elsewhere=None,
        )
        return [(one.code, one.addresses) for one in explained]

    assert causes([b, a, c], a, b) == [("GP407", ("t['a']", "t['b']"))]
    assert causes([c, b, c], a) == [("GP408", ("t['a']",))]
    assert causes([3 * a, b, c], a) == [("GP302", ("t['a']",))]
    assert causes([a, b, c]) == []


def test_what_was_not_found_is_noted_with_its_price() -> None:
    nothing = np.array([False, False])
    rest = (
        "was not found; by groups a single component shows from 1e-02 of a typical one on. To "
        "measure every component: include=\"t['a']\", plan='every', about 24 evaluations"
    )
    for found, notes in [
        (located(rest=0.5), [f"t['a']: part of the error {rest}"]),
        (located(rest=0.5, wrong=nothing), [f"t['a']: where the error is {rest}"]),
        (located(wrong=nothing), [f"t['a']: where the error is {rest}"]),
        (located(), []),
        (located(rest=0.5, widespread=True), []),
    ]:
        assert _not_found(TREE, [found]) == notes
