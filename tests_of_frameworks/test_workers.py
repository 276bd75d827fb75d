"""Modules of PyTorch and functions of JAX, evaluated by processes."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import gradproof as gp

X = torch.from_numpy(np.random.default_rng(0).standard_normal((32, 8)))


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    # Forked, the threads of JAX would be missing.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        yield executor


def decided(report: gp.Report) -> tuple[Any, ...]:
    causes = [(cause.code, cause.addresses) for cause in report.causes]
    return report.verdict, report.headline, causes, [one.address for one in report.culprits]


@pytest.mark.parametrize(("factor", "dtype"), [(1.5, "float32"), (1.0, "float64")])
def test_a_module(factor: float, dtype: str, processes: Executor) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh())
    net = net.to(getattr(torch, dtype))
    x = X.to(getattr(torch, dtype))

    def loss(net: Any) -> Any:
        time.sleep(2e-3)
        return (net(x) ** 2).mean()

    def claim(net: Any) -> Any:
        loss(net).backward()
        found = {name: one.grad.clone() for name, one in net.named_parameters()}
        found["0.weight"][1, 2] *= factor
        return found

    before = {name: one.clone() for name, one in net.state_dict().items()}
    found = gp.check(loss, claim, net, executor=processes)
    assert decided(found) == decided(gp.check(loss, claim, net))
    assert found.passed == (factor == 1.0)
    assert not any("in this process" in note for note in found.notes)
    assert all(torch.equal(one, before[name]) for name, one in net.state_dict().items())


def test_automatic_differentiation_and_dropout(processes: Executor) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Dropout()).double()

    def loss(net: Any) -> Any:
        time.sleep(2e-3)
        return (net(X) ** 2).mean()

    found = gp.check(loss, gp.autodiff, net, executor=processes)
    assert found.passed, found.summary()
    assert not any("in this process" in note for note in found.notes)
    torch.manual_seed(0)
    assert decided(gp.check(loss, gp.autodiff, net)) == decided(found)


@pytest.mark.parametrize("jitted", [True, False])
def test_a_function_of_jax(jitted: bool, processes: Executor) -> None:
    with jax.enable_x64(True):
        at = {"W": jnp.linspace(0.1, 1, 24).reshape(4, 6)}

    def f(p: Any) -> Any:
        return jnp.sum(jnp.sin(p["W"] @ p["W"].T))

    inner = jax.jit(f) if jitted else f

    def slow(p: Any) -> Any:
        time.sleep(2e-3)
        return inner(p)

    found = gp.check(slow, gp.autodiff, at, executor=processes)
    assert found.passed, found.summary()
    assert decided(gp.check(slow, gp.autodiff, at)) == decided(found)
    assert not any("in this process" in note for note in found.notes)
