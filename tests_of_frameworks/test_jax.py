"""Checks of JAX's automatic differentiation, and of gradients of its arrays by hand."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradproof as gp

try:
    from jax import enable_x64
except ImportError:  # before version 0.8
    from jax.experimental import enable_x64

X = np.random.default_rng(0).standard_normal((4, 3))
FUNCTIONS = [
    lambda t: jnp.sum(jnp.sin(t)),
    jax.jit(lambda t: jnp.sum(jnp.sin(t) * jnp.exp(jnp.sum(t)))),
    lambda t: jnp.sum(jax.nn.logsumexp(t @ t.T, axis=0) ** 2),
]


def single(seed: int = 0) -> Any:
    return jnp.asarray(np.random.default_rng(seed).standard_normal((4, 3)), jnp.float32)


def double() -> Any:
    with enable_x64(True):
        return jnp.asarray(X)


def codes(report: gp.Report) -> set[str]:
    return {cause.code for cause in report.causes}


@pytest.mark.parametrize("options", [{}, {"mode": "forward"}, {"order": 2}])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_what_jax_computes_is_right_in_either_mode_and_order(f: Any, options: Any) -> None:
    report = gp.check(f, gp.autodiff(**options), single())
    assert report.passed, report.summary()
    assert report.rtol == 1e-4
    assert any("evaluated in float64" in note for note in report.notes)
    with enable_x64(True):
        report = gp.check(f, gp.autodiff(**options), jnp.asarray(X))
    assert report.passed, report.summary()
    assert report.rtol == 1e-6
    assert report.evaluations <= 2 * 12 + 40


def test_arrays_in_float64_are_computed_so_although_jax_is_not_told_to() -> None:
    report = gp.check(FUNCTIONS[0], gp.autodiff, double())
    assert report.passed
    assert report.rtol == 1e-6
    assert not jax.config.jax_enable_x64


def test_what_float32_allows_is_said_where_f_does_not_take_float64() -> None:
    def f(t: Any) -> Any:
        return jnp.sum(jnp.sin(t.astype(jnp.float32)))

    report = gp.check(f, gp.autodiff, single())
    assert report.passed, report.summary()
    assert report.rtol == 1e-2
    assert not any("evaluated in float64" in note for note in report.notes)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_pytrees_of_outputs_and_of_parameters_beside_constants(mode: Any) -> None:
    def f(p: Any) -> Any:
        return {"a": p["W"] @ p["x"], "n": jnp.arange(3), "b": jnp.sum(p["x"] ** 2) * p["k"]}

    at = {"W": single(), "x": single(1)[0], "k": 3, "i": jnp.arange(2)}
    report = gp.check(f, gp.autodiff(mode=mode), at)
    assert report.passed, report.summary()
    assert [leaf.address for leaf in report.leaves] == ["p['W']", "p['x']"]


def test_a_wrong_custom_vjp_is_located_to_its_input() -> None:
    @jax.custom_vjp
    def product(a: Any, b: Any) -> Any:
        return a * jnp.sin(b)

    def backward(saved: Any, u: Any) -> Any:
        a, b = saved
        return u * jnp.sin(b), 1.5 * u * a * jnp.cos(b)

    product.defvjp(lambda a, b: (a * jnp.sin(b), (a, b)), backward)
    report = gp.check(lambda t: product(*t), gp.autodiff, (single(), single(1)))
    assert [leaf.verdict for leaf in report.leaves] == ["pass", "fail"]
    assert codes(report) == {"GP302"}
    assert report.culprits[0].address.startswith("d output[")


def test_a_wrong_custom_jvp_fails_in_forward_mode() -> None:
    for factor, verdict in ((1.0, "pass"), (1.1, "fail")):

        @jax.custom_jvp
        def sine(x: Any) -> Any:
            return jnp.sin(x)

        def tangent(primals: Any, tangents: Any, by: float = factor) -> Any:
            (x,), (v,) = primals, tangents
            return jnp.sin(x), by * jnp.cos(x) * v

        sine.defjvp(tangent)

        def total(t: Any, f: Any = sine) -> Any:
            return jnp.sum(f(t))

        for claim in (gp.autodiff, gp.autodiff(mode="forward")):
            assert gp.check(total, claim, single()).verdict == verdict


class Layer:
    """A container that JAX knows, and nobody else."""

    def __init__(self, w: Any, b: Any, name: str) -> None:
        self.w, self.b, self.name = w, b, name

    def tree_flatten_with_keys(self) -> Any:
        key = jax.tree_util.GetAttrKey
        return ((key("w"), self.w), (key("b"), self.b)), self.name

    def tree_flatten(self) -> Any:
        return (self.w, self.b), self.name

    @classmethod
    def tree_unflatten(cls, name: str, children: Any) -> Any:
        w, b = children
        return cls(w, b, name)


jax.tree_util.register_pytree_with_keys_class(Layer)


def test_containers_of_jax_have_addresses() -> None:
    layers = [Layer(single(), jnp.ones(4), "first"), Layer(single(1), jnp.ones(4), "second")]

    def f(p: Any) -> Any:
        return sum(jnp.sum(jnp.tanh(one.w @ jnp.ones(3) + one.b)) for one in p)

    report = gp.check(f, gp.autodiff, layers)
    assert report.passed, report.summary()
    assert [leaf.address for leaf in report.leaves] == ["p[0].w", "p[0].b", "p[1].w", "p[1].b"]

    def doubled(p: Any) -> Any:
        found = jax.grad(f)(p)
        return [found[0], Layer(found[1].w, 2 * found[1].b, "second")]

    report = gp.check(f, doubled, layers)
    assert [leaf.verdict for leaf in report.leaves] == ["pass"] * 3 + ["fail"]


@pytest.mark.parametrize(
    "claim",
    [
        gp.VJP(lambda t, u: jnp.cos(t) * u, jvp=lambda t, v: jnp.cos(t) * v),
        gp.JVP(lambda t, v: jax.jvp(jnp.sin, (t,), (v,))[1]),
        gp.Jacobian(jax.jacobian(jnp.sin)),
    ],
)
def test_claims_may_be_functions_of_arrays(claim: Any) -> None:
    assert gp.check(jnp.sin, claim, double()).passed
    assert gp.check(lambda t: 1.1 * jnp.sin(t), claim, double()).verdict == "fail"


def test_second_derivatives() -> None:
    f, at = jax.jit(FUNCTIONS[2]), double()[:2]
    gradient, hessian = jax.jit(jax.grad(f)), jax.jit(jax.hessian(f))
    assert gp.check(f, gp.Hessian(hessian), at).passed
    along = jax.jit(lambda t, v: jax.jvp(gradient, (t,), (v,))[1])
    assert gp.check(f, gp.HVP(along, gradient=gradient), at).passed
    assert gp.check(lambda t: 1.1 * f(t), gp.Hessian(hessian), at).verdict == "fail"


def test_many_parameters_go_by_directions() -> None:
    at = jnp.asarray(np.random.default_rng(0).standard_normal((300, 10)), jnp.float32)
    report = gp.check(FUNCTIONS[0], gp.autodiff, at)
    assert report.passed
    assert report.plan == "project"
    report = gp.check(FUNCTIONS[0], lambda t: jnp.cos(t).at[7].mul(2), at)
    assert report.patterns[0].address == "t[7, :]"


def test_wrong_use_gets_help() -> None:
    def branches(t: Any) -> Any:
        return jnp.sum(t) if t[0, 0] > 0 else 2 * jnp.sum(t)

    assert gp.check(branches, gp.autodiff, single()).passed  # JAX knows the value outside of jit

    with pytest.raises(jax.errors.TracerArrayConversionError) as caught:
        gp.check(lambda t: float(np.sum(np.asarray(t))), gp.autodiff, single())
    assert any("jax.numpy" in note for note in caught.value.__notes__)
    with pytest.raises(jax.errors.TracerBoolConversionError) as branched:
        gp.check(jax.jit(branches), gp.autodiff, single())
    assert any("jnp.where" in note for note in branched.value.__notes__)
    with pytest.raises(gp.InputError, match="no array of floating-point numbers"):
        gp.check(lambda t: jnp.sum(t), gp.autodiff, jnp.arange(3))


@dataclasses.dataclass
class Unregistered:
    """A container that JAX does not know, and we do."""

    w: Any


def test_containers_that_jax_does_not_know_are_computed_in_float64_too() -> None:
    @jax.custom_vjp
    def square(x: Any) -> Any:
        return x**2

    square.defvjp(lambda x: (x**2, x), lambda x, g: (2.006 * x * g,))
    for w in (double(), single()):
        report = gp.check(lambda p: jnp.sum(p.w**2), gp.autodiff, Unregistered(w))
        assert report.passed
        assert report.rtol <= 1e-4
        report = gp.check(lambda p: jnp.sum(square(p.w)), gp.autodiff, Unregistered(w))
        assert report.verdict == "fail"


def test_a_function_that_gives_its_argument_away_leaves_the_users_alone() -> None:
    x = jnp.linspace(0.1, 1.0, 5)
    with pytest.raises((ValueError, RuntimeError)) as raised:
        gp.check(jax.jit(jnp.sin, donate_argnums=0), gp.autodiff, x)
    assert any("donate_argnums" in note for note in raised.value.__notes__)
    assert not x.is_deleted()


def test_a_plain_number_as_a_value_is_one() -> None:
    report = gp.check(lambda t: 3.0, gp.autodiff, jnp.ones(3))
    assert report.passed or report.verdict == "inconclusive"


def test_forward_mode_of_what_branches_on_values() -> None:
    def f(x: Any) -> Any:
        return jnp.sum(jnp.sin(x)) * (2.0 if jnp.sum(x) > 0 else 1.0)

    report = gp.check(f, gp.autodiff(mode="forward"), jnp.linspace(0.1, 1.0, 5))
    assert report.passed, report.summary()


@pytest.mark.parametrize("error", [1.0, 1.01])
def test_jacobians_of_equally_shaped_parts(error: float) -> None:
    x = jnp.linspace(0.1, 1.0, 4)
    with enable_x64(True):
        x = jnp.linspace(0.1, 1.0, 4)

        def f(t: Any) -> Any:
            return jnp.sin(t[0]) * t[1], t[0] * t[1]

        def claim(at: Any) -> Any:
            return jax.tree.map(lambda part: error * part, jax.jacobian(f)(at))

        report = gp.check(f, gp.Jacobian(claim), (x, x + 1))
        assert report.passed == (error == 1.0), report.summary()
        assert "GP103" not in codes(report)

        def total(t: Any) -> Any:
            return jnp.sum(f(t)[0])

        def hessian(at: Any) -> Any:
            return jax.tree.map(lambda part: error * part, jax.hessian(total)(at))

        report = gp.check(total, gp.Hessian(hessian), (x, x + 1))
        assert report.passed == (error == 1.0), report.summary()
