"""Large tensors and arrays that are whole are checked in pieces, as NumPy's are."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

import gradproof as gp
from gradproof.api import in_pieces


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_pieces, "MANY", 1)


def test_a_module_is_put_back_bit_for_bit() -> None:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(30, 40), torch.nn.BatchNorm1d(40), torch.nn.Dropout(0.5)]
    module, x = torch.nn.Sequential(*layers), torch.randn(16, 30)
    before = [one.detach().clone() for one in module.state_dict().values()]
    places = [one.data_ptr() for one in module.parameters()]
    report = gp.torch.check_module(module, lambda m: (m(x) ** 2).mean())
    assert report.passed, report.summary()
    assert report.evaluations <= 50
    assert report.plan == "project"
    assert all(map(torch.equal, before, module.state_dict().values()))
    assert places == [one.data_ptr() for one in module.parameters()]


def test_what_is_wrong_in_a_tensor_is_explained() -> None:
    class Half(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            return a.clone()

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            return 0.5 * gradient

    generator = torch.Generator().manual_seed(0)
    at = {name: torch.randn(1_500, generator=generator, dtype=torch.float64) for name in ("a", "b")}
    report = gp.check(
        lambda t: Half.apply(t["a"]).sin().sum() + t["b"].sin().sum(), gp.autodiff, at
    )
    assert [leaf.address for leaf in report.leaves if leaf.verdict == "fail"] == ["t['a']"]
    assert report.causes[0].code == "GP302"


def test_arrays_of_jax() -> None:
    at = {"a": jnp.asarray(np.random.default_rng(0).standard_normal(3_000)), "k": jnp.arange(3)}
    report = gp.check(lambda t: jnp.sum(jnp.sin(t["a"])), gp.autodiff, at)
    assert report.passed, report.summary()
    assert report.evaluations <= 50
