"""Malformed options of `gp.Problem`, and calls of `gp.differentiate`."""

import math
import random
from typing import Any

import numpy as np
from tests.bad_input.calls_of_check import AT, ITSELF, f, gradient, never, several
from tests.bad_input.cases import Case, of_option

import gradproof as gp

_TRUTH = "expected True or False"


def problem(**options: Any) -> gp.Problem:
    return gp.Problem(never, never, AT, **options)


_BOUNDS = "expected (lower, upper), each None, a number or in the structure of `at`"
_RESEED = "expected a function without arguments"

PROBLEMS: list[Case] = [
    *of_option(
        "bounds",
        lambda v: problem(bounds=v),
        _BOUNDS,
        [1, "x", (0,), (0, 1, 2), {"x": 1}, object(), [(0,)], [(None, None, None)] * 3, [(0, "1")]],
    ),
    *[
        Case(f"bounds={name}", lambda value=value: problem(bounds=value), says)
        for name, value, says in (
            ("too-few", [(0, 1)] * 2, ("bounds: found 2 pairs", "expected 3, one for each")),
            ("none", [], ("bounds: found 0 pairs", "expected 3, one for each component")),
            ("crossed", (1, 0), ("bounds: found 1.0 below and 0.0 above x[0]", "not above the up")),
            ("crossed-in-one", [(0, 1), (0, 1), (2, 1)], ("2.0 below and 1.0 above x[2]",)),
            ("nan", (math.nan, 1), ("bounds: found nan for the lower bounds of x", "numbers")),
            ("words", ("a", "b"), ("bounds: found 'a' for the lower bounds of x", "numbers")),
            ("ragged", ([[1], [2, 3]], None), ("bounds: found [[1], [2, 3]] for the lower",)),
            ("shape", ([0, 0], None), ("bounds: found the shape (2,)", "expected (3,)")),
            ("huge", ([(0, 10**400)] * 3), ("bounds: found [(0, 1", _BOUNDS)),
            ("in-itself", (ITSELF, ITSELF), ("bounds: found [1.0, [1.0,",)),
            ("structure", ({"y": 1}, None), ("found {'y': 1} for the lower bounds", "numbers")),
        )
    ],
    Case(
        "a-point-out-of-bounds",
        lambda: gp.check(gp.Problem(f, gradient, AT, bounds=(5, 9))),
        ("at: found x[0] = 1.0", "expected a point within its bounds, from 5.0 to 9.0"),
    ),
    Case(
        "bounds-of-complex-numbers",
        lambda: gp.Problem(f, gradient, 1j, bounds=(0, 1)) and gp.check(never, never, 1j),
        ("bounds: found them with complex parameters", "expected real ones"),
    ),
    *of_option(
        "facts",
        lambda v: problem(facts=v),
        "expected numbers by name, such as {'batch': 64}",
        [1, "x", [], [("a", 1)]],
    ),
    *[
        Case(f"facts={facts}", lambda facts=facts: problem(facts=facts), says)
        for facts, says in (
            ({1: 2}, ("facts: found the key 1", "expected a name in words")),
            ({"a": 0}, ("facts['a']: found 0", "expected a finite number, not 0")),
            ({"a": math.nan}, ("facts['a']: found nan", "expected a finite number, not 0")),
            ({"a": "b"}, ("facts['a']: found 'b'", "expected one real number")),
            ({"a": None}, ("facts['a']: found None", "expected one real number")),
            ({"a": 1j}, ("facts['a']: found 1j", "expected one real number")),
            ({"\x1b[31m": "b"}, (r"facts['\x1b[31m']: found 'b'", "expected one real number")),
        )
    ],
    *of_option(
        "manifold",
        lambda v: problem(manifold=v),
        "expected gp.Manifold(retract=, project=)",
        [1, "sphere", {}, gp.Manifold, never],
    ),
    *of_option(
        "promote",
        lambda v: problem(promote=v),
        "expected 'auto' or 'never'",
        ["yes", True, None, 1, "AUTO"],
    ),
    *of_option("reseed", lambda v: problem(reseed=v), _RESEED, [1, "x", {}, random.Random]),
    Case(
        "reseed-of-a-list-with-a-number",
        lambda: problem(reseed=[np.random.default_rng(), 1]),
        ("reseed: found 1 in it", _RESEED),
    ),
    Case(
        "reseed-what-cannot-be",
        lambda: problem(reseed=random.SystemRandom()),
        ("reseed: found a random.SystemRandom", "let f draw from a random.Random"),
    ),
    *of_option(
        "reference",
        lambda v: problem(reference=v),
        "expected a function, called as reference(at)",
        [1, "x", [], True],
    ),
    *of_option(
        "terms",
        lambda v: problem(terms=v),
        "expected 'sum' or 'mean'",
        ["Sum", True, 1, "product", []],
    ),
    *of_option("vectorized", lambda v: problem(vectorized=v), _TRUTH, [1, "yes", None]),
    *of_option(
        "wirtinger",
        lambda v: problem(wirtinger=v),
        "expected 'gradient' or 'conjugated'",
        ["dZ", 1, True, []],
    ),
    Case(
        "vectorized-with-both",
        lambda: gp.Problem(never, True, AT, vectorized=True),
        ("vectorized: found True with gradient=True", "and a gradient by itself"),
    ),
    Case(
        "batches-of-another-size",
        lambda: gp.check(gp.Problem(lambda x: np.ones(7), gradient, AT, vectorized=True)),
        ("the value of f: found an array of shape (7,)", "one result for each point"),
    ),
]

_POINT = "expected a number or a NumPy array of them"
_WHOLE = "expected a whole number, 0 or more"

DIFFERENTIATE: list[Case] = [
    *of_option(
        "f",
        lambda v: gp.differentiate(v, AT),
        "expected a function, called as f(at)",
        [None, 1.0, "f", AT],
    ),
    *of_option(
        "seed", lambda v: gp.differentiate(never, AT, seed=v), _WHOLE, [-1, 1.0, "0", None, True]
    ),
    *of_option(
        "wirtinger",
        lambda v: gp.differentiate(never, AT, wirtinger=v),
        "expected 'gradient' or 'conjugated'",
        ["dZ", 1, True],
    ),
    *of_option(
        "at",
        lambda v: gp.differentiate(never, v),
        "expected numbers or arrays",
        [None, [], {}, ()],
    ),
    *of_option("x", lambda v: gp.differentiate(f, v), _POINT, ["x", b"x", object(), {1}]),
    Case(
        "a-value-that-is-infinite",
        lambda: gp.differentiate(lambda x: math.inf, AT),
        ("the value of f: found inf at the point", "expected a finite number"),
    ),
    Case(
        "several-values",
        lambda: gp.differentiate(several, AT),
        ("the value of f: found an array of shape (3,)", "return their sum or mean"),
    ),
    Case(
        "a-list-in-itself",
        lambda: gp.differentiate(lambda x: 1.0, ITSELF),
        ("x: found [1.0, [1.0,", "containers inside of one another"),
    ),
]
