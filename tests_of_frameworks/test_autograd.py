"""Checks of autograd's automatic differentiation, of functions of NumPy's arrays."""

import dataclasses
import math
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import builtins
from autograd.extend import defjvp, defvjp, primitive

import gradproof as gp
from gradproof.conformance import Framework, conformance

X = np.random.default_rng(0).standard_normal((4, 3))
OPTIONS: list[dict[str, Any]] = [
    {},
    {"mode": "forward"},
    {"order": 2},
    {"mode": "forward", "order": 2},
]


def codes(report: gp.Report) -> set[str]:
    return {cause.code for cause in report.causes}


def test_autograd_conforms() -> None:
    modes = ("reverse", "forward")
    of = Framework(np.array, np.asarray, anp.sin, anp.cos, anp.sum, modes=modes)
    assert len(conformance(of)) == 8


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "f",
    [
        lambda t: anp.sum(anp.sin(t)),
        lambda t: anp.sum(anp.sin(t) * anp.exp(anp.sum(t))),
        lambda t: anp.sum(anp.log(anp.sum(anp.exp(t @ t.T), axis=0)) ** 2),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_autograd_computes_is_right_in_either_mode_and_order(
    f: Any, options: Any, dtype: Any
) -> None:
    report = gp.check(f, gp.autodiff(**options), X.astype(dtype))
    assert report.passed, report.summary()
    assert report.rtol == (1e-6 if dtype is np.float64 else 1e-4)


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any
    name: str = "layer"


@pytest.mark.parametrize("options", [{}, {"mode": "forward"}])
def test_points_and_outputs_may_be_pytrees(options: Any) -> None:
    at = {"layer": Layer(X, np.ones(4)), "x": [0.5, np.float64(2.0)], "n": 3, "i": np.arange(2)}

    def f(p: Any) -> Any:
        hidden = anp.tanh(p["layer"].w @ anp.ones(3) + p["layer"].b)
        return {
            "h": hidden[p["i"]] * p["x"][0],
            "n": np.arange(3),
            "s": (anp.sum(hidden) * p["x"][1] * p["n"], hidden),
            "boxed": builtins.list([p["x"][0] ** 2]),
        }

    report = gp.check(f, gp.autodiff(**options), at)
    assert report.passed, report.summary()
    addresses = [leaf.address for leaf in report.leaves]
    assert addresses == ["p['layer'].w", "p['layer'].b", "p['x'][0]", "p['x'][1]"]
    assert "GP504" not in codes(report)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_single_number_is_a_point(options: Any) -> None:
    assert gp.check(anp.tanh, gp.autodiff(**options), 0.7).passed


def product(*, vjp: float = 1.0, jvp: float = 1.0) -> Any:
    """Return a sin(b), whose rules for b are wrong by factors."""

    def forward(a: Any, b: Any) -> Any:
        return a * np.sin(b)

    f = primitive(forward)
    defvjp(
        f,
        lambda ans, a, b: lambda g: g * anp.sin(b),
        lambda ans, a, b: lambda g: vjp * g * a * anp.cos(b),
    )
    defjvp(
        f,
        lambda g, ans, a, b: g * anp.sin(b),
        lambda g, ans, a, b: jvp * g * a * anp.cos(b),
    )
    return f


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GP301"), (1.5, "GP302"), (1.0, None)])
def test_a_wrong_rule_is_found_in_its_mode_and_named(mode: Any, factor: float, code: str) -> None:
    f = product(**{"vjp" if mode == "reverse" else "jvp": factor})
    at = (X, np.random.default_rng(1).standard_normal((4, 3)))
    for value in (lambda t: f(*t), lambda t: anp.sum(f(*t))):
        report = gp.check(value, gp.autodiff(mode=mode), at)
        assert [leaf.verdict for leaf in report.leaves] == ["pass", "fail" if code else "pass"]
        assert codes(report) == ({code} if code else set())
        other: Any = "forward" if mode == "reverse" else "reverse"
        assert gp.check(value, gp.autodiff(mode=other), at).passed


def test_a_wrong_rule_of_a_rule_fails_in_second_order_only() -> None:
    def cube(x: Any) -> Any:
        return x**3

    def slope(x: Any) -> Any:
        return 3 * x**2

    f, df = primitive(cube), primitive(slope)
    defvjp(f, lambda ans, x: lambda g: g * df(x))
    defvjp(df, lambda ans, x: lambda g: 1.5 * g * 6 * x)
    assert gp.check(lambda x: anp.sum(f(x)), gp.autodiff, X).passed
    report = gp.check(lambda x: anp.sum(f(x)), gp.autodiff(order=2), X)
    assert report.verdict == "fail"
    assert codes(report) == {"GP302"}


def test_what_differentiation_does_not_reach_is_named() -> None:
    at = {"used": X, "unused": np.ones(3), "cut": np.ones(2)}

    def f(p: Any) -> Any:
        cut = getattr(p["cut"], "_value", p["cut"])  # out of the recording
        return anp.sum(p["used"] ** 2) + anp.sum(cut**2)

    report = gp.check(f, gp.autodiff, at)
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "pass", "fail"]
    assert report.causes[-1].code == "GP504"
    assert report.causes[-1].addresses == ("p['unused']", "p['cut']")


