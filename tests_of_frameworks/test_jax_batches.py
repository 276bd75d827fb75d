"""Functions of JAX evaluated at many points at once by vmap, where that gives the same values."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradproof as gp

W = np.random.default_rng(0).standard_normal((12, 15))
AT_ONCE = "f was evaluated at many points at once"


@pytest.fixture(autouse=True)
def _whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take batches to be quicker; whether they are is asked by a clock of its own."""
    monkeypatch.setattr("gradproof.engine.batching._QUICKER", (math.inf, 0.0))
    monkeypatch.setattr("gradproof.engine.batching._WORTH_WHILE", (0.0, 0.0))


def point() -> Any:
    with jax.enable_x64(True):
        return {"W": jnp.asarray(W), "b": jnp.asarray(W[0])}


def loss(p: Any) -> Any:
    return jnp.sum(jnp.tanh(W @ jnp.sin(p["W"].T) + p["W"] @ p["b"]) ** 2)


def batched(report: gp.Report) -> bool:
    return any(AT_ONCE in note for note in report.notes)


@pytest.mark.parametrize("f", [loss, jax.jit(loss)])
def test_f_is_traced_once_a_batch(f: Any) -> None:
    calls = []

    def counted(p: Any) -> Any:
        calls.append(1)
        return f(p)

    report = gp.check(counted, gp.autodiff, point())
    assert report.passed, report.summary()
    assert batched(report)
    assert len(calls) < 60
    assert 195 <= report.evaluations <= 2 * 195


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_wrong_is_found_in_batches(dtype: str) -> None:
    @jax.custom_vjp
    def square(x: Any) -> Any:
        return x.astype(dtype) ** 2

    def backward(x: Any, g: Any) -> Any:
        return ((2 * x * g).at[3, 4].multiply(1.5).astype(x.dtype),)

    square.defvjp(lambda x: (square(x), x), backward)
    at = jnp.asarray(W, "float32") if dtype == "float32" else point()["W"]
    report = gp.check(lambda x: jnp.sum(square(x)), gp.autodiff, at)
    assert report.verdict == "fail"
    assert batched(report)
    assert [one.address for one in report.culprits] == ["x[3, 4]"]


def test_terms_and_several_values_are_evaluated_in_batches_too() -> None:
    at = point()["W"]
    report = gp.check(gp.Problem(lambda x: jnp.sin(x) * x, gp.autodiff, at, terms="mean"))
    assert report.passed, report.summary()
    assert batched(report)
    report = gp.check(lambda x: {"s": jnp.sin(x @ x.T), "m": jnp.mean(x)}, gp.autodiff, at)
    assert report.passed, report.summary()
    assert batched(report)


def test_nothing_is_evaluated_outside_the_bounds_in_batches() -> None:
    with jax.enable_x64(True):
        at = jnp.linspace(0.0, 1.0, 100)
    report = gp.check(gp.Problem(lambda x: jnp.sum(x**1.5 + x), gp.autodiff, at, bounds=(0.0, 1.0)))
    assert report.passed, report.summary()
    assert batched(report)


def test_what_branches_on_values_is_evaluated_at_one_point_after_the_other() -> None:
    def branching(x: Any) -> Any:
        total = jax.lax.stop_gradient(jnp.sum(x))
        return jnp.sum(jnp.sin(x)) * (1.0 if float(total) > -1e9 else 2.0)

    report = gp.check(branching, gp.autodiff, point()["W"])
    assert report.passed, report.summary()
    assert not batched(report)


@pytest.mark.parametrize("error", [1e-9, 1e-3, 1.0])
def test_where_batches_give_other_values_they_are_not_used(error: float) -> None:
    @jax.custom_batching.custom_vmap
    def sine(x: Any) -> Any:
        return jnp.sin(x)

    @sine.def_vmap
    def _(size: Any, mapped: Any, x: Any) -> Any:
        return jnp.sin(x) * (1 + error), True

    f = jax.jit(lambda x: jnp.sum(sine(x)))
    report = gp.check(f, jnp.cos, point()["W"])
    assert report.passed, report.summary()
    assert not batched(report)


def test_what_jax_would_not_trace_in_any_case_is_not_traced() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(x)
        return jnp.sum(jnp.sin(x))

    report = gp.check(f, jnp.cos, point()["W"])
    assert report.passed
    assert not batched(report)
    assert not any(isinstance(one, jax.core.Tracer) for one in seen)
