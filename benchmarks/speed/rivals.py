"""Part: checkers side by side on two functions, with right gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from benchmarks.speed.measuring import Sheet, Times, calls, calls_that_take
from benchmarks.speed.networks import Array, Regression
from benchmarks.speed.picture import Costs
from benchmarks.trust.rivals import RIVALS, Box, Rival, Verdict, judge

import gradproof as gp

_OF_NETWORK = {10: (2, 3), 100: (5, 18), 1_000: (10, 98), 10_000: (50, 198)}
_LARGEST = {"numdifftools": 1_000}  # it holds a square of numbers


def _every(box: Box) -> Verdict:
    return gp.check(box.value, box.claim, box.x, plan="every").verdict.value


def _along_directions(box: Box) -> Verdict:
    return gp.check(box.value, box.claim, box.x, plan="project").verdict.value


CHECKERS: dict[str, Rival] = {
    "gradproof, every component": _every,
    "gradproof, directions": _along_directions,
    **RIVALS,
}


def _sum_of_sines(n: int) -> tuple[Callable[[Array], float], Array, Array]:
    x = np.random.default_rng(n).uniform(0.1, 1.4, n)
    return lambda x: float(np.sum(np.sin(x))), np.cos(x), x


def _network(n: int) -> tuple[Callable[[Array], float], Array, Array]:
    made = Regression(*_OF_NETWORK[n])
    return made.f, made.gradient(), made.at


def run(sheet: Sheet) -> Costs:
    """Compare evaluations and time; return the cost of each in evaluations, for the picture."""
    sizes = (10, 100) if sheet.quick else (10, 100, 1_000, 10_000)
    rounds = 1 if sheet.quick else 5
    costs: Costs = {}
    sheet.say(
        "Evaluations of f, and in brackets the wall time of the whole check by that of its "
        "evaluations alone. Right gradients; what was not called right is said."
    )
    for name, make in (("sum of sines", _sum_of_sines), ("network with a hidden layer", _network)):
        rows = []
        for checker, rival in CHECKERS.items():
            cells = []
            for n in sizes:
                if n > _LARGEST.get(checker, n):
                    cells.append("–")
                    continue
                evaluations, wall, said = _measured(rival, *make(n), rounds)
                costs.setdefault(name, {}).setdefault(checker, []).append((n, evaluations * wall))
                also = "" if said == "pass" else f", **{said}**"
                cells.append(f"{evaluations:,} ({wall:.2f}){also}")
                if checker.startswith("gradproof"):
                    sheet.require(f"{checker}, {name}, n = {n:,}: {said}", said == "pass")
            rows.append((checker, *cells))
        sheet.table((name, *(f"n = {n:,}" for n in sizes)), rows)
    return costs


def _measured(
    rival: Rival, f: Callable[[Array], float], claim: Array, x: Array, rounds: int
) -> tuple[int, float, Verdict]:
    """Return the evaluations of one checker, its time by theirs, and what it says."""
    first = Box(f, claim, x)
    said = judge(rival, first)  # it loads what the others find loaded
    alone = Box(f, claim, x)
    many = calls_that_take(lambda: alone.value(x))
    times = Times(
        {
            "check": lambda: judge(rival, Box(f, claim, x)),
            "alone": calls(lambda: alone.value(x), many),
        },
        rounds,
    )
    return first.evaluations, times.ratio("check", "alone") * many / first.evaluations, said
