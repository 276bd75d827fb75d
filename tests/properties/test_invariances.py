"""What changes nothing about a gradient changes nothing about its verdict, or the report says why.

Other units by powers of two are exact in floating point: the whole report is the same, in other
units. Leaves in another order, a tensor in two parts and a constant added to f are evaluated
elsewhere, or rounded otherwise: a right gradient is never called wrong and a wrong one never passes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.soak import functions
from benchmarks.trust.mutations import stated_error
from hypothesis import given, settings
from hypothesis import strategies as st

import gradproof as gp

Array = npt.NDArray[Any]
MISTAKES: dict[str, Callable[[Array], Array]] = {
    "none": lambda g: g,
    "sign": lambda g: -g,
    "factor": lambda g: 1.01 * g,
    "one component": lambda g: g * np.where(np.arange(g.size) == 1, 1.5, 1.0),
    "offset": lambda g: g + 0.1 * np.sqrt(np.mean(g**2)),
}
PLANS = ["every", "every", "project", "leaves"]


@dataclasses.dataclass(frozen=True)
class Case:
    """A random function of a vector with a claim, and how it is asked."""

    function: functions.Function
    mistake: str
    plan: str
    seed: int

    @property
    def f(self) -> Callable[[Array], Any]:
        return self.function.value

    @property
    def x(self) -> Array:
        return self.function.at

    @property
    def claim(self) -> Array:
        return MISTAKES[self.mistake](np.asarray(self.function.gradient(self.x)))

    def check(self, f: Any = None, claim: Any = None, at: Any = None) -> gp.Report:
        """Check the case, or what was made of it."""
        return gp.check(
            self.f if f is None else f,
            self.claim if claim is None else claim,
            self.x if at is None else at,
            plan=self.plan,
            seed=self.seed,
        )

    def is_well_judged(self, report: gp.Report) -> bool:
        """Whether the verdict is true, as far as the report says that it can see, or undecided."""
        if self.mistake == "none" or report.verdict != "pass":
            return self.mistake != "none" or report.verdict != "fail"
        visible = report.resolution
        if report.certificate is not None:
            visible = max(visible, *(leaf.single for leaf in report.certificate.leaves))
        return stated_error(self.claim, self.function.gradient(self.x)) <= visible


def drawn(seed: int, n: int, mistake: str, plan: str) -> Case:
    function = functions.draw(np.random.default_rng(seed), n, np.float64)
    return Case(function, mistake, plan, seed % 100)


CASES = st.builds(
    drawn,
    st.integers(0, 10**6),
    st.integers(2, 8),
    st.sampled_from([*MISTAKES, "none", "none"]),
    st.sampled_from(PLANS),
)
POWERS = st.integers(-200, 200)


def counted(report: gp.Report) -> dict[str, Any]:
    """Return what is no number in units of f or x, nor words that such a number is in."""
    data = report.to_dict()
    return {
        "verdict": report.verdict,
        "evaluations": report.evaluations,
        "rtol": report.rtol,
        "resolution": report.resolution,
        "headline": report.headline,
        "certificate": data["certificate"],
        "leaves": [
            {key: value for key, value in leaf.items() if key != "worst"} for leaf in data["leaves"]
        ],
        "culprits": [one.address for one in report.culprits],
        "patterns": data["patterns"],
        "causes": [(cause.code, cause.addresses) for cause in report.causes],
    }


@settings(max_examples=10)
@given(case=CASES, k=POWERS)
def test_other_units_of_f_change_nothing_but_units(case: Case, k: int) -> None:
    factor = 2.0**k
    plain = case.check()
    scaled = case.check(lambda x: factor * case.f(x), factor * case.claim)
    assert counted(scaled) == counted(plain)
    for one, other in zip(plain.culprits, scaled.culprits, strict=True):
        assert other.measured == factor * one.measured
        assert other.bar == factor * one.bar


@settings(max_examples=10)
@given(case=CASES, k=POWERS)
def test_other_units_of_the_parameters_change_nothing_but_units(case: Case, k: int) -> None:
    factor = 2.0**k
    plain = case.check()
    scaled = case.check(lambda x: case.f(x / factor), case.claim / factor, case.x * factor)
    assert counted(scaled) == counted(plain)
    for one, other in zip(plain.culprits, scaled.culprits, strict=True):
        assert other.measured == one.measured / factor
        assert other.bar == one.bar / factor


def tree_of(case: Case, sizes: list[int]) -> tuple[list[str], list[slice]]:
    """Return names and places of leaves of some sizes, the last of which takes the rest."""
    stops = [*np.minimum(np.cumsum(sizes), case.x.size)[:-1].tolist(), case.x.size]
    starts = [0, *stops[:-1]]
    places = [slice(a, b) for a, b in zip(starts, stops, strict=True) if b > a]
    return [f"w{k}" for k in range(len(places))], places


def agree(case: Case, one: gp.Report, other: gp.Report) -> None:
    """See that both are well judged, and that neither contradicts the other without a reason."""
    for report in (one, other):
        assert case.is_well_judged(report), report.summary()
        assert report.verdict != "inconclusive" or report.causes, report.summary()
    if one.verdict != other.verdict:  # what is a pass may be blind to it, and says so
        assert case.mistake != "none" or "inconclusive" in (one.verdict, other.verdict)


@settings(max_examples=10)
@given(case=CASES, sizes=st.lists(st.integers(1, 4), min_size=2, max_size=3), order=st.randoms())
def test_the_order_of_leaves_decides_nothing(case: Case, sizes: list[int], order: Any) -> None:
    names, places = tree_of(case, sizes)
    listed = list(zip(names, places, strict=True))
    shuffled = listed.copy()
    order.shuffle(shuffled)

    def of(pairs: Any) -> gp.Report:
        def f(p: dict[str, Array]) -> Any:
            return case.f(np.concatenate([p[name] for name in names]))

        claim, at = ({name: v[place] for name, place in pairs} for v in (case.claim, case.x))
        return case.check(f, claim, at)

    plain, other = of(listed), of(shuffled)
    agree(case, plain, other)
    if case.plan == "every":
        verdicts = ({leaf.address: leaf.verdict for leaf in r.leaves} for r in (plain, other))
        assert next(verdicts) == next(verdicts)
        culprits = ({one.address for one in r.culprits} for r in (plain, other))
        assert next(culprits) == next(culprits)


@settings(max_examples=10)
@given(case=CASES, at=st.integers(1, 7))
def test_a_tensor_in_two_parts_is_judged_as_the_whole(case: Case, at: int) -> None:
    cut = min(at, case.x.size - 1)

    def f(p: list[Array]) -> Any:
        return case.f(np.concatenate(p))

    parts = case.check(f, np.split(case.claim, [cut]), np.split(case.x, [cut]))
    agree(case, case.check(), parts)


@settings(max_examples=10)
@given(case=CASES, power=st.integers(0, 14), sign=st.sampled_from([-1, 1]))
def test_a_constant_costs_digits_and_the_report_says_so(case: Case, power: int, sign: int) -> None:
    size = max(abs(float(case.f(case.x))), 1.0)
    constant = sign * 10.0**power * size
    plain, other = case.check(), case.check(lambda x: case.f(x) + constant)
    agree(case, plain, other)
    if other.verdict == plain.verdict == "pass":
        assert other.resolution <= 10 * plain.resolution or other.rtol >= plain.rtol
    elif other.verdict == "inconclusive" != plain.verdict:
        assert {cause.code for cause in other.causes} <= {"GP201", "GP202", "GP203", "GP205"}
