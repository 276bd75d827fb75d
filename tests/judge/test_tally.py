"""What a leaf adds up to: the same in parts, and the reason that most of it is open for."""

from collections import Counter

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge import tally
from gradproof.judge.findings import _most_frequent_reason
from gradproof.judge.tally import Tally

X = np.linspace(0.3, 2.9, 40)


@pytest.mark.parametrize("wrong", [False, True])
def test_a_leaf_in_parts_adds_up_to_the_whole(wrong: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.where(np.arange(X.size) < 38, 1.0, 1e-7)  # the last are small beside the others

    def f(x: np.ndarray) -> float:
        return float(np.sum(weights * np.sin(x)))

    claim = weights * np.cos(X)
    claim[[1, 7]] *= 1.5 if wrong else 1.0

    def told() -> dict[str, object]:
        report = gp.check(f, claim, X)
        assert report.verdict == ("fail" if wrong else "pass")
        assert report.leaves[0].relative_to_itself > 3 < report.leaves[0].relative_to_leaf
        return report.to_dict() | {"seconds": 0.0}

    whole = told()
    monkeypatch.setattr(tally, "_AT_ONCE", 3)
    assert told() == whole


def test_the_most_frequent_reason_is_told() -> None:
    assert _most_frequent_reason(Counter({205: 3, 201: 7, 202: 1})) == "GP201"
    assert _most_frequent_reason(Counter()) is None
    assert Tally().undecided == 0
