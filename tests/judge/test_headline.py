"""The first line, word by word."""

import math
from typing import Any

import pytest
from tests.findings import leaf

from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import counted, percent, rounded_up
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.headline import headline, probed
from gradproof.judge.parts import Certificate, LeafFinding

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
NOISE = CATALOGUE["GP201"].finding(sigma=0.5)
KINK = CATALOGUE["GP202"].finding(left=0.0, right=1.0)
SPENT = CATALOGUE["GP206"].finding()
SIGN = CATALOGUE["GP301"].finding("t")


def said(verdict: Verdict, *leaves: LeafFinding, causes: Any = (), **told: Any) -> str:
    usual = {"rtol": 1e-6, "resolution": 1e-6, "attained": False}
    return headline(verdict, leaves, causes, **{**usual, **told})


def test_bounds_are_rounded_up_and_never_down() -> None:
    assert [rounded_up(x) for x in (1e-6, 1.04e-6, 1.5e-6, 9.6e-7, 9.4e-7, 0.0)] == [
        "1e-06", "2e-06", "2e-06", "1e-06", "1e-06", "0e+00",
    ]  # fmt: skip
    assert [percent(p) for p in (0.999, 0.5, 1 - 1e-9)] == ["99.9 %", "50 %", "99.9999999 %"]
    assert [counted(n, "tensor") for n in (0, 1, 2, 1234)] == [
        "0 tensors", "1 tensor", "2 tensors", "1,234 tensors",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("leaves", "causes", "words"),
    [
        ([leaf(FAIL, wrong=10)], (), "all 10 components are wrong"),
        ([leaf(FAIL, wrong=1)], (), "1 of 10 components is wrong"),
        ([leaf(FAIL, wrong=2)], (), "2 of 10 components are wrong"),
        ([leaf(FAIL, wrong=1, checked=1)], (), "the derivative is wrong"),
        ([leaf(FAIL), leaf()], (), "1 of 2 tensors is wrong"),
        ([leaf(FAIL), leaf(FAIL), leaf()], (), "2 of 3 tensors are wrong"),
        ([leaf(FAIL), leaf(FAIL)], (), "all 2 tensors are wrong"),
        ([leaf(FAIL, checked=0)], (), "the gradient is wrong"),
        ([leaf(FAIL, checked=0)], (NOISE, SIGN), SIGN.message),
    ],
)
def test_what_is_wrong_is_counted(leaves: Any, causes: Any, words: str) -> None:
    assert said(FAIL, *leaves, causes=causes) == words


@pytest.mark.parametrize(
    ("leaves", "causes", "words"),
    [
        (
            [leaf(OPEN, undecided=3, reason="GP201")],
            (NOISE, KINK),
            "3 of 10 components are undecided: noise (GP201)",
        ),
        (
            [leaf(OPEN, undecided=1, reason="GP202"), leaf(OPEN, undecided=1, reason="GP201")],
            (NOISE, KINK, SIGN),
            "2 of 20 components are undecided: noise (GP201), kink (GP202)",
        ),
        ([leaf(OPEN, undecided=1, checked=1, reason="GP201")], (KINK, NOISE), NOISE.message),
        ([leaf(OPEN)], (), "nothing could be decided"),
    ],
)
def test_what_is_open_is_counted_with_its_reasons(leaves: Any, causes: Any, words: str) -> None:
    assert said(OPEN, *leaves, causes=causes) == words


