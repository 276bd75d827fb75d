"""The first line: the whole answer in one sentence."""

import math
from collections.abc import Sequence

from gradproof._base.outcomes import Verdict
from gradproof.judge.report import CauseFinding, LeafFinding


def headline(
    verdict: Verdict,
    leaves: Sequence[LeafFinding],
    causes: Sequence[CauseFinding],
    *,
    rtol: float,
    attained: bool,
) -> str:
    """Return the sentence behind the verdict."""
    match verdict:
        case Verdict.FAIL:
            return _failure(leaves, causes)
        case Verdict.INCONCLUSIVE:
            return causes[-1].message if causes else "nothing could be decided"
        case _:
            return _success(leaves, rtol=rtol, attained=attained)


def _failure(leaves: Sequence[LeafFinding], causes: Sequence[CauseFinding]) -> str:
    wrong = [leaf for leaf in leaves if leaf.verdict is Verdict.FAIL]
    if not any(leaf.checked for leaf in leaves):
        return causes[-1].message if causes else "the gradient is wrong"
    if len(leaves) > 1:
        verb = "is" if len(wrong) == 1 else "are"
        return f"{len(wrong)} of {len(leaves)} tensors {verb} wrong"
    leaf = wrong[0]
    if leaf.checked == 1:
        return "the derivative is wrong"
    verb = "is" if leaf.wrong == 1 else "are"
    return f"{leaf.wrong:,} of {counted(leaf.checked, 'component')} {verb} wrong"


def _success(leaves: Sequence[LeafFinding], *, rtol: float, attained: bool) -> str:
    if not leaves or math.isnan(rtol):
        return "there is nothing to check"
    size = counted(sum(leaf.checked for leaf in leaves), "component")
    undecided = sum(leaf.undecided for leaf in leaves)
    unseen = sum(leaf.unseen for leaf in leaves)
    limits = [f"{undecided:,} of {size} undecided"] if undecided else []
    limits += [f"{unseen:,} of {size} too small to see"] if unseen else []
    if attained:
        return ", ".join([f"to {rtol:.0e}: f is noisy", *limits])
    if len(leaves) == 1 or limits:
        return ", ".join([f"right to {rtol:.0e}", *limits])
    return f"all {len(leaves)} tensors are right to {rtol:.0e}"


def counted(count: int, thing: str) -> str:
    """Return a count with its noun, in the right number."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
