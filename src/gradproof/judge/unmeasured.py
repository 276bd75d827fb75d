"""Of what no difference was taken: single leaves, and whole checks."""

from __future__ import annotations

from collections.abc import Sequence

from gradproof._base.outcomes import Verdict
from gradproof.judge.headline import headline
from gradproof.judge.parts import CauseFinding, LeafFinding
from gradproof.judge.report import Price, Record, versions
from gradproof.tree import Leaf, Tree

_NOTHING = float("nan")


def unmeasured_leaf(
    tree: Tree, leaf: Leaf, verdict: Verdict, reason: str | None = None
) -> LeafFinding:
    """Return a leaf of which nothing is known by itself."""
    return LeafFinding(
        address=tree.address(leaf),
        path=leaf.path,
        shape=leaf.own_shape,
        verdict=verdict,
        discrepancy=_NOTHING,
        bar=_NOTHING,
        resolution=float("inf"),
        checked=0,
        wrong=0,
        undecided=0,
        relative_to_itself=0,
        relative_to_leaf=0,
        relative_to_others=0,
        unseen=0,
        reason=reason,
        ratio=None,
        worst=None,
    )


def unmeasured(
    tree: Tree,
    verdict: Verdict | None,
    value: float,
    causes: Sequence[CauseFinding],
    notes: Sequence[str],
    price: Price,
) -> Record:
    """Record a check that ended before any difference was taken."""
    ending = verdict or Verdict.PASS  # nothing to check, and nothing wrong
    concerned = {address for cause in causes for address in cause.addresses}
    # GP208 says what to do about GP101, which is what was seen.
    seen = [cause.code for cause in causes if cause.code != "GP208"]
    reason = seen[-1] if seen else None
    leaves = tuple(
        unmeasured_leaf(
            tree,
            leaf,
            ending if not concerned or tree.address(leaf) in concerned else Verdict.INCONCLUSIVE,
            reason,
        )
        for leaf in tree.leaves
    )
    return Record(
        verdict=ending,
        headline=headline(
            ending, leaves, tuple(causes), rtol=_NOTHING, resolution=_NOTHING, attained=False
        ),
        **vars(price),
        rtol=_NOTHING,
        resolution=float("inf"),
        value=value,
        noise=_NOTHING,
        leaves=leaves,
        culprits=(),
        patterns=(),
        causes=tuple(causes),
        notes=tuple(notes),
        controls=(),
        certificate=None,
        versions=versions(),
    )
