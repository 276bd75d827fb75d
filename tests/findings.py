"""Findings to say something about."""

from typing import Any

from gradproof._base.outcomes import Verdict
from gradproof.judge.parts import LeafFinding


def leaf(verdict: Verdict = Verdict.PASS, **told: Any) -> LeafFinding:
    """Return a tensor of ten components, right to 1e-8."""
    zero = dict.fromkeys(
        ["wrong", "undecided", "relative_to_itself", "relative_to_leaf", "relative_to_others"], 0
    )
    return LeafFinding(
        **{
            "address": "t",
            "path": (),
            "shape": (10,),
            "verdict": verdict,
            "checked": 10,
            "discrepancy": 1e-9,
            "bar": 1e-8,
            "resolution": 1e-6,
            "unseen": 0,
            "reason": None,
            "ratio": None,
            "worst": None,
            **zero,
            **told,
        }
    )
