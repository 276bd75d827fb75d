"""Rows, columns and slices in words."""

from typing import Any

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge.patterns import wrong_slices


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
