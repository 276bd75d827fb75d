"""Part: what is beside f. A function that does nothing, and functions of one variable."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from benchmarks.speed.measuring import Sheet, Times
from benchmarks.speed.networks import Array

import gradproof as gp

_N = 61_481


def no_op(sheet: Sheet) -> None:
    """Compare a check of a function that only reads one number with a bare loop around it.

    The claim is a unit vector, so that every component is visited, and passes with one evaluation.
    """
    x = np.linspace(1, 2, _N)
    claim = np.zeros(_N)
    claim[0] = 1.0

    def f(x: Array) -> float:
        return x[0]  # type: ignore[no-any-return]

    def bare() -> None:
        buffer = x.copy()
        for i in range(_N):
            old = buffer[i]
            buffer[i] = old + 1e-7
            f(buffer)
            buffer[i] = old

    def check() -> gp.Report:
        return gp.check(f, claim, x, plan="every")

    bare()
    evaluations = check().evaluations
    ratio = Times({"bare": bare, "check": check}, 3 if sheet.quick else 7).ratio("check", "bare")
    sheet.table(
        (f"function that does nothing, n = {_N:,}", "evaluations", "time / bare loop"),
        [("`gp.check`", f"{evaluations:,}", sheet.bound("no-op", ratio, 3))],
    )


def one_variable(sheet: Sheet) -> None:
    """Count the evaluations of checks of functions of one variable.

    What one or two differences do not settle gets a table of steps; and before a claim that is off
    by less than a tenth is called wrong, f is searched for jumps.
    """
    cases: list[tuple[str, Callable[[float], float], Callable[[float], float], float]] = [
        ("x² at 3", lambda x: x * x, lambda x: 2 * x, 3.0),
        ("exp at 1", math.exp, math.exp, 1.0),
        ("sin at 0", math.sin, math.cos, 0.0),
        ("x³ at 0", lambda x: x**3, lambda x: 3 * x * x, 0.0),
        ("log at 0.001", math.log, lambda x: 1 / x, 1e-3),
        ("2x at 1", lambda x: 2 * x, lambda x: 2.0, 1.0),
        ("a constant", lambda x: 1.0, lambda x: 0.0, 1.0),
        ("|x| at 0, claimed 0.3", abs, lambda x: 0.3, 0.0),
        ("sqrt at 0, claimed 1", math.sqrt, lambda x: 1.0, 0.0),
        ("sin at 1, off by 1 %", math.sin, lambda x: 1.01 * math.cos(x), 1.0),
        ("x² in float32", lambda x: float(np.float32(x) ** 2), lambda x: 2 * x, 1.3),
        ("a constant, claimed 1", lambda x: 1.0, lambda x: 1.0, 1.0),
    ]
    with_a_table = {"|x| at 0, claimed 0.3", "sqrt at 0, claimed 1"}
    with_a_search = {"sin at 1, off by 1 %"}
    rows = []
    for name, f, gradient, at in cases:
        report = gp.check(f, gradient, at)
        limit = 100 if name in with_a_table else 600 if name in with_a_search else 40
        cell = sheet.bound(name, report.evaluations, limit, timed=False).replace(".00", "")
        rows.append((name, report.verdict.value, cell))
    sheet.table(("function of one variable", "verdict", "evaluations"), rows)
