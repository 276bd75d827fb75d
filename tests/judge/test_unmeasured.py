"""What is said where no difference was taken."""

import math

import numpy as np

from gradproof._base.outcomes import Verdict
from gradproof.judge.causes import CATALOGUE
from gradproof.judge.report import Price
from gradproof.judge.unmeasured import unmeasured, unmeasured_leaf
from gradproof.tree import flatten

TREE, _ = flatten({"a": np.zeros((2, 3)), "b": np.zeros(2, dtype=complex)}, "t")
PRICE = Price(5, 2, 0.25, "every", 3)
RANDOM = CATALOGUE["GP101"].finding(spread=0.1)
SEED = CATALOGUE["GP208"].finding()


def test_of_a_leaf_nothing_is_known() -> None:
    leaf = unmeasured_leaf(TREE, TREE.leaves[1], Verdict.INCONCLUSIVE, "GP101")
    assert (leaf.address, leaf.path, leaf.shape) == ("t['b']", ("b",), (2,))
    assert (leaf.verdict, leaf.reason) == ("inconclusive", "GP101")
    assert math.isnan(leaf.discrepancy)
    assert math.isnan(leaf.bar)
    assert leaf.resolution == math.inf
    counts = leaf.checked, leaf.wrong, leaf.undecided, leaf.relative_to_itself
    assert counts == (0, 0, 0, 0)
    assert (leaf.relative_to_leaf, leaf.relative_to_others, leaf.unseen) == (0, 0, 0)
    assert leaf.ratio is None
    assert leaf.worst is None
    assert unmeasured_leaf(TREE, TREE.leaves[0], Verdict.PASS).reason is None


def test_what_was_seen_is_the_reason_and_not_what_to_do_about_it() -> None:
    record = unmeasured(TREE, Verdict.INCONCLUSIVE, 1.5, [RANDOM, SEED], ["note"], PRICE)
    assert record.verdict == "inconclusive"
    assert [leaf.reason for leaf in record.leaves] == ["GP101", "GP101"]
    assert [leaf.verdict for leaf in record.leaves] == ["inconclusive"] * 2
    assert record.causes == (RANDOM, SEED)
    assert (record.value, record.notes, record.resolution) == (1.5, ("note",), math.inf)
    assert math.isnan(record.rtol)
    assert math.isnan(record.noise)
    assert (record.evaluations, record.gradient_calls, record.seconds) == (5, 2, 0.25)
    assert (record.plan, record.seed, record.certificate) == ("every", 3, None)
    assert (record.culprits, record.patterns, record.controls) == ((), (), ())
    assert record.versions


def test_only_the_leaves_that_a_cause_concerns_are_wrong() -> None:
    cause = CATALOGUE["GP104"].finding("t['b']", count=1)
    record = unmeasured(TREE, Verdict.FAIL, 1.5, [cause], [], PRICE)
    assert [leaf.verdict for leaf in record.leaves] == ["inconclusive", "fail"]
    assert record.headline == cause.message


def test_where_there_is_nothing_to_check_nothing_is_wrong() -> None:
    record = unmeasured(flatten({}, "t")[0], None, 0.0, [], [], PRICE)
    assert (record.verdict, record.leaves) == ("pass", ())
    assert record.headline == "there is nothing to check"
