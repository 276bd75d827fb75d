"""What is said of a tensor, word by word."""

import math
from typing import Any

import pytest
from tests.findings import leaf

from gradproof._base.outcomes import Verdict
from gradproof._base.text import printable
from gradproof.judge.parts import ComponentFinding, LeafCertificate, LeafFinding
from gradproof.render import words

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def component(address: str = "t[3]", **told: Any) -> ComponentFinding:
    return ComponentFinding(
        **{
            "address": address,
            "path": (),
            "index": (3,),
            "claimed": 2.0,
            "measured": 1.0,
            "bar": 0.01,
            "truncation": 0.005,
            "noise": 0.005,
            "visible": 0.1,
            **told,
        }
    )


ALONG = "claimed +2, measured +1 ± 1e-02"


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (leaf(), "right to 1.0e-08"),
        (leaf(discrepancy=0.0, bar=0.0), "no difference seen"),
        (leaf(resolution=math.inf), "no effect seen, none claimed"),
        (leaf(resolution=math.inf, unseen=2), "too small to see, as claimed"),
        (leaf(undecided=2, reason="GP201"), "right to 1.0e-08, 2 undecided (GP201)"),
        (leaf(unseen=3), "right to 1.0e-08, 3 too small to see"),
        (leaf(resolution=2.0), "0 as far as can be seen"),
        (leaf(relative_to_others=10), "0, to 1.0e-06 of what the others do"),
        (leaf(relative_to_leaf=4), "right to 1.0e-08, 4 relative to the tensor only"),
        (leaf(FAIL, wrong=3, worst=component()), f"3 of 10 wrong: [3] {ALONG}  (100.0 bars)"),
        (leaf(FAIL, wrong=10, worst=component(), ratio=2.0),
         f"all 10 wrong: claimed = 2.0000 × measured; [3] {ALONG}"),
        (leaf(FAIL, wrong=10, worst=component(claimed=0.0), ratio=0.0),
         "all 10 wrong: claimed 0 throughout; [3] claimed +0, measured +1 ± 1e-02"),
        (leaf(FAIL, wrong=1, checked=1, worst=component("t", index=(), bar=1e-6)),
         "claimed +2, measured +1 ± 1e-06  (1.0e+06 bars)"),
        (leaf(OPEN, undecided=1, worst=component()),
         f"1 of 10 undecided: [3] {ALONG}; an error of 1e-01 would have been seen"),
        (leaf(OPEN, undecided=1, worst=component(visible=math.inf)),
         f"1 of 10 undecided: [3] {ALONG}"),
        (leaf(FAIL, wrong=1, worst=component("d out[0] / d t[3]", output="out[0]")),
         f"1 of 10 wrong: d out[0] / d t[3]: {ALONG}  (100.0 bars)"),
        (leaf(checked=0, shape=(0, 3)), "empty"),
        (leaf(checked=0), "right to 1.0e-08 along a random direction"),
        (leaf(checked=0, resolution=2.0),
         "not known: what it does is too small beside the others to be seen"),
        (leaf(checked=0, resolution=math.inf), words.LEFT_OUT),
        (leaf(OPEN, checked=0), "not to blame alone"),
        (leaf(OPEN, checked=0, resolution=math.inf), ""),
        (leaf(FAIL, checked=0, worst=component("t", index=())),
         f"along a random direction: {ALONG}  (100.0 bars)"),
        (leaf(OPEN, checked=0, worst=component("t", index=())),
         f"along a random direction: {ALONG}"),
        (leaf(FAIL, checked=0, wrong=1, worst=component()), f"[3] {ALONG}  (100.0 bars)"),
    ],
)  # fmt: skip
def test_of_a_tensor(finding: LeafFinding, said: str) -> None:
    assert words.leaf_words(finding, {}) == said


def test_a_part_that_is_wrong_is_named_first() -> None:
    known = {(): "row 3"}
    found = leaf(FAIL, wrong=5, worst=component())
    assert words.leaf_words(found, known) == f"5 of 10 wrong, row 3: [3] {ALONG}  (100.0 bars)"
    found = leaf(FAIL, checked=0, wrong=5, worst=component())
    assert words.leaf_words(found, known) == f"row 3: [3] {ALONG}  (100.0 bars)"
    assert words.leaf_words(leaf(checked=0), known) == "row 3"


def test_what_directions_prove_of_a_tensor() -> None:
    def proved(single: float, bound: float | None) -> str:
        return words.proved(LeafCertificate("t", (), single, bound))

    assert proved(math.inf, None) == "claimed 0"
    assert proved(1e-5, 2.5e-6) == "error below 3e-06 of its gradient"
    assert proved(1e-5, None) == "one component off by 1e-05 of a typical one would have shown"


def test_small_things() -> None:
    assert printable("a\nb") == "a\nb"
    assert printable("a\x1b[31m\n") == "a\\x1b[31m\n"
    assert [words.seconds(s) for s in (0.123, 9.99, 10.4)] == ["0.12 s", "9.99 s", "10 s"]
    assert words.places(("a", "b", "c"), most=2) == "a, b and 1 more"
    assert words.places(("a", "b"), most=2) == "a, b"
    assert words.values(component(claimed=-0.0)) == ("+0", "+1")
