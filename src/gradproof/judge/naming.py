"""Parts of a tensor as code and in words, where its last axis may be real and imaginary parts."""

from __future__ import annotations

from gradproof.judge.patterns import Block, Part, Slices

_SUFFIX = (".real", ".imag")
_WORDS = ("the real parts", "the imaginary parts")


def code_of(part: Part, dimensions: int, pairs: bool) -> str:
    """Return the code that reads a part, such as ``[3, :]``, or ``[3, :].imag``.

    `pairs` says that the last of all dimensions is that of real and imaginary parts.
    """
    if not pairs:
        return part.index(dimensions)
    numbers, which = _taken_apart(part, dimensions)
    code = "" if numbers is None else numbers.index(dimensions - 1)
    return code + ("" if which is None else _SUFFIX[which])


def words_of(part: Part, dimensions: int, pairs: bool) -> str:
    """Return a part in words, such as "row 3", or "the imaginary parts of row 3"."""
    if not pairs:
        return part.words(dimensions)
    numbers, which = _taken_apart(part, dimensions)
    words = [] if which is None else [_WORDS[which]]
    if numbers is not None:
        words.append(numbers.words(dimensions - 1).replace("component", "number"))
    return " of ".join(words)


def of_whole_numbers(part: Part) -> Part | None:
    """Return the same numbers with both of their parts; None where that is all of the tensor."""
    if isinstance(part, Slices):
        return None
    ranges = (*part.ranges[:-1], None)
    return Block(ranges) if any(one is not None for one in ranges) else None


def _taken_apart(part: Part, dimensions: int) -> tuple[Part | None, int | None]:
    """Return which numbers a part holds, None for all, and which part of them, None for both."""
    if isinstance(part, Slices):
        is_last = part.axis == dimensions - 1
        return (None, part.places[0]) if is_last else (part, None)
    *ranges, last = part.ranges
    numbers = Block(tuple(ranges)) if any(one is not None for one in ranges) else None
    return numbers, None if last is None else last[0]