@pytest.mark.parametrize(
    ("leaves", "told", "words"),
    [
        ([], {}, "there is nothing to check"),
        ([leaf()], {"rtol": math.nan}, "there is nothing to check"),
        ([leaf()], {}, "right to 1e-06"),
        ([leaf(bar=3.5e-6)], {}, "right to 4e-06"),
        ([leaf(discrepancy=3.5e-6)], {}, "right to 4e-06"),
        ([leaf(bar=3.5e-6, resolution=1.0)], {}, "right to 1e-06"),
        ([leaf(bar=3.5e-6, relative_to_others=1)] * 2, {},
         "right to 1e-06, 2 of 2 tensors 0 beside the others"),
        ([leaf(), leaf()], {}, "all 2 tensors are right to 1e-06"),
        ([leaf(undecided=2)], {}, "right to 1e-06, 2 of 10 components undecided"),
        ([leaf(unseen=1), leaf()], {}, "right to 1e-06, 1 of 20 components too small to see"),
        ([leaf(), leaf()], {"attained": True}, "to 1e-06: f is noisy"),
        ([leaf(undecided=1)], {"attained": True},
         "to 1e-06: f is noisy, 1 of 10 components undecided"),
        ([leaf(), leaf()], {"resolution": 4.9e-6}, "all 2 tensors are right to 1e-06"),
        ([leaf(), leaf()], {"resolution": 5.1e-6},
         "to 6e-06: the rest is too small or too noisy"),
        ([leaf(), leaf()], {"resolution": math.inf}, "all 2 tensors are right to 1e-06"),
        ([leaf()], {"resolution": 1.0}, "no error below 1 times the gradient shows"),
        ([leaf(undecided=1)], {"resolution": 23.4},
         "no error below 30 times the gradient shows, 1 of 10 components undecided"),
        ([leaf()], {"resolution": 2.0, "stationary": True},
         "a stationary point: 0 as far as can be seen"),
        ([leaf(resolution=2.0), leaf()], {"resolution": 2.0},
         "1 of 2 tensors is right to 1e-06, the others are too small to tell"),
        ([leaf(), leaf()], {"left_out": 1}, "right to 1e-06, 1 of 2 tensors left out"),
    ],
)  # fmt: skip
def test_what_is_right_is_told_with_its_limits(
    leaves: Any, told: dict[str, Any], words: str
) -> None:
    assert said(PASS, *leaves, **told) == words


CERTIFICATE = Certificate(1.04e-6, 0.999, "", 8, ())


@pytest.mark.parametrize(
    ("verdict", "leaves", "causes", "told", "words"),
    [
        (FAIL, [leaf(FAIL), leaf()], (), {}, "1 of 2 tensors is wrong"),
        (FAIL, [leaf(FAIL)], (), {}, "the gradient is wrong along random directions"),
        (FAIL, [leaf(), leaf()], (), {}, "the gradient is wrong along random directions"),
        (FAIL, [leaf(FAIL), leaf()], (), {"left_out": 1},
         "1 of 2 tensors is wrong, 1 left out"),
        (OPEN, [leaf()], (), {}, "nothing could be decided"),
        (OPEN, [leaf()], (KINK, NOISE), {}, NOISE.message),
        (OPEN, [leaf()], (SPENT, SIGN), {}, SPENT.message),
        (PASS, [leaf()], (), {}, "error below 2e-06 of the gradient, 99.9 % sure"),
        (PASS, [leaf()], (), {"attained": True, "rtol": 1e-3},
         "error below 2e-06 of the gradient, 99.9 % sure, to 1e-03: f is noisy"),
        (PASS, [leaf(), leaf()], (), {"left_out": 1},
         "error below 2e-06 of the gradient, 99.9 % sure, 1 of 2 tensors left out"),
        (PASS, [leaf(bar=2.5e-6)], (), {"certificate": None},
         "right to 3e-06 along a direction through each tensor"),
        (PASS, [leaf(), leaf(), leaf()], (), {"certificate": None, "left_out": 1},
         "right to 1e-06 along a direction through each of 2 tensors, 1 of 3 tensors left out"),
        (PASS, [leaf(), leaf()], (), {"certificate": None, "left_out": 1},
         "right to 1e-06 along a direction through 1 tensor, 1 of 2 tensors left out"),
    ],
)  # fmt: skip
def test_along_directions(
    verdict: Verdict, leaves: Any, causes: Any, told: dict[str, Any], words: str
) -> None:
    usual = {"certificate": CERTIFICATE, "left_out": 0, "rtol": 1e-6, "attained": False}
    options = {**usual, **told}
    assert probed(verdict, leaves, causes, options.pop("certificate"), **options) == words
