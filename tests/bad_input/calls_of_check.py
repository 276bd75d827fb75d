"""Malformed calls of `gp.check` and of what is beside it: points, options, plans, claims."""

import collections
import datetime
import decimal
import functools
import math
from typing import Any

import numpy as np
import scipy.sparse
from tests.bad_input.cases import Case, of_option

import gradproof as gp

check: Any = gp.check  # of what its types refuse, too

AT = np.array([1.0, -2.0, 0.5])
_WHOLE = "expected a whole number, 0 or more"
_TRUTH = "expected True or False"
_FILE = "expected the path of a file"
_POINT = "expected a number or a NumPy array of them"
ITSELF: list[Any] = [1.0]
ITSELF.append(ITSELF)
_DEEP: list[Any] = [1.0]
for _ in range(3000):
    _DEEP = [_DEEP]


class Nameless:
    """Cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no representation")


class Table:
    """What a Series of pandas is by what it can do; shown, it has many lines."""

    shape = (3,)

    def to_numpy(self) -> Any:
        return AT


class Raising:
    """Raises whatever it is asked for."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


class Painted:
    """Shows what a terminal obeys."""

    def __repr__(self) -> str:
        return "\x1b[31m\x07\u202ered"


def f(x: Any) -> float:
    return float(np.sum(x**3))


def gradient(x: Any) -> Any:
    return 3 * x**2


def several(x: Any) -> Any:
    return x**2


def never(*_: Any) -> Any:
    raise AssertionError("evaluated before the arguments were understood")


def _takes_one(x: Any) -> Any:
    raise AssertionError("called though it does not take what it is called with")


def _takes_two(x: Any, y: Any) -> Any:
    raise AssertionError("called though it does not take what it is called with")


def _marked() -> gp.Problem:
    raise AssertionError("called, though only its owner knows whether that was meant")


MASKED = np.ma.array(np.ones(3), mask=[False, True, False])
MASKED_SQUARE = np.ma.array(np.eye(3), mask=np.diag([False, True, False]))
# In places that their types refuse.
ONE: Any = _takes_one
TWO: Any = _takes_two
marked: Any = gp.problem(_marked)


def checked(**options: Any) -> gp.Report:
    return gp.check(never, never, AT, **options)


def planned(**options: Any) -> gp.Plan:
    return gp.Plan(**({"where": "project"} | options))


OPTIONS: list[Case] = [
    *of_option(
        "plan",
        lambda v: checked(plan=v),
        "expected one of auto, every, leaves, project, or a gp.Plan",
        ["all", "EVERY", "", None, 1, b"every", [], {"where": "every"}, gp.Plan, Nameless],
    ),
    *of_option(
        "rtol",
        lambda v: checked(rtol=v),
        "expected a positive, finite number",
        [0, -1e-3, math.nan, math.inf, "1e-3", 1j, [1e-3, 1e-3], [], np.array([]), object(), b"1"],
    ),
    *of_option(
        "rtol",
        lambda v: checked(rtol=v),
        "expected a relative error below 1, such as 1e-5",
        [1.0, 1.5, 1e300],
    ),
    *of_option(
        "budget",
        lambda v: checked(budget=v),
        "expected a whole number, 1 or more",
        [0, -1, 1.5, True, [], b"3s", math.inf, math.nan, object()],
    ),
    *of_option(
        "budget",
        lambda v: checked(budget=v),
        "such as '30s', '5min' or '1h'",
        ["", "0", "0s", "-3s", "1e3", "nan", "infs", "30 parsecs", "3 s s", "3S", "1.2.3s", ".s"],
    ),
    *of_option(
        "budget",
        lambda v: checked(budget=v),
        "such as '30s', '5min' or '1h'",
        ["9" * 5000, "9" * 400 + "h", "٣s", "3s; rm -rf /", "__import__('os')", "0x10"],
    ),
    *of_option(
        "seed",
        lambda v: checked(seed=v),
        _WHOLE,
        [-1, 1.0, "0", None, True, [0], math.nan, np.int64(-3), 1j, decimal.Decimal(1)],
    ),
    *of_option("self_test", lambda v: checked(self_test=v), _TRUTH, [1, "yes", None, []]),
    *of_option(
        "progress",
        lambda v: checked(progress=v),
        "expected True or a function of (done, total)",
        [1, "bar", [], object()],
    ),
    *of_option(
        "executor",
        lambda v: checked(executor=v),
        "expected a concurrent.futures.Executor",
        [1, "threads", [], object(), math, {"n": 2}],
    ),
    *of_option("journal", lambda v: checked(journal=v), _FILE, [1, b"run.gp", [], object()]),
    *of_option(
        "include",
        lambda v: gp.check(f, gradient, AT, include=v),
        "expected patterns of addresses, such as 'W*'",
        [5, 0, True, b"x", [1], ["x", None], {}, object(), iter("x")],
    ),
    *of_option(
        "exclude",
        lambda v: gp.check(f, gradient, AT, exclude=v),
        "expected patterns of addresses, such as 'W*'",
        [5, 0, True, b"x", [1], {}, object()],
    ),
    Case(
        "include-of-nothing",
        lambda: gp.check(f, gradient, {"w": AT}, include=["w", "V*"]),
        ("include: found 'V*', which no leaf matches", "there are x['w']"),
    ),
    Case(
        "exclude-of-nothing",
        lambda: gp.check(f, gradient, {"w": AT}, exclude="V"),
        ("exclude: found 'V', which no leaf matches", "there are x['w']"),
    ),
    Case(
        "exclude-all",
        lambda: gp.check(f, gradient, {"w": AT}, exclude="*"),
        ("include, exclude: found patterns that leave nothing to check",),
    ),
    Case(
        "self-test-of-directions",
        lambda: checked(self_test=True, plan="project"),
        ("self_test: found True with plan='project'", "expected it with plan='every'"),
    ),
]