def test_terms() -> None:
    problem = gp.Problem(lambda t: anp.sin(t) ** 2, gp.autodiff, X, terms="mean")
    assert gp.check(problem).passed


def test_complex_numbers_in_the_convention_of_autograd() -> None:
    z = X + 1j * X[::-1]

    def f(t: Any) -> Any:
        return anp.sum(anp.abs(t["z"]) ** 2 * t["x"]) + anp.abs(t["c"]) ** 2

    at = {"z": z, "x": X + 5, "c": 1 + 2j}
    assert gp.check(f, gp.autodiff, at).passed
    report = gp.check(gp.Problem(f, gp.autodiff, at, wirtinger="gradient"))
    assert report.verdict == "fail"
    assert report.causes[0].code == "GP306"
    for mode in ("reverse", "forward"):  # neither ∂f/∂z nor ∂f/∂z̄ vanishes
        claim = gp.autodiff(mode=mode)
        assert gp.check(lambda z: z * anp.conj(z) ** 2, claim, z).passed
    assert gp.check(lambda x: anp.exp(1j * x), gp.autodiff, X).passed


def test_many_parameters_go_by_directions() -> None:
    at = np.random.default_rng(0).standard_normal((300, 10))
    report = gp.check(lambda t: anp.sum(anp.sin(t)), gp.autodiff, at)
    assert report.passed
    assert report.plan == "project"


def test_the_point_is_as_it_was_after_an_exception() -> None:
    at = X.copy()
    calls = 0

    def f(t: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 12:
            raise KeyError("of the user")
        return anp.sum(anp.sin(t))

    with pytest.raises(KeyError):
        gp.check(f, gp.autodiff, at)
    assert at.tobytes() == X.tobytes()


def test_wrong_use_gets_help() -> None:
    with pytest.raises(TypeError) as caught:
        gp.check(lambda t: math.sin(t), gp.autodiff, 0.5)
    assert any("autograd.numpy" in note for note in caught.value.__notes__)

    def in_place(t: Any) -> Any:
        t = t + 0
        t[0, 0] = 1.0
        return anp.sum(t)

    with pytest.raises(TypeError) as caught:
        gp.check(in_place, gp.autodiff, X)
    assert any("in place" in note for note in caught.value.__notes__)

    bare = primitive(lambda x: x**2)
    for options in OPTIONS[:2]:
        with pytest.raises(NotImplementedError) as missing:
            gp.check(lambda t: anp.sum(bare(t)), gp.autodiff(**options), X)
        assert any("defvjp" in note for note in missing.value.__notes__)
    with pytest.raises(gp.InputError, match=r"found gp\.autodiff at a point of an array"):
        gp.check(anp.sum, gp.autodiff, np.arange(3))


def test_a_rule_that_does_not_undo_broadcasting_is_a_wrong_shape() -> None:
    times = primitive(lambda a, b: a * b)
    defvjp(times, lambda ans, a, b: lambda g: g * b, lambda ans, a, b: lambda g: g * a)
    at = {"a": X[:, 0], "b": np.array([2.0])}
    report = gp.check(lambda t: anp.sum(times(t["a"], t["b"])), gp.autodiff, at)
    assert [cause.code for cause in report.causes] == ["GP103", "GP415"]
    assert report.causes[0].addresses == ("t['b']",)
