"""Checks of the options of a problem, before anything is evaluated."""

import math
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradproof._base.errors import InputError
from gradproof._base.signatures import require_arguments
from gradproof._base.validation import described, real_number


def require_one_of(
    value: object, name: str, choices: tuple[str | int, ...], otherwise: str = ""
) -> None:
    """Raise unless `value` is one of a few words; `otherwise` names what else it may be."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not any(type(plain) is type(choice) and plain == choice for choice in choices):
        words = " or ".join(repr(choice) for choice in choices)
        raise InputError(f"{name}: found {described(value)}, expected {words}{otherwise}")


def require_reseed(reseed: Any) -> None:
    """Raise unless `reseed` can make random numbers repeat."""
    several = isinstance(reseed, (list, tuple))
    for generator in reseed if several else [reseed]:
        if isinstance(generator, random.SystemRandom):
            raise InputError(
                "reseed: found a random.SystemRandom, whose numbers cannot be repeated; "
                "let f draw from a random.Random"
            )
        if not is_generator(generator) and (several or not _is_function(generator)):
            raise InputError(
                f"reseed: found {described(generator)}{' in it' * several}, expected a function "
                "without arguments that is called before every evaluation, or the generator that "
                "f draws from (numpy.random.Generator, RandomState or random.Random), or a list "
                "of such generators"
            )
        if not is_generator(generator):
            require_arguments(generator, "reseed", "reseed()", ())


def require_facts(facts: Any) -> None:
    """Raise unless `facts` names finite numbers other than 0."""
    if not isinstance(facts, Mapping):
        raise InputError(
            f"facts: found {described(facts)}, expected numbers by name, such as {{'batch': 64}}"
        )
    for name, value in facts.items():
        if not isinstance(name, str):
            raise InputError(f"facts: found the key {name!r}, expected a name in words")
        if real_number(value, f"facts[{name!r}]") == 0 or not math.isfinite(value):
            raise InputError(f"facts[{name!r}]: found {value}, expected a finite number, not 0")


def is_generator(value: Any) -> bool:
    """Whether a value is a generator of random numbers whose state can be read and set."""
    if isinstance(value, type):
        return False
    return isinstance(value, np.random.Generator) or any(
        hasattr(value, read) and hasattr(value, write)
        for read, write in (("getstate", "setstate"), ("get_state", "set_state"))
    )


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)
