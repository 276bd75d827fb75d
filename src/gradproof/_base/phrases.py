"""Counts, shares, bounds and lists in words, as all sentences have them."""

import itertools
from collections.abc import Iterable

_MOST_NAMES = 6


def counted(count: int, thing: str) -> str:
    """Return a count with its noun, in the right number."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def percent(probability: float) -> str:
    """Return a probability in percent, and never 100 % where it is less."""
    return f"{100 * probability:.12g} %"


def rounded_up(bound: float) -> str:
    """Return a bound with one digit, never less than it is."""
    text = f"{bound:.0e}"
    return text if not float(text) < bound else f"{float(text) + 10.0 ** int(text[2:]):.0e}"


def listed(names: Iterable[str], count: int, most: int = _MOST_NAMES) -> str:
    """List names, at most so many of `count`; those beyond them are never drawn from `names`."""
    if count == 0:
        return "nothing"
    first = ", ".join(itertools.islice(map(str, names), most))
    return f"{first} and {count - most:,} more" if count > most else first
