"""What a leaf adds up to: the same in parts, and the reason that most of it is open for."""

from collections import Counter

import numpy as np
import pytest

import gradproof as gp
from gradproof.judge import tally
from gradproof.judge.findings import _most_frequent_reason
from gradproof.judge.tally import Tally

X = np.linspace(0.3, 2.9, 12)


@pytest.mark.parametrize("noise", [0.0, 1e-9])
def test_a_leaf_in_parts_adds_up_to_the_whole(
    noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = 10.0 ** -np.arange(12)  # the last are right beside the first of them alone

    def f(x: np.ndarray) -> float:
        rough = noise * np.sin(1e9 * float(np.sum(x)))
        return float(np.sum(weights * np.sin(x)) + rough)

    claim = weights * np.cos(X)
    claim[1] *= 1.5
    claim[7] = 0.0

    def told() -> dict[str, object]:
        return gp.check(f, claim, X).to_dict() | {"seconds": 0.0}

    whole = told()
    monkeypatch.setattr(tally, "_AT_ONCE", 3)
    assert told() == whole


def test_the_most_frequent_reason_is_told() -> None:
    assert _most_frequent_reason(Counter({201: 3, 205: 7, 202: 1})) == "GP205"
    assert _most_frequent_reason(Counter()) is None
    assert Tally().undecided == 0