PLANS: list[Case] = [
    *of_option(
        "directions",
        lambda v: planned(directions=v),
        "expected a whole number, 1 or more",
        [0, -1, 1.5, "8", None, True],
    ),
    Case(
        "directions-without-end",
        lambda: planned(directions=10**12),
        ("directions: found 1,000,000,000,000", "expected 100,000 at most"),
    ),
    *of_option(
        "confidence",
        lambda v: planned(confidence=v),
        "expected a probability below 1, such as 0.999",
        [0.0, 1.0, -1.0, 2.0, math.nan, math.inf],
    ),
    *of_option(
        "confidence",
        lambda v: planned(confidence=v),
        "expected one real number",
        ["0.9", None, 1j, [0.9, 0.9]],
    ),
    *of_option("search", lambda v: planned(search=v), _TRUTH, [1, "yes", None]),
    *of_option("plan", lambda v: planned(where=v), "expected one of auto", [None, 3, "x", []]),
    Case(
        "directions-of-every",
        lambda: gp.Plan("every", directions=3),
        ("directions: found 3 with where='every'", "no use"),
    ),
    Case(
        "search-of-every",
        lambda: gp.Plan("every", search=False),
        ("search: found False with where='every'", "no use"),
    ),
    Case(
        "directions-of-leaves",
        lambda: gp.Plan("leaves", directions=3),
        ("directions: found 3 with where='leaves'", "no use"),
    ),
]

