"""From judged gradients to counts, rates and bounds, and the targets that they have to meet."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.trust.judged import Judged
from benchmarks.trust.subject import NAME

#: A wrong gradient counts where its worst leaf is off by this share: a factor of 1.0001 does.
LEAST_ERROR = 0.999e-4

#: What counts in a comparison of competitors: nobody's tolerance in float32 is finer than 2e-3, and
#: gradproof's is 1e-2.
LEAST_ERROR_COMPARED = {"float64": LEAST_ERROR, "float32": 5e-2}

#: An error this many times the resolution that the report states has to be seen.
BEYOND = 10.0

#: Kinds that are reported, but have no targets: what is finer than a step cannot be seen.
UNTARGETED = ("below the step", "solver noise, unfinished")

#: Kinds whose right gradients cannot pass: inconclusive is the right answer. A random function that
#: can be seeded again is another kind.
UNANSWERABLE = ("random",)


@dataclasses.dataclass(frozen=True)
class Tally:
    """How often one competitor was right, wrong and undecided.

    Of the `misses`, `stated` are those that the report says it would not see. `faint` gradients are
    wrong by less than counts; `beyond` may be among them.
    """

    right: int
    false_alarms: int
    right_inconclusive: int
    wrong: int
    misses: int
    stated: int
    wrong_inconclusive: int
    faint: int
    faint_passed: int
    beyond: int
    errors: int
    leaves: int
    leaves_called_wrong: int
    components: int
    components_called_wrong: int
    components_undecided: int
    evaluations: float

    @property
    def wrong_verdicts(self) -> int:
        """False alarms and misses together."""
        return self.false_alarms + self.misses


def is_false_alarm(judged: Judged) -> bool:
    """Whether a right gradient was called wrong."""
    return judged.right and judged.verdict == "fail"


def is_wrong(judged: Judged) -> bool:
    """Whether a gradient is wrong by enough to count."""
    return not judged.right and judged.error >= LEAST_ERROR


def is_miss(judged: Judged) -> bool:
    """Whether a wrong gradient passed."""
    return is_wrong(judged) and judged.verdict == "pass"


def is_stated(judged: Judged) -> bool:
    """Whether an error is below the resolution that the report states."""
    return judged.resolution is not None and judged.stated_error < judged.resolution


def is_beyond(judged: Judged) -> bool:
    """Whether a gradient passed with an error ten times as large as the report says it would see.

    The error is that of the worst component, relative to it or to a typical one of its leaf.
    """
    return (
        not judged.right
        and judged.verdict == "pass"
        and judged.resolution is not None
        and judged.stated_error >= BEYOND * judged.resolution
    )


def tally(judged: Iterable[Judged]) -> Tally:
    """Count what one competitor said."""
    everything = list(judged)
    right = [one for one in everything if one.right]
    wrong = [one for one in everything if is_wrong(one)]
    faint = [one for one in everything if not one.right and not is_wrong(one)]
    prices = [one.evaluations / one.components for one in right if one.components]
    return Tally(
        right=len(right),
        false_alarms=sum(map(is_false_alarm, right)),
        right_inconclusive=sum(one.verdict == "inconclusive" for one in right),
        wrong=len(wrong),
        misses=sum(map(is_miss, wrong)),
        stated=sum(is_miss(one) and is_stated(one) for one in wrong),
        wrong_inconclusive=sum(one.verdict == "inconclusive" for one in wrong),
        faint=len(faint),
        faint_passed=sum(one.verdict == "pass" for one in faint),
        beyond=sum(map(is_beyond, everything)),
        errors=sum(one.verdict == "error" for one in everything),
        leaves=sum(one.right_leaves for one in everything),
        leaves_called_wrong=sum(one.right_leaves_called_wrong for one in everything),
        components=sum(one.right_components for one in everything),
        components_called_wrong=sum(one.right_components_called_wrong for one in everything),
        components_undecided=sum(one.right_components_undecided for one in everything),
        evaluations=statistics.median(prices) if prices else float("nan"),
    )


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of Clopper and Pearson for a probability.

    Biometrika 26 (1934) 404-413. Without an event it is about 3 / trials.
    """
    from scipy.stats import beta

    if events >= trials:
        return 1.0
    return float(beta.ppf(confidence, events + 1, trials - events))


def of(judged: Iterable[Judged], competitor: str = NAME, **fields: Any) -> list[Judged]:
    """Return what one competitor said, where some fields have given values."""
    return [
        one
        for one in judged
        if one.competitor == competitor
        and all(getattr(one, name) == value for name, value in fields.items())
    ]


def in_common(judged: Sequence[Judged]) -> list[Judged]:
    """Return what was said about those gradients that every competitor judged.

    Wrong ones are left out where nobody could be expected to see it.
    """
    competitors = {one.competitor for one in judged}
    by: dict[tuple[str, int], set[str]] = {}
    for one in judged:
        by.setdefault((one.address, one.seed), set()).add(one.competitor)
    return [
        one
        for one in judged
        if by[one.address, one.seed] == competitors
        and (one.right or one.error >= LEAST_ERROR_COMPARED[one.dtype])
    ]


