"""Rows, columns and slices in words."""

from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.patterns import Block, Slices, wrong_block, wrong_slices


@pytest.mark.parametrize(
    ("places", "words", "address"),
    [
        (np.s_[3, :], "row 3", "W[3, :]"),
        (np.s_[:, 2], "column 2", "W[:, 2]"),
        (np.s_[[1, 5], :], "rows 1, 5", "W[[1, 5], :]"),
        (np.s_[:, :], "all of it", "W"),
        (np.s_[4, 1], "1 of 40 components", "W"),
        (np.s_[[0, 3, 6], [0, 2, 4]], "3 of 40 components", "W"),
    ],
)
def test_patterns_of_a_matrix(places: Any, words: str, address: str) -> None:
    rng = np.random.default_rng(0)
    at = rng.standard_normal((8, 5))
    claim = np.cos(at)
    claim[places] += rng.uniform(0.5, 1, claim[places].shape)
    report = gp.check(lambda W: float(np.sum(np.sin(W))), claim, at)
    (pattern,) = report.patterns
    assert (pattern.words, pattern.address) == (words, address)
    if "row" in words or "column" in words:
        assert f"wrong, {words}: " in str(report)


def test_slices_of_more_axes_and_none_of_one() -> None:
    wrong = np.zeros((8, 3, 4), dtype=bool)
    wrong[5] = True
    found = wrong_slices(wrong, np.ones(wrong.shape))
    assert found is not None
    assert found.words(3) == "slice 5 of axis 0"
    assert found.index(3) == "[5, :, :]"
    assert wrong_slices(np.ones(9, dtype=bool), np.ones(9)) is None


def test_a_slice_needs_nearly_all_of_the_energy_and_most_of_its_components() -> None:
    wrong = np.zeros((8, 8), dtype=bool)
    wrong[3, :] = True
    energy = np.ones((8, 8))
    assert wrong_slices(wrong, energy) is not None
    wrong[:, 4] = True
    assert wrong_slices(wrong, energy) is None
    wrong[:] = False
    wrong[3, :4] = True
    assert wrong_slices(wrong, energy) is None


def test_what_passes_has_no_patterns() -> None:
    assert gp.check(lambda W: float(np.sum(W)), np.ones((2, 3)), np.zeros((2, 3))).patterns == ()


def test_tensors_that_are_rolled_into_a_vector_are_parts_of_their_own() -> None:
    at = np.linspace(0.5, 1.5, 100)
    claim = np.cos(at)
    claim[:30] *= 3
    claim[60:70] *= -1
    claim[64] = np.cos(at[64])  # one that happens to be right
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert [(one.address, one.words, one.wrong) for one in report.patterns] == [
        ("t[0:30]", "components 0 to 29", 30),
        ("t[60:70]", "components 60 to 69", 9),
    ]
    assert [(one.code, one.addresses) for one in report.causes] == [
        ("GP411", ("t",)),
        ("GP302", ("t[0:30]",)),
    ]
    assert "components 0 to 29 and components 60 to 69" in report.causes[0].message


def test_scattered_components_are_no_parts() -> None:
    rng = np.random.default_rng(0)
    at = np.linspace(0.5, 1.5, 200)
    claim = np.cos(at)
    claim[rng.choice(200, 40, replace=False)] *= 2
    report = gp.check(lambda t: float(np.sum(np.sin(t))), claim, at)
    assert [one.words for one in report.patterns] == ["40 of 200 components"]
    assert "GP411" not in [one.code for one in report.causes]


@pytest.mark.parametrize(
    ("part", "dimensions", "words", "code"),
    [
        (Slices(0, (3,)), 1, "component 3", "[3]"),
        (Slices(0, (3, 5)), 1, "components 3, 5", "[[3, 5]]"),
        (Slices(1, (0, 1)), 2, "columns 0, 1", "[:, [0, 1]]"),
        (Slices(1, (0, 1, 2, 4)), 2, "columns 0 to 2, 4", "[:, [0, 1, 2, 4]]"),
        (Slices(2, (7,)), 3, "slice 7 of axis 2", "[:, :, 7]"),
        (Block(((3, 8),)), 1, "components 3 to 8", "[3:9]"),
        (Block(((2, 2), (0, 4))), 2, "row 2, columns 0 to 4", "[2:3, 0:5]"),
        (
            Block((None, (1, 1), (2, 3))),
            3,
            "slice 1 of axis 1, slices 2 to 3 of axis 2",
            "[:, 1:2, 2:4]",
        ),
    ],
)
def test_parts_as_code_and_in_words(part: Any, dimensions: int, words: str, code: str) -> None:
    assert (part.words(dimensions), part.index(dimensions)) == (words, code)
    full = np.arange(9.0**dimensions).reshape((9,) * dimensions)
    assert np.array_equal(np.sort(full[part.mask(full.shape)]), np.sort(part.of(full).ravel()))
    assert np.array_equal(np.squeeze(part.of(full)), np.squeeze(eval(f"full{code}")))


def test_of_many_runs_the_first_eight_are_listed() -> None:
    listed = Slices(0, tuple(range(0, 18, 2))).words(2)
    assert listed == "rows 0, 2, 4, 6, 8, 10, 12, 14 … (9 of them)"
    assert Slices(0, tuple(range(0, 16, 2))).words(2) == "rows 0, 2, 4, 6, 8, 10, 12, 14"


def test_a_block_is_filled_to_nine_tenths_and_not_nearly_all() -> None:
    wrong = np.zeros((6, 9), dtype=bool)
    wrong[1:3, 2:7] = True
    block = wrong_block(wrong)
    assert block is not None
    assert block.ranges == ((1, 2), (2, 6))
    wrong[1, 4] = False  # 9 of 10
    assert wrong_block(wrong) is not None
    wrong[2, 4] = False
    assert wrong_block(wrong) is None
    wrong[...] = False
    wrong[0, :3] = True
    assert wrong_block(wrong) is None  # too few
    vector = np.arange(10) > 0
    assert wrong_block(vector) is not None  # 9 of 10
    assert wrong_block(np.arange(20) > 0) is None


def test_what_counts_is_the_discrepancy_and_few_that_are_faintly_wrong_elsewhere_do_not() -> None:
    slope = np.random.default_rng(0).uniform(0.5, 1, (8, 20))
    slope[0, 0] = 1e3
    claim = slope.copy()
    claim[3] += 1.0
    claim[0, 0] += 0.1
    report = gp.check(lambda W: float(np.sum(slope * W)), claim, np.ones((8, 20)))
    assert report.leaves[0].wrong == 21
    assert [pattern.address for pattern in report.patterns] == ["W[3, :]"]
    # Of 20 in a row two may be elsewhere, and no third.
    wrong, effect = claim != slope, np.abs(claim - slope)
    for place, named in [(5, True), (6, False)]:
        wrong[place, 1] = True
        found = wrong_slices(wrong, effect)
        assert (found is not None and found.places == (3,)) is named