POINTS: list[Case] = [
    *of_option(
        "x",
        lambda v: gp.check(lambda x: 1.0, gradient, v),
        _POINT,
        [
            "x",
            b"abc",
            True,
            np.array([True]),
            np.array(["a"]),
            np.array([None]),
            np.array([1, 2], dtype="M8[s]"),
            np.rec.array([(1,)], dtype=[("a", int)]),
            np.ma.masked_array([1.0], [True]),
            scipy.sparse.eye(3),
            object(),
            {1, 2},
            range(3),
            iter([1.0]),
            10**400,
            decimal.Decimal("1.5"),
            datetime.date(2020, 1, 1),
            int,
            ...,
            memoryview(b"12"),
            Nameless(),
        ],
    ),
    Case(
        "another-dict",
        lambda: gp.check(f, gradient, collections.Counter("ab")),
        ("x: found Counter(", "expected a number or a NumPy array", "; dict(…) makes one that"),
    ),
    Case(
        "a-masked-array",
        lambda: gp.check(f, gradient, np.ma.masked_array([1.0], [True])),
        ("x: found an array", "expected a number or a NumPy array", "; .filled(0.0) makes one"),
    ),
    Case(
        "a-series",
        lambda: gp.check(f, gradient, Table()),
        ("x: found a Table of shape (3,), expected a number", "; .to_numpy() makes one of it"),
    ),
    Case(
        "control-characters",
        lambda: gp.check(f, gradient, Painted()),
        (r"x: found \x1b[31m\x07\u202ered", _POINT),
    ),
    Case(
        "a-word-among-numbers",
        lambda: gp.check(f, gradient, {"a": [1.0, {"b": "x"}]}),
        ("x['a'][1]['b']: found 'x'", _POINT),
    ),
    *[
        Case(
            f"not-finite-{value}",
            lambda value=value: gp.check(f, gradient, value),
            ("x: found inf or nan in it", "expected finite numbers"),
        )
        for value in (math.nan, math.inf, -math.inf, np.array([1.0, math.nan]), np.float16("inf"))
    ],
    *of_option(
        "at",
        lambda v: gp.check(lambda x: 1.0, gradient, v),
        "expected numbers or arrays",
        [None, [], {}, (), [[]], {"a": None}],
    ),
    Case(
        "a-function-as-the-point",
        lambda: gp.check(f, AT, gradient),
        (
            "at: found <function",
            "a function, expected the point: f, gradient and at",
            "these two seem to be exchanged",
        ),
    ),
    *[
        Case(
            f"{name}-as-the-point",
            lambda at=at: gp.check(f, gradient, at),
            ("at: found", "a function, expected the point: f, gradient and at, in this order"),
        )
        for name, at in (
            ("a-ufunc", np.sin),
            ("a-function-in-part", functools.partial(TWO, AT)),
            ("a-function-that-remembers", functools.cache(ONE)),
        )
    ],
    *[
        Case(
            f"the-point-first-{number}",
            lambda claim=claim, at=at: check(AT, claim, at),
            ("f: found an array", "called as f(at): f, gradient and at, in this order"),
        )
        for number, (claim, at) in enumerate([(f, gradient), (f, AT), (AT, f)])
    ],
    Case(
        "a-list-in-itself",
        lambda: gp.check(f, gradient, ITSELF),
        ("x: found [1.0, [1.0,", "containers inside of one another", "that do not hold themselves"),
    ),
    Case(
        "three-thousand-lists",
        lambda: gp.check(f, gradient, _DEEP),
        ("x: found [[[[", "containers inside of one another", "that do not hold themselves"),
    ),
    Case(
        "a-value-in-itself",
        lambda: gp.check(lambda x: ITSELF, gp.VJP(never), AT),
        ("found [1.0, [1.0,", "containers inside of one another"),
    ),
    Case(
        "a-gradient-in-itself",
        lambda: gp.check(f, ITSELF, AT),
        ("gradient: found [1.0, [1.0,", "containers inside of one another"),
    ),
]

