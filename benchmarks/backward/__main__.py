"""Name the mistakes in backward passes: ``python -m benchmarks.backward``.

Each edit of a backward pass is made, and its gradient checked; the codes of the causes are compared
with those that its author expected, who had not seen how causes are found. The exit code is 1
where a target is missed.
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from benchmarks.backward.edited import apply, right
from benchmarks.backward.mistake import Mistake
from benchmarks.backward.mistakes import MISTAKES
from benchmarks.diagnose.naming import PLACES

import gradproof as gp

_NAMED = 0.8
_FALSE = 0.01


class Said(NamedTuple):
    """What one check said of one mistake."""

    mistake: Mistake
    verdict: str
    codes: frozenset[str]
    where: frozenset[str]

    @property
    def hit(self) -> bool:
        """Whether an expected code was named."""
        return bool(self.codes & set(self.mistake.expected))

    @property
    def false(self) -> bool:
        """Whether a mistake was named, and none that was made."""
        named = {code for code in self.codes - PLACES if code > "GP3"}  # the others are doubts
        return bool(named) and not self.hit

    @property
    def placed(self) -> bool:
        """Whether exactly the wrong tensors were called wrong."""
        return self.where == frozenset(self.mistake.where) or "GP103" in self.codes


def check(mistake: Mistake, seed: int) -> Said:
    """Check the gradient with one mistake in it."""
    passed = right(mistake.module)
    at = passed.problem(np.random.default_rng(seed))
    report = gp.check(passed.loss, apply(mistake), at, seed=seed)
    wrong = frozenset(str(leaf.path[0]) for leaf in report.leaves if leaf.verdict == "fail")
    codes = frozenset(cause.code for cause in report.causes)
    return Said(mistake, report.verdict.value, codes, wrong)


def confusion(said: Sequence[Said]) -> Iterator[str]:
    """Yield the rows of a table: for each set of expected codes what was named."""
    groups: dict[tuple[str, ...], list[Said]] = collections.defaultdict(list)
    for one in said:
        groups[one.mistake.expected].append(one)
    yield "| expected | mistakes | named | place right | what was said |"
    yield "| --- | --- | --- | --- | --- |"
    for expected, ones in sorted(groups.items()):
        counts = collections.Counter(", ".join(sorted(one.codes)) or one.verdict for one in ones)
        words = "; ".join(f"{what}: {count}" for what, count in counts.most_common())
        hits = f"{sum(one.hit for one in ones)}" if expected else "–"
        placed = sum(one.placed for one in ones)
        yield f"| {' or '.join(expected) or 'none'} | {len(ones)} | {hits} | {placed} | {words} |"


def main() -> int:
    """Print the confusion matrix and return the exit code."""
    parser = argparse.ArgumentParser(description="Name the mistakes in backward passes.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--list", action="store_true", help="list what was missed, or falsely named"
    )
    options = parser.parse_args()
    said = [check(mistake, options.seed) for mistake in MISTAKES]
    print("\n".join(confusion(said)), end="\n\n")
    if options.list:
        for one in said:
            if one.verdict != "fail" or one.false or (one.mistake.expected and not one.hit):
                mistake = one.mistake
                what = "false" if one.false else "missed"
                print(
                    f"{what}: {mistake.module}: {mistake.find!r} -> {mistake.replace!r}: expected "
                    f"{mistake.expected}, said {sorted(one.codes)} of {sorted(one.where)}, "
                    f"{one.verdict}; {mistake.why}"
                )
    expressed = [one for one in said if one.mistake.expected]
    named = sum(one.hit for one in expressed) / len(expressed)
    false = sum(one.false for one in said) / len(said)
    passed = sum(one.verdict == "pass" for one in said)
    print(f"Named: {named:.1%} of {len(expressed)} (≥ {_NAMED:.0%}).")
    print(f"Named and not made: {false:.1%} of {len(said)} (≤ {_FALSE:.0%}). Passed: {passed}.")
    return int(named < _NAMED or false > _FALSE or passed > 0)


if __name__ == "__main__":
    sys.exit(main())