@dataclasses.dataclass(frozen=True)
class Target:
    """A number that has to stay at or below a limit; it is None where nothing was measured."""

    name: str
    limit: float
    measure: Callable[[list[Judged]], float | None]
    share: bool = True


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A target, what was measured, and whether it is met."""

    name: str
    limit: float
    value: float | None
    share: bool

    @property
    def met(self) -> bool:
        """Whether it is met; what was not measured is."""
        return self.value is None or self.value <= self.limit


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _ordinary(judged: list[Judged]) -> list[Judged]:
    return [one for one in judged if one.kind == "ordinary" and one.dtype == "float64"]


def _answerable(judged: list[Judged]) -> list[Judged]:
    return [one for one in judged if one.kind not in UNANSWERABLE]


def _right_inconclusive(judged: list[Judged]) -> float | None:
    counts = tally(judged)
    return _ratio(counts.right_inconclusive, counts.right)


def _false_alarms(dtype: str) -> Callable[[list[Judged]], float]:
    return lambda judged: tally(one for one in judged if one.dtype == dtype).false_alarms


def _components_called_wrong(dtype: str) -> Callable[[list[Judged]], float]:
    return lambda judged: tally(one for one in judged if one.dtype == dtype).components_called_wrong


def _hard(judged: list[Judged]) -> list[Judged]:
    return [one for one in _answerable(judged) if one.kind != "ordinary"]


def _beyond(dtype: str) -> Callable[[list[Judged]], float | None]:
    def measure(judged: list[Judged]) -> float | None:
        counts = tally(one for one in judged if one.dtype == dtype)
        return _ratio(counts.beyond, counts.wrong + counts.faint)

    return measure


def _random_decided_wrongly(judged: list[Judged]) -> float:
    """Count wrong verdicts on random functions, whether they could be made to repeat or not."""
    return tally(one for one in judged if one.kind.startswith("random")).wrong_verdicts


def _dear(judged: list[Judged]) -> float | None:
    """Return the share of small right gradients that cost more than 2 n + 40 evaluations."""
    small = [one for one in _ordinary(judged) if one.right and one.components <= 50]
    return _ratio(sum(one.evaluations > 2 * one.components + 40 for one in small), len(small))


def _price(judged: list[Judged]) -> float | None:
    large = [one for one in _ordinary(judged) if one.components >= 200]
    return tally(large).evaluations if any(one.right for one in large) else None


TARGETS = (
    Target("checks that raised", 0, lambda judged: tally(judged).errors, share=False),
    Target("fail on a right gradient, float64", 0, _false_alarms("float64"), share=False),
    Target("fail on a right gradient, float32", 0, _false_alarms("float32"), share=False),
    Target("right components called wrong, float64", 0, _components_called_wrong("float64"), False),
    Target("right components called wrong, float32", 0, _components_called_wrong("float32"), False),
    Target(
        f"pass with an error ≥ {BEYOND:g} × the stated resolution, float64", 0, _beyond("float64")
    ),
    Target(
        f"pass with an error ≥ {BEYOND:g} × the stated resolution, float32",
        1e-3,
        _beyond("float32"),
    ),
    Target(
        "pass with a leaf error ≥ 1e-4, ordinary in float64",
        0,
        lambda judged: tally(_ordinary(judged)).misses,
        share=False,
    ),
    Target(
        "right and inconclusive, ordinary in float64",
        0.005,
        lambda judged: _right_inconclusive(_ordinary(judged)),
    ),
    Target(
        "right and inconclusive, hard kinds together",
        0.02,
        lambda judged: _right_inconclusive(_hard(judged)),
    ),
    Target("random functions: wrong verdicts", 0, _random_decided_wrongly, share=False),
    Target("right, ordinary, n ≤ 50: more than 2 n + 40 evaluations", 0, _dear),
    Target(
        "right, ordinary, n ≥ 200: evaluations for each component (median)",
        1.3,
        _price,
        share=False,
    ),
)


def outcomes(judged: Sequence[Judged]) -> list[Outcome]:
    """Compare gradproof with its targets, and with the rivals where there are any."""
    mine = [one for one in of(judged) if one.kind not in UNTARGETED]
    found = [
        Outcome(target.name, target.limit, target.measure(mine), target.share) for target in TARGETS
    ]
    common = [one for one in in_common(judged) if one.kind not in UNTARGETED]
    for rival in sorted({one.competitor for one in judged} - {NAME}):
        limit = tally(of(common, rival)).wrong_verdicts
        value = tally(of(common)).wrong_verdicts
        found.append(Outcome(f"false alarms and misses, no more than {rival}", limit, value, False))
    return found
