"""The first line: the whole answer in one sentence."""

import math
from collections.abc import Sequence

from gradproof._base.outcomes import Verdict
from gradproof._base.phrases import counted, percent, rounded_up
from gradproof.judge.parts import CauseFinding, Certificate, LeafFinding

_FAR = 5.0  # times the tolerance: a resolution so coarse is the better answer


def headline(
    verdict: Verdict,
    leaves: Sequence[LeafFinding],
    causes: Sequence[CauseFinding],
    *,
    rtol: float,
    resolution: float,
    attained: bool,
    stationary: bool = False,
    left_out: int | None = None,
) -> str:
    """Return the sentence behind the verdict; `stationary` says that f moves far more than claimed.

    `left_out` counts the tensors nothing is said about, where `leaves` do not tell.

    A resolution that is no better than the claim is large means two things: there the claim is 0
    beside what f does, elsewhere f is too noisy, or too inexact, to show anything.
    """
    left_out = _left_out(leaves) if left_out is None else left_out
    match verdict:
        case Verdict.FAIL:
            return _failure(leaves, causes, left_out)
        case Verdict.INCONCLUSIVE:
            return _doubt(leaves, causes)
        case _:
            return _success(
                leaves,
                rtol=rtol,
                resolution=resolution,
                attained=attained,
                stationary=stationary,
                left_out=left_out,
            )


def probed(
    verdict: Verdict,
    leaves: Sequence[LeafFinding],
    causes: Sequence[CauseFinding],
    certificate: Certificate | None,
    *,
    left_out: int,
    rtol: float,
    attained: bool,
) -> str:
    """Return the sentence behind the verdict of a check along directions."""
    wrong = sum(leaf.verdict is Verdict.FAIL for leaf in leaves)
    if verdict is Verdict.FAIL:
        if len(leaves) > 1 and wrong:
            return _wrong_tensors(wrong, len(leaves), left_out)
        return "the gradient is wrong along random directions"
    if verdict is Verdict.INCONCLUSIVE:
        reasons = _not_repeating(causes) or [c for c in causes if "GP2" < c.code < "GP3"]
        return reasons[-1].message if reasons else "nothing could be decided"
    right_to = _right_to(leaves, rtol)
    limits = [f"to {right_to}: f is noisy"] if attained else []
    limits += _share_left_out(left_out, len(leaves))
    if certificate is not None and not certificate.of_leaves:
        sure = f"{percent(certificate.confidence)} sure"
        return ", ".join(
            [f"error below {rounded_up(certificate.bound)} of the gradient", sure, *limits]
        )
    through = "each tensor"
    if left_out:
        moved = len(leaves) - left_out
        through = "each of " * (moved > 1) + counted(moved, "tensor")
    return ", ".join([f"right to {right_to} along a direction through {through}", *limits])


def _right_to(leaves: Sequence[LeafFinding], rtol: float) -> str:
    """Return what all is right to: the tolerance, or more where the line of a tensor says so."""
    told = [
        max(leaf.discrepancy, leaf.bar)
        for leaf in leaves
        if leaf.verdict is Verdict.PASS and leaf.resolution < 1 and not leaf.relative_to_others
    ]
    return rounded_up(max([rtol, *told]))


def _failure(leaves: Sequence[LeafFinding], causes: Sequence[CauseFinding], left_out: int) -> str:
    wrong = [leaf for leaf in leaves if leaf.verdict is Verdict.FAIL]
    if not any(leaf.checked for leaf in leaves):
        return causes[-1].message if causes else "the gradient is wrong"
    if len(leaves) > 1:
        return _wrong_tensors(len(wrong), len(leaves), left_out)
    if wrong[0].checked == 1:
        return "the derivative is wrong"
    return f"{_share(wrong[0].wrong, wrong[0].checked, 'component')} wrong"


def _doubt(leaves: Sequence[LeafFinding], causes: Sequence[CauseFinding]) -> str:
    if not_repeating := _not_repeating(causes):
        return not_repeating[0].message
    undecided = sum(leaf.undecided for leaf in leaves)
    size = sum(leaf.checked for leaf in leaves)
    reasons = sorted({leaf.reason for leaf in leaves if leaf.reason})
    names = ", ".join(f"{cause.name} ({cause.code})" for cause in causes if cause.code in reasons)
    if undecided == 0 or size == 1:
        return causes[-1].message if causes else "nothing could be decided"
    return f"{_share(undecided, size, 'component')} undecided: {names}"


def _not_repeating(causes: Sequence[CauseFinding]) -> list[CauseFinding]:
    """Return what was seen of an f that does not repeat itself: why is a guess beside it."""
    return [cause for cause in causes if cause.code == "GP101"]


def _wrong_tensors(wrong: int, tensors: int, left_out: int) -> str:
    rest = f", {left_out:,} left out" if left_out else ""
    return f"{_share(wrong, tensors, 'tensor')} wrong{rest}"


def _left_out(leaves: Sequence[LeafFinding]) -> int:
    """Return how many tensors nothing is said about; of an empty one there is nothing to say."""
    return sum(leaf.checked == 0 and 0 not in leaf.shape for leaf in leaves)


def _share_left_out(count: int, tensors: int) -> list[str]:
    return [f"{count:,} of {counted(tensors, 'tensor')} left out"] if count else []


def _share(count: int, size: int, thing: str) -> str:
    """Return "1 of 6 tensors is", "all 6 tensors are"."""
    if count == size:
        return f"all {counted(size, thing)} are"
    return f"{count:,} of {counted(size, thing)} {'is' if count == 1 else 'are'}"


def _success(
    leaves: Sequence[LeafFinding],
    *,
    rtol: float,
    resolution: float,
    attained: bool,
    stationary: bool,
    left_out: int,
) -> str:
    if not leaves or math.isnan(rtol):
        return "there is nothing to check"
    size = counted(sum(leaf.checked for leaf in leaves), "component")
    undecided = sum(leaf.undecided for leaf in leaves)
    unseen = sum(leaf.unseen for leaf in leaves)
    limits = [f"{undecided:,} of {size} undecided"] if undecided else []
    limits += [f"{unseen:,} of {size} too small to see"] if unseen else []
    zero = sum(leaf.relative_to_others > 0 for leaf in leaves)
    limits += [f"{zero:,} of {counted(len(leaves), 'tensor')} 0 beside the others"] if zero else []
    limits += _share_left_out(left_out, len(leaves))
    if 1 <= resolution < math.inf:
        if stationary:
            return ", ".join(["a stationary point: 0 as far as can be seen", *limits])
        clear = [leaf for leaf in leaves if leaf.resolution <= _FAR * rtol]
        if clear and len(leaves) > 1:
            limits.insert(0, "the others are too small to tell")
            share = _share(len(clear), len(leaves), "tensor")
            return ", ".join([f"{share} right to {_right_to(clear, rtol)}", *limits])
        hidden = f"no error below {float(rounded_up(resolution)):g} times the gradient shows"
        return ", ".join([hidden, *limits])
    right_to = _right_to(leaves, rtol)
    if _FAR * rtol < resolution < math.inf:
        return ", ".join(
            [f"to {rounded_up(resolution)}: the rest is too small or too noisy", *limits]
        )
    if attained:
        return ", ".join([f"to {right_to}: f is noisy", *limits])
    if len(leaves) == 1 or limits:
        return ", ".join([f"right to {right_to}", *limits])
    return f"all {len(leaves)} tensors are right to {right_to}"
