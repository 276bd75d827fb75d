"""Part: how the price grows with the number of parameters, and of wrong ones."""

from __future__ import annotations

import numpy as np
from benchmarks.locate import components
from benchmarks.speed.certificate import Sines
from benchmarks.speed.measuring import Sheet

_FLAT = 1.5  # times the least
_PER_CULPRIT = 1.5


def run(sheet: Sheet) -> None:
    """Count evaluations only."""
    sizes = [10**3, 10**4, 10**5] if sheet.quick else [10**3, 10**4, 10**5, 10**6]
    certificates = [Sines(n).report().evaluations for n in sizes]
    spread = max(certificates) / min(certificates)
    flat = sheet.bound("growth of certificates", spread, _FLAT, timed=False)
    sheet.table(
        ("certificate", *(f"n = {n:,}" for n in sizes), "most / least"),
        [("evaluations", *certificates, flat)],
    )
    seeds = 3 if sheet.quick else 20
    prices = {}
    rows = []
    for k in (1, 3, 10) if sheet.quick else (1, 3, 10, 30, 100):
        of_k = [_median(k, seeds, n) for n in sizes]
        spread = max(of_k) / min(of_k)
        flat = sheet.bound(f"growth of {k} culprits with n", spread, _FLAT, timed=False)
        prices[k] = of_k[-1]
        rows.append((k, *(f"{price:,.0f}" for price in of_k), flat))
    sheet.table(("wrong components", *(f"n = {n:,}" for n in sizes), "most / least"), rows)
    ten, last = 10, max(prices)
    sheet.say(
        f"Evaluations for each of {last}, by those for each of {ten}, n = {sizes[-1]:,}: "
        + sheet.bound(
            "evaluations for each culprit",
            (prices[last] / last) / (prices[ten] / ten),
            _PER_CULPRIT,
            timed=False,
        )
    )


def _median(k: int, seeds: int, n: int) -> float:
    return float(np.median([components(k, seed, n)[0] for seed in range(seeds)]))
