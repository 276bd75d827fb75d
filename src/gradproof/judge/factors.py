"""Factors by which a gradient may be wrong, and what they may be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from gradproof.judge.suspect import ROOM
from gradproof.numerics.protocol import FloatArray

_USUAL = {2.0: "a forgotten ½ or a term added twice", 0.5: "a ½ too much or a term counted half"}
_LARGEST = 10_000
_TELLING = 0.1  # of the distance of the next number: bars that tell one
_EXACT = 1e-5  # relative, and small beside the distance of the next number


def named_factors(
    facts: Mapping[str, float], *, of_complex: bool = False
) -> Iterator[tuple[float, str]]:
    """Yield the factors that have a name, each once, with all the names that it has.

    `of_complex` adds those between the conventions for derivatives by complex numbers.
    """
    names: dict[float, list[str]] = {factor: [] for factor in _USUAL}
    if of_complex:
        names[2.0].append("2 ∂f/∂z̄ against ∂f/∂z̄")
        names[0.5].append("∂f/∂z̄ against 2 ∂f/∂z̄")
    for name, value in facts.items():
        if value not in (0, 1):
            names.setdefault(float(value), []).append(name)
            names.setdefault(1 / value, []).append(f"1/{name}")
    for factor, known in names.items():
        yield factor, ", ".join(known)


def as_whole(factor: float, bar: float) -> float:
    """Return the whole number, or the part of one, that a factor is within its relative bar.

    Where that leaves no other to be it; else the factor as it is.
    """
    size = abs(factor)
    if not 1 / _LARGEST <= size <= _LARGEST:
        return factor
    number = max(size, 1 / size)
    whole = float(round(number))
    if whole == 1 or not abs(number - whole) <= bar * number < _TELLING:
        return factor
    return math.copysign(whole if size > 1 else 1 / whole, factor)


def what_it_may_be(factor: float, named: str) -> str:
    """Return what a factor may be, as half a sentence."""
    may_be = []
    if factor in _USUAL:
        may_be.append(_USUAL[factor])
    whole = round(factor)
    part = round(1 / factor) if factor else 0
    if 1 < whole <= _LARGEST and abs(factor - whole) < _EXACT * whole:
        may_be.append(f"a sum where a mean of {whole:,} is meant")
    elif 1 < part <= _LARGEST and abs(1 / factor - part) < _EXACT * part:
        may_be.append(f"a mean of {part:,} where a sum is meant")
    is_named = [f"that is {named}"] if named else []
    return "; ".join(is_named + ([f"it may be {', or '.join(may_be)}"] if may_be else []))


def uniform_ratio(
    claim: FloatArray, value: FloatArray, bar: FloatArray, rounding: FloatArray | float = 0.0
) -> float | None:
    """Return claimed / measured where one number other than 1 explains all components.

    `rounding` is that of the claim.
    """
    clear = np.abs(value) > 10 * bar
    if not np.any(clear):
        return None
    ratio = float(np.median(claim[clear] / value[clear]))
    room = 3 * abs(ratio) * bar + ROOM * rounding + 1e-3 * np.abs(claim)
    explained = np.all(np.abs(claim - ratio * value) <= room)
    return ratio if explained and abs(ratio - 1) > 1e-3 else None
