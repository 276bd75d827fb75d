"""Malformed problems of SciPy, manifolds, sparse Jacobians, and the suite for frameworks."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
from tests.bad_input.calls_of_check import AT, ONE, TWO, f, gradient, several
from tests.bad_input.cases import Case, of_option

import gradproof as gp
from gradproof.conformance import Framework, conformance

X0 = [1.0, 2.0]


def never(*_: Any) -> Any:
    raise AssertionError("evaluated before the arguments were understood")


def minimized(x0: Any = X0, **options: Any) -> Any:
    return gp.scipy.check_minimize(options.pop("fun", never), x0, **({"jac": never} | options))


def fitted(x0: Any = X0, jac: Any = never, bounds: Any = None, **options: Any) -> Any:
    return gp.scipy.check_least_squares(options.pop("fun", never), x0, jac, bounds, **options)


_KINDS: list[Callable[..., Any]] = [minimized, fitted]
_PAIRS = "expected a pair (min, max) for each of the 2 components of x0"
_SIDES = "expected (lower, upper), each a number or one for each of the 2 components of x0"
_WHOLE = "expected a whole number, 0 or more"
_SCHEME = "'2-point', '3-point', 'cs'"

SCIPY: list[Case] = [
    case
    for call in _KINDS
    for case in [
        *of_option("fun", lambda v, c=call: c(fun=v), "expected a function of x", [None, "x", 3]),
        *of_option(
            "x0",
            lambda v, c=call: c(v),
            "expected a vector of numbers",
            ["x", [], {}, [[1, 2]], [1, "a"], 1j, object(), [[1], [2, 3]], [10**400]],
        ),
        Case("x0-none", lambda c=call: c(None), ("x0: found inf or nan in None", "finite num")),
        Case("x0-nan", lambda c=call: c([math.nan]), ("x0: found inf or nan", "finite numbers")),
        Case("x0-inf", lambda c=call: c([1, math.inf]), ("x0: found inf or nan", "finite numbers")),
        *of_option(
            "jac", lambda v, c=call: c(jac=v), _SCHEME, ["4-point", 3, [], object(), np.eye(2)]
        ),
        *of_option("points", lambda v, c=call: c(points=v), _WHOLE, [-1, 1.5, "x", None, True]),
        *of_option("seed", lambda v, c=call: c(seed=v), _WHOLE, [-1, 1.5, "x", None, True]),
    ]
] + [
    *of_option("hess", lambda v: minimized(hess=v), _SCHEME, ["4-point", 3, [], np.eye(2)]),
    *of_option("hessp", lambda v: minimized(hessp=v), _SCHEME, ["4-point", 3, [], np.eye(2)]),
    *of_option(
        "bounds",
        lambda v: minimized(bounds=v),
        _PAIRS,
        [3, "x", [(0, 1)], [(0, 1)] * 3, [(0,)] * 2, object(), [("a", "b")] * 2, (0, 1)],
    ),
    Case("bounds-huge", lambda: minimized(bounds=[(0, 10**400)] * 2), ("bounds: found", _PAIRS)),
    *of_option(
        "bounds",
        lambda v: fitted(bounds=v),
        _SIDES,
        [3, "x", [(0, 1)], [(0, 1)] * 3, object(), (["a"], ["b"])],
    ),
    Case("sides-huge", lambda: fitted(bounds=(0, 10**400)), ("bounds: found", _SIDES)),
    Case(
        "bounds-of-another-size",
        lambda: minimized(bounds=scipy.optimize.Bounds([0] * 3, [1] * 3)),
        ("bounds: found Bounds", "2 components of x0"),
    ),
    Case(
        "bounds-crossed",
        lambda: gp.scipy.check_minimize(
            scipy.optimize.rosen, X0, jac=scipy.optimize.rosen_der, bounds=[(1, 0), (0, 1)]
        ),
        ("bounds: found 1.0 below and 0.0 above x[0]", "not above the upper one"),
    ),
    *[
        Case(f"constraints={value!r:.30}", lambda value=value: minimized(constraints=value), says)
        for value, says in (
            (3, ("constraints[0]: found 3", "expected a dict with 'fun'")),
            ("x", ("constraints[0]: found 'x'", "expected a dict with 'fun'")),
            ([never, 3], ("constraints[0]: found <function", "expected a dict with 'fun'")),
            ([{}], ("constraints[0].fun: found None", "expected a function of x")),
            ({"fun": 3}, ("constraints[0].fun: found 3", "expected a function of x")),
            ({"jac": never}, ("constraints[0].fun: found None", "expected a function of x")),
            ({"fun": never, "jac": 3}, ("constraints[0].jac: found 3", "expected a function")),
            ({"fun": never, "jac": "x"}, ("constraints[0].jac: found 'x'", _SCHEME)),
        )
    ],
    *of_option(
        "kwargs",
        lambda v: fitted(kwargs=v),
        "expected a dict of arguments by name",
        [3, "x", [1], [[1, 2]], {1: 2}],
    ),
    *of_option(
        "inconclusive",
        lambda v: gp.scipy.minimize(never, X0, jac=never, inconclusive=v),
        "expected raise, warn or pass",
        ["x", None, 3],
    ),
    Case(
        "an-option-of-the-check",
        lambda: gp.scipy.check_minimize(
            scipy.optimize.rosen, X0, jac=scipy.optimize.rosen_der, budget="soon"
        ),
        ("budget: found 'soon'", "such as '30s'"),
    ),
    Case(
        "no-pair",
        lambda: gp.scipy.check_minimize(scipy.optimize.rosen, X0, jac=True),
        ("the value of fun: found 100.0", "expected (value, gradient), because jac=True"),
    ),
    *[
        Case(
            f"{name}-of-({takes})",
            lambda call=call: call(),
            (f"{name}: found a function of ({takes}), but it is called with {given}",),
        )
        for name, takes, given, call in (
            ("fun", "x, y", "one argument, fun(x); what else", lambda: minimized(fun=TWO)),
            ("fun", "x, y", "one argument, fun(x); what else", lambda: fitted(fun=TWO)),
            ("fun", "x", "two arguments, fun(x, *args)", lambda: minimized(fun=ONE, args=(AT,))),
            ("fun", "x", "one argument, fun(x, **kw", lambda: fitted(fun=ONE, kwargs={"a": AT})),
            ("jac", "x, y", "one argument, jac(x); what else", lambda: minimized(jac=TWO)),
            ("jac", "x, y", "one argument, jac(x); what else", lambda: fitted(jac=TWO)),
            ("jac", "x", "4 arguments, jac(x, *args)", lambda: fitted(jac=ONE, args=(1, 2, 3))),
            ("hess", "x, y", "one argument, hess(x); what else", lambda: minimized(hess=TWO)),
            ("hessp", "x", "two arguments, hessp(x, p)", lambda: minimized(hessp=ONE)),
            (
                "constraints[0].fun",
                "x, y",
                "one argument, fun(x)",
                lambda: minimized(constraints={"fun": TWO}),
            ),
            (
                "constraints[0].jac",
                "x, y",
                "one argument, jac(x)",
                lambda: minimized(constraints={"fun": ONE, "jac": TWO}),
            ),
            (
                "constraints[0].hess",
                "x",
                "two arguments, hess(x, v)",
                lambda: minimized(
                    constraints=scipy.optimize.NonlinearConstraint(never, 0, 1, never, ONE)
                ),
            ),
        )
    ],
]


def project(x: Any, z: Any) -> Any:
    return z - (x @ z) * x


def retract(x: Any, v: Any) -> Any:
    return (x + v) / np.linalg.norm(x + v)


def on(at: Any = (2.0, 1.0, 2.0), **functions: Any) -> gp.Report:
    """Check something on the sphere, or on what these functions make of it."""
    manifold = gp.Manifold(**({"retract": retract, "project": project} | functions))
    point = np.array(at) / 3
    return gp.check(gp.Problem(lambda x: x[0], lambda x: x, point, manifold=manifold))


MANIFOLDS: list[Case] = [
    *of_option(
        "retract", lambda v: gp.Manifold(v, project), "called as retract(x, v)", [1, "x", None]
    ),
    *of_option(
        "project", lambda v: gp.Manifold(retract, v), "called as project(x, z)", [1, "x", None]
    ),
    *of_option(
        "inner",
        lambda v: gp.Manifold(retract, project, v),
        "called as inner(x, u, v)",
        [1, "x", True],
    ),
    *[
        Case(
            f"{name}-of-two-or-one",
            lambda name=name, call=call: on(**{name: call}),
            (f"{name}: found a function of ({takes}), but it is called with {given}",),
        )
        for name, takes, given, call in (
            ("retract", "x", "two arguments, retract(x, v)", ONE),
            ("project", "x", "two arguments, project(x, z)", ONE),
            ("inner", "x, y", "three arguments, inner(x, u, v)", TWO),
        )
    ],
    *[
        Case(f"{name}-{what}", lambda name=name, call=call: on(**{name: call}), says)
        for name, what, call, says in (
            ("project", "to-0", lambda x, z: 0 * z, ("project: found 0", "a tangent vector")),
            ("project", "to-nan", lambda x, z: z * math.nan, ("project: found 0", "a tangent")),
            ("project", "a-word", lambda x, z: "x", ("project: found", "structure and shape of x")),
            ("project", "nothing", lambda x, z: None, ("project: found no", "shape of x")),
            ("project", "shorter", lambda x, z: z[:2], ("project: found shape (2,)", "shape of x")),
            ("project", "twice", lambda x, z: 2 * z, ("project: found that it moves", "a proj")),
            ("retract", "away", lambda x, v: x + 1, ("retract: found", "expected x itself")),
            ("retract", "a-word", lambda x, v: "x", ("retract: found", "structure and shape of x")),
            ("retract", "nothing", lambda x, v: None, ("retract: found no", "shape of x")),
            ("retract", "shorter", lambda x, v: x[:2], ("retract: found shape (2,)", "shape of x")),
            ("retract", "too-far", lambda x, v: x + 2 * v, ("retract: found", "is v")),
            ("retract", "to-nan", lambda x, v: x * math.nan, ("retract: found", "x itself")),
            ("inner", "a-word", lambda x, u, v: "x", ("the value of inner: found 'x'", "real num")),
            ("inner", "nothing", lambda x, u, v: None, ("the value of inner: found None", "real")),
            ("inner", "a-vector", lambda x, u, v: u, ("the value of inner: found an array", "one")),
            ("inner", "negative", lambda x, u, v: -u @ v, ("inner: found", "an inner product")),
            ("inner", "nan", lambda x, u, v: math.nan, ("inner: found", "an inner product")),
        )
    ],
    Case("a-point-off-it", lambda: on((1.0, 1.0, 1.0)), ("project: found", "is the point on the")),
    Case(
        "with-bounds",
        lambda: gp.Problem(f, gradient, AT, manifold=gp.Manifold(retract, project), bounds=(0, 1)),
        ("bounds: found it with a manifold", "expected one of the two"),
    ),
    Case(
        "with-autodiff",
        lambda: gp.Problem(f, gp.autodiff, AT, manifold=gp.Manifold(retract, project)),
        ("gradient: found Autodiff", "expected the Riemannian gradient"),
    ),
]


def spoilt(form: str = "csc", **parts: Any) -> Any:
    """Return a sparse matrix with some of its arrays exchanged."""
    matrix = scipy.sparse.eye(3).asformat(form)
    for name, value in parts.items():
        setattr(matrix, name, np.asarray(value))
    return matrix


class Operator:
    """A linear operator of which the products are whatever they are told to be."""

    def __init__(self, product: Any, shape: Any = (3, 3)) -> None:
        self.shape = shape
        self.dtype = np.dtype(float)
        self._product = product

    def matvec(self, _: Any) -> Any:
        return self._product

    rmatvec = matvec


_UNSOUND = "Jacobian: found a sparse matrix of shape (3, 3)"
_INSIDE = "expected real numbers at places inside of it"

SPARSE: list[Case] = [
    *[
        Case(
            f"{form}-{name}",
            lambda form=form, parts=parts: gp.check(
                several, gp.Jacobian(spoilt(form, **parts)), AT
            ),
            (_UNSOUND, _INSIDE),
        )
        for form in ("csc", "csr")
        for name, parts in (
            ("an-index-too-large", {"indices": [0, 1, 7]}),
            ("a-negative-index", {"indices": [0, 1, -1]}),
            ("too-few-data", {"data": [1.0]}),
            ("objects", {"data": np.array([1, "a", None], dtype=object)}),
            ("words", {"data": np.array(["a", "b", "c"])}),
            ("a-pointer-too-large", {"indptr": [0, 9, 2, 3]}),
            ("pointers-back", {"indptr": [0, 2, 1, 3]}),
            ("pointers-behind-the-end", {"indptr": [0, 1, 2, 10**9]}),
            ("too-few-pointers", {"indptr": [0, 3]}),
        )
    ],
    Case(
        "coo-a-row-too-large",
        lambda: gp.check(several, gp.Jacobian(spoilt("coo", row=[0, 1, 10**6])), AT),
        (_UNSOUND, _INSIDE),
    ),
    Case(
        "a-function-that-returns-one",
        lambda: gp.check(several, gp.Jacobian(lambda x: spoilt(indices=[0, 1, 7])), AT),
        (_UNSOUND, _INSIDE),
    ),
    *[
        Case(
            f"an-operator-that-says-{product!r:.20}",
            lambda product=product: gp.check(several, gp.Jacobian(Operator(product)), AT),
            ("gradient: found", "as a product of a linear operator, expected 3 real numbers"),
        )
        for product in (None, "x", [1.0], np.ones(7), ["a", "b", "c"])
    ],
]

CONFORMANCE: list[Case] = [
    *of_option("framework", conformance, "expected a Framework", [None, "x", {}, np]),
    *of_option(
        "array",
        lambda v: Framework(v, np.asarray, np.sin, np.cos, np.sum),
        "expected a function, called as array(x)",
        [None, "x", 3],
    ),
    *of_option(
        "sum",
        lambda v: Framework(np.array, np.asarray, np.sin, np.cos, v),
        "expected a function, called as sum(x)",
        [None, "x", 3],
    ),
    *of_option(
        "modes",
        lambda v: Framework(np.array, np.asarray, np.sin, np.cos, np.sum, modes=v),
        "expected a tuple of the modes",
        ["reverse", None, ["reverse"]],
    ),
    Case(
        "another-mode",
        lambda: Framework(np.array, np.asarray, np.sin, np.cos, np.sum, modes=("sideways",)),
        ("mode: found 'sideways'", "expected 'reverse' or 'forward'"),
    ),
]