FUNCTIONS: list[Case] = [
    *of_option(
        "f",
        lambda v: gp.check(v, gradient, AT),
        "expected a function, called as f(at)",
        [None, 1.0, "f", AT, [], {}],
    ),
    *of_option(
        "gradient",
        lambda v: gp.check(f, v, AT),
        "expected a function of `at`, the values of the gradient, or True",
        ["gradient", b"g", None, False],
    ),
    Case(
        "f-of-two",
        lambda: check(lambda a, b: 1.0, gradient, AT),
        ("f: found a function of (a, b)", "for several write lambda t: f(*t)"),
    ),
    Case(
        "f-of-nothing",
        lambda: check(lambda: 1.0, gradient, AT),
        ("f: found a function of ()", "it is called with one argument"),
    ),
    Case(
        "f-of-a-keyword",
        lambda: check(lambda *, x: 1.0, gradient, AT),
        ("f: found a function of (*, x)", "it is called with one argument"),
    ),
    *[
        Case(
            f"{name}-of-{takes}",
            lambda call=call: call(),
            (f"{name}: found a function of ({takes}), but it is called with {given}",),
        )
        for name, takes, given, call in (
            ("gradient", "x, y", "one argument, gradient(at)", lambda: check(f, TWO, AT)),
            ("gradient", "", "one argument, gradient(at)", lambda: check(f, lambda: AT, AT)),
            ("gradient", "x, *, k", "one argument", lambda: check(f, lambda x, *, k: AT, AT)),
            (
                "gradient",
                "x, y, k=…",
                "one argument, gradient(at); for several write lambda t: gradient(*t)",
                lambda: check(f, lambda x, y, k=AT: AT, AT),
            ),
            ("VJP", "x", "two arguments, function(at, u)", lambda: gp.VJP(ONE)),
            ("jvp", "x", "two arguments, jvp(at, v)", lambda: gp.VJP(TWO, jvp=ONE)),
            ("JVP", "x", "two arguments, function(at, v)", lambda: gp.JVP(ONE)),
            ("HVP", "x", "two arguments, function(at, v)", lambda: gp.HVP(ONE)),
            ("gradient", "x, y", "one argument, gradient(at)", lambda: gp.HVP(TWO, TWO)),
            ("gradient", "x, y", "one argument, gradient(at)", lambda: gp.Hessian(AT, TWO)),
            ("Hessian", "x, y", "one argument, matrix(at)", lambda: gp.Hessian(TWO)),
            ("Jacobian", "x, y", "one argument, matrix(at)", lambda: gp.Jacobian(TWO)),
            (
                "reference",
                "x, y",
                "one argument, reference(at)",
                lambda: gp.Problem(f, gp.autodiff, AT, reference=TWO),
            ),
            ("reseed", "x", "no argument, reseed()", lambda: gp.Problem(f, AT, AT, reseed=ONE)),
            (
                "progress",
                "x",
                "two arguments, progress(done, total)",
                lambda: checked(progress=ONE),
            ),
        )
    ],
    *[
        Case(
            f"masked-{name}",
            call,
            (f"{where}: found an array of which 1 of", "numbers are masked, expected all of them"),
        )
        for name, where, call in (
            ("gradient", "gradient", lambda: gp.check(f, MASKED, AT)),
            (
                "output",
                "the value of f",
                lambda: gp.check(lambda x: MASKED * x[0], gp.Jacobian(np.ones((3, 3))), np.ones(3)),
            ),
            (
                "term",
                "the value of f",
                lambda: gp.check(gp.Problem(lambda x: MASKED * x[0], AT, AT, terms="sum")),
            ),
            (
                "numbers",
                "gradient",
                lambda: gp.check(
                    lambda t: t[0] + t[1],
                    lambda t: MASKED[:2],
                    (1.0, 2.0),
                ),
            ),
            ("jacobian", "Jacobian", lambda: gp.check(several, gp.Jacobian(MASKED_SQUARE), AT)),
            (
                "block",
                "d output / d x['a']",
                lambda: gp.check(
                    lambda x: several(x["a"]), gp.Jacobian({"a": MASKED_SQUARE}), {"a": AT}
                ),
            ),
            ("hessian", "Jacobian", lambda: gp.check(f, gp.Hessian(MASKED_SQUARE), AT)),
        )
    ],
    *[
        Case(
            f"a-wrapper-{name}-of-two",
            lambda wrapper=wrapper: check(f, wrapper, AT),
            ("gradient: found a function of (x, y), but it is called with one argument",),
        )
        for name, wrapper in (
            ("that-takes-two", functools.wraps(gradient)(lambda x, y: x)),
            ("that-remembers", functools.cache(TWO)),
            ("in-part", functools.partial(lambda z, x, y: x, 1.0)),
        )
    ],
    *[
        Case(
            f"the-class-{kind.__name__}-for-a-claim",
            lambda kind=kind: gp.check(f, kind, AT),
            (f"gradient: found the class gp.{kind.__name__} itself, expected gp.{call}",),
        )
        for kind, call in (
            (gp.VJP, "VJP(function)"),
            (gp.JVP, "JVP(function)"),
            (gp.HVP, "HVP(function)"),
            (gp.Jacobian, "Jacobian(matrix)"),
            (gp.Hessian, "Hessian(matrix)"),
        )
    ],
    Case(
        "an-object-without-answers",
        lambda: check(Raising(), gradient, AT),
        ("f: found <", "expected a function, called as f(at)"),
    ),
    Case(
        "a-problem-that-was-not-called",
        lambda: gp.check(marked),
        ("f: found the function _marked(), which gp.problem marks", "call it: check(_marked())"),
    ),
    Case(
        "a-problem-that-was-not-called-with-all",
        lambda: gp.assert_gradient(marked, gradient, AT),
        ("f: found the function _marked(), which gp.problem marks", "call it: check(_marked())"),
    ),
    Case("nothing-but-f", lambda: gp.check(f), ("gradient and at: missing", "call check(f")),
    Case("no-point", lambda: gp.check(f, gradient), ("at: missing", "call check(f, gradient, at)")),
    Case(
        "a-problem-and-a-gradient",
        lambda: gp.check(gp.Problem(f, gradient, AT), gradient),
        ("f: found a Problem", "brings its own gradient and point"),
    ),
    *[
        Case(
            f"f-returns-{name}",
            lambda value=value: gp.check(lambda x: value, gradient, AT),
            (f"the value of f: found {shown_value}", "expected one real number"),
        )
        for name, value, shown_value in (
            ("a-word", "1", "'1'"),
            ("bytes", b"1", "b'1'"),
            ("nothing", None, "None"),
            ("a-dict", {"a": 1}, "{'a': 1}"),
            (
                "a-pair",
                (1.0, 2.0),
                "(1.0, 2.0), expected one real number; where f returns (value, ",
            ),
            ("an-array", np.ones(3), "an array of shape (3,)"),
            ("an-empty-array", np.ones(0), "an array of shape (0,)"),
            ("a-complex-number", 1j, "1j"),
            ("a-huge-number", 10**400, "1000"),
            ("a-list-in-itself", ITSELF, "[1.0, [1.0,"),
            ("a-time", np.timedelta64(1, "s"), "datetime.timedelta"),
            ("paint", Painted(), r"\x1b[31m"),
        )
    ],
    *[
        Case(
            f"both-returns-{value!r}",
            lambda value=value: gp.check(lambda x: value, True, AT),
            (f"found {value!r}", "expected (value, gradient), because gradient=True"),
        )
        for value in (1.0, None, (1.0,), (1.0, 2.0, 3.0), "ab")
    ],
    Case(
        "an-output-of-words",
        lambda: gp.check(lambda x: {"a": "b"}, gp.VJP(never), AT),
        ("output['a']: found 'b'", "expected numbers"),
    ),
    Case(
        "an-output-of-an-object",
        lambda: gp.check(lambda x: [1.0, object()], gp.JVP(never), AT),
        ("output[1]: found <object", "expected numbers"),
    ),
]

