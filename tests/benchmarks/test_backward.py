"""The mistakes in backward passes: the passes are right, and each edit does what it says."""

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest
from benchmarks.backward.arrays import Arrays
from benchmarks.backward.differences import central, difference
from benchmarks.backward.edited import apply, edit, right
from benchmarks.backward.mistakes import MISTAKES, Mistake

MODULES = sorted({mistake.module for mistake in MISTAKES})


def copy(t: Arrays) -> Arrays:
    return {key: value.copy() for key, value in t.items()}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_passes_are_right(module: str, seed: int) -> None:
    found = right(module)
    t = found.problem(np.random.default_rng(seed))
    assert all(3 <= value.size <= 60 for value in t.values())
    before = copy(t)
    claim = found.gradient(t)
    assert list(claim) == list(t)
    assert all(np.array_equal(before[key], t[key]) for key in t)
    assert max(difference(central(found.loss, t), claim).values()) < 1e-6


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.filterwarnings("error")
def test_each_edit_changes_what_it_says(module: str, seed: int) -> None:
    found = right(module)
    t = found.problem(np.random.default_rng(seed))
    truth = found.gradient(copy(t))
    for mistake in (one for one in MISTAKES if one.module == module):
        claim = apply(mistake)(copy(t))
        assert list(claim) == list(truth), mistake
        far = difference(truth, claim)
        assert tuple(key for key in t if far[key] > 1e-6) == mistake.where, mistake
        assert all(far[key] < 1e-12 for key in t if key not in mistake.where), mistake
        if mistake.expected == ("GP103",):
            assert any(far[key] == float("inf") for key in mistake.where), mistake
        else:
            assert all(np.all(np.isfinite(value)) for value in claim.values()), mistake
            assert all(np.isfinite(list(far.values()))), mistake


def test_there_are_enough_of_all_kinds() -> None:
    assert len(MISTAKES) >= 150
    assert len({edit(mistake) for mistake in MISTAKES}) == len(MISTAKES)
    named = sum(bool(mistake.expected) for mistake in MISTAKES)
    assert 0.6 < named / len(MISTAKES) < 0.75
    codes = Counter(code for mistake in MISTAKES for code in mistake.expected)
    assert all(re.fullmatch(r"GP\d{3}", code) for code in codes)
    assert len(codes) >= 16
    assert min(codes.values()) >= 3, codes


def test_an_edit_must_have_one_place() -> None:
    mistake = dataclasses.replace(MISTAKES[0], find="nowhere to be found")
    with pytest.raises(ValueError, match="0 times"):
        apply(mistake)
    with pytest.raises(ValueError, match="occurs"):
        apply(dataclasses.replace(mistake, find="="))
    with pytest.raises(ValueError, match="outside gradient"):
        apply(Mistake("dense", "LAM = 0.7", "LAM = 0.8", (), (), "the penalty is data"))
