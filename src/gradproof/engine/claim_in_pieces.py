"""Parameters and claims in pieces: are they finite, of numbers, and do they repeat?

The same questions as in the preflight of arrays. There is room for one claim only; of the one
before, sums are kept.
"""

from __future__ import annotations

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.floats import UNIT_ROUNDOFF_32, is_real, longest_significand, unit_roundoff
from gradproof._base.outcomes import Verdict
from gradproof.engine.agreement import Agreement, differ
from gradproof.engine.evaluation import Evaluator
from gradproof.engine.preflight import (
    FLOAT32_BITS,
    ROUNDING,
    Claimed,
    Preflight,
    note,
    stop_for,
    values_claimed,
)
from gradproof.engine.stream import Stream
from gradproof.judge.causes import CATALOGUE
from gradproof.numerics.precision import is_on_float32_grid
from gradproof.numerics.protocol import FloatArray
from gradproof.problems import Problem
from gradproof.tree import Mismatch

_FINER = 64  # bits: than any float32


def require_sound(stream: Stream, agreement: Agreement) -> None:
    """Raise if parameters are not finite, or not the same where several processes hold them."""
    places = _addresses(stream, stream.not_finite(of_claim=False))
    if places:
        raise InputError(f"{places[0]}: found inf or nan in it, expected finite numbers")
    if agreement.several:
        agreement.require_one(stream.prints(of_claim=False), stream, of_claim=False)


def try_gradient(
    found: Preflight,
    problem: Problem,
    stream: Stream,
    evaluator: Evaluator,
    agreement: Agreement,
) -> None:
    """Take the claim, and see that it fits the parameters, is finite, and repeats."""
    change = _claim(found, problem, stream, evaluator, agreement)
    if change and evaluator.randomness.hold_for_gradient():
        found.notes.append("the gradient draws random numbers: it got the same ones at every call")
        change = _claim(found, problem, stream, evaluator, agreement)
    if found.verdict is not None:
        return
    infinite = stream.not_finite(of_claim=True)
    if np.any(infinite):
        where = _addresses(stream, infinite)
        found.stop(Verdict.FAIL, CATALOGUE["GP104"].finding(*where, count=int(np.sum(infinite))))
    elif change:
        found.stop(Verdict.INCONCLUSIVE, CATALOGUE["GP105"].finding(difference=change))


def _addresses(stream: Stream, counts: FloatArray) -> list[str]:
    tree = stream.field.tree
    return [
        tree.address(leaf)
        for leaf, count in zip(tree.leaves, counts.tolist(), strict=True)
        if count
    ]


def _claim(
    found: Preflight,
    problem: Problem,
    stream: Stream,
    evaluator: Evaluator,
    agreement: Agreement,
) -> float:
    """Take the claim; return by how much of its size it changes from call to call."""
    before: dict[tuple[int, int], FloatArray] = {}
    change = 0.0
    for _ in range(2 if callable(problem.gradient) or problem.gradient is True else 1):
        stream.drop_claim()
        claimed = _claimed(found, problem, stream, evaluator)
        if claimed is None:
            return 0.0
        stream.take_claim(claimed.values)
        if not _read_types(found, stream):
            return 0.0
        note(claimed, found, evaluator)
        del claimed
        now = stream.prints(of_claim=True)
        agreement.require_one(now, stream, of_claim=True)
        if before:
            here = max((differ(now[key], before[key]) for key in now), default=0.0)
            change = float(np.max(stream.field.ranks.gather(np.array([here]))))
        else:
            evaluator.randomness.look()
        before = now
    return change if change > ROUNDING * found.roundoff_of_claim else 0.0


def _claimed(
    found: Preflight, problem: Problem, stream: Stream, evaluator: Evaluator
) -> Claimed | None:
    """Return what is claimed; what is amiss on one rank ends the check on all."""
    claimed = values_claimed(
        lambda: evaluator.space.fresh(), found, problem, stream.field.tree, evaluator
    )
    amiss = claimed if isinstance(claimed, Mismatch) else None
    for one in stream.field.ranks.gather_objects(amiss):
        if one is not None:
            stop_for(one, found)
            return None
    assert isinstance(claimed, Claimed)
    return claimed


def _read_types(found: Preflight, stream: Stream) -> bool:
    """Read how exact the claim is from its types; whether they are of real numbers."""
    everywhere = stream.field.ranks.gather_objects(stream.types_of_claim())
    for dtype in sorted({dtype for some in everywhere for dtype in some}, key=str):
        if not is_real(dtype):
            mismatch = Mismatch(
                stream.field.tree.root, f"a gradient of dtype {dtype}", "real numbers"
            )
            stop_for(mismatch, found)
            return False
        found.roundoff_told = max(found.roundoff_told, unit_roundoff(dtype))
        found.roundoff_of_claim = max(found.roundoff_of_claim, found.roundoff_told)
    if found.roundoff_of_claim < UNIT_ROUNDOFF_32:
        here = np.array([float(_longest(stream))])
        longest = int(np.max(stream.field.ranks.gather(here)))
        if FLOAT32_BITS <= longest < _FINER:
            found.roundoff_of_claim = UNIT_ROUNDOFF_32
    return True


def _longest(stream: Stream) -> int:
    """Return how many bits the claims of this process have, as far as those of a float32."""
    longest = 0
    for piece in stream.pieces_of_claim():
        if not is_on_float32_grid(piece):
            return _FINER
        longest = max(longest, longest_significand(piece))
    return longest