CLAIMS: list[Case] = [
    case
    for kind, arguments in ((gp.VJP, "at, u"), (gp.JVP, "at, v"), (gp.HVP, "at, v"))
    for case in of_option(
        kind.__name__,
        kind,
        f"expected a function, called as function({arguments})",
        [None, "x", 1, [], {}, AT, True, scipy.sparse.eye(3)],
    )
] + [
    *of_option(
        "mode", lambda v: gp.Autodiff(v), "expected 'reverse' or 'forward'", [3, "backward", None]
    ),
    *of_option(
        "order", lambda v: gp.Autodiff("reverse", v), "expected 1 or 2", [0, 3, "1", True, 1.0]
    ),
    *of_option(
        "function",
        gp.problem,
        "expected a function, called as function()",
        [1, None, "x", {}],
    ),
    *of_option(
        "inconclusive",
        lambda v: gp.assert_gradient(never, never, AT, inconclusive=v),
        "expected raise, warn or pass",
        ["explode", None, 1, True, ["raise"]],
    ),
]

# What is claimed may be of any structure: a wrong one is a wrong gradient, told by GP103.
WRONG_STRUCTURES: list[Any] = [
    None,
    "x",
    {},
    {"w": AT},
    [AT],
    np.ones(2),
    np.ones((3, 3)),
    np.array(["a"] * 3),
    np.array([None] * 3),
    1j * AT,
    ((), AT, AT),
    (("", np.zeros(0)), []),  # a pair, as (value, gradient) is
    ([[1.0], [2.0, 3.0]], AT),
    object(),
]
