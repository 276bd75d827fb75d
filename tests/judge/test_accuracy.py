"""Gradients in low precision against those of a reference: what is allowed, by hand."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gradproof.judge.accuracy import Gradients, judge_accuracy
from gradproof.judge.report import Price, Record
from gradproof.numerics.protocol import FloatArray
from gradproof.tree import flatten

U = 2.0**-11  # of float16
PRICE = Price(3, 3, 0.5, "reference", 7)


def judged(
    at: Any,
    claim: npt.ArrayLike,
    plain: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    roundoffs: tuple[float, ...] | None = None,
    **facts: float,
) -> Record:
    tree, values = flatten(at, "t")
    x = np.concatenate([np.ravel(np.asarray(value, dtype=float)) for value in values])
    claim, plain, truth = (np.asarray(one, dtype=float) for one in (claim, plain, truth))
    found = Gradients(claim, plain, truth, roundoffs or (U,) * len(tree.leaves))
    return judge_accuracy(tree, found, x, value=1.5, facts=facts, notes=["as told"], price=PRICE)


ONES = np.ones(4)
# The error of the plain function is 1e-3 everywhere: allowed are 8e-3 + 8 U (1 + 1) of each.
PLAIN = ONES + 1e-3 * np.array([1, -1, 1, -1])
ALLOWED = 8e-3 + 16 * U


@pytest.mark.parametrize("sign", [1, -1])
def test_eight_times_the_error_and_eight_roundings_are_allowed_and_no_more(sign: int) -> None:
    off = sign * np.array([0, 0.999 * ALLOWED, 0, 0])
    record = judged(ONES, ONES + off, PLAIN, ONES)
    (leaf,) = record.leaves
    assert record.verdict == leaf.verdict == "pass"
    assert (leaf.wrong, leaf.undecided, leaf.checked, leaf.relative_to_itself) == (0, 0, 4, 4)
    assert leaf.discrepancy == pytest.approx(0.999 * ALLOWED)
    assert leaf.bar == leaf.resolution == record.rtol == pytest.approx(ALLOWED)
    assert leaf.worst is None
    assert leaf.ratio is None
    assert record.resolution == leaf.bar
    assert (record.culprits, record.causes) == ((), ())

    record = judged(ONES, ONES + off * 1.002, PLAIN, ONES)
    (leaf,) = record.leaves
    assert record.verdict == leaf.verdict == "fail"
    assert (leaf.wrong, leaf.undecided, leaf.relative_to_itself) == (1, 0, 3)
    assert leaf.address == "t"
    (culprit,) = record.culprits
    assert culprit == leaf.worst
    assert (culprit.address, culprit.index, culprit.measured) == ("t[1]", (1,), 1.0)
    assert culprit.claimed == 1 + off[1] * 1.002
    assert culprit.bar == culprit.noise == culprit.visible == pytest.approx(ALLOWED)
    assert culprit.truncation == 0


def test_what_is_told_comes_along() -> None:
    record = judged(ONES, ONES, PLAIN, ONES)
    assert (record.value, record.notes) == (1.5, ("as told",))
    assert (record.plan, record.seed) == ("reference", 7)
    assert (record.evaluations, record.gradient_calls, record.seconds) == (3, 3, 0.5)
    assert math.isnan(record.noise)
    assert (record.patterns, record.controls) == ((), ())
    assert record.certificate is None
    assert record.versions


def test_an_error_of_its_own_widens_what_is_allowed_of_a_component() -> None:
    # The root mean square of the errors is 5e-3 for the one that stands out, and 8 medians are less.
    plain = ONES + np.array([1e-4, 1e-4, 1e-4, 1e-2])
    narrow, wide = 8 * 8e-4 + 16 * U, 8e-2 + 16 * U
    off = np.array([0.99 * narrow, 0, 0, 0.99 * wide])
    assert judged(ONES, ONES + off, plain, ONES).verdict == "pass"
    record = judged(ONES, ONES + np.array([1.01 * narrow, 0, 0, 1.01 * wide]), plain, ONES)
    assert [one.index for one in record.culprits] == [(3,), (0,)]
    assert [one.bar for one in record.culprits] == pytest.approx([wide, narrow])


def test_without_an_error_of_the_plain_function_roundings_are_left() -> None:
    truth = np.array([1.0, 3.0, 0.0, -5.0])  # typically √(35/4): what is 0 counts in the mean only
    allowed = 8 * U * (np.abs(truth) + math.sqrt(35 / 4))
    signs = np.array([1, -1, 1, -1])
    assert judged(ONES, truth + 0.99 * signs * allowed, truth, truth).verdict == "pass"
    record = judged(ONES, truth + 1.01 * signs * allowed, truth, truth)
    assert record.leaves[0].wrong == 4
    bars = {one.index[0]: one.bar for one in record.culprits}
    assert [bars[k] for k in range(4)] == pytest.approx(allowed.tolist())
    # Relative to the component, or to a typical one where that is larger.
    typical = np.maximum(np.abs(truth), math.sqrt(35 / 4))
    assert record.leaves[0].bar == pytest.approx(np.max(allowed / typical))
    assert record.leaves[0].discrepancy == pytest.approx(np.max(1.01 * allowed / typical))


def test_each_tensor_has_its_own_precision_and_is_judged_alone() -> None:
    at = {"a": ONES, "b": np.ones(2)}
    truth = np.ones(6)
    claim = truth + 20 * U * np.array([0, 0, 0, 0, 1, 0])
    record = judged(at, claim, truth, truth, roundoffs=(U, 2 * U))
    assert record.verdict == "pass"
    record = judged(at, claim, truth, truth, roundoffs=(2 * U, U))
    assert [leaf.verdict for leaf in record.leaves] == ["pass", "fail"]
    assert [leaf.bar for leaf in record.leaves] == pytest.approx([32 * U, 16 * U])
    assert record.rtol == record.resolution == pytest.approx(32 * U)
    assert record.headline == (
        "1 of 2 tensors is off by more than the arithmetic explains: "
        "14 times the error of the reference"
    )
    assert [one.address for one in record.culprits] == ["t['b'][0]"]
    assert record.culprits[0].path == record.leaves[1].path == ("b",)


def test_where_the_reference_is_not_finite_nothing_is_decided() -> None:
    plain = np.array([np.inf, 1.0, np.nan, 1.0])
    record = judged(ONES, [1.0, 1.0, 2.0, 1.0], plain, ONES)
    (leaf,) = record.leaves
    assert record.verdict == leaf.verdict == "inconclusive"
    assert (leaf.wrong, leaf.undecided, leaf.relative_to_itself) == (0, 1, 3)
    assert record.headline == (
        "1 of 4 components undecided: the reference is not finite there in the arithmetic of f"
    )
    # A mistake elsewhere is one all the same, and is told by what it is.
    record = judged(ONES, [1.0, 2.0, 2.0, 1.0], plain, ONES)
    assert (record.verdict, record.leaves[0].wrong, record.leaves[0].undecided) == ("fail", 1, 1)
    assert [one.index for one in record.culprits] == [(1,)]


def test_a_claim_that_is_no_number_is_wrong_and_the_worst() -> None:
    record = judged(ONES, [1.0, 3.0, np.nan, 1.0], PLAIN, ONES)
    assert record.verdict == "fail"
    assert record.leaves[0].wrong == 2
    assert record.leaves[0].worst is not None
    assert record.leaves[0].worst.index == (2,)
    assert record.leaves[0].discrepancy == pytest.approx(2)  # of what is a number


def rounded(x: FloatArray, off: float) -> FloatArray:
    """Return the numbers with errors of either sign that no formula makes."""
    return x * (1 + off * np.where(np.arange(x.size) * 7 % 5 < 2, 1, -1.3))


def test_a_small_error_that_no_formula_makes_is_that_of_arithmetic() -> None:
    x = np.linspace(1, 2, 20)
    record = judged(x, rounded(x, 0.03), rounded(x, 1e-4), x)
    (cause,) = record.causes
    assert (cause.code, cause.addresses) == ("GP503", ("t",))
    # Errors in proportion: 0.03 / 1e-4 times those of the plain function.
    typical = min(
        math.sqrt(np.mean((x - rounded(x, 1e-4)) ** 2)),
        8 * float(np.median(np.abs(x - rounded(x, 1e-4)))),
    )
    times = math.sqrt(np.mean((x - rounded(x, 0.03)) ** 2)) / max(
        typical, U * math.sqrt(np.mean(x**2))
    )
    assert cause.parameters["times"] == pytest.approx(times)
    # Beyond a twentieth of the gradient it is none.
    record = judged(x, rounded(x, 0.06), rounded(x, 1e-4), x)
    assert "GP503" not in [one.code for one in record.causes]


def test_a_mistake_is_told_beside_what_is_only_inaccurate() -> None:
    x = np.linspace(1, 2, 20)
    at, truth = {"a": x, "b": x.reshape(4, 5)}, np.concatenate([x, np.cos(x)])
    claim = np.concatenate([rounded(x, 0.03), 2 * np.cos(x)])
    record = judged(at, claim, rounded(truth, 1e-4), truth, outputs=2)
    assert [(one.code, one.addresses) for one in record.causes] == [
        ("GP503", ("t['a']",)),
        ("GP302", ("t['b']",)),
    ]
    assert "outputs" in record.causes[1].message
    assert [leaf.ratio for leaf in record.leaves] == [None, pytest.approx(2)]
    assert record.headline.startswith("2 of 2 tensors are off by more than the arithmetic explains")


def test_exchanged_tensors_are_told_as_such() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 12))
    record = judged({"a": a, "b": b}, np.concatenate([b, a]), np.concatenate([a, b]), [*a, *b])
    assert {one.code for one in record.causes} == {"GP407"}
    # One that is right may have been handed out a second time.
    record = judged({"a": a, "b": b}, [*a, *a], [*a, *b], [*a, *b])
    assert [(one.code, one.addresses) for one in record.causes] == [("GP408", ("t['b']",))]


def test_culprits_are_ranked_by_their_effect_and_are_a_hundred_at_most() -> None:
    x = np.array([1.0, 1.0, 100.0, 1.0])
    record = judged(x, [1.5, 1.0, 1.4, 1.0], ONES, ONES)
    assert [one.index for one in record.culprits] == [(2,), (0,)]
    many = np.ones(150)
    record = judged(many, 2 * many, many, many)
    assert record.leaves[0].wrong == 150
    assert len(record.culprits) == 100


def test_a_number_has_no_index_and_complex_numbers_have_two_components() -> None:
    record = judged(2.0, [3.0], [1.0], [1.0])
    assert [(one.address, one.index) for one in record.culprits] == [("t", ())]
    at = np.array([1 + 1j, 2 - 1j])
    tree, _ = flatten(at, "t")
    truth = np.ones(4)
    found = Gradients(np.array([1.0, -1, 1, -1]), truth, truth, (U,))
    record = judge_accuracy(
        tree, found, np.array([1.0, 1, 2, -1]), value=0.0, facts={}, notes=(), price=PRICE
    )
    assert record.leaves[0].shape == (2,)
    assert [one.code for one in record.causes] == ["GP306"]
    assert {one.address for one in record.culprits} == {"t[0].imag", "t[1].imag"}


def test_a_gradient_of_0_that_is_0_passes_and_any_other_is_infinitely_far_off() -> None:
    zeros = np.zeros(3)
    record = judged(ONES[:3], zeros, zeros, zeros)
    assert record.verdict == "pass"
    assert record.headline.endswith("0 times its error")
    record = judged(ONES[:3], [0, 1e-9, 0], zeros, zeros)
    assert record.verdict == "fail"
    assert record.headline.endswith("inf times the error of the reference")
    record = judge_accuracy(
        flatten({}, "t")[0], Gradients(zeros[:0], zeros[:0], zeros[:0], ()), zeros[:0],
        value=0.0, facts={}, notes=(), price=PRICE,
    )  # fmt: skip
    assert (record.verdict, record.resolution) == ("pass", math.inf)
    assert math.isnan(record.rtol)
